"""Numbers from tables: mastery, intervals, simulated cohorts. No database and no widgets below this package."""
