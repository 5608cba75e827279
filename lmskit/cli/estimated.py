"""Commands that change results, such as taking an import back: the estimates that rest on them follow in the same transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

import typer

from lmskit.cli.exit_status import PARTLY
from lmskit.cli.printing import print_line, spinner
from lmskit.db import PATIENT, retried, transaction
from lmskit.services.mastery import RefreshReport, refresh

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from lmskit.progress import Progress
    from lmskit.services.mastery import Keys

    class Changed(Protocol):
        """The report of such work."""

        @property
        def touched(self) -> Keys:
            """The keys whose estimates are out of date."""


R = TypeVar("R", bound="Changed")


def with_estimates(step: str, work: Callable[[Session, Progress], R], *, dry_run: bool = False) -> tuple[R, RefreshReport]:
    """Do the work and estimate mastery again, both or neither; patiently, where another session is in the way.

    Parameters
    ----------
    step
        What is shown while it runs.
    work
        Changes results in a session. After a lost connection it is done again, and then reports what is done already.
    dry_run
        Whether the work takes everything back itself, so that no estimate is out of date.
    """

    def both() -> tuple[R, RefreshReport]:
        with spinner(step) as show, transaction() as session:
            report = work(session, show)
            is_stale = bool(report.touched) and not dry_run
            return report, refresh(session, touched=report.touched, progress=show) if is_stale else RefreshReport()

    return retried(both, lock_attempts=PATIENT)


def end(refreshed: RefreshReport, *, is_whole: bool = True) -> None:
    """Name the courses that could not be estimated again; end with the status that says so, or that something else is left."""
    for sentence in refreshed.skipped_sentences:
        print_line(sentence)
    if refreshed.skipped or not is_whole:
        raise typer.Exit(PARTLY)
