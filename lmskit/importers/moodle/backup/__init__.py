"""The reader of Moodle's course backups."""
