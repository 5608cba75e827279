"""Course materials: from the bytes of a file to passages with their location and language. No database and no widgets."""
