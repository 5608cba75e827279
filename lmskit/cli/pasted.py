"""Lists of people on the command line: how they are read, how it is shown what becomes of each, and what is asked before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from lmskit.cli.asking import asked, confirmed
from lmskit.cli.exit_status import PARTLY, REFUSED
from lmskit.cli.printing import print_line, print_table
from lmskit.cli.text_file import text_in
from lmskit.errors import InputError
from lmskit.limits import LONGEST_PASTED
from lmskit.listings import PASTED_PEOPLE
from lmskit.rounding import count_text
from lmskit.vocabulary import PastedOutcome

if TYPE_CHECKING:
    from lmskit.services.bulk_withdrawal import WithdrawalReport
    from lmskit.services.pasted_people import PastedReport

MOST_SHOWN = 100
"""Rows of a section or of a whole course that are printed; of a pasted text all are."""


def text_of(file: str) -> str:
    """Return the text of a file with people, in whatever encoding it is, or of standard input.

    Raises
    ------
    InputError
        It cannot be read, or it is longer than such a text may be.
    """
    text = text_in(file, option="--file", longest=LONGEST_PASTED)
    if not text.strip():
        raise InputError(f"--file {file} names no one. Nothing was changed. Write one address or name on each line.")
    return text


def print_preview(report: PastedReport) -> None:
    """Print what becomes of each person, and how many there are of each outcome."""
    pasted = [record for record in report.records() if record["line"] is not None]
    shown = pasted or report.records()[:MOST_SHOWN]
    headings = PASTED_PEOPLE.headings
    if not pasted:
        headings = {name: headings[name] for name in ("outcome", "name")}
    print_table(shown, headings, nothing=f"There is nobody in {report.course} for whom anything would change.")
    if len(report.rows) > len(shown):
        print_line(f"… and {len(report.rows) - len(shown):,} more")
    if report.rows:
        print_line(f"{report.counts()}.")


def confirmed_number(report: WithdrawalReport) -> int:
    """Ask before students are withdrawn: for yes, or for their number if it is large; return the number.

    Raises
    ------
    InputError
        There is no terminal, and standard input has no line left.
    """
    number = report.check.count
    who = count_text(number, "student")
    if not report.check.reasons:
        confirmed(f"Withdraw {who} from {report.course}?", instead="--yes")
        return number
    print_line(f"This withdraws {' and '.join(report.check.reasons)}.")
    typed = asked(f"Number of students to withdraw from {report.course}", instead=f"--withdraw-at-most {number}")
    if typed.strip().replace(",", "") != str(number):
        raise InputError(f"{typed.strip()!r} is not the number of students that would be withdrawn. Nothing was changed.")
    return number


def end(report: PastedReport) -> None:
    """End with the status that says that some were left out, or that nothing could be done."""
    if report.n_left_out:
        is_something = report.n_done or any(row.outcome is PastedOutcome.UNCHANGED for row in report.rows)
        raise typer.Exit(PARTLY if is_something else REFUSED)
