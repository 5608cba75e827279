"""Readers of other systems' files: a file in, records and rejections out; none of them knows a database."""
