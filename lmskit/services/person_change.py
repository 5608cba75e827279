"""Change the name or the address of a person; the audit trail keeps what was before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import update

from lmskit.errors import MessageOnItsWayError
from lmskit.models import OutboxMessage, User
from lmskit.names import sort_name
from lmskit.queries.person import found_person
from lmskit.services.login import set_address
from lmskit.services.permission import administrators_only
from lmskit.services.person_hold import hold_person
from lmskit.vocabulary import OutboxStatus

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lmskit.schemas.person import ChangePerson

WAITING = OutboxStatus.WAITING
FIELDS = {"family_name": "family name", "given_name": "given name", "email": "address"}
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
    """

    person_id: int
    changes: dict[str, tuple[str | None, str]]
    n_redirected: int = 0

    @property
    def sentence(self) -> str:
        """What was done, for a person.

        >>> PersonChange(7, {"email": (None, "ann@example.org")}, 1).sentence
        'Person 7: address nothing → ann@example.org. 1 message that waits goes to the new address.'
        >>> PersonChange(7, {}).sentence
        'Person 7 is already so. Nothing was changed.'
        """
        if not self.changes:
            return f"Person {self.person_id} is already so. Nothing was changed."
        parts = [f"{FIELDS[name]} {before or 'nothing'} → {after or 'nothing'}" for name, (before, after) in self.changes.items()]
        waiting = {0: "", 1: " 1 message that waits goes to the new address."}
        many = f" {self.n_redirected} messages that wait go to the new address."
        return f"Person {self.person_id}: {', '.join(parts)}.{waiting.get(self.n_redirected, many)}"


@administrators_only("change people")
def change_person(session: Session, request: ChangePerson) -> PersonChange:
    """Change the names or the address of a person; messages that wait for the former address go to the new one.

    A login is renamed with the address and keeps its password; open sessions of it end with the commit.

    Raises
    ------
    UnknownPersonError
        There is no such person.
    PersonExistsError
        The address belongs to another person.
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
    names = {name: changes[name][1] for name in ("family_name", "given_name") if name in changes}
    if names:
        now = {"family_name": person.family_name, "given_name": person.given_name} | names
        in_order = sort_name(now["family_name"], now["given_name"])
        session.execute(update(User).where(User.id == person.id).values(**names, sort_name=in_order))
    return PersonChange(person.id, changes, n_redirected)
