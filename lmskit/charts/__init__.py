"""Figures from tables: a table goes in, a plotly Figure or its table twin comes out; nothing here reads a database."""
