"""A live Canvas over its REST API."""
