"""`lmskit quiz statistics`, `options` and `drift`: how good a quiz and its questions are."""

from typing import Annotated

import pandas as pd
import typer

from lmskit.charts.question import changes_in_order, changes_table, option_chart_table, shown_options
from lmskit.charts.quiz import attempts_text, item_map_table, quiz_statistics_table
from lmskit.cli.page import ListPage, paged, part_of
from lmskit.cli.printing import print_frame, rows_of, visible
from lmskit.db import snapshot
from lmskit.errors import QuizUnreadableError
from lmskit.queries.quiz import content_of, quiz_in_course
from lmskit.read_models.quiz_quality import QuizQuality, question_named, question_options, quiz_drift, quiz_quality
from lmskit.vocabulary import CountedAttempts

app = typer.Typer(name="quiz")

OfCourse = Annotated[str, typer.Argument(metavar="COURSE", help="Code of the course.", show_default=False)]
OfQuiz = Annotated[
    str, typer.Argument(metavar="QUIZ", help="Number of the quiz, as lmskit quiz list shows it, or its exact title.", show_default=False)
]
Counted = Annotated[CountedAttempts, typer.Option("--attempts", help="Which of a student's graded attempts count.")]


@app.command()
@paged()
def statistics(course: OfCourse, quiz: OfQuiz, page: ListPage, attempts: Counted = CountedAttempts.FIRST) -> None:
    """Show the scores of a quiz, how reliably it measures, and how good each of its questions is.

    Classical test theory with Moodle's definitions. Brackets contain 90 % bootstrap intervals. Verdicts follow the discrimination
    index and are withheld below 30 students; a key is likely wrong where the whole interval of the index is below 0.
    """
    with snapshot() as session:
        quality = quiz_quality(session, quiz_in_course(session, course, quiz).id, attempts=attempts)
    page.say(_about(quality))
    is_graded = bool(quality.n_attempts) and not quality.items.empty
    if is_graded and not page.is_for_a_program:
        print_frame(quiz_statistics_table(quality.quiz), nothing="")
    items = quality.items.sort_values("number") if is_graded else quality.items.iloc[:0]
    _show(page, items, item_map_table(items), nothing="There are no statistics: no attempt is graded question by question.")


@app.command()
@paged()
def options(
    course: OfCourse,
    quiz: OfQuiz,
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="Number of the question in its quiz, or its id.", show_default=False)],
    page: ListPage,
    attempts: Counted = CountedAttempts.FIRST,
) -> None:
    """Show how many students choose each option of a question, and which wrong options attract strong students.

    The point-biserial is the correlation of choosing an option with the score in the rest of the quiz.
    """
    with snapshot() as session:
        quality = quiz_quality(session, quiz_in_course(session, course, quiz).id, attempts=attempts)
    found = question_named(quality.answers.content, question)
    page.say(_about(quality))
    page.say(f"Question {quality.items['number'].to_dict()[found.id]}: {found.prompt}")
    chosen = shown_options(question_options(quality, found.id))
    _show(page, chosen, option_chart_table(chosen), nothing="This question has no options to choose from.")


@app.command()
@paged()
def drift(course: OfCourse, quiz: OfQuiz, page: ListPage, attempts: Counted = CountedAttempts.FIRST) -> None:
    """Show whether questions changed from term to term, in all courses of the module that you can see.

    Questions are the same if their type, prompt and options are the same. The p-values are those of no change, adjusted for the number
    of questions (Holm); runs of fewer than 30 students are not compared.
    """
    with snapshot() as session:
        found = quiz_in_course(session, course, quiz)
        questions = content_of(found).questions
        drifted = quiz_drift(session, found.id, attempts=attempts)
    runs = ", ".join(f"{run.course} ({run.term})" for run in drifted.runs) or "none with graded answers"
    page.say(f"{found.title} in {course}; runs, oldest first: {runs}; attempts that count: {attempts.value}")
    numbers = {asked.id: number for number, asked in enumerate(questions, start=1)}
    table = changes_table(drifted.drift.changes, numbers=numbers)
    table.insert(1, "Question", [visible(questions[number - 1].prompt)[:60] for number in table["No."]])
    changes = changes_in_order(drifted.drift.changes, numbers=numbers)
    _show(page, changes, table, nothing="No question of this quiz was asked in another course that you can see.")


@app.command()
@paged()
def mistakes(course: OfCourse, quiz: OfQuiz, page: ListPage) -> None:
    """List what is wrong with the stored questions of a quiz that cannot be read."""
    with snapshot() as session:
        found = quiz_in_course(session, course, quiz)
        try:
            content_of(found)
            wrong: list[tuple[str, str]] = []
        except QuizUnreadableError as error:
            wrong = list(error.mistakes.items())
    listed = [{"field": _numbered(field), "mistake": sentence} for field, sentence in wrong]
    headings = {"field": "Where", "mistake": "Mistake"}
    page.show(part_of(listed), headings, total=len(wrong), nothing=f"The questions of {found.title} can be read.")


def _show(page: ListPage, table: pd.DataFrame, words: pd.DataFrame, *, nothing: str) -> None:
    """Show a table as people read it, row for row in `words`, or with its own columns and values to a program."""
    listed = [row | {"words": said} for row, said in zip(rows_of(table), rows_of(words), strict=True)]
    headings = {name: name for name in words.columns}
    page.show(part_of(listed), tuple(table.columns), total=len(listed), headings=headings, worded=lambda row: row["words"], nothing=nothing)


def _numbered(field: str) -> str:
    """Where a mistake is, with the questions counted from 1.

    Examples
    --------
    >>> _numbered("questions.0.multiple_choice.options"), _numbered("")
    ('question 1, multiple_choice.options', 'the quiz')
    """
    first, _, rest = field.partition(".")
    number, _, inner = rest.partition(".")
    if first == "questions" and number.isdecimal():
        return f"question {int(number) + 1}" + (f", {inner}" if inner else "")
    return field or "the quiz"


def _about(quality: QuizQuality) -> str:
    """The attempts that the statistics are computed from, and those left out."""
    answers = quality.answers
    counted = attempts_text(quality.attempts, n_attempts=quality.n_attempts, n_students=quality.n_students)
    left_out = f"; left out: {answers.left_out}" if answers.left_out else ""
    return f"{answers.title} in {answers.course}: {counted}{left_out}.{' Simulated data.' if answers.simulated else ''}"
