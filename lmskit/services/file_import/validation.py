"""What of a file can be imported: who and what its rows name, and which rows are rejected because of what they say or name."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from lmskit.services.file_import.identities import settled
from lmskit.services.importing import Statements, analyze, stage_rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session

    from lmskit.progress import Progress

SETTLED = {"key": "int4", "who": "int4", "reason": "text"}


class Validation:
    """Validates what was staged; afterwards `file_rejected` holds each unit that is not imported, with the reason."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._people = Statements(session, "file_import/people.sql")
        self._courses = Statements(session, "file_import/courses.sql")
        self._attempts = Statements(session, "file_import/attempts.sql")

    def run(self, tell: Progress) -> None:
        """Find out who and what is meant, and reject what contradicts itself or what is here."""
        tell("Recognising people", 0, None)
        self._recognise_people()
        self._build(self._courses, terms="file_term", courses="file_course", course_refs="file_course_ref", enrollments="file_enrollment")
        self._build(self._attempts, attempts="file_attempt")
        tell("Checking every row", 0, None)
        self._people.run("reject_people")
        self._courses.run("reject_rows")
        self._attempts.run("reject_attempts")
        self._propagate()
        self._build(self._attempts, repeated="file_numbered", matches="file_match")
        if self._attempts.run("reject_repeated"):
            self._propagate()
        self._build(self._attempts, compared="file_compared")
        if self._attempts.run("reject_attempts_of_others"):
            self._propagate()

    def _recognise_people(self) -> None:
        people = self._people
        people.build("file_key", "keys")
        shared = cast("Iterable[tuple[int, str, str, str]]", people.read("shared_keys"))
        stage_rows(self._session, "file_settled", SETTLED, settled(shared))
        people.run("settle_keys")
        people.build("file_who", "who")
        people.run("reject_given_up_addresses")
        people.run("reject_twins")
        people.build("file_person", "people")
        people.build("file_ref", "refs")
        people.run("roles", "ref_roles")
        analyze(self._session, "file_who")
        analyze(self._session, "file_ref")

    @staticmethod
    def _build(run: Statements, **tables: str) -> None:
        for part, table in tables.items():
            run.build(table, part)

    def _propagate(self) -> None:
        """Reject what depends on something rejected, until nothing more is."""
        while True:
            analyze(self._session, "file_rejected")
            rejected = sum(
                run.run(part)
                for run, part in (
                    (self._people, "reject_nameless_people"),
                    (self._courses, "reject_courses_without_term"),
                    (self._courses, "reject_courses_without_lecturer"),
                    (self._courses, "reject_orphans"),
                    (self._attempts, "reject_strangers"),
                    (self._courses, "reject_cells_of_rejected_rows"),
                )
            )
            if not rejected:
                return
