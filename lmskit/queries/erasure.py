"""Who was erased, by numbers that name nobody, and who of them is in the database nevertheless."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session

FINGERPRINT = (
    "encode(sha256(convert_to(u.id || ':' || to_char(u.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US'), 'UTF8')), 'hex')"
)
"""As `erase_person` computes it: the id and the time at which the row was made, which a backup has too."""


class Remembered(NamedTuple):
    """A person who was erased: the id that the row had, and the fingerprint, by which it differs from another row with the same id."""

    person_id: int
    fingerprint: str


def brought_back(session: Session, remembered: Iterable[Remembered]) -> list[Remembered]:
    """Those who are remembered as erased and are in the database nevertheless, by id; only administrators see them."""
    statement = text(f"SELECT u.id, {FINGERPRINT} FROM users AS u WHERE u.id = ANY (:ids)")  # noqa: S608 - the constant above
    wanted = set(remembered)
    here = {Remembered(*row) for row in session.execute(statement, {"ids": sorted(person.person_id for person in wanted)})}
    return sorted(wanted & here)


def remembered_erasures(session: Session) -> list[Remembered]:
    """Everybody who was erased, each once, by id."""
    rows = session.execute(text("SELECT DISTINCT person_id, fingerprint FROM erasures ORDER BY 1, 2"))
    return [Remembered(*row) for row in rows]
