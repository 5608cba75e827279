"""The temporary tables that the records of a source are read into, and their rows."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from lmskit.services.staging_table import Int8, StagingTable

# The rows of the tables; n is the number of the record. A missing id is an empty text, since tables are joined by ids and
# nulls do not equal each other.


class TableRow(NamedTuple):
    """The name of a temporary table."""

    name: str


class OptionRow(NamedTuple):
    """The options of the import: one row."""

    system: str
    format: str
    course_id: Int8 | None
    lecturer_id: Int8 | None
    term_id: Int8 | None
    today: dt.date
    notify: bool
    most_attempts: int
    earliest_year: int
    latest_year: int
    largest_answers: int
    deepest_answers: int
    longest_feedback: int
    rename: bool
    dry_run: bool


class RejectedRow(NamedTuple):
    """A position that is rejected."""

    position_id: int
    value: str | None
    reason: str


class AddedPersonRow(NamedTuple):
    """A new person: the identity in the file and the id in lmskit."""

    identity: int
    person_id: Int8


class PartRow(NamedTuple):
    """A part of the source; `part_order` is its index in reports."""

    part: int
    name: str
    part_order: int


class PositionRow(NamedTuple):
    """A row or cell that is counted; `row_position_id` is the row to which a cell belongs."""

    position_id: int
    part: int
    row_number: int
    column_name: str | None
    row_position_id: int | None


class TermRow(NamedTuple):
    """A `TermRecord`."""

    n: int
    position_id: int
    source_id: str
    code: str
    name: str
    starts_on: dt.date | None
    ends_on: dt.date | None


class PersonRow(NamedTuple):
    """A `PersonRecord`; `fault` is the reason why its name cannot be stored."""

    n: int
    position_id: int
    source_id: str
    sis_id: str
    email: str
    family_name: str
    given_name: str
    sort_name: str
    role: str | None
    fault: str | None
    needs_role: bool
    is_split: bool
    doubt: str | None


class CourseRow(NamedTuple):
    """A `CourseRecord`."""

    n: int
    position_id: int
    source_id: str
    code: str
    module_code: str
    title: str
    term: str


class EnrollmentRow(NamedTuple):
    """An `EnrollmentRecord`; an empty course is the one that the import is for."""

    n: int
    position_id: int
    source_id: str
    sis_id: str
    email: str
    course: str
    role: str
    status: str
    started_on: dt.date | None
    ended_on: dt.date | None
    is_implied: bool


class SectionRow(NamedTuple):
    """A `SectionName` of the enrollment `n`."""

    n: int
    kind: str
    name: str


class AttemptRow(NamedTuple):
    """An `AttemptRecord`; `answers` is JSON."""

    n: int
    position_id: int
    source_id: str
    sis_id: str
    email: str
    quiz: str
    score: float | None
    max_score: float | None
    is_total: bool
    number: Int8 | None
    started_at: dt.datetime | None
    submitted_at: dt.datetime | None
    answers: str
    feedback: str | None
    rounding: float


class ExcuseRow(NamedTuple):
    """An `ExcuseRecord`."""

    n: int
    position_id: int
    source_id: str
    sis_id: str
    email: str
    quiz: str
    beside_results: bool


class AbsentRow(NamedTuple):
    """An `AbsentScore`; `row_position_id` is the row that it is in."""

    n: int
    row_position_id: int | None
    part: str
    row_number: int
    column_name: str | None
    source_id: str
    sis_id: str
    email: str
    quiz: str
    why: str


OPTION = StagingTable("file_option", OptionRow)
REJECTED = StagingTable("file_rejected", RejectedRow, key="position_id")
ADDED_PERSON = StagingTable("file_added_person", AddedPersonRow, key="identity")
PART = StagingTable("file_part", PartRow)
POSITION = StagingTable("file_position", PositionRow)
TERM = StagingTable("file_term_row", TermRow)
PERSON = StagingTable("file_person_row", PersonRow)
COURSE = StagingTable("file_course_row", CourseRow)
ENROLLMENT = StagingTable("file_enrollment_row", EnrollmentRow)
SECTION = StagingTable("file_section_row", SectionRow)
ATTEMPT = StagingTable("file_attempt_row", AttemptRow)
EXCUSE = StagingTable("file_excuse_row", ExcuseRow)
ABSENT = StagingTable("file_absent_row", AbsentRow)
OF_RECORDS = (POSITION, TERM, PERSON, COURSE, ENROLLMENT, SECTION, ATTEMPT, EXCUSE, ABSENT)
"""The tables that records are read into."""
