"""Charts: a function from a table to a plotly Figure, and beside it a function that returns the same content as a table; no database."""
