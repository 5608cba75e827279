"""`lmskit mastery compare`: the levels of a class under several rules."""

from typing import Annotated

import pandas as pd
import typer

from lmskit.analytics.rules import configured, configured_from_text, describe_weeks, with_fits
from lmskit.cli.page import Limit, Offset
from lmskit.cli.printing import print_line, print_table, rows_of
from lmskit.cli.typed_number import week_typed
from lmskit.db import snapshot
from lmskit.queries.page import check_page
from lmskit.read_models.rule_comparison import class_evidence, rule_comparison
from lmskit.rounding import count_text, percent_text


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
    week: Annotated[int | None, typer.Option(help="Only this week; by default all weeks.", callback=week_typed, show_default=False)] = None,
    limit: Limit = 25,
    offset: Offset = 0,
) -> None:
    """Compare rules on the evidence of the class of COURSE: levels, students whose level differs, and why. Nothing is stored."""
    check_page(limit, offset)
    for text in rule:
        configured_from_text(text)  # a mistake is reported before anything is read
    with snapshot() as session:
        evidence = class_evidence(session, course)
    rules = [configured_from_text(text, evidence.fits) for text in rule]
    if len(rules) == 1:
        rules.insert(0, with_fits(configured(evidence.rule, evidence.parameters), evidence.fits))
    found = rule_comparison(evidence, rules, week=week)
    where = f"week {week}" if week is not None else count_text(len(found.weeks), "week")
    units = count_text(int(found.cells["n_evidence"].sum()), "unit")
    print_line(f"{course}: {count_text(len(evidence.students), 'student')} in {where}, {units} of evidence")
    for number, compared in enumerate(rules, start=1):
        print_line(f"{number}: {compared.in_weeks(found.weeks).describe()}")
        if used := describe_weeks(compared, evidence.fits, found.weeks):
            print_line(f"   {used}")
    _print_counts(found.level_counts())
    for number in range(2, len(rules) + 1):
        _print_transitions(found.transitions(other=number), number)
        listed = found.changes(other=number, limit=limit, offset=offset)
        _print_changes(listed, number, offset=offset, total=found.n_changes(other=number))


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


def _print_changes(listed: pd.DataFrame, number: int, *, offset: int, total: int) -> None:
    print_line(f"Students whose level differs between rule 1 and rule {number}")
    for column in ("state_1", "state_2"):
        listed[column] = listed[column].str.replace("_", " ")
    headings = {"name": "Student", "week": "Week", "n_evidence": "Evidence", "state_1": "Rule 1", "state_2": f"Rule {number}", "why": "Why"}
    print_table(rows_of(listed), headings, offset=offset, total=total, nothing="None.")


def _words(table: pd.DataFrame, column: str = "level") -> dict[str, str]:
    return {level: level.replace("_", " ").capitalize() for level in dict.fromkeys(table[column])}
