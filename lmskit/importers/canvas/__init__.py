"""Readers of what Canvas exports."""
