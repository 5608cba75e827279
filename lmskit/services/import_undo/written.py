"""The tables that imports write: what names a row of each in the audit trail, in the database and for a person."""

from __future__ import annotations

from dataclasses import dataclass

_NUMBER = "CAST(e.row_key AS bigint)"
_FIRST, _SECOND, _THIRD = (f"CAST(split_part(e.row_key, ':', {nth}) AS bigint)" for nth in (1, 2, 3))
PERSON = "concat_ws(', ', p.family_name, coalesce(nullif(p.preferred_name, ''), nullif(p.given_name, '')))"
"""What a person `p` is called in lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenTable:
    """A table that imports write.

    Attributes
    ----------
    name
        Of the table.
    kind
        What its rows are called, in the plural.
    key
        The columns of its primary key, each with the SQL that finds its value in an entry `e` of the audit trail that names one row.
    number
        The column that `audit_log.numbers` counts; None if rows are always listed.
    course
        SQL for the course of a row `r`, in whose term it is; None if it belongs to none.
    label
        SQL for what a person calls a row `r`, whose key `u` has too; `joined` has the tables that it needs.
    document
        SQL for the columns of a row `r` that imports change.
    """

    name: str
    kind: str
    key: dict[str, str]
    number: str | None = "id"
    course: str | None = "r.course_id"
    label: str
    joined: str = ""
    document: str = "to_jsonb(r)"

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns of the primary key."""
        return tuple(self.key)

    @property
    def row_key(self) -> str:
        """SQL that names a row `r` as the audit trail does."""
        columns = ", ".join(f"r.{column}" for column in self.key)
        return f"concat_ws(':', {columns})"

    @property
    def is_counted_by_course(self) -> bool:
        """Whether a number is that of a row only together with the course."""
        return self.number not in {None, "id"}

    def same(self, left: str, right: str) -> str:
        """SQL that is true if two aliases stand for the same row."""
        return " AND ".join(f"{left}.{column} = {right}.{column}" for column in self.key)


_BY_ID = {"id": _NUMBER}
_OF_COURSE = "LEFT JOIN courses AS c ON c.id = r.course_id"
BANK_QUESTIONS = WrittenTable(
    name="bank_questions",
    kind="questions of banks",
    key={
        "course_id": _FIRST,
        "bank": r"regexp_replace(e.row_key, '^[0-9]+:(.*):[0-9]+$', '\1')",
        "number": r"CAST(regexp_replace(e.row_key, '^.*:', '') AS integer)",
    },
    number=None,
    label="u.bank || ', question ' || u.number",
)
SECTION_MEMBERS = WrittenTable(
    name="section_members",
    kind="memberships of sections and groups",
    key={"course_id": _FIRST, "section_id": _SECOND, "student_id": _THIRD},
    number=None,
    label=f"{PERSON} || ' · ' || s.name || ' · ' || c.code",
    joined="LEFT JOIN users AS p ON p.id = u.student_id LEFT JOIN sections AS s ON s.id = u.section_id"
    " LEFT JOIN courses AS c ON c.id = u.course_id",
)
QUIZ_EXCEPTIONS = WrittenTable(
    name="quiz_exceptions",
    kind="excuses and more time",
    key={"course_id": _FIRST, "quiz_id": _SECOND, "student_id": _THIRD},
    number=None,
    label=f"{PERSON} || ' · ' || q.title",
    joined="LEFT JOIN users AS p ON p.id = u.student_id LEFT JOIN quizzes AS q ON q.id = u.quiz_id",
)
REMOVED = (BANK_QUESTIONS, SECTION_MEMBERS, QUIZ_EXCEPTIONS)
"""Tables from which imports delete rows."""
SECTIONS = WrittenTable(
    name="sections", kind="sections and groups", key=_BY_ID, number=None, label="r.name || ' · ' || c.code", joined=_OF_COURSE
)
WRITTEN = (
    WrittenTable(name="outbox", kind="messages", key=_BY_ID, label="r.template || ' to ' || r.recipient"),
    WrittenTable(
        name="question_slots",
        kind="numbered questions of reports",
        key={
            "course_id": _FIRST,
            "quiz_id": _SECOND,
            "slot": r"regexp_replace(e.row_key, '^[0-9]+:[0-9]+:', '')",
        },
        number=None,
        label="'Question ' || r.slot || ' · ' || q.title",
        joined="LEFT JOIN quizzes AS q ON q.id = r.quiz_id",
    ),
    WrittenTable(
        name="external_ids", kind="ids of other systems", key=_BY_ID, label="r.source || ' ' || r.kind::text || ' ' || r.external_id"
    ),
    WrittenTable(
        name="quiz_attempts",
        kind="attempts",
        key=_BY_ID,
        label=f"{PERSON} || ' · ' || q.title",
        joined="LEFT JOIN users AS p ON p.id = r.student_id LEFT JOIN quizzes AS q ON q.id = r.quiz_id",
    ),
    WrittenTable(
        name="student_activity",
        kind="activity of students",
        key=_BY_ID,
        label=f"{PERSON} || ' · ' || r.resource",
        joined="LEFT JOIN users AS p ON p.id = r.student_id",
    ),
    BANK_QUESTIONS,
    SECTION_MEMBERS,
    QUIZ_EXCEPTIONS,
    WrittenTable(
        name="course_staff",
        kind="staff of courses",
        key={"course_id": _FIRST, "person_id": _SECOND},
        number=None,
        label=f"{PERSON} || ' · ' || c.code",
        joined=f"LEFT JOIN users AS p ON p.id = r.person_id {_OF_COURSE}",
    ),
    WrittenTable(
        name="student_enrollments",
        kind="enrollments",
        key={"course_id": _FIRST, "student_id": _SECOND},
        number="student_id",
        label=f"{PERSON} || ' · ' || c.code",
        joined=f"LEFT JOIN users AS p ON p.id = r.student_id {_OF_COURSE}",
    ),
    SECTIONS,
    WrittenTable(name="quizzes", kind="quizzes", key=_BY_ID, label="r.title || ' · ' || c.code", joined=_OF_COURSE),
    WrittenTable(name="materials", kind="materials", key=_BY_ID, label="r.title || ' · ' || c.code", joined=_OF_COURSE),
    WrittenTable(
        name="syllabi",
        kind="weeks",
        key={"course_id": _FIRST, "week_number": "CAST(split_part(e.row_key, ':', 2) AS integer)"},
        number="week_number",
        label="'Week ' || r.week_number || ' · ' || c.code",
        joined=_OF_COURSE,
    ),
    WrittenTable(name="courses", kind="courses", key=_BY_ID, course="r.id", label="r.code"),
    WrittenTable(name="terms", kind="terms", key=_BY_ID, course=None, label="r.code"),
    WrittenTable(
        name="users",
        kind="people",
        key=_BY_ID,
        course=None,
        label=PERSON.replace("p.", "r."),
        # No login can read the whole row.
        document="jsonb_build_object('email', r.email, 'family_name', r.family_name, 'given_name', r.given_name, 'sort_name', r.sort_name)",
    ),
)
"""In an order in which rows can be deleted: no table refers to one before it."""
DERIVED = {"topic_performance", "archived_estimates", "knowledge_fits", "material_passages", "passage_words"}
"""Tables that are computed from others: their rows go with the rows that they are about."""
ACCOMPANYING = {"sections", "section_members", "staff_sections"}
"""Tables whose rows go with their course, student or member of the staff, and keep none of them."""
INHERITING = {"archived_attempts"}
"""Tables that nobody reads but through those that they inherit from."""
