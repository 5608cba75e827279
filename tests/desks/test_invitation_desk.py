"""Invitations on one screen: a code is shown once or sent, revoked, and replaced."""

import functools

import pytest
from ipywidgets.widgets.widget import _instances
from sqlalchemy import select

from lmskit.db import snapshot
from lmskit.desks import invitation_desk
from lmskit.errors import NotPermittedError
from lmskit.models import OutboxMessage, User
from lmskit.queries.invitation import invitation_rows
from lmskit.schemas.invitation import InvitationCode
from lmskit.vocabulary import Role
from lmskit.widgets.table import cell_text
from tests import factories


@pytest.fixture
def desk(in_session):
    return invitation_desk(begin=in_session, read=in_session)


@pytest.fixture
def codes(monkeypatch):
    """The codes that are shown, in order."""
    shown: list[str] = []
    monkeypatch.setattr("lmskit.widgets.SecretNote.show", lambda _note, _what, secret: shown.append(secret))
    return shown


@pytest.fixture
def address():
    return f"{factories.unique('ida')}@example.org"


def press(action, *, yes=False):
    action._ended = float("-inf")  # later than a double click
    action.button.click()
    if yes:
        action._ended = float("-inf")
        action.yes.click()


def invite(desk, address):
    desk.email.value, desk.family_name.value, desk.given_name.value = address, "Ivory", "Ida"
    press(desk.inviting)


def states(session, address):
    return [row["state"] for row in invitation_rows(session) if row["email"] == address]


def test_a_new_lecturer_is_invited_with_a_code_that_is_shown_once(session, desk, codes, address):
    invite(desk, address)
    assert desk.inviting.message.value.startswith(f"{address} is invited until 20")
    assert " UTC. Give the code to this person alone" in desk.inviting.message.value
    [code] = codes
    assert InvitationCode.read(code).shown == code
    assert not [widget for widget in _instances.values() if code in str(widget.get_state())]
    row = desk.table.frame[desk.table.frame["E-mail"] == address]
    assert (row["State"].item(), cell_text(row["Expires"].item())[-3:], row["Accepted"].item()) == ("open", "UTC", None)
    assert desk.email.value == ""


def test_a_mistake_is_shown_beside_its_field(desk):
    invite(desk, "no address")
    assert desk.inviting.fields["email"].problem.startswith("This is not an e-mail address")


def test_an_invitation_is_replaced_and_revoked_after_a_question(session, desk, codes, address):
    invite(desk, address)
    desk.chosen.value = address
    press(desk.again)
    assert desk.again.question.value == f"Invite {address} again? The code that the person has now stops working."
    press(desk.again, yes=True)
    assert (states(session, address), len(set(codes))) == (["open", "revoked"], 2)
    press(desk.revoking, yes=True)
    assert desk.message.value == f"The invitation of {address} is revoked; its code cannot be used any more."
    assert (states(session, address), desk.inviting.message.value) == (["revoked", "revoked"], "")
    assert address not in [value for _, value in desk.chosen.options]
    desk.only_open.value = False
    desk.chosen.value = address
    press(desk.again)  # nothing to ask: no code is in use
    assert states(session, address)[0] == "open"


def test_who_has_a_code_already_is_invited_only_after_a_question_wherever_the_button_is(session, desk, address):
    invite(desk, address)
    desk.person.typed.value = address
    press(desk.inviting)
    assert desk.inviting.question.value == f"Invite {address} again? The code that the person has now stops working."
    assert states(session, address) == ["open"]
    press(desk.inviting, yes=True)
    assert states(session, address) == ["open", "revoked"]


def test_another_way_for_the_code_or_other_days_withdraw_the_question(session, in_session, configure, address):
    configure(LMSKIT_SMTP_HOST="127.0.0.1", LMSKIT_SMTP_PORT="1", LMSKIT_MAIL_FROM="lms@example.org")
    desk = invitation_desk(begin=in_session, read=in_session)
    invite(desk, address)
    desk.chosen.value = address
    for control, value in ((desk.code, "shown"), (desk.days, 3)):
        press(desk.again)
        assert desk.again.question.value
        control.value = value
        assert desk.again.question.value == ""
    press(desk.again, yes=True)
    assert states(session, address) == ["open", "revoked"]


def test_a_lecturer_whose_address_an_import_invented_gets_a_real_one(session, desk, codes, address):
    invented = f"{factories.unique('lecturer')}@aaa.oulad.invalid"
    person = factories.person(session, role=Role.LECTURER, email=invented, family_name="Oulad")
    desk.person.typed.value = invented
    assert "invented by an import" in desk._of_known["address"].hint
    press(desk.inviting)
    assert desk.inviting.message.value.startswith(f"{invented} is an address that an import invented")
    desk.address.value = address
    press(desk.inviting)
    assert desk.inviting.message.value.startswith(f"{address} is invited until ")
    assert session.scalar(select(User.email).where(User.id == person.id)) == address


def test_with_a_mail_server_the_code_is_in_the_message_alone(session, in_session, configure, codes, address):
    configure(LMSKIT_SMTP_HOST="127.0.0.1", LMSKIT_SMTP_PORT="1", LMSKIT_MAIL_FROM="lms@example.org")
    desk = invitation_desk(begin=in_session, read=in_session)
    invite(desk, address)
    assert codes == []
    assert "admin/outbox sends it" in desk.inviting.message.value  # nothing listens there
    assert "lmskit-note" in desk.inviting.message.view._dom_classes  # a warning
    assert session.scalars(select(OutboxMessage.template).where(OutboxMessage.recipient == address)).all() == ["invitation"]


def test_a_lecturer_does_not_open_it(lecturer_engine):
    with pytest.raises(NotPermittedError, match="Only an administrator can use this notebook"):
        invitation_desk(read=functools.partial(snapshot, lecturer_engine))
