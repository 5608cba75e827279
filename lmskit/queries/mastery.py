"""What is known of a class's mastery: by week, by student, and who needs help first.

All of it reads the stored estimates. A student without evidence in a week has no row there, and still counts: as not assessed.
"""

from typing import Any

import pandas as pd
from sqlalchemy import CTE, BigInteger, ColumnElement, Float, Label, Numeric, ScalarSelect, cast, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from lmskit.models import Course, Enrollment, QuizAttempt, Syllabus, TopicPerformance, User
from lmskit.names import display_name
from lmskit.queries.course import COUNTED, course_by_code, has_code
from lmskit.queries.frame import frame
from lmskit.queries.page import DEFAULT_PAGE, check_page
from lmskit.vocabulary import LEVELS, Level

ASSESSED = tuple(level for level in Level if level is not Level.NOT_ASSESSED)
"""The levels that rest on evidence."""


def class_weeks(session: Session, course: str, *, limit: int = DEFAULT_PAGE, offset: int = 0) -> pd.DataFrame:
    """How the class of `course` does in each week of its syllabus, by week.

    ============  =======  ==================================================================
    week_number   int64    1-60
    topic         str
    mean_value    float64  mean of the assessed students' values, 0-1; NaN where there is none
    n_students    int64    active and completed students; the same in every row
    n_assessed    int64    of them, those with a level in this week
    mastered      int64    students at this level
    developing    int64    the same
    remedial      int64    the same
    not_assessed  int64    the same; the four add up to `n_students`
    ============  =======  ==================================================================

    An unknown course gives an empty table with these columns.
    """
    check_page(limit, offset)
    course_id, roster = _course_id(course), _roster(course)
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
        .limit(limit)
        .offset(offset)
    )
    return frame(session, statement, _CLASS_WEEKS)


def mastery_cells(session: Session, course: str, *, limit: int = 50, offset: int = 0) -> pd.DataFrame:
    """Students times weeks of `course`: the cells of its heat map, the neediest students first.

    `limit` and `offset` count students: active and completed ones, those with most remedial weeks first, then without any value,
    then by the lowest mean value, then by name.

    ============  =======  ==================================================================================
    position      int64    of the student in this order, 1 for the first of the class
    student_id    int64
    name          str      "Family, Given"
    n_remedial    int64    the student's weeks at that level
    mean_value    float64  mean of the student's values, 0-1; NaN without any
    week_number   int64    every week of the syllabus, in order
    topic         str      of the week
    value         float64  0-1; NaN where nothing is known, or too little for the rule
    low, high     float64  central 90 % interval; NaN where the rule has none
    n_evidence    int64    graded questions or attempts; 0 where there is none
    level         str      `Level`; not_assessed without a value
    rule          str      that the value comes from; NaN without evidence
    ============  =======  ==================================================================================

    An unknown course, or one without syllabus, gives an empty table with these columns.
    """
    check_page(limit, offset)
    page = _neediest(course).limit(limit).offset(offset).cte("page")
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
    return _named(frame(session, statement, _CELLS), at=2)


def students_to_help(session: Session, course: str, *, limit: int = DEFAULT_PAGE, offset: int = 0) -> pd.DataFrame:
    """The students of `course` who are remedial in some week or were never assessed, in the order of `mastery_cells`.

    =================  ===================  ====================================================================
    position           int64                in the whole class, as in `mastery_cells`; here without gaps from 1
    student_id         int64
    name               str                  "Family, Given"
    n_remedial         int64                weeks at that level
    n_assessed         int64                weeks with a value
    n_weeks            int64                weeks of the syllabus
    mean_value         float64              mean of the student's values, 0-1; NaN without any
    last_submitted_at  datetime64[us, UTC]  last attempt in this course, graded or not; NaT without any
    reason             str                  why the student is listed, with the weeks
    =================  ===================  ====================================================================

    An unknown course gives an empty table with these columns.
    """
    check_page(limit, offset)
    ranked = _neediest(course).cte("ranked")
    page = (
        select(ranked)
        .where((ranked.c.n_remedial > 0) | (ranked.c.n_assessed == 0))
        .order_by(ranked.c.position)
        .limit(limit)
        .offset(offset)
        .cte("page")
    )
    # Each table is read once for the whole class: a look at each student would, under row security, read the course each time.
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
    table = _named(frame(session, statement, _HELP), at=2)
    reasons = [_reason(weeks or [], n_assessed) for weeks, n_assessed in zip(table["remedial_weeks"], table["n_assessed"], strict=True)]
    return table.drop(columns="remedial_weeks").assign(reason=pd.Series(reasons, dtype="str"))


def student_weeks(session: Session, course: str, student_id: int, *, limit: int = DEFAULT_PAGE, offset: int = 0) -> pd.DataFrame:
    """What is known of one student in each week of `course`, by week.

    ============  =======  ============================================================
    week_number   int64    every week of the syllabus
    topic         str
    value         float64  0-1; NaN where nothing is known, or too little for the rule
    low, high     float64  central 90 % interval; NaN where the rule has none
    n_evidence    int64    graded questions or attempts; 0 where there is none
    level         str      `Level`; not_assessed without a value
    rule          str      that the value comes from; NaN without evidence
    ============  =======  ============================================================

    An unknown course, or a student without a place in it, gives an empty table with these columns. Students of every status
    are shown: whoever left, too.
    """
    check_page(limit, offset)
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
        .limit(limit)
        .offset(offset)
    )
    return frame(session, statement, _WEEK | _ESTIMATE)


def counted_students(session: Session, course: str) -> pd.DataFrame:
    """The active and completed students of `course`, by family name. Not a page of them: what is computed from their answers needs all.

    ============  =======  ====================================
    position      int64    of the student in this order, from 1
    student_id    int64
    name          str      "Family, Given"
    ============  =======  ====================================

    An unknown course gives an empty table with these columns.
    """
    statement = (
        select(Enrollment.student_id, User.family_name, User.given_name)
        .join(User, User.id == Enrollment.student_id)
        .where(Enrollment.course_id == _course_id(course), Enrollment.status.in_(COUNTED))
        .order_by(User.sort_name.collate("C"), User.id)
    )
    table = _named(frame(session, statement, {"student_id": "int64", "family_name": "str", "given_name": "str"}), at=1)
    table.insert(0, "position", pd.Series(range(1, len(table) + 1), dtype="int64"))
    return table


def course_rule(session: Session, course: str) -> tuple[str, dict[str, Any]]:
    """The mastery rule that `course` has chosen, and the parameters it set; those it did not set have the rule's defaults.

    Raises
    ------
    CourseNotFoundError
        There is no such course among those the signed-in person can see.
    """
    found = course_by_code(session, course)
    return found.mastery_rule, dict(found.mastery_parameters)


def stored_rules(session: Session, course: str) -> pd.DataFrame:
    """By which rules the stored estimates of `course` were made, the most frequent first.

    ===========  ======  ==============================================
    rule         str
    parameters   object  dictionary, complete
    n_rows       int64   student weeks estimated so
    ===========  ======  ==============================================

    More than one row means that the course's rule was changed and only part of its mastery has been refreshed since. An unknown
    course gives an empty table with these columns. At most `DEFAULT_PAGE` rows.
    """
    n_rows = func.count().label("n_rows")
    statement = (
        select(TopicPerformance.rule, TopicPerformance.parameters, n_rows)
        .where(TopicPerformance.course_id == _course_id(course))
        .group_by(TopicPerformance.rule, TopicPerformance.parameters)
        .order_by(n_rows.desc(), TopicPerformance.rule.collate("C"), TopicPerformance.parameters)
        .limit(DEFAULT_PAGE)
    )
    return frame(session, statement, {"rule": "str", "parameters": "object", "n_rows": "int64"})


def _course_id(course: str) -> ScalarSelect[int]:
    return select(Course.id).where(has_code(course)).scalar_subquery()


def _roster(course: str) -> CTE:
    """The students who count."""
    return (
        select(Enrollment.student_id, Enrollment.course_id)
        .where(Enrollment.course_id == _course_id(course), Enrollment.status.in_(COUNTED))
        .cte("roster")
    )


def _neediest(course: str) -> Any:  # noqa: ANN401 - the type of a select names every column
    """All students who count, with what puts them in order: who needs help most is first."""
    roster = _roster(course)
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
            User.family_name,
            User.given_name,
            n_remedial.label("n_remedial"),
            func.coalesce(known.c.n_assessed, 0).label("n_assessed"),
            known.c.mean_value,
        )
        # Every student is there; but of an inner join the planner expects ten rows, which is its guess at the length of the policy's
        # list of students, and compares each student with each other.
        .outerjoin(User, User.id == roster.c.student_id)
        .outerjoin(known, known.c.student_id == roster.c.student_id)
        .order_by(*order)
    )


def _mean(value: Any) -> ColumnElement[float]:  # noqa: ANN401 - a mapped column or one of a subquery
    # As numeric, since a sum of floats depends on the order in which they are read: two pages would disagree about the order.
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


def _named(table: pd.DataFrame, *, at: int) -> pd.DataFrame:
    """Put the name people read in the place of its parts."""
    names = [display_name(family, given) for family, given in zip(table["family_name"], table["given_name"], strict=True)]
    table.insert(at, "name", pd.Series(names, dtype="str"))
    return table.drop(columns=["family_name", "given_name"])


def _reason(weeks: list[int], n_assessed: int) -> str:
    if not n_assessed:
        return "not assessed in any week"
    return f"remedial in {len(weeks)} of {n_assessed} assessed week{'s' if n_assessed > 1 else ''}: {_runs(weeks)}"


def _runs(weeks: list[int]) -> str:
    """Write weeks in order for people, those that follow each other as one.

    >>> _runs([1, 2, 3, 5, 7, 8])
    '1–3, 5, 7–8'
    """
    starts = [week for week in weeks if week - 1 not in weeks]
    ends = [week for week in weeks if week + 1 not in weeks]
    return ", ".join(f"{start}–{end}" if end > start else str(start) for start, end in zip(starts, ends, strict=True))


_WEEK = {"week_number": "int64", "topic": "str"}
_ESTIMATE = {"value": "float64", "low": "float64", "high": "float64", "n_evidence": "int64", "level": "str", "rule": "str"}
_PERSON = {"position": "int64", "student_id": "int64", "family_name": "str", "given_name": "str", "n_remedial": "int64"}
_CELLS = _PERSON | {"mean_value": "float64"} | _WEEK | _ESTIMATE
_HELP = _PERSON | {
    "n_assessed": "int64",
    "n_weeks": "int64",
    "mean_value": "float64",
    "last_submitted_at": "datetime64[us, UTC]",
    "remedial_weeks": "object",
}
_CLASS_WEEKS = _WEEK | {"mean_value": "float64", "n_students": "int64", "n_assessed": "int64"} | dict.fromkeys(LEVELS, "int64")
