"""Who was erased, by numbers that name nobody, and who of them is in the database nevertheless."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session

_FINGERPRINT = "encode(sha256(convert_to(id || ':' || to_char(made AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US'), 'UTF8')), 'hex')"
_HERE = f"""
SELECT id, {_FINGERPRINT} FROM (
    SELECT u.id, u.created_at FROM users AS u WHERE u.id = ANY (:ids)
    UNION
    SELECT
        CAST(a.row_key AS bigint),
        CASE WHEN a.old ->> 'created_at' ~ '^[0-9]{{4,6}}-' THEN CAST(a.old ->> 'created_at' AS timestamp with time zone) END
    FROM audit_log AS a
    WHERE a.table_name = 'users' AND a.action = 'delete' AND a.old ? 'family_name' AND a.row_key = ANY (CAST(:ids AS text[]))
) AS person (id, made) WHERE made IS NOT NULL
"""  # noqa: S608 - the constant above
"""Of people who were deleted before, the audit trail has the row. The fingerprint is computed as `erase_person` does."""


class Remembered(NamedTuple):
    """A person who was erased: the id that the row had, and the fingerprint, by which it differs from another row with the same id."""

    person_id: int
    fingerprint: str


def brought_back(session: Session, remembered: Iterable[Remembered]) -> list[Remembered]:
    """Those who are remembered as erased and are in the database nevertheless, or in its audit trail; only administrators see them."""
    wanted = set(remembered)
    ids = sorted(person.person_id for person in wanted)
    here = {Remembered(*row) for row in session.execute(text(_HERE), {"ids": ids})}
    return sorted(wanted & here)


def remembered_erasures(session: Session) -> list[Remembered]:
    """Everybody who was erased, each once, by id."""
    rows = session.execute(text("SELECT DISTINCT person_id, fingerprint FROM erasures ORDER BY 1, 2"))
    return [Remembered(*row) for row in rows]
