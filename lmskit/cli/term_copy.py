"""`lmskit term copy`, which copies courses as `lmskit course copy` does."""

from lmskit.cli.course_copy import of_terms as app

__all__ = ["app"]
