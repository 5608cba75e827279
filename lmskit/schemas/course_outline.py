"""A course as a form shows it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class CourseOutline:
    """The settings of a course as they are stored: what a form shows, and what another course can be copied from."""

    code: str
    module_code: str
    title: str
    lecturer: str
    """The lecturer's address."""
    weeks: tuple[tuple[int, str, str], ...]
    """Number, topic and objectives of each week, in order."""
