"""What imports of files and of live systems have in common: mastery is refreshed in the same transaction, and the progress is shown."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from sqlalchemy.orm import Session

from lmskit.cli.import_report import StepBars
from lmskit.db import PATIENT, retried, transaction
from lmskit.errors import LmskitError
from lmskit.importers.report import ImportReport
from lmskit.progress import waits_shown
from lmskit.services.mastery import RefreshReport, refresh


@contextmanager
def import_bars() -> Iterator[Progress]:
    """Give out the display for the lines of `StepBars`; if the block is refused, only the message stays on the screen."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    shown_on = Console(stderr=True)
    with Progress(*columns, console=shown_on, disable=not shown_on.is_terminal) as bars:
        try:
            yield bars
        except LmskitError:
            StepBars.clear(bars)
            raise


def imported(
    bars: Progress, work: Callable[[Session, StepBars], ImportReport], *, dry_run: bool
) -> tuple[ImportReport, RefreshReport | None]:
    """Import and refresh mastery in one transaction, and show the progress; a lost connection does it again."""

    def both() -> tuple[ImportReport, RefreshReport | None]:
        show = StepBars(bars)
        with waits_shown(show.show_wait), transaction() as session:
            report = work(session, show)
            refreshed = refresh(session, touched=report.touched, progress=show) if report.touched and not dry_run else None
            show("Saving", 0, None)
        show.end()
        return report, refreshed

    return retried(both, lock_attempts=PATIENT)


def say_refreshed(refreshed: RefreshReport, say: Callable[[str], None]) -> None:
    """Say which courses were refreshed, and which were left as they are."""
    for sentence in (refreshed.sentence(), *refreshed.skipped_sentences):
        say(sentence)
