"""Mutation testing: faults made on purpose, of which the tests should notice each."""
