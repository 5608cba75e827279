"""Readers of other systems' files: from a file to records and rejections, without a database."""
