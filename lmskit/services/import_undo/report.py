"""What an undo did: what was taken back, what stays because it was changed since, and what cannot be taken back."""

from __future__ import annotations

import enum
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from lmskit.rounding import count_text


class Why(enum.StrEnum):
    """Why a row that an import wrote is not taken back."""

    CHANGED = "changed since"
    ADDED_AGAIN = "added again since"
    HAS_LOGIN = "has a login since"
    USED = "used by what came later"
    BELONGS = "belongs to what stays"
    ANSWERED = "later results rest on it"
    SENT = "sent"
    SENDING = "being sent at this moment"
    IN_DOUBT = "sent or not: nobody knows"
    CLOSED = "in a term that is closed or archived"
    GONE = "no longer in lmskit"
    UNDONE = "added by an import that was taken back since"
    MERGED = "merged with another person since; lmskit person split makes two of one again"
    TAKEN = "another row has its earlier values"


KEPT = frozenset({Why.CHANGED, Why.ADDED_AGAIN, Why.HAS_LOGIN})
"""What was changed since; all else is not possible."""

ONE = {
    "messages": "message",
    "numbered questions of reports": "numbered question of reports",
    "ids of other systems": "id of other systems",
    "attempts": "attempt",
    "questions of banks": "question of banks",
    "excuses and more time": "excuse or more time",
    "memberships of sections and groups": "membership of sections and groups",
    "staff of courses": "member of the staff of courses",
    "enrollments": "enrollment",
    "sections and groups": "section or group",
    "quizzes": "quiz",
    "materials": "material",
    "weeks": "week",
    "courses": "course",
    "terms": "term",
    "people": "person",
}
"""What a single row of each kind is called."""


@dataclass(frozen=True, slots=True)
class TakenBack:
    """How many rows of a kind were removed because the import had added them, and put back to what they were."""

    kind: str
    removed: int = 0
    put_back: int = 0


@dataclass(frozen=True, slots=True)
class Untouched:
    """Rows of a kind that stay for one reason.

    Attributes
    ----------
    kind
        What the rows are called, in the plural.
    why
        The reason.
    n_rows
        How many there are.
    names
        What a person calls the first of them, at most `MOST_NAMED`, in the order of their names; each with what is known of the reason.
    """

    kind: str
    why: Why
    n_rows: int
    names: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """The same in words, without the names.

        >>> Untouched("people", Why.HAS_LOGIN, 1).sentence, Untouched("quizzes", Why.CHANGED, 1200).sentence
        ('1 person: has a login since', '1,200 quizzes: changed since')
        """
        return f"{count_text(self.n_rows, ONE.get(self.kind, self.kind), self.kind)}: {self.why}"


@dataclass(frozen=True, slots=True)
class UndoReport:
    """What was taken back of all that an import wrote, and what was not.

    Attributes
    ----------
    run
        The number of the import.
    name
        Of its file.
    dry_run
        Whether this is what would happen.
    taken_back, kept, impossible
        The three lists; `kept` was changed since.
    touched
        (student id, course id, week) whose evidence is another one now.
    undone_by
        The number of the run that took it back; None for a dry run, and if there was nothing to take back.
    before
        Numbers of the runs that took it back before, wholly or in part.
    released
        Names in the store of files of materials that were removed, for `services.material.sweep` after the transaction.
    """

    run: int
    name: str
    dry_run: bool
    taken_back: tuple[TakenBack, ...] = ()
    kept: tuple[Untouched, ...] = ()
    impossible: tuple[Untouched, ...] = ()
    touched: tuple[tuple[int, int, int], ...] = field(default=(), repr=False)
    undone_by: int | None = None
    before: tuple[int, ...] = ()
    released: tuple[str, ...] = field(default=(), repr=False)

    @property
    def nothing(self) -> str:
        """The sentence if nothing is taken back, which says so if an earlier run, or an earlier try of this one, has done it.

        >>> UndoReport(5, "roster.csv", dry_run=False, before=(7,)).nothing
        'Nothing of import 5 is left to take back: run 7 took it back.'
        >>> UndoReport(5, "roster.csv", dry_run=False, kept=(Untouched("people", Why.CHANGED, 1),), before=(7, 9)).nothing
        'No more of import 5 can be taken back: runs 7, 9 took the rest back.'
        """
        if not self.before:
            return f"Nothing of import {self.run} can be taken back."
        runs = f"run{'s' if len(self.before) > 1 else ''} {', '.join(map(str, self.before))}"
        if self.rest:
            return f"No more of import {self.run} can be taken back: {runs} took the rest back."
        return f"Nothing of import {self.run} is left to take back: {runs} took it back."

    @property
    def n_taken_back(self) -> int:
        """Rows that were removed or put back."""
        return sum(each.removed + each.put_back for each in self.taken_back)

    @property
    def n_kept(self) -> int:
        """Rows that were changed since."""
        return sum(each.n_rows for each in self.kept)

    @property
    def n_impossible(self) -> int:
        """Rows that cannot be taken back."""
        return sum(each.n_rows for each in self.impossible)

    @property
    def rest(self) -> str:
        """How many rows stay, in a sentence; empty if none does."""
        counts = ((self.n_kept, "changed since"), (self.n_impossible, "for other reasons"))
        parts = [f"{count:,} {why}" for count, why in counts if count]
        return f"These stay: {' and '.join(parts)}." if parts else ""

    def as_json(self) -> dict[str, Any]:
        """Return the counts, without what names people, as they are stored with the run."""
        left = Counter({(each.kind, str(each.why)): each.n_rows for each in (*self.kept, *self.impossible)})
        notes = [f"{count_text(count, ONE.get(kind, kind), kind)}: {why}" for (kind, why), count in left.items()]
        return {"undo": {"taken_back": [asdict(each) for each in self.taken_back]}, "notes": notes}
