"""The reader of OneRoster bundles, 1.1 and 1.2."""
