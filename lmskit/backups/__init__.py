"""Backups: one file with the database, its logins and the files of materials; verified by restoring it.

`creation` makes one, `verification` restores it into a server of its own and compares, `restoration` fills a server, and `retention`
says which are kept.
"""
