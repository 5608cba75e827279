"""Write the tables of a course into files: people, gradebook, attempts and answers."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from lmskit.importers.section_cell import sections_cell
from lmskit.queries.course_export import (
    EXPORTED_ANSWERS,
    EXPORTED_ATTEMPTS,
    EXPORTED_GRADEBOOK,
    EXPORTED_ROSTER,
    exported_answers,
    exported_attempts,
    exported_gradebook,
    exported_roster,
    questions_of_quizzes,
)
from lmskit.reporting.table_file import require_new_file, write_table
from lmskit.vocabulary import ResultAttempt

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from sqlalchemy import RowMapping
    from sqlalchemy.orm import Session

    from lmskit.columns import Columns
    from lmskit.queries.frame import Rows

OF_ANSWERS = (*EXPORTED_ANSWERS.names[:-2], "question", "type", "prompt", "response", "question_score", "question_points")
"""The columns of a file of answers. None is called score, so that no import takes an answer for an attempt."""
BETWEEN = "; "


def export_roster(session: Session, course: str, to: Path) -> int:
    """Write everyone who is or was enrolled in `course` into a new file, `.csv` or `.xlsx`; the number of rows.

    Raises
    ------
    CourseNotFoundError
        The signed-in person can see no such course.
    InputError
        The file exists or cannot be made, or the table is too large for a workbook.
    """
    require_new_file(to)
    return _write(to, EXPORTED_ROSTER, exported_roster(session, course))


def export_gradebook(session: Session, course: str, to: Path, *, counted: ResultAttempt = ResultAttempt.HIGHEST) -> int:
    """Write the results of `course`, a row for each student and quiz; errors are those of `export_roster`."""
    require_new_file(to)
    return _write(to, EXPORTED_GRADEBOOK, exported_gradebook(session, course, counted))


def export_attempts(session: Session, course: str, to: Path) -> int:
    """Write the attempts at the quizzes of `course`; errors are those of `export_roster`."""
    require_new_file(to)
    return _write(to, EXPORTED_ATTEMPTS, exported_attempts(session, course))


def export_answers(session: Session, course: str, to: Path) -> int:
    """Write the answers in the attempts of `course`, a row for each; errors are those of `export_roster`."""
    require_new_file(to)
    return write_table(to, OF_ANSWERS, _answers(exported_answers(session, course), questions_of_quizzes(session, course)))


def _write(to: Path, columns: Columns, rows: Rows) -> int:
    return write_table(to, columns.names, ([_value(row, name) for name in columns.names] for row in rows))


def _value(row: Mapping[str, Any], column: str) -> Any:  # noqa: ANN401 - what the driver gives
    if column == "score" and row["instead_of_score"] is not None:
        return row["instead_of_score"]
    return sections_cell(row[column]) if isinstance(row[column], list) else row[column]


def _answers(rows: Iterable[RowMapping], of_quizzes: Mapping[int, Sequence[Any]]) -> Iterator[Sequence[Any]]:
    """Give out the answers of attempts, in the columns of `OF_ANSWERS`; what is not an answer in the stored form is left out."""
    asked = {
        quiz: {question["id"]: question for question in questions if isinstance(question, dict) and "id" in question}
        for quiz, questions in of_quizzes.items()
    }
    for row in rows:
        questions = asked.get(row["quiz_id"], {})
        before = [row[name] for name in EXPORTED_ANSWERS.names[:-2]]
        for answer in row["answers"]:
            if isinstance(answer, dict) and "question" in answer:
                question = questions.get(answer["question"], {})
                of_question = (answer["question"], question.get("type"), question.get("prompt"))
                yield [*before, *of_question, response_text(question, answer), answer.get("score"), question.get("points")]


def response_text(question: Mapping[str, Any], answer: Mapping[str, Any]) -> str | Decimal:
    """Return the response in a stored answer as people read it, with the texts of options; empty for none.

    Examples
    --------
    >>> options = [{"id": "a", "text": "Queue"}, {"id": "b", "text": "Stack"}]
    >>> response_text({"options": options}, {"response": ["b", "a"]})
    'Stack; Queue'
    >>> response_text({"options": options, "targets": [{"id": "1", "text": "FIFO"}]}, {"response": {"a": "1"}})
    'Queue → FIFO'
    """
    texts = {option["id"]: option["text"] for part in ("options", "targets") for option in question.get(part, ())}
    match answer.get("response"):
        case None:
            return ""
        case bool() as chosen:
            return str(chosen).lower()
        case int() | float() as number:
            return Decimal(repr(number))
        case list() as chosen:
            return BETWEEN.join(str(texts.get(option, option)) for option in chosen)
        case dict() as pairs:
            return BETWEEN.join(f"{texts.get(option, option)} → {texts.get(target, target)}" for option, target in pairs.items())
        case text:
            return str(texts.get(text, text))
