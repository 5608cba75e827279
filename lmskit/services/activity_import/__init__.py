"""Imports of what students did: who is meant by the people of a file, and what of it is new."""
