"""Which questions of a course were missed, and how often: by its class, or by one student."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from lmskit.columns import TOPIC, WEEK_NUMBER, Column, Columns
from lmskit.queries.course import course_by_code
from lmskit.queries.course_plan import read_by_course
from lmskit.queries.frame import rows
from lmskit.queries.quiz_answers import ANSWER_WITHOUT_SCORE

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from sqlalchemy.orm import Session

MISSED_QUESTIONS = Columns(
    WEEK_NUMBER,
    TOPIC,
    Column("quiz_id", "int64"),
    Column("quiz_title", "str"),
    Column("question", "str", "id of the question; NaN for a quiz of which only totals are known"),
    Column("number", "int64", "of the question in its quiz, from 1; 0 without a question"),
    Column("prompt", "str", "NaN without a question"),
    Column("search_text", "str", "what to search materials for: prompt and right options, with the topic where they say little"),
    Column("n_students", "int64", "whose last graded attempt at the quiz counts"),
    Column("n_missed", "int64", "those of them who did not earn all points; a question left blank is missed"),
    Column("lost", "float64", "sum of the shares of the points that these did not earn, 0 to `n_missed`"),
)

_LEAST_WORDS = 3
"""Words of prompt and right options below which the topic is searched for too."""
_WORD = re.compile(r"[^\W\d_]{3,}")
_STATEMENT = text(files("lmskit.queries").joinpath("missed_questions.sql").read_text(encoding="utf-8"))


@MISSED_QUESTIONS.documented
def missed_questions(session: Session, course: str, *, week: int | None = None, student_id: int | None = None) -> pd.DataFrame:
    """How often each question of `course` was missed, by week, quiz and position.

    {columns}

    The students are the active and completed ones or, with `student_id`, that student, whatever the status of the enrollment. Of each
    student the last graded attempt at a quiz counts, since what was learned from an earlier one need not be read again; `week` keeps
    the questions of one week. Questions that are worth no points, and those of quizzes without a week, are left out. There are no pages:
    advice needs all of them.

    Raises
    ------
    CourseNotFoundError
        The signed-in person can see no such course.
    """
    asked = {
        "course": course_by_code(session, course).id,
        "week": week,
        "student": student_id,
        "without_score": ANSWER_WITHOUT_SCORE,
    }
    with read_by_course(session):
        found = [{**row, "search_text": search_text(row)} for row in rows(session, _STATEMENT, asked)]
    return MISSED_QUESTIONS.table(found)


def search_text(row: Mapping[str, Any]) -> str:
    """What to search materials for, given a row with prompt, options, answer and topics.

    The right options belong to it, since the prompt of many questions is no more than *which of these is true?* The topic of the question,
    or else of the week, is added only where both together say little: beside a prompt that says enough it leads to what introduces the
    topic rather than to the answer.

    Examples
    --------
    >>> options = [{"id": "a", "text": "A list"}, {"id": "b", "text": "A tuple"}]
    >>> search_text({"prompt": "Which can be changed?", "options": options, "answer": "a", "question_topic": None, "topic": "Lists"})
    'Which can be changed? A list'
    >>> search_text({"prompt": "What is printed?", "options": None, "answer": "3", "question_topic": None, "topic": "Loops"})
    'What is printed? Loops'
    >>> search_text({"prompt": None, "quiz_title": "Quiz 3", "topic": "Loops"})
    'Quiz 3. Loops'
    """
    if not row["prompt"]:
        return f"{row['quiz_title']}. {row['topic']}"
    options, answer = row.get("options"), row.get("answer")
    right = answer if isinstance(answer, list) else [answer]
    chosen = [
        str(option.get("text", ""))
        for option in (options if isinstance(options, list) else [])
        if isinstance(option, dict) and option.get("id") in right
    ]
    said = " ".join(part for part in (row["prompt"], *chosen) if part)
    return said if len(_WORD.findall(said)) >= _LEAST_WORDS else f"{said} {row.get('question_topic') or row['topic']}"
