"""Doing what a person saw in a preview, and nothing else."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, TypeVar

from lmskit.db import PATIENT, retried
from lmskit.errors import ChangedMeanwhileError
from lmskit.services.pasted_people import DONE, PastedReport
from lmskit.vocabulary import PastedOutcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from lmskit.db import Opener

Report = TypeVar("Report", bound=PastedReport)


def as_previewed(begin: Opener, work: Callable[[Session], Report], previewed: Report, *, what: str) -> Report:
    """Do the work in one transaction if its report is the one that was previewed, and try again if the connection is lost.

    Parameters
    ----------
    begin
        See `lmskit.db.transaction.Opener`.
    work
        Does what the preview did with `dry_run`, and returns its report.
    previewed
        What the person saw.
    what
        Completes "Another person changed …".

    Raises
    ------
    ChangedMeanwhileError
        The report is another one now. Nothing was changed.
    """
    tries = itertools.count(1)

    def attempt() -> Report:
        is_first = next(tries) == 1
        with begin() as session:
            report = work(session)
            if report.rows == previewed.rows:
                return report
            # If the connection was lost at the commit of an earlier try, that try may have done it.
            if not is_first and _is_done(report, previewed):
                return previewed
            raise ChangedMeanwhileError(what=what)

    return retried(attempt, lock_attempts=PATIENT)


def _is_done(report: PastedReport, previewed: PastedReport) -> bool:
    """Whether nothing is left to do of what was previewed."""
    return len(report.rows) == len(previewed.rows) and all(
        now == before or (now.outcome is PastedOutcome.UNCHANGED and before.outcome in DONE)
        for now, before in zip(report.rows, previewed.rows, strict=True)
    )
