"""The receipt of an erasure, as sentences that do not name the person."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lmskit.rounding import count_text
from lmskit.services.archive_renewal import Renewal
from lmskit.services.erasure import ErasureReceipt

COPIES = "Copies of files of archives on other machines are as they were."


def receipt_lines(erased: ErasureReceipt, *, naming: Sequence[Path], unread: Sequence[Path], removed: bool, dry_run: bool) -> list[str]:
    """The lines of a receipt.

    Parameters
    ----------
    erased
        What the erasure did, or would do.
    naming, unread
        Files that name the person, and those that could not be read.
    removed
        Whether such files are removed.
    dry_run
        Whether nothing was changed.
    """
    would = "would be" if dry_run else "was"
    lines = [
        f"Person {erased.person_id} {would} erased: {counts_text(erased.removed)}.",
        f"What names the person {would} replaced in: {counts_text(erased.replaced) if erased.replaced else 'no text'}.",
        f"Entries of the audit trail that {would if dry_run else 'were'} changed: {erased.audit_entries}.",
    ]
    if naming:
        lines.append(f"Files that name the person{', removed' if removed and not dry_run else ''}: {len(naming)}.")
        lines += [f"  {path}" for path in naming]
    if naming and not removed:
        lines.append("They remain; to remove them: --remove-files. Reports can be built again: lmskit report build --term CODE")
    lines += [f"  could not be read: {path}" for path in unread]
    return [*lines, "What remains:", *(f"  {sentence}" for sentence in erased.remains)]


def renewal_sentences(renewal: Renewal) -> list[str]:
    """Sentences about the files of archived terms that had a person."""
    lines = [f"The files of the archived term {code} were written anew without the person." for code in renewal.rewritten]
    if renewal.removed:
        lines.append(f"Files of {count_text(renewal.removed, 'earlier archive')} were removed; they may have had the person.")
    lines += renewal.remains
    return [*lines, COPIES] if renewal.rewritten or renewal.removed else lines


def counts_text(rows: dict[str, int]) -> str:
    """How many rows of which tables.

    Examples
    --------
    >>> counts_text({"users": 1, "quiz_attempts": 8})
    '8 of quiz_attempts, 1 of users'
    """
    return ", ".join(f"{n} of {name}" for name, n in sorted(rows.items()))
