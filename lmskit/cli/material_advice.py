"""`lmskit material advice`, `gaps` and the decisions: what to read again, what is missing, and what a lecturer pins or bans."""

import dataclasses
from enum import StrEnum
from typing import Annotated, Any

import typer

from lmskit.cli.material import CourseOption
from lmskit.cli.page import ListPage, paged, part_of
from lmskit.cli.printing import print_error, print_line, print_table, spinner
from lmskit.cli.row_output import json_text
from lmskit.cli.typed_number import week_typed
from lmskit.db import snapshot, transaction
from lmskit.limits import MOST_PASSAGES
from lmskit.queries.course import course_by_code, narrow, require_week
from lmskit.queries.reading_decision import reading_decisions
from lmskit.queries.roster import require_student
from lmskit.read_models.advised_passage import AdvisedPassage, MaterialGap, ReadingAdvice
from lmskit.read_models.prepared_advice import prepared_advice, prepared_course_advice
from lmskit.reporting.reading_list import reading_list_csv, reading_list_markdown
from lmskit.rounding import number_text
from lmskit.services.reading_decision import ban_passages, pin_passage, take_back

app = typer.Typer(name="material", help="Reading advice, and what is decided about it.", no_args_is_help=True)

WEEK = Annotated[int, typer.Option("--week", metavar="N", help="Week whose advice it is.", callback=week_typed, show_default=False)]
MATERIAL = Annotated[int, typer.Argument(metavar="MATERIAL", help="Number of the material.", show_default=False)]

ADVICE = {"week": "Week", "material": "Material", "number": "No.", "passage": "Passage", "where": "Where", "why": "Why", "link": "Link"}
SEARCHING = "Searching the materials for the questions that were missed"
GAPS = {"week": "Week", "topic": "Topic", "mean_value": "Mean value", "finding": "What is missing"}
DECISIONS = {
    "decision_id": "Decision",
    "week_number": "Week",
    "decision": "What",
    "title": "Material",
    "material_id": "No.",
    "state": "Passage",
}


class AdviceFormat(StrEnum):
    """How advice is printed; CSV and Markdown are lists to hand to students."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"


@app.command()
def advice(
    *,
    course: CourseOption,
    week: Annotated[
        int | None,
        typer.Option("--week", metavar="N", help="Only this week; otherwise all weak topics.", callback=week_typed, show_default=False),
    ] = None,
    student: Annotated[
        int | None,
        typer.Option(
            "--student",
            metavar="ID",
            help="One student, by number (lmskit enrollment list), with --week; by default the class.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[AdviceFormat, typer.Option("--format", help="How to print it.")] = AdviceFormat.TABLE,
) -> None:
    """Print what the class, or a student, should read again: passages of the course's materials, with the reason."""
    if student is not None and week is None:
        raise typer.BadParameter("Advice for one student is about one week: give --week too.", param_hint="--student")
    if student is not None:
        with snapshot() as session:
            require_student(session, course, student)
    with spinner(SEARCHING):
        weeks = (
            prepared_course_advice(snapshot, course).weeks
            if week is None
            else (prepared_advice(snapshot, course, week, student_id=student),)
        )
    if output is AdviceFormat.JSON:
        typer.echo(json_text([_as_json(found) for found in weeks], indent=2))
    elif output is AdviceFormat.CSV:
        typer.echo(reading_list_csv(weeks), nl=False)
    elif output is AdviceFormat.MARKDOWN:
        typer.echo(reading_list_markdown(course, weeks), nl=False)
    else:
        _print(course, weeks)
        return
    for caveat in dict.fromkeys(found.caveat for found in weeks if found.caveat):
        print_error(caveat)


@app.command()
@paged()
def gaps(page: ListPage, *, course: CourseOption) -> None:
    """List the weak topics for whose missed questions the materials have nothing suitable."""
    with spinner(SEARCHING):
        found = prepared_course_advice(snapshot, course)
    nothing = f"{course} has no weak topic without suitable material." if found.weeks else f"{course} has no weak topic."
    listed = [dataclasses.asdict(gap) | {"finding": gap.finding, "nothing_at_all": gap.nothing_at_all} for gap in found.gaps]
    page.show(
        part_of(listed),
        (*(field.name for field in dataclasses.fields(MaterialGap)), "finding", "nothing_at_all"),
        headings=GAPS,
        total=len(listed),
        worded=lambda gap: {**gap, "mean_value": number_text(gap["mean_value"])},
        nothing=nothing,
    )
    for gap in found.gaps:
        page.say(f"Week {gap.week}: {gap.main_questions}.")
    if found.gaps:
        page.say(f"To see all questions of a week: lmskit material advice --course {course} --week WEEK")
        page.say(_to_add(course, "WEEK"))


@app.command()
@paged()
def decisions(
    page: ListPage,
    *,
    course: CourseOption,
    week: Annotated[
        int | None, typer.Option("--week", metavar="N", help="Only those about this week.", callback=week_typed, show_default=False)
    ] = None,
) -> None:
    """List what was pinned to the advice for the weeks of a course, and what was banned from it."""
    with snapshot() as session:
        narrow(session, course)
        require_week(session, [course], week)
        found = reading_decisions(session, course_by_code(session, course).id, week=week)
    listed = [
        {**row, "state": f"No. {row['ordinals'][0]}" if row["ordinals"] else "gone: no passage of the material has its text any more"}
        for row in found
    ]
    page.show(part_of(listed), DECISIONS, total=len(listed), nothing=f"Nothing is pinned or banned in {course}.")


@app.command()
def pin(
    material: MATERIAL,
    passage: Annotated[int, typer.Argument(metavar="PASSAGE", help="Number of the passage in it.", show_default=False)],
    *,
    course: CourseOption,
    week: WEEK,
    position: Annotated[
        int | None,
        typer.Option(
            "--position", metavar="N", min=1, max=MOST_PASSAGES, help="Among the pinned ones, from 1; by default last.", show_default=False
        ),
    ] = None,
) -> None:
    """Show a passage first in the advice for a week."""
    with transaction() as session:
        decided = pin_passage(session, course, week, material, passage, position=position)
    print_line(decided.sentence())


@app.command()
def ban(
    material: MATERIAL,
    passages: Annotated[list[int], typer.Argument(metavar="PASSAGE…", help="Numbers of passages in it.", show_default=False)],
    *,
    course: CourseOption,
    week: WEEK,
) -> None:
    """Never show passages in the advice for a week."""
    with transaction() as session:
        decided = ban_passages(session, course, week, material, passages)
    print_line(decided.sentence())


@app.command("take-back")
def take_back_decision(
    decision: Annotated[int, typer.Argument(metavar="DECISION", help="Number, as lmskit material decisions lists it.", show_default=False)],
) -> None:
    """Take back a pin or a ban."""
    with transaction() as session:
        sentence = take_back(session, decision)
    print_line(sentence)


def _print(course: str, weeks: tuple[ReadingAdvice, ...]) -> None:
    for found in weeks:
        print_line(f"Week {found.week}: {found.topic}")
        listed = [_row(found.week, passage) for passage in found.passages]
        print_table(listed, ADVICE, nothing=found.nothing or "")
        if found.unanswered:
            print_line("Nothing suitable for:" if found.passages else "The questions:")
            for question in found.unanswered:
                print_line(f"  {question.about}")
            print_line(_to_add(course, found.week))
        if found.caveat:
            print_line(found.caveat)
    if not weeks:
        print_line(f"{course} has no weak topic: the class has mastered, on average, every week that is assessed.")


def _to_add(course: str, week: int | str) -> str:
    return f"To add a material that explains it: lmskit material add FILE --course {course} --week {week}"


def _row(week: int, passage: AdvisedPassage) -> dict[str, Any]:
    return {
        "week": week,
        "material": passage.title,
        "number": passage.material_id,
        "passage": ", ".join(map(str, passage.ordinals)),
        "where": passage.where,
        "why": "; ".join(passage.reasons),
        "link": passage.link,
    }


def _as_json(found: ReadingAdvice) -> dict[str, Any]:
    return {
        "week": found.week,
        "topic": found.topic,
        "passages": [
            {
                "material": passage.title,
                "material_id": passage.material_id,
                "passages": list(passage.ordinals),
                "location": str(passage.location),
                "text": str(passage.snippet),
                "reasons": list(passage.reasons),
                "score": round(passage.score, 4),
                "pinned": passage.pinned,
                "link": passage.link,
            }
            for passage in found.passages
        ],
        "unanswered": [question.reason for question in found.unanswered],
        "nothing": found.nothing,
        "caveat": found.caveat,
    }
