"""Readers of what Moodle exports about people and their results; its question banks are among the others."""
