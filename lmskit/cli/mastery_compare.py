"""`lmskit mastery compare`: the levels of a class under several rules."""

from functools import partial
from typing import Annotated

import pandas as pd
import typer

from lmskit.analytics.rules import configured, configured_from_text, describe_weeks, with_fits
from lmskit.cli.page import ListPage, paged
from lmskit.cli.printing import print_line, print_table, rows_of
from lmskit.cli.typed_number import week_typed
from lmskit.db import snapshot
from lmskit.errors import InputError
from lmskit.read_models.rule_comparison import class_evidence, rule_comparison
from lmskit.rounding import count_text, evidence_text, percent_text


@paged(limit=25)
def compare(
    course: Annotated[str, typer.Argument(metavar="COURSE", help="Code of the course.", is_eager=True, show_default=False)],
    rule: Annotated[
        list[str],
        typer.Option(
            metavar="RULE[:NAME=NUMBER,…]",
            help="A rule with its parameters; give several. One alone is compared with the rule of the course. bkt uses the parameters "
            "fitted to each week unless one of them is given.",
            show_default=False,
        ),
    ],
    page: ListPage,
    week: Annotated[int | None, typer.Option(help="Only this week; by default all weeks.", callback=week_typed, show_default=False)] = None,
) -> None:
    """Compare rules on the evidence of the class of COURSE: levels, students whose level differs, and why. Nothing is stored."""
    for text in rule:
        configured_from_text(text)  # a mistake is reported before anything is read
    with snapshot() as session:
        evidence = class_evidence(session, course)
    rules = [configured_from_text(text, evidence.fits) for text in rule]
    if len(rules) == 1:
        rules.insert(0, with_fits(configured(evidence.rule, evidence.parameters), evidence.fits))
    found = rule_comparison(evidence, rules, week=week)
    if page.is_for_a_program and len(rules) > 2:  # noqa: PLR2004 - a pair
        raise InputError(f"--format {page.output}: This prints the one list of changes between two rules. Compare two rules at a time.")
    where = f"week {week}" if week is not None else count_text(len(found.weeks), "week")
    answers = evidence_text(int(found.cells["n_evidence"].sum()))
    page.say(f"{course}: {count_text(len(evidence.students), 'student')} in {where}, {answers}")
    for number, compared in enumerate(rules, start=1):
        page.say(f"{number}: {compared.in_weeks(found.weeks).describe()}")
        if used := describe_weeks(compared, evidence.fits, found.weeks):
            page.say(f"   {used}")
    if not page.is_for_a_program:
        _print_counts(found.level_counts())
    for number in range(2, len(rules) + 1):
        if not page.is_for_a_program:
            _print_transitions(found.transitions(other=number), number)
        page.say(f"Students whose level differs between rule 1 and rule {number}")
        headings = {"name": "Student", "week": "Week", "n_evidence": "Evidence", "state_1": "Rule 1", "state_2": f"Rule {number}"}
        page.show(
            partial(found.changes, other=number),
            headings | {"why": "Why"},
            total=found.n_changes(other=number),
            worded=lambda row: {**row, **{name: row[name].replace("_", " ") for name in ("state_1", "state_2")}},
            nothing="None.",
        )


def _print_counts(counts: pd.DataFrame) -> None:
    rows = []
    for number, levels in counts.groupby("rule"):
        cells = {
            row["level"]: f"{row['n']:,} ({percent_text(row['share'])}, {percent_text(row['low'])} to {percent_text(row['high'])})"
            for row in rows_of(levels)
        }
        rows.append({"rule": number, **cells})
    print_table(rows, {"rule": "Rule", **_words(counts)}, nothing="There is no evidence.")


def _print_transitions(table: pd.DataFrame, number: int) -> None:
    wide = table.pivot(index="from", columns="to", values="n").reindex(list(dict.fromkeys(table["from"]))).reset_index()
    print_line(f"From the level by rule 1 (rows) to the level by rule {number} (columns)")
    wide["from"] = wide["from"].str.replace("_", " ")
    print_table(rows_of(wide), {"from": "", **_words(table, "to")}, nothing="")


def _words(table: pd.DataFrame, column: str = "level") -> dict[str, str]:
    return {level: level.replace("_", " ").capitalize() for level in dict.fromkeys(table[column])}
