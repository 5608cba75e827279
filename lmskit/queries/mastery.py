"""The stored mastery of a class: by week, by student, and the students who need help.

A student without evidence in a week has no stored estimate there, and still counts: as not assessed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Float, Numeric, cast, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from lmskit.columns import NAME, TOPIC, WEEK_NUMBER, Column, Columns
from lmskit.listings import STUDENTS_TO_HELP
from lmskit.models import Course, Enrollment, QuizAttempt, Syllabus, TopicPerformance, User
from lmskit.queries.course import COUNTED, course_by_code, has_code
from lmskit.queries.frame import frame, rows
from lmskit.queries.page import DEFAULT_PAGE, paged
from lmskit.queries.section import in_section
from lmskit.vocabulary import LEVELS, Level

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy import CTE, ColumnElement, Label, ScalarSelect
    from sqlalchemy.orm import Session

ASSESSED = tuple(level for level in Level if level is not Level.NOT_ASSESSED)
"""The levels that rest on evidence."""

CLASS_WEEKS = Columns(
    WEEK_NUMBER,
    TOPIC,
    Column("mean_value", "float64", "mean of the values of the assessed students, 0-1; NaN without assessed students", heading="Mean"),
    Column("n_students", "int64", "active and completed students; the same in every row"),
    Column("n_assessed", "int64", "those of them with a value in this week"),
    *(Column(level, "int64", "students at this level", heading=level.replace("_", " ").capitalize()) for level in LEVELS),
)

_ESTIMATE = (
    Column("value", "float64", "0-1; NaN without evidence, or with too little for the rule"),
    Column("low", "float64", "lower end of the central 90 % interval; NaN if the rule has no interval"),
    Column("high", "float64", "upper end of the same"),
    Column("n_evidence", "int64", "graded questions or attempts; 0 without evidence"),
    Column("level", "str", "`Level`; not_assessed without a value"),
    Column("rule", "str", "rule of the value; NaN without evidence"),
)

STUDENT_WEEKS = Columns(WEEK_NUMBER, TOPIC, *_ESTIMATE)

MASTERY_CELLS = Columns(
    Column("position", "int64", "of the student in this order, from 1"),
    Column("student_id", "int64"),
    NAME,
    Column("n_remedial", "int64", "the student's remedial weeks"),
    Column("mean_value", "float64", "mean of the student's values, 0-1; NaN without values"),
    *STUDENT_WEEKS,
)


COUNTED_STUDENTS = Columns(
    Column("position", "int64", "of the student in this order, from 1"),
    Column("student_id", "int64"),
    NAME,
)

STORED_RULES = Columns(
    Column("rule", "str"),
    Column("parameters", "object", "dictionary with all parameters"),
    Column("n_rows", "int64", "student weeks with these"),
)


@CLASS_WEEKS.documented
def class_weeks(session: Session, course: str, *, section: str | None = None, limit: int = DEFAULT_PAGE, offset: int = 0) -> pd.DataFrame:
    """Mean value and levels of the class of `course` in each week of its syllabus, by week.

    {columns}

    The levels of a week add up to `n_students`. `section` keeps only the students of a section or group. An unknown course gives an empty
    table with these columns.

    Raises
    ------
    CourseNotFoundError, SectionNotFoundError
        A section is asked for, and there is no such course or section.
    """
    course_id = _course_id(course)
    roster = _roster(course, *_of_section(session, course, section))
    known = (
        select(
            TopicPerformance.week_number,
            func.count(TopicPerformance.value).label("n_assessed"),
            _mean(TopicPerformance.value).label("mean_value"),
            *(func.count().filter(TopicPerformance.level == level).label(level.value) for level in ASSESSED),
        )
        .join(roster, roster.c.student_id == TopicPerformance.student_id)
        .where(TopicPerformance.course_id == course_id)
        .group_by(TopicPerformance.week_number)
        .subquery()
    )
    n_students = select(func.count()).select_from(roster).scalar_subquery()
    n_assessed = func.coalesce(known.c.n_assessed, 0)
    statement = (
        select(
            Syllabus.week_number,
            Syllabus.topic,
            known.c.mean_value,
            n_students.label("n_students"),
            n_assessed.label("n_assessed"),
            *(func.coalesce(known.c[level.value], 0).label(level.value) for level in ASSESSED),
            (n_students - n_assessed).label(Level.NOT_ASSESSED.value),
        )
        .outerjoin(known, known.c.week_number == Syllabus.week_number)
        .where(Syllabus.course_id == course_id)
        .order_by(Syllabus.week_number)
    )
    return frame(session, paged(statement, limit, offset), CLASS_WEEKS)


@MASTERY_CELLS.documented
def mastery_cells(session: Session, course: str, *, section: str | None = None, limit: int = 50, offset: int = 0) -> pd.DataFrame:
    """Students times weeks of `course`: the cells of its heat map, the students who need most help first.

    `limit` and `offset` count students. These are the active and completed ones: first those with most remedial weeks, then those
    without values, then those with the lowest mean value, then by name. Each has a row for every week of the syllabus, in order.

    {columns}

    `section` keeps only the students of a section or group. An unknown course, or one without a syllabus, gives an empty table with
    these columns.

    Raises
    ------
    CourseNotFoundError, SectionNotFoundError
        A section is asked for, and there is no such course or section.
    """
    page = paged(_most_help_first(course, *_of_section(session, course, section)), limit, offset).cte("page")
    statement = (
        select(page, Syllabus.week_number, Syllabus.topic, *_estimate())
        .join(Syllabus, Syllabus.course_id == page.c.course_id)
        .outerjoin(
            TopicPerformance,
            (TopicPerformance.student_id == page.c.student_id)
            & (TopicPerformance.course_id == page.c.course_id)
            & (TopicPerformance.week_number == Syllabus.week_number),
        )
        .order_by(page.c.position, Syllabus.week_number)
    )
    return frame(session, statement, MASTERY_CELLS)


@STUDENTS_TO_HELP.documented
def students_to_help(
    session: Session, course: str, *, section: str | None = None, limit: int = DEFAULT_PAGE, offset: int = 0
) -> pd.DataFrame:
    """The students of `course` who are remedial in a week or were never assessed, in the order of `mastery_cells`.

    {columns}

    `section` keeps only the students of a section or group. An unknown course gives an empty table with these columns.

    Raises
    ------
    CourseNotFoundError, SectionNotFoundError
        A section is asked for, and there is no such course or section.
    """
    ranked = _most_help_first(course, *_of_section(session, course, section)).cte("ranked")
    to_help = select(ranked).where((ranked.c.n_remedial > 0) | (ranked.c.n_assessed == 0)).order_by(ranked.c.position)
    page = paged(to_help, limit, offset).cte("page")
    # Each table is read once for the whole class: a subquery per student would, under row security, read the course each time.
    course_id = _course_id(course)
    in_order = aggregate_order_by(TopicPerformance.week_number, TopicPerformance.week_number)
    weeks = (
        select(TopicPerformance.student_id, func.array_agg(in_order).label("remedial_weeks"))
        .where(TopicPerformance.course_id == course_id, TopicPerformance.level == Level.REMEDIAL)
        .group_by(TopicPerformance.student_id)
        .subquery()
    )
    last = (
        select(QuizAttempt.student_id, func.max(QuizAttempt.submitted_at).label("last_submitted_at"))
        .where(QuizAttempt.course_id == course_id)
        .group_by(QuizAttempt.student_id)
        .subquery()
    )
    n_weeks = select(func.count()).select_from(Syllabus).where(Syllabus.course_id == course_id).scalar_subquery()
    statement = (
        select(page, n_weeks.label("n_weeks"), last.c.last_submitted_at, weeks.c.remedial_weeks)
        .outerjoin(last, last.c.student_id == page.c.student_id)
        .outerjoin(weeks, weeks.c.student_id == page.c.student_id)
        .order_by(page.c.position)
    )
    found = [dict(student) for student in rows(session, statement)]
    for student in found:
        student["reason"] = _reason(student["remedial_weeks"] or [], student["n_assessed"])
    return STUDENTS_TO_HELP.table(found)


@STUDENT_WEEKS.documented
def student_weeks(session: Session, course: str, student_id: int, *, limit: int = DEFAULT_PAGE, offset: int = 0) -> pd.DataFrame:
    """The estimates of one student in each week of the syllabus of `course`, by week.

    {columns}

    An unknown course, or a student who was never enrolled in it, gives an empty table with these columns. Enrollments of every status
    are shown, also those that ended.
    """
    statement = (
        select(Syllabus.week_number, Syllabus.topic, *_estimate())
        .join(Enrollment, Enrollment.course_id == Syllabus.course_id)
        .outerjoin(
            TopicPerformance,
            (TopicPerformance.student_id == Enrollment.student_id)
            & (TopicPerformance.course_id == Syllabus.course_id)
            & (TopicPerformance.week_number == Syllabus.week_number),
        )
        .where(Syllabus.course_id == _course_id(course), Enrollment.student_id == cast(student_id, BigInteger))
        .order_by(Syllabus.week_number)
    )
    return frame(session, paged(statement, limit, offset), STUDENT_WEEKS)


@COUNTED_STUDENTS.documented
def counted_students(session: Session, course: str) -> pd.DataFrame:
    """The active and completed students of `course`, by family name.

    {columns}

    There are no pages: an analysis of the class needs all students at once. An unknown course gives an empty table with these columns.
    """
    order = (User.sort_name.collate("C"), User.id)
    statement = (
        select(func.row_number().over(order_by=order).label("position"), Enrollment.student_id, User.name.label("name"))
        .join(User, User.id == Enrollment.student_id)
        .where(Enrollment.course_id == _course_id(course), Enrollment.status.in_(COUNTED))
        .order_by(*order)
    )
    return frame(session, statement, COUNTED_STUDENTS)


def course_rule(session: Session, course: str) -> tuple[str, dict[str, Any]]:
    """The mastery rule of `course`, and the parameters that it sets; the others have the rule's defaults.

    Raises
    ------
    CourseNotFoundError
        The signed-in person can see no such course.
    """
    found = course_by_code(session, course)
    return found.mastery_rule, dict(found.mastery_parameters)


@STORED_RULES.documented
def stored_rules(session: Session, course: str) -> pd.DataFrame:
    """The rules that the stored estimates of `course` were made by, the most frequent first.

    {columns}

    Several rows mean that the rule of the course was changed and only part of its mastery has been refreshed since, or that parameters
    were fitted to each week. An unknown course gives an empty table with these columns. At most `DEFAULT_PAGE` rows.
    """
    n_rows = func.count().label("n_rows")
    statement = (
        select(TopicPerformance.rule, TopicPerformance.parameters, n_rows)
        .where(TopicPerformance.course_id == _course_id(course))
        .group_by(TopicPerformance.rule, TopicPerformance.parameters)
        .order_by(n_rows.desc(), TopicPerformance.rule.collate("C"), TopicPerformance.parameters)
        .limit(DEFAULT_PAGE)
    )
    return frame(session, statement, STORED_RULES)


def _course_id(course: str) -> ScalarSelect[int]:
    return select(Course.id).where(has_code(course)).scalar_subquery()


def _of_section(session: Session, course: str, section: str | None) -> tuple[ColumnElement[bool], ...]:
    return () if section is None else (in_section(session, course_by_code(session, course).id, section, Enrollment.student_id),)


def _roster(course: str, *conditions: ColumnElement[bool]) -> CTE:
    """The active and completed students for whom the conditions hold."""
    return (
        select(Enrollment.student_id, Enrollment.course_id)
        .where(Enrollment.course_id == _course_id(course), Enrollment.status.in_(COUNTED), *conditions)
        .cte("roster")
    )


def _most_help_first(course: str, *conditions: ColumnElement[bool]) -> Any:  # noqa: ANN401 - the type of a select names every column
    """The active and completed students for whom the conditions hold, with the numbers that order them, those who need most help first."""
    roster = _roster(course, *conditions)
    known = (
        select(
            TopicPerformance.student_id,
            func.count().filter(TopicPerformance.level == Level.REMEDIAL).label("n_remedial"),
            func.count(TopicPerformance.value).label("n_assessed"),
            _mean(TopicPerformance.value).label("mean_value"),
        )
        .where(TopicPerformance.course_id == _course_id(course))
        .group_by(TopicPerformance.student_id)
        .subquery()
    )
    n_remedial = func.coalesce(known.c.n_remedial, 0)
    order = (n_remedial.desc(), known.c.mean_value.asc().nulls_first(), User.sort_name.collate("C"), User.id)
    return (
        select(
            func.row_number().over(order_by=order).label("position"),
            roster.c.course_id,
            roster.c.student_id,
            User.name.label("name"),
            n_remedial.label("n_remedial"),
            func.coalesce(known.c.n_assessed, 0).label("n_assessed"),
            known.c.mean_value,
        )
        # Every student has a user. For an inner join, however, the planner expects ten rows, its guess at the length of the policy's list
        # of students, and plans a nested loop over all pairs of students.
        .outerjoin(User, User.id == roster.c.student_id)
        .outerjoin(known, known.c.student_id == roster.c.student_id)
        .order_by(*order)
    )


def _mean(value: Any) -> ColumnElement[float]:  # noqa: ANN401 - a mapped column or one of a subquery
    # Numeric, since a sum of floats depends on the order in which they are read, and two pages could disagree about the order.
    return cast(func.avg(cast(value, Numeric)), Float(53))


def _estimate() -> list[Label[Any]]:
    return [
        TopicPerformance.value.label("value"),
        TopicPerformance.low.label("low"),
        TopicPerformance.high.label("high"),
        func.coalesce(TopicPerformance.n_evidence, 0).label("n_evidence"),
        func.coalesce(TopicPerformance.level, Level.NOT_ASSESSED).label("level"),
        TopicPerformance.rule.label("rule"),
    ]


def _reason(weeks: list[int], n_assessed: int) -> str:
    if not n_assessed:
        return "not assessed in any week"
    return f"remedial in {len(weeks)} of {n_assessed} assessed week{'s' if n_assessed > 1 else ''}: {_runs(weeks)}"


def _runs(weeks: list[int]) -> str:
    """Write weeks in order, consecutive weeks as a range.

    >>> _runs([1, 2, 3, 5, 7, 8])
    '1–3, 5, 7–8'
    """
    starts = [week for week in weeks if week - 1 not in weeks]
    ends = [week for week in weeks if week + 1 not in weeks]
    return ", ".join(f"{start}–{end}" if end > start else str(start) for start, end in zip(starts, ends, strict=True))
