"""The reader of a live Moodle course, over Moodle's web services."""
