"""`lmskit mastery compare`: what several rules make of the same answers."""

from typing import TYPE_CHECKING, Annotated

import typer

from lmskit.cli.page import Limit, Offset

if TYPE_CHECKING:
    import pandas as pd


def compare(
    course: Annotated[str, typer.Argument(metavar="COURSE", help="Code of the course.", show_default=False)],
    rule: Annotated[
        list[str],
        typer.Option(
            metavar="RULE[:NAME=NUMBER,…]",
            help="A rule with its parameters; give several. One alone is compared with the rule that the course has. bkt goes by what was "
            "fitted to each week unless one of these parameters is given.",
            show_default=False,
        ),
    ],
    week: Annotated[int | None, typer.Option(help="Only this week; by default all weeks.", show_default=False)] = None,
    limit: Limit = 25,
    offset: Offset = 0,
) -> None:
    """Compare rules on what the class of COURSE has answered: levels, and who changes level, and why. Nothing is stored."""
    from lmskit.analytics.rule_choice import choice, choice_from_text, rule_told, weeks_told, with_fits
    from lmskit.analytics.what_if import changes, level_counts, n_changes, side_by_side, transitions, with_everyone
    from lmskit.cli.printing import say
    from lmskit.db import snapshot
    from lmskit.errors import WeekNotFoundError
    from lmskit.queries.course import narrow
    from lmskit.queries.page import check_page
    from lmskit.queries.what_if import class_evidence
    from lmskit.rounding import count_text

    check_page(limit, offset)
    for text in rule:
        choice_from_text(text)  # what is wrong with it is told before anything is read
    with snapshot() as session:
        narrow(session, course)
        evidence = class_evidence(session, course)
    choices = [choice_from_text(text, evidence.fits) for text in rule]
    if len(choices) == 1:
        choices.insert(0, with_fits(choice(evidence.rule, evidence.parameters), evidence.fits))
    weeks = evidence.weeks["week_number"].tolist() if week is None else [week]
    if week is not None and week not in set(evidence.weeks["week_number"]):
        raise WeekNotFoundError(course=course, week=week)
    scores = evidence.scores[evidence.scores["week"].isin(weeks)]
    cells = with_everyone(side_by_side(scores, choices), evidence.students["position"], weeks)
    where = f"week {week}" if week is not None else count_text(len(weeks), "week")
    units = count_text(int(cells["n_evidence"].sum()), "unit")
    say(f"{course}: {count_text(len(evidence.students), 'student')} in {where}, {units} of evidence")
    for number, one in enumerate(choices, start=1):
        say(f"{number}: {rule_told(*one.named(weeks))}")
        if told := weeks_told(one, evidence.fits, weeks):
            say(f"   {told}")
    _print_counts(level_counts(cells))
    for number in range(2, len(choices) + 1):
        _print_transitions(transitions(cells, other=number), number)
        listed = changes(scores, cells, choices, other=number, limit=limit, offset=offset)
        names = evidence.students.set_index("position")["name"]
        _print_changes(listed.assign(name=listed["student"].map(names)), number, offset=offset, total=n_changes(cells, other=number))


def _print_counts(counts: "pd.DataFrame") -> None:
    import pandas as pd

    from lmskit.cli.printing import print_table
    from lmskit.rounding import percent_text

    rows = []
    for number, levels in counts.groupby("choice"):
        told = {
            row["level"]: f"{row['n']:,} ({percent_text(row['share'])}, {percent_text(row['low'])} to {percent_text(row['high'])})"
            for row in levels.to_dict("records")
        }
        rows.append({"choice": number, **told})
    table = pd.DataFrame(rows)
    print_table(table, {"choice": "Rule", **_words(counts)}, nothing="Nothing was answered.")


def _print_transitions(table: "pd.DataFrame", number: int) -> None:
    from lmskit.cli.printing import print_table, say

    wide = table.pivot(index="from", columns="to", values="n").reindex(list(dict.fromkeys(table["from"]))).reset_index()
    say(f"From the level by rule 1 (rows) to the level by rule {number} (columns)")
    print_table(wide.assign(**{"from": wide["from"].str.replace("_", " ")}), {"from": "", **_words(table, "to")}, nothing="")


def _print_changes(listed: "pd.DataFrame", number: int, *, offset: int, total: int) -> None:
    from lmskit.cli.printing import print_table, say

    say(f"Who has another level by rule {number} than by rule 1")
    for column in ("state_1", "state_2"):
        listed[column] = listed[column].str.replace("_", " ")
    headings = {"name": "Student", "week": "Week", "n_evidence": "Evidence", "state_1": "Rule 1", "state_2": f"Rule {number}", "why": "Why"}
    print_table(listed, headings, offset=offset, total=total, nothing="Nobody.")


def _words(table: "pd.DataFrame", column: str = "level") -> dict[str, str]:
    return {level: level.replace("_", " ").capitalize() for level in dict.fromkeys(table[column])}
