"""Change the name, the address or the outside ids of a person; the audit trail keeps what was before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from lmskit.db import violated_constraint
from lmskit.errors import ExternalIdExistsError, ExternalIdNotFoundError, MessageOnItsWayError
from lmskit.models import ExternalId, OutboxMessage, User
from lmskit.names import sort_name
from lmskit.queries.person import found_person
from lmskit.services.login import set_address
from lmskit.services.permission import administrators_only
from lmskit.services.person_hold import hold_person
from lmskit.vocabulary import EntityKind, OutboxStatus

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lmskit.schemas.person import ChangePerson

WAITING = OutboxStatus.WAITING
FIELDS = {"family_name": "family name", "given_name": "given name", "preferred_name": "preferred name", "email": "address"}
"""The columns that can be changed, in words."""


@dataclass(frozen=True, slots=True)
class PersonChange:
    """What was changed of a person.

    Attributes
    ----------
    person_id
        The person.
    changes
        By the column of `users`, what was there before and what is there now.
    n_redirected
        Messages that waited for the former address and go to the new one.
    added, removed
        Ids of other systems, each as SYSTEM:ID.
    """

    person_id: int
    changes: dict[str, tuple[str | None, str]]
    n_redirected: int = 0
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    @property
    def address(self) -> tuple[str | None, str]:
        """The address before, and the one now; None and an empty one if it was not changed."""
        return self.changes.get("email", (None, ""))

    @property
    def sentence(self) -> str:
        """What was done, for a person.

        >>> PersonChange(7, {"email": (None, "ann@example.org")}, 1).sentence
        'Person 7: address nothing → ann@example.org. 1 message that waits goes to the new address.'
        >>> PersonChange(7, {"email": ("ann@example.com", "ann@example.org")}).sentence
        'Person 7: address ann@example.com → ann@example.org. Imports find the person by either.'
        >>> PersonChange(7, {}, added=("sis:0047",), removed=("sis:47",)).sentence
        'Person 7: id sis:0047 added, id sis:47 removed.'
        >>> PersonChange(7, {}).sentence
        'Person 7 is already so. Nothing was changed.'
        """
        if not self.changes and not self.added and not self.removed:
            return f"Person {self.person_id} is already so. Nothing was changed."
        parts = [f"{FIELDS[name]} {before or 'nothing'} → {after or 'nothing'}" for name, (before, after) in self.changes.items()]
        parts += [f"id {each} added" for each in self.added] + [f"id {each} removed" for each in self.removed]
        waiting = {0: "", 1: " 1 message that waits goes to the new address."}
        many = f" {self.n_redirected} messages that wait go to the new address."
        found = " Imports find the person by either." if self.address[0] else ""
        return f"Person {self.person_id}: {', '.join(parts)}.{found}{waiting.get(self.n_redirected, many)}"


@administrators_only("change people")
def change_person(session: Session, request: ChangePerson) -> PersonChange:
    """Change the names, the address or the outside ids of a person; messages that wait for the former address go to the new one.

    The former address is kept among the ids, so that imports find the person by it.
    A login is renamed with the address and keeps its password; open sessions of it end with the commit.

    Raises
    ------
    UnknownPersonError
        There is no such person.
    PersonExistsError
        The address belongs to another person.
    ExternalIdExistsError
        An id that is added belongs to another person.
    ExternalIdNotFoundError
        The person does not have an id that is removed.
    MessageOnItsWayError
        A message to the former address is being sent at this moment.
    OwnLoginError
        The address is that of the login that this session uses.
    """
    person = found_person(session, request.person)
    wanted = {name: value for name in FIELDS if (value := getattr(request, name)) is not None}
    # Held before it is known whether the address is another one: until the row is locked, another session can change it.
    none_is_sent = "email" not in wanted or hold_person(session, person.id)
    session.refresh(person, list(FIELDS), with_for_update=True)
    changes = {name: (getattr(person, name), value) for name, value in wanted.items() if value != getattr(person, name)}
    if "email" in changes and not none_is_sent:
        raise MessageOnItsWayError(nothing_was="changed")
    n_redirected = 0
    if "email" in changes:
        set_address(session, person, changes["email"][1])
        waiting = update(OutboxMessage).where(OutboxMessage.student_id == person.id, OutboxMessage.status == WAITING)
        redirected = waiting.values(recipient=changes["email"][1]).returning(OutboxMessage.id)
        n_redirected = len(session.scalars(redirected).all())
    names = {name: changes[name][1] for name in ("family_name", "given_name", "preferred_name") if name in changes}
    if names:
        now = {"family_name": person.family_name, "given_name": person.given_name, "preferred_name": person.preferred_name} | names
        in_order = sort_name(now["family_name"], now["given_name"])
        changed = names | {"sort_name": in_order, "preferred_sort_name": sort_name(now["preferred_name"])}
        session.execute(update(User).where(User.id == person.id).values(changed))
    removed = tuple(_removed(session, person.id, each) for each in request.remove_id)
    added = tuple(each for each in request.add_id if _is_added(session, person.id, each))
    return PersonChange(person.id, changes, n_redirected, added, removed)


def _removed(session: Session, person_id: int, outside_id: str) -> str:
    source, _, external_id = outside_id.partition(":")
    of_person = (ExternalId.person_id == person_id, ExternalId.source == source, ExternalId.external_id == external_id)
    if not session.scalars(delete(ExternalId).where(*of_person).returning(ExternalId.id)).all():
        raise ExternalIdNotFoundError(external_id=outside_id, person_id=person_id)
    return outside_id


def _is_added(session: Session, person_id: int, outside_id: str) -> bool:
    """Add the id; False if the person has it already."""
    source, _, external_id = outside_id.partition(":")
    named = {"source": source, "kind": EntityKind.PERSON, "external_id": external_id}
    try:
        with session.begin_nested():
            session.execute(insert(ExternalId).values(**named, person_id=person_id))
    except IntegrityError as error:
        if violated_constraint(error) != "uq_external_ids_source_kind_external_id":
            raise
        if session.scalar(select(ExternalId.person_id).filter_by(**named)) == person_id:
            return False
        raise ExternalIdExistsError(external_id=outside_id) from error
    return True
