"""What the commands that delete have in common: they show what goes, ask, and delete it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmskit.cli.asking import confirmed
from lmskit.cli.dry_run import WAS_DRY
from lmskit.cli.printing import print_line
from lmskit.db import engine_for, retried, transaction
from lmskit.db.schema_revision import require_known_schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from lmskit.services.deletion_counts import Deletion


def delete_asking(work: Callable[..., Deletion], *, dry_run: bool, yes: bool) -> None:
    """Show what goes, ask, and delete it.

    Parameters
    ----------
    work
        Deletes in a session, with `dry_run` and `shown` as the functions of `services.deletion` have them.
    dry_run, yes
        As typed.
    """
    require_known_schema(engine_for())
    shown = None
    if dry_run or not yes:
        with transaction() as session:
            planned = work(session, dry_run=True)
        print_line(planned.sentence)
        shown = planned.going
        if dry_run:
            print_line(WAS_DRY)
            return
        confirmed(f"Delete {planned.what}? It cannot be undone.", instead="--yes")

    def delete() -> Deletion:
        with transaction() as session:
            return work(session, shown=shown)

    done = retried(delete, idempotent=False)
    print_line(f"Deleted: {done.what}." + (f" {done.sentence}" if yes and done.going else ""))
