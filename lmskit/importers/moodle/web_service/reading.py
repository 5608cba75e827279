"""Reading a live Moodle course: first what it is, then its attempts in parts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lmskit.importers.described_course import site_of
from lmskit.importers.moodle.backup.course import course_id
from lmskit.importers.moodle.web_service.attempts import AttemptReading
from lmskit.importers.moodle.web_service.course import CourseReading, lacking_roles
from lmskit.importers.moodle.web_service.functions import MoodleFunctions
from lmskit.importers.moodle.web_service.source import MoodleCourse, keys_of
from lmskit.importers.text_cell import one_line
from lmskit.importers.web_service.reading import in_batches
from lmskit.importers.web_service.rights import MissingRights
from lmskit.limits import LONGEST_TITLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lmskit.importers.described_course import ChosenWeek
    from lmskit.importers.web_service.client import ServiceClient
    from lmskit.importers.web_service.known import KnownCourse
    from lmskit.importers.web_service.reading import ReadBatch
    from lmskit.progress import Progress

REMEDY = "A teacher of the course has these rights, if the token's service has the functions."


class MoodleReading:
    """Reads one course; see `LiveReading`."""

    def __init__(self, client: ServiceClient, short_name: str, sections: Mapping[int, ChosenWeek | None] | None = None) -> None:
        self.client, self.short_name, self.sections = client, short_name, sections or {}
        self.name = one_line(f"{short_name} at {client.name}")[:LONGEST_TITLE]
        self._before = client.n_requests

    @property
    def n_requests(self) -> int:
        """How often Moodle was asked for this course."""
        return self.client.n_requests - self._before

    def batches(self, known: KnownCourse, *, whole: bool, progress: Progress) -> Iterator[ReadBatch]:
        """Read the course part by part.

        Raises
        ------
        LmsError
            Moodle cannot be asked, refuses, or has answered with something that cannot be read.
        """
        functions, rights = MoodleFunctions(self.client), MissingRights(self.client.name, self.short_name, REMEDY)
        course = CourseReading(functions, self.short_name, rights, lambda step: progress(step, 0, None), self.sections).read()
        known = known.of_site(site_of(course_id(course.site, course.id)))
        course = replace(course, lacking=course.lacking or lacking_roles(course, keys_of(course), known))
        attempts = AttemptReading(functions, course, known, keys_of(course), progress).read()
        yield from in_batches(
            rights.of_rest(attempts),
            lambda part, is_first: MoodleCourse(self.name, course, known, part, with_grades=is_first),
            lacking=course.lacking,
            known_until=functions.now,
            whole=whole,
        )
