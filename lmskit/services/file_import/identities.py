"""Who is who within one file: rows that share an id or an address are one person, unless they contradict each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

OTHER_ID = "has the address or an id of an earlier row that has another id"
OTHER_ADDRESS = "has the id of an earlier row that has another address"
SEVERAL = "has ids or an address that earlier rows give to different people"


def settled(keys: Iterable[tuple[int, str, str, str]]) -> Iterator[tuple[int, int, str | None]]:
    """Give each key the number of the first key that names the same person, or the reason why it contradicts earlier ones.

    Parameters
    ----------
    keys
        Number, source id, SIS id and address of each distinct way of naming a person, in the order of the file; what is
        missing is empty.

    Examples
    --------
    >>> list(settled([(1, "7", "", "a@x.org"), (2, "7", "", ""), (3, "8", "", "a@x.org")]))
    [(1, 1, None), (2, 1, None), (3, 3, 'has the address or an id of an earlier row that has another id')]
    """
    owners: dict[tuple[int, str], int] = {}
    held: dict[int, list[str]] = {}
    for key, *values in keys:
        claims = [(kind, value) for kind, value in enumerate(values) if value]
        people = {owners[claim] for claim in claims if claim in owners}
        if len(people) > 1:
            yield key, key, SEVERAL
            continue
        person = people.pop() if people else key
        known = held.setdefault(person, ["", "", ""])
        clashes = [kind for kind, value in claims if known[kind] not in {"", value}]
        if clashes:
            yield key, key, OTHER_ADDRESS if clashes == [2] else OTHER_ID
            continue
        for kind, value in claims:
            known[kind] = value
            owners[kind, value] = person
        yield key, person, None
