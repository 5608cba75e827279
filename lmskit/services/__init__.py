"""What changes the database: each function receives a session, may write and never commits, so that both happens or neither."""
