"""`lmskit quiz`: list the quizzes of a course, and say how good one and its questions are."""

from typing import TYPE_CHECKING, Annotated

import typer

from lmskit.cli.page import Limit, Offset
from lmskit.vocabulary import CountedAttempts

if TYPE_CHECKING:
    import pandas as pd

    from lmskit.read_models.quiz_quality import QuizQuality

app = typer.Typer(name="quiz", help="List the quizzes of a course; judge a quiz and its questions.", no_args_is_help=True)

OfCourse = Annotated[str, typer.Argument(metavar="COURSE", help="Code of the course.", show_default=False)]
OfQuiz = Annotated[
    str, typer.Argument(metavar="QUIZ", help="Number of the quiz, as lmskit quiz list shows it, or its exact title.", show_default=False)
]
Counted = Annotated[CountedAttempts, typer.Option("--attempts", help="Which of a student's graded attempts count.")]

LISTED = {
    "quiz_id": "Quiz",
    "week_number": "Week",
    "title": "Title",
    "n_questions": "Questions",
    "max_score": "Points",
    "due_on": "Due",
    "n_attempts": "Attempts",
}


@app.command("list")
def list_quizzes(
    course: Annotated[str, typer.Argument(metavar="COURSE", help="Code of the course.", show_default=False)],
    limit: Limit = 100,
    offset: Offset = 0,
) -> None:
    """List the quizzes of a course, by week."""
    from lmskit.cli.printing import print_table
    from lmskit.db import snapshot
    from lmskit.queries.course import course_by_code
    from lmskit.queries.quiz import count_quizzes, quizzes

    with snapshot() as session:
        course_by_code(session, course)
        table = quizzes(session, course, limit=limit, offset=offset)
        total = count_quizzes(session, course)
    nothing = f"{course} has no quizzes yet. To make one of a question bank: lmskit import PATH --course {course} --week N"
    print_table(table, LISTED, offset=offset, total=total, nothing=nothing)


@app.command()
def statistics(course: OfCourse, quiz: OfQuiz, attempts: Counted = CountedAttempts.FIRST) -> None:
    """Say how a quiz turned out, how reliably it measures, and how good each of its questions is.

    Classical test theory with Moodle's definitions. In brackets stand 90 % bootstrap intervals. Verdicts follow the discrimination
    index and are withheld below 30 students; a key is likely wrong where the interval of the index lies below 0.
    """
    from lmskit.charts.quiz import item_map_table, quiz_statistics_table
    from lmskit.cli.printing import print_table, say
    from lmskit.db import snapshot
    from lmskit.queries.quiz import quiz_in_course
    from lmskit.read_models.quiz_quality import quiz_quality

    with snapshot() as session:
        quality = quiz_quality(session, quiz_in_course(session, course, quiz).id, attempts=attempts)
    say(_about(quality))
    if quality.items.empty or not quality.n_attempts:
        say("There is nothing to judge it by: no attempt is graded question by question.")
        return
    _print(quiz_statistics_table(quality.quiz))
    items = item_map_table(quality.items)
    print_table(items, {name: name for name in items.columns}, nothing="The quiz has no questions.")


@app.command()
def options(
    course: OfCourse,
    quiz: OfQuiz,
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="Number of the question in its quiz, or its id.", show_default=False)],
    attempts: Counted = CountedAttempts.FIRST,
) -> None:
    """Say who chooses which option of a question, and which wrong ones draw the strong.

    The point-biserial is the correlation of choosing an option with the marks in the rest of the quiz.
    """
    from lmskit.charts.question import option_chart_table
    from lmskit.cli.printing import print_table, say
    from lmskit.db import snapshot
    from lmskit.queries.quiz import quiz_in_course
    from lmskit.read_models.quiz_quality import question_named, question_options, quiz_quality

    with snapshot() as session:
        quality = quiz_quality(session, quiz_in_course(session, course, quiz).id, attempts=attempts)
    found = question_named(quality.answers.content, question)
    say(_about(quality))
    say(f"Question {quality.items['number'].to_dict()[found.id]}: {found.prompt}")
    table = option_chart_table(question_options(quality, found.id))
    print_table(table, {name: name for name in table.columns}, nothing="This question has no options to choose from.")


@app.command()
def drift(course: OfCourse, quiz: OfQuiz, attempts: Counted = CountedAttempts.FIRST) -> None:
    """Say whether questions changed from term to term, over all courses of the module that you can see.

    Questions are the same where type, prompt and options read the same. The p-values are of no change, adjusted for looking at many
    questions (Holm); runs of fewer than 30 students are not compared.
    """
    from lmskit.charts.question import changes_table
    from lmskit.cli.printing import print_table, say, visible
    from lmskit.db import snapshot
    from lmskit.queries.quiz import content_of, quiz_in_course
    from lmskit.read_models.quiz_quality import quiz_drift

    with snapshot() as session:
        found = quiz_in_course(session, course, quiz)
        questions = content_of(found).questions
        drifted = quiz_drift(session, found.id, attempts=attempts)
    runs = ", ".join(f"{run.course} ({run.term})" for run in drifted.runs) or "none that has graded answers"
    say(f"{found.title} in {course}; runs, oldest first: {runs}; attempts that count: {attempts.value}")
    table = changes_table(drifted.drift.changes, numbers={one.id: number for number, one in enumerate(questions, start=1)})
    table.insert(1, "Question", [visible(questions[number - 1].prompt)[:60] for number in table["No."]])
    print_table(
        table, {name: name for name in table.columns}, nothing="No question of this quiz was asked in another course that you can see."
    )


def _about(quality: "QuizQuality") -> str:
    """What the statistics rest on, and what was left out."""
    from lmskit.charts.quiz import attempts_text

    answers = quality.answers
    resting = attempts_text(quality.attempts, n_attempts=quality.n_attempts, n_students=quality.n_students)
    left_out = f"; left out: {answers.left_out}" if answers.left_out else ""
    return f"{answers.title} in {answers.course}: {resting}{left_out}.{' Simulated data.' if answers.simulated else ''}"


def _print(table: "pd.DataFrame") -> None:
    from lmskit.cli.printing import print_table

    print_table(table, {name: name for name in table.columns}, nothing="")
