"""Readers of the events that learning systems write: xAPI statements and Caliper events."""
