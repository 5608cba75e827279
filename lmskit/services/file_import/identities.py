"""Which rows of a file are about the same person: rows that share an id or an address, unless they contradict each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lmskit.services.staging_table import StagingTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lmskit.services.file_import.context import ImportContext

OTHER_ID = "has the address or an id of an earlier row that has another id"
OTHER_ADDRESS = "has the id of an earlier row that has another address"
SEVERAL = "has ids or an address that earlier rows give to different people"


class KeyRow(NamedTuple):
    """A combination of ids that names a person, in the order of the file; a missing id is empty."""

    key: int
    source_id: str
    sis_id: str
    email: str


class ResolvedKeyRow(NamedTuple):
    """A key with its identity, the first key of the same person; `reason` says why it contradicts earlier keys."""

    key: int
    identity: int
    reason: str | None


RESOLVED_KEY = StagingTable("file_resolved_key", ResolvedKeyRow)


def resolve_keys(context: ImportContext) -> None:
    """Fill `file_resolved_key` with the keys that share an id or an address with another key."""
    RESOLVED_KEY.fill(context.session, resolved(context.statements["people"].read("shared_keys", KeyRow)))


def resolved(keys: Iterable[KeyRow]) -> Iterator[ResolvedKeyRow]:
    """Give each key the identity of the first key that names the same person, or the reason why it contradicts earlier keys.

    Examples
    --------
    >>> for row in resolved([KeyRow(1, "7", "", "a@x.org"), KeyRow(2, "7", "", ""), KeyRow(3, "8", "", "a@x.org")]):
    ...     print(row.key, row.identity, row.reason)
    1 1 None
    2 1 None
    3 3 has the address or an id of an earlier row that has another id
    """
    owners: dict[tuple[int, str], int] = {}
    ids_of: dict[int, list[str]] = {}
    for key, *values in keys:
        ids = [(kind, str(value)) for kind, value in enumerate(values) if value]
        people = {owners[found] for found in ids if found in owners}
        if len(people) > 1:
            yield ResolvedKeyRow(key, key, SEVERAL)
            continue
        person = people.pop() if people else key
        known = ids_of.setdefault(person, ["", "", ""])
        clashes = [kind for kind, value in ids if known[kind] not in {"", value}]
        if clashes:
            yield ResolvedKeyRow(key, key, OTHER_ADDRESS if clashes == [2] else OTHER_ID)
            continue
        for kind, value in ids:
            known[kind] = value
            owners[kind, value] = person
        yield ResolvedKeyRow(key, person, None)
