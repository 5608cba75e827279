"""Questions to the database: one function each, its columns promised; they read and never write."""
