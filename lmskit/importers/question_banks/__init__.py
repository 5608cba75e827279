"""Readers of question banks, and what they have in common."""
