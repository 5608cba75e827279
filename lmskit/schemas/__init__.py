"""The records that may cross the boundary: what a form, a command or a file asks for, validated before anything is written."""
