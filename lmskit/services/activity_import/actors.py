"""Who is meant by the people whom logs and events name: the student of the course to whom an id, an address or a whole name leads alone.

A file of events is about many people who are not students of the course, such as its teachers: nobody is added or changed for them.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from lmskit.names import NameWords, agree, name_words, spelling

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lmskit.importers.activity import ActorKey
    from lmskit.queries.activity import NamedPerson


class Unknown(StrEnum):
    """Why a person of a file is not taken for a student of the course."""

    STRANGER = "of people who are not students of the course"
    SEVERAL = "of people whose name or ids several have"


class MeantStudent(NamedTuple):
    """The student who is meant; None with the reason."""

    student_id: int | None
    why: Unknown | None = None


class NamedStudents:
    """The students of a course by all that may name them."""

    def __init__(self, students: Iterable[NamedPerson], staff: Iterable[NamedPerson]) -> None:
        self._words: dict[int, NameWords] = {}
        self._by_id: dict[str, set[int]] = defaultdict(set)
        self._by_sha1: dict[str, set[int]] = defaultdict(set)
        self._by_name: dict[str, set[int]] = defaultdict(set)
        for student in students:
            self._words[student.id] = name_words(student.family_name, f"{student.given_name} {student.preferred_name}")
            for each in filter(None, (student.email, *student.ids)):
                self._by_id[each.lower()].add(student.id)
                sha1 = hashlib.sha1(f"mailto:{each.lower()}".encode(), usedforsecurity=False).hexdigest()  # as xAPI names people
                self._by_sha1[sha1].add(student.id)
            for name in _names(student):
                self._by_name[name].add(student.id)
        for person in staff:
            for name in _names(person):
                self._by_name[name].add(person.id)  # a name that a teacher has too is not a student's alone

    def meant_by(self, actors: Iterable[ActorKey]) -> Mapping[ActorKey, MeantStudent]:
        """Return who is meant by each of the people of one file; of two numbers with one name, neither is known by it."""
        known = list(actors)
        numbers: dict[str, set[str]] = defaultdict(set)
        for actor in known:
            numbers[_folded(actor.name)].add(actor.number)
        return {actor: self._meant(actor, n_of_name=len(numbers[_folded(actor.name)])) for actor in known}

    def _meant(self, actor: ActorKey, n_of_name: int) -> MeantStudent:
        # A number is one of the file's system, and another student may have it in another one: without a name it proves nothing.
        ids = [each.lower() for each in actor.ids if actor.name or not each.isdecimal()]
        by_ids = {found for each in ids for found in self._by_id.get(each, ()) if self._may_be(found, actor.name)}
        by_address = self._by_id.get(actor.address, set()) | self._by_sha1.get(actor.address_sha1, set())
        if found := by_ids | by_address:
            return MeantStudent(min(found)) if len(found) == 1 else MeantStudent(None, Unknown.SEVERAL)
        if actor.ids or actor.address or actor.address_sha1:
            return MeantStudent(None, Unknown.STRANGER)  # another person may have the same name
        named = self._by_name.get(_folded(actor.name), set()) if actor.name else set()
        if not named & self._words.keys():
            return MeantStudent(None, Unknown.STRANGER)
        return MeantStudent(min(named)) if len(named) == 1 and n_of_name == 1 else MeantStudent(None, Unknown.SEVERAL)

    def _may_be(self, student: int, name: str) -> bool:
        return not name or agree(self._words[student], name_words(name))


def _names(person: NamedPerson) -> set[str]:
    """The whole name in both orders, with the given and with the preferred name."""
    pairs = [(given, person.family_name) for given in {person.given_name, person.preferred_name or person.given_name}]
    return {_folded(" ".join(order)) for given, family in pairs for order in ((given, family), (family, given))}


def _folded(name: str) -> str:
    return " ".join(spelling(name.replace(",", " ")).split())
