"""Fit knowledge tracing to the answers of courses, week by week, and store the fits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd
from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from lmskit.analytics.bkt import fit_and_validate, responses_from_evidence
from lmskit.analytics.rules import CORRECT_FROM, DEFAULT_CORRECT_FROM, RULES
from lmskit.codes import find_code
from lmskit.errors import CourseNotFoundError, RuleParameterError
from lmskit.models import Course, KnowledgeFit
from lmskit.progress import Progress, silent
from lmskit.queries.code import is_one_of_codes
from lmskit.queries.course import in_open_term
from lmskit.queries.evidence import course_responses
from lmskit.queries.quiz import unreadable_quizzes
from lmskit.rounding import count_text
from lmskit.services.course_locks import lock_courses
from lmskit.services.permission import administrators_only
from lmskit.services.term import in_closed_terms


@dataclass(frozen=True)
class KnowledgeReport:
    """What was fitted.

    Attributes
    ----------
    n_courses
        Courses that were fitted, without those skipped.
    n_weeks, n_answers
        Number of weeks that were fitted, and of the answers they were fitted to.
    constrained
        By course code, the weeks whose likeliest fit was degenerate; the best fit that is not degenerate was stored.
    unreadable
        By course code, the titles of quizzes whose stored questions do not have lmskit's form, so that not all of their answers count.
    skipped
        By course code, why its rule's parameters cannot be used. Its fits are unchanged.
    """

    n_courses: int = 0
    n_weeks: int = 0
    n_answers: int = 0
    constrained: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    unreadable: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    skipped: Mapping[str, str] = field(default_factory=dict)

    def sentence(self) -> str:
        """Return the report as one line for a person."""
        text = (
            f"Knowledge tracing of {count_text(self.n_courses, 'course')}: "
            f"{count_text(self.n_weeks, 'week')} fitted to {count_text(self.n_answers, 'answer')}."
        )
        if not self.n_answers and not self.skipped:
            text += " There are no graded answers yet; they come with attempts that are imported question by question: lmskit import PATH"
        if self.constrained:
            listed = "; ".join(f"{code} week {', '.join(map(str, weeks))}" for code, weeks in self.constrained.items())
            text += f" Constrained, since the likeliest fit was degenerate: {listed}; look at these weeks before you rely on them."
        return text

    def sentences_about_quizzes(self) -> list[str]:
        """Return a line for each course with quizzes that cannot be read."""
        return [
            f"In {code} the questions of {count_text(len(titles), 'quiz', 'quizzes')} cannot be read, so not all of their answers count: "
            f"{_first(titles)}. To see what is wrong: lmskit quiz mistakes {code} QUIZ"
            for code, titles in self.unreadable.items()
        ]


@administrators_only("fit knowledge tracing")
def fit_courses(
    session: Session,
    *,
    courses: Sequence[str] | None = None,
    forgetting: bool = False,
    seed: int = 0,
    progress: Progress = silent,
) -> KnowledgeReport:
    """Fit knowledge tracing to all answers of each week of the courses, and replace the stored fits.

    The answers of students of every status are used. A week without answers has no fit afterwards. Two fits of the same course wait for
    each other. Mastery is not refreshed.

    Parameters
    ----------
    session
        Of an administrator. Nothing is committed.
    courses
        Codes; by default all courses of open terms.
    forgetting
        Whether what is known can be forgotten.
    seed
        Of the starts and the folds; 0 or more.
    progress
        Receives the course that is being fitted.

    Raises
    ------
    CourseNotFoundError
        A code is unknown.
    InputError
        The seed is negative.
    LockedError
        Others hold every one of the courses.
    NotPermittedError
        The signed-in person is not an administrator.
    """
    n_weeks = n_answers = 0
    constrained: dict[str, tuple[int, ...]] = {}
    unreadable: dict[str, tuple[str, ...]] = {}
    skipped: dict[str, str] = {}
    wanted = _courses(session, courses)
    ids = [course.id for course in wanted]
    held = lock_courses(session, ids) | in_closed_terms(session, ids)
    for done, course in enumerate(wanted):
        if course.id in held:
            skipped[course.code] = held[course.id]
            continue
        session.refresh(course)
        progress(f"Fitting {course.code}", done, len(wanted))
        try:
            least = correct_from(course)
        except RuleParameterError as error:
            skipped[course.code] = str(error)
            continue
        responses = responses_from_evidence(course_responses(session, [course.id]), correct_from=least)
        fits, _ = fit_and_validate(responses, forgetting=forgetting, seed=seed)
        _replace(session, course.id, fits.assign(correct_from=least))
        n_weeks, n_answers = n_weeks + len(fits), n_answers + int(fits["n_answers"].sum())
        weeks = tuple(fits.index[fits["constrained"]].tolist())
        if weeks:
            constrained[course.code] = weeks
        if titles := unreadable_quizzes(session, course.id):
            unreadable[course.code] = tuple(titles)
    return KnowledgeReport(len(wanted) - len(skipped), n_weeks, n_answers, constrained, unreadable, skipped)


def _first(titles: Sequence[str], most: int = 3) -> str:
    """The first titles, and how many more there are."""
    more = f" and {len(titles) - most:,} more" if len(titles) > most else ""
    return ", ".join(repr(title) for title in titles[:most]) + more


def correct_from(course: Course) -> float:
    """The share of its points from which an answer is correct: that of the course if its rule takes fits, otherwise the default.

    Raises
    ------
    RuleParameterError
        The rule does not take the stored parameters.
    """
    rule = RULES.get(course.mastery_rule)
    if rule is None or not rule.takes_fits:
        return DEFAULT_CORRECT_FROM
    return rule.configured(course.mastery_parameters).parameters[CORRECT_FROM.name]


def _courses(session: Session, codes: Sequence[str] | None) -> Sequence[Course]:
    """The courses of these codes, or all of open terms."""
    statement = select(Course).order_by(Course.id)
    statement = statement.where(in_open_term() if codes is None else is_one_of_codes(Course.code, codes))
    found = session.scalars(statement).all()
    known = [course.code for course in found]
    for code in codes or ():
        if find_code(code, known) is None:
            raise CourseNotFoundError(course=code)
    return found


def _replace(session: Session, course_id: int, fits: pd.DataFrame) -> None:
    session.execute(delete(KnowledgeFit).where(KnowledgeFit.course_id == course_id))
    stored = fits.rename_axis("week_number").reset_index().astype(object)
    rows = [
        {"course_id": course_id, "fitted_at": func.now()} | {name: None if pd.isna(value) else value for name, value in row.items()}
        for row in stored.to_dict("records")
    ]
    for row in rows:
        session.execute(insert(KnowledgeFit).values(row))
