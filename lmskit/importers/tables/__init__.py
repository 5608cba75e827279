"""Tables that are not text files with a delimiter, as rows of text cells: workbooks, and the JSON and XML that Moodle writes.

A reader of a format gets from them what it would get from the same table as CSV: `csv_file` opens both.
"""
