"""The people of a backup: who they are, as what they are in the course, whether they are suspended, and their groups.

Source of the format: `backup_users_structure_step`, `backup_roleassignments_structure_step`, `backup_enrolments_structure_step` and
`backup_groups_structure_step` of Moodle. Passwords are not in a backup.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lmskit.importers.moodle.backup.values import integer, moment, number_of, text
from lmskit.importers.record import PersonKey, PersonRecord, SectionName
from lmskit.importers.row import RejectedRowError
from lmskit.importers.xml_file import streamed
from lmskit.vocabulary import Role, SectionKind

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from lmskit.importers.person_cells import PersonCells
    from lmskit.importers.record import Position
    from lmskit.importers.xml_file import XmlElement

STUDENT, EDITING_TEACHER = "student", "editingteacher"
TEACHERS = frozenset({EDITING_TEACHER, "teacher"})
"""Moodle's archetypes of roles: what a role of another name is made from. A teacher of the second kind grades, and edits nothing."""
SUSPENDED = "1"
DELETED = "is deleted in Moodle"


@dataclass(slots=True)
class CoursePeople:
    """What the files beside the list of users say about them, by the number of the user."""

    students: set[int] = field(default_factory=set)
    teachers: set[int] = field(default_factory=set)
    editing: set[int] = field(default_factory=set)
    """Teachers who may edit the course."""
    suspended: set[int] = field(default_factory=set)
    groups: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    has_groups: bool = False

    def role(self, user: int) -> Role | None:
        """As what a person is in the course; None if neither as student nor as teacher."""
        if user in self.teachers:
            return Role.LECTURER
        return Role.STUDENT if user in self.students else None

    def sections(self, user: int) -> tuple[SectionName, ...]:
        """The groups of a student; one without a name if the course has groups and the student is in none."""
        names = self.groups.get(user) or ([""] if self.has_groups else [])
        return tuple(SectionName(SectionKind.GROUP, name) for name in names)


def course_people(files: Mapping[str, Path], when: dt.datetime | None) -> CoursePeople:
    """Read roles, enrolments and groups; enrolments as they were at the time of the backup, where that is known."""
    found = CoursePeople()
    archetypes = {number_of(role): text(role, "archetype") or text(role, "shortname") for role in _elements(files, "roles.xml", "role")}
    for assignment in _elements(files, "course/roles.xml", "assignment"):
        archetype, user = archetypes.get(integer(assignment, "roleid") or 0, ""), integer(assignment, "userid") or 0
        for users, is_one in (
            (found.students, archetype == STUDENT),
            (found.teachers, archetype in TEACHERS),
            (found.editing, archetype == EDITING_TEACHER),
        ):
            if is_one:
                users.add(user)
    active: set[int] = set()
    for enrolment, around in _within(files, "course/enrolments.xml", "enrolment"):
        user = integer(enrolment, "userid") or 0
        (active if _is_active(enrolment, around, when) else found.suspended).add(user)
    found.suspended -= active  # another way of enrolling lets them in
    for group in _elements(files, "groups.xml", "group"):
        name = text(group, "name")
        found.has_groups = found.has_groups or bool(name)
        for member in group.everywhere("group_member"):
            found.groups[integer(member, "userid") or 0].append(name)
    return found


def _is_active(enrolment: XmlElement, around: Sequence[XmlElement], when: dt.datetime | None) -> bool:
    """Whether an enrolment lets a person in, as Moodle decides it: neither it nor its method is suspended, and it has begun and not ended.

    Source: `get_enrolled_join` in `lib/enrollib.php` of Moodle.
    """
    if SUSPENDED in {text(enrolment, "status"), *(text(each, "status") for each in around if each.local == "enrol")}:
        return False
    begins, ends = moment(enrolment, "timestart"), moment(enrolment, "timeend")
    return when is None or ((begins is None or begins <= when) and (ends is None or when < ends))


def _elements(files: Mapping[str, Path], name: str, element: str) -> Iterator[XmlElement]:
    yield from (found for found, _ in _within(files, name, element))


def _within(files: Mapping[str, Path], name: str, element: str) -> Iterator[tuple[XmlElement, Sequence[XmlElement]]]:
    """Give out elements with those around each, as far as these were read."""
    if name in files:
        yield from streamed(files[name], element)


def users_in(path: Path) -> Iterator[tuple[int, XmlElement]]:
    """Give out number and element of each user."""
    for user, _ in streamed(path, "user", drop={"description"}):
        yield number_of(user), user


def person(user: XmlElement, position: Position, cells: PersonCells) -> PersonRecord:
    """Return the person of a user.

    Raises
    ------
    RejectedRowError
        The user is deleted, or has no name or no id that can be read.
    """
    if text(user, "deleted") == "1":
        raise RejectedRowError("deleted", "1", DELETED)
    key = PersonKey(
        cells.optional_id(position, "username", text(user, "username").lower()),
        cells.optional_id(position, "idnumber", text(user, "idnumber")),
        cells.address(position, "email", text(user, "email")),
    )
    family = cells.family_name(position, "lastname", text(user, "lastname"))
    given = cells.given_name(position, "firstname", text(user, "firstname"))
    return PersonRecord(position, key, family, given)
