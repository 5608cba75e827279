"""Reading a live Canvas course: first what it is and which results are new, then the attempts of its quizzes in parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmskit.importers.canvas.web_service.calls import CanvasCalls
from lmskit.importers.canvas.web_service.course import CourseListing
from lmskit.importers.canvas.web_service.results import ResultReading
from lmskit.importers.canvas.web_service.source import CanvasCourse, keys_of
from lmskit.importers.described_course import site_of
from lmskit.importers.text_cell import one_line
from lmskit.importers.web_service.reading import in_batches
from lmskit.importers.web_service.rights import MissingRights
from lmskit.limits import LONGEST_TITLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lmskit.importers.canvas.web_service.quiz import ListedResult, ListedSubmission
    from lmskit.importers.described_course import ChosenWeek
    from lmskit.importers.web_service.client import ServiceClient
    from lmskit.importers.web_service.known import KnownCourse
    from lmskit.importers.web_service.reading import ReadBatch
    from lmskit.progress import Progress

REMEDY = "A teacher of the whole course has these rights; a token with scopes needs those that are named."


class CanvasReading:
    """Reads one course; see `LiveReading`.

    Parameters
    ----------
    client
        Of the Canvas.
    course
        Its code, or its number in the student-information system.
    sections
        What a person says that modules are, by their numbers.
    is_number
        Whether `course` is the number that the address of the course has.
    """

    def __init__(
        self, client: ServiceClient, course: str, sections: Mapping[int, ChosenWeek | None] | None = None, *, is_number: bool = False
    ) -> None:
        self.client, self.course, self.sections, self.is_number = client, course, sections or {}, is_number
        self.name = one_line(f"{course} at {client.name}")[:LONGEST_TITLE]
        self._before = client.n_requests

    @property
    def n_requests(self) -> int:
        """How often Canvas was asked for this course."""
        return self.client.n_requests - self._before

    def batches(self, known: KnownCourse, *, whole: bool, progress: Progress) -> Iterator[ReadBatch]:
        """Read the course part by part.

        Raises
        ------
        LmsError
            Canvas cannot be asked, refuses, or has answered with something that cannot be read.
        """
        calls, rights = CanvasCalls(self.client), MissingRights(self.client.name, self.course, REMEDY)
        course = CourseListing(calls, self.course, self.is_number, rights, lambda step: progress(step, 0, None), self.sections).read()
        reading = ResultReading(calls, course, known.of_site(site_of(course.address)), keys_of(course), progress)
        listed: list[ListedSubmission] = rights.ask(reading.listed, [])
        rights.ask(lambda: reading.read_first_questions(listed), None)
        rights.require_none()
        others = reading.without_attempts(listed)
        n_attempts = 0

        def source(part: Sequence[ListedResult], is_first: bool) -> CanvasCourse:  # noqa: FBT001 - of `in_batches`
            nonlocal n_attempts
            n_before, n_attempts = n_attempts, n_attempts + sum(len(result.attempts) for result in part)
            return CanvasCourse(self.name, course, [*(others if is_first else ()), *part], reading.questions, n_before)

        results = rights.of_rest(reading.with_attempts(listed))
        yield from in_batches(results, source, lacking=course.lacking, known_until=calls.now, whole=whole)
