"""Pages and files of the web: fetched politely, and from public addresses only."""
