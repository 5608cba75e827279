"""Which rows of a file are about the same person: rows that share an id or an address, unless they contradict each other.

And whether their names are those of one person, and of the person whom lmskit knows by these ids.
"""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from lmskit.names import NameWords, agree, name_words, spelling
from lmskit.services.staging_table import Int8, StagingTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lmskit.services.file_import.context import ImportContext

MOST_NAMES = 20
"""Names that the rows about one person may have."""
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


class NameRow(NamedTuple):
    """The name in row `n` of the file and that of the same person in lmskit; None for a new person."""

    same_person: int
    """The same for all rows about one person, also if they share no id."""
    identity: int
    n: int
    family_name: str
    given_name: str
    is_split: bool
    known_family_name: str | None
    known_given_name: str | None


class ComparedNameRow(NamedTuple):
    """How the name in row `n` of the file compares with the others of its person."""

    n: int
    identity: int
    same_person: Int8
    is_same_as_known: bool
    """Whether it is the name in lmskit, written with the same letters or split otherwise."""
    is_other_than_known: bool
    """Whether it has no word in common with the name in lmskit."""
    is_same_as_first: bool
    is_of_several: bool
    """Whether it has no word in common with a row before it, or the rows have more than `MOST_NAMES` names."""


RESOLVED_KEY = StagingTable("file_resolved_key", ResolvedKeyRow)
COMPARED_NAME = StagingTable("file_compared_name", ComparedNameRow)


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


def compare_names(context: ImportContext) -> None:
    """Fill `file_compared_name` with the rows whose names differ from that in lmskit or from each other."""
    COMPARED_NAME.fill(context.session, compared(context.statements["identities"].read("names_to_compare", NameRow)))


def compared(rows: Iterable[NameRow]) -> Iterator[ComparedNameRow]:
    """Compare the names of each person; the rows of a person follow each other.

    Examples
    --------
    >>> rae, zed = NameRow(-7, 1, 1, "Rae", "Ann", False, "RAE", "Ann"), NameRow(-7, 1, 2, "Zed", "Carl", False, "RAE", "Ann")
    >>> for row in compared([rae, zed]):
    ...     print(row.n, row.is_same_as_known, row.is_other_than_known, row.is_of_several)
    1 True False False
    2 False True True
    """
    for same_person, of_person in groupby(rows, key=attrgetter("same_person")):
        first: dict[int, NameRow] = {}
        seen: dict[tuple[str, str], NameWords] = {}
        is_of_several = False
        for row in of_person:
            words = name_words(row.family_name, row.given_name)
            known = (row.known_family_name or "", row.known_given_name or "")
            is_known = row.known_family_name is not None
            if not is_of_several and (row.family_name, row.given_name) not in seen:
                is_of_several = len(seen) == MOST_NAMES or not all(agree(words, other) for other in seen.values())
                seen[row.family_name, row.given_name] = words
            first_of_identity = first.setdefault(row.identity, row)
            yield ComparedNameRow(
                row.n,
                row.identity,
                same_person,
                is_same_as_known=is_known and _is_same(row, *known),
                is_other_than_known=is_known and not agree(words, name_words(*known)),
                is_same_as_first=_is_same(row, first_of_identity.family_name, first_of_identity.given_name),
                is_of_several=is_of_several,
            )


def _is_same(row: NameRow, family: str, given: str) -> bool:
    """Whether a row's name is written with the same letters; one that was split by its words may be split otherwise."""
    if spelling(row.family_name, row.given_name) == spelling(family, given):
        return True
    if not (row.is_split and given):
        return False
    return sorted(spelling(f"{row.given_name} {row.family_name}").split()) == sorted(spelling(f"{given} {family}").split())
