"""Changing a person: names, addresses, and the messages that wait for the former address."""

import pytest
from pydantic import ValidationError
from sqlalchemy import func, select, text, update

from lmskit.errors import ExternalIdExistsError, ExternalIdNotFoundError, MessageOnItsWayError, PersonExistsError, UnknownPersonError
from lmskit.models import AuditEntry, OutboxMessage, User
from lmskit.queries.person import found_person, people
from lmskit.queries.roster import course_roster
from lmskit.queries.student_names import NamedStudent, students_named
from lmskit.schemas.enrollment import EnrollStudent
from lmskit.schemas.person import ChangePerson
from lmskit.services.enrollment import enroll
from lmskit.services.person_change import change_person
from tests import factories


@pytest.fixture
def student(session):
    return factories.student(session, family_name="Change", given_name="Ann")


def test_a_name_is_changed_found_by_the_new_one_and_audited(session, student):
    changed = change_person(session, ChangePerson(person=str(student.id), family_name="Ångewandelt", given_name=""))
    assert changed.sentence == f"Person {student.id}: family name Change → Ångewandelt, given name Ann → nothing."
    assert people(session, search="angewandelt")["person_id"].tolist() == [student.id]
    changed_row = (AuditEntry.table_name == "users", AuditEntry.row_key == str(student.id), AuditEntry.action == "update")
    entry = session.scalars(select(AuditEntry).where(*changed_row)).one()
    assert (entry.old["family_name"], entry.new["family_name"]) == ("Change", "Ångewandelt")
    again = change_person(session, ChangePerson(person=str(student.id), family_name="Ångewandelt"))
    assert again.sentence == f"Person {student.id} is already so. Nothing was changed."


def test_a_preferred_name_is_shown_and_both_names_are_found_until_it_is_taken_away(session, student):
    family = factories.unique("Qxpreferred")
    asked = ChangePerson(person=str(student.id), family_name=family, preferred_name=" Béss ")
    assert change_person(session, asked).sentence.endswith(", preferred name nothing → Béss.")
    session.expire_all()
    assert (student.name, student.official_name) == (f"{family}, Béss", f"{family}, Ann")
    assert [people(session, search=f"{family} {given}")["name"].tolist() for given in ("bess", "ann")] == [[student.name]] * 2
    assert people(session, search=f"{family} ann bess")["person_id"].tolist() == [student.id]
    names = f"Bess {family}", f"{family}, Ann"
    assert students_named(session, names) == {name: [NamedStudent(student.id, student.name)] for name in names}
    course = factories.course(session)
    enroll(session, EnrollStudent(course=course.code, email=student.email))
    assert course_roster(session, course.code)["name"].tolist() == [student.name]
    message = session.scalars(select(OutboxMessage).where(OutboxMessage.student_id == student.id)).one()
    assert message.context["name"] == f"Béss {family}"
    again = change_person(session, ChangePerson(person=str(student.id), preferred_name=""))
    assert again.sentence == f"Person {student.id}: preferred name Béss → nothing."
    assert people(session, search=f"{family} bess").empty
    recorded = select(AuditEntry.old["preferred_name"].astext).where(
        AuditEntry.row_key == str(student.id), AuditEntry.table_name == "users"
    )
    assert session.scalars(recorded.order_by(AuditEntry.id.desc()).limit(1)).one() == "Béss"


def test_an_address_is_changed_unless_another_has_it(session, student):
    new, other = f"{factories.unique('new')}@example.org", factories.student(session)
    changed = change_person(session, ChangePerson(person=factories.address(student).upper(), email=new.upper()))
    assert changed.changes["email"][1] == new
    assert session.scalar(select(User.email).where(User.id == student.id)) == new
    with pytest.raises(PersonExistsError, match=f"There is already a person with the address {other.email}"):
        change_person(session, ChangePerson(person=new, email=other.email, family_name="Neither"))
    session.expire_all()
    assert session.get(User, student.id).family_name == "Change"


def test_ids_of_other_systems_lead_to_one_person_each(session, student):
    other = factories.student(session)
    changed = change_person(session, ChangePerson(person=str(student.id), add_id=("sis:0047", "lms-x:ä b")))
    assert changed.sentence == f"Person {student.id}: id sis:0047 added, id lms-x:ä b added."
    assert found_person(session, "sis:0047").id == student.id
    assert not change_person(session, ChangePerson(person="sis:0047", add_id=("sis:0047",))).added
    with pytest.raises(ExternalIdExistsError, match="The id sis:0047 belongs to another person"):
        change_person(session, ChangePerson(person=str(other.id), add_id=("sis:0047",)))
    with pytest.raises(ExternalIdNotFoundError, match=f"Person {other.id} does not have the id sis:0047"):
        change_person(session, ChangePerson(person=str(other.id), remove_id=("sis:0047",)))
    moved = ChangePerson(person=str(student.id), remove_id=("sis:0047",), family_name="Moved")
    assert change_person(session, moved).sentence == f"Person {student.id}: family name Change → Moved, id sis:0047 removed."
    with pytest.raises(UnknownPersonError):
        found_person(session, "sis:0047")
    recorded = select(AuditEntry.action).where(
        func.coalesce(AuditEntry.new, AuditEntry.old).contains({"person_id": student.id, "external_id": "0047"})
    )
    assert session.scalars(recorded.order_by(AuditEntry.id)).all() == ["insert", "delete"]


@pytest.mark.parametrize("typed", ["0047", "SIS:1", "sis:", ":1", "sis: ", "sis:\u200b1", "address:ann@example.org"])
def test_what_is_no_id_of_another_system_is_not_added(typed):
    with pytest.raises(ValidationError):
        ChangePerson(person="1", add_id=(typed,))


def test_a_message_that_waits_goes_to_the_new_address_and_one_being_sent_is_not_overtaken(session, student):
    course = factories.course(session)
    enroll(session, EnrollStudent(course=course.code, email=student.email))
    new = f"{factories.unique('new')}@example.org"
    message = session.scalars(select(OutboxMessage).where(OutboxMessage.student_id == student.id)).one()
    leased = update(OutboxMessage).where(OutboxMessage.id == message.id)
    session.execute(leased.values(leased_until=text("clock_timestamp() + interval '1 minute'")))
    with pytest.raises(MessageOnItsWayError, match="Nothing was changed"):
        change_person(session, ChangePerson(person=str(student.id), email=new))
    session.execute(leased.values(leased_until=None))
    changed = change_person(session, ChangePerson(person=str(student.id), email=new))
    assert changed.n_redirected == 1
    session.refresh(message)
    assert message.recipient == new


def test_an_address_that_another_session_changed_meanwhile_is_changed_as_any_other(session, student):
    course, former = factories.course(session), student.email
    enroll(session, EnrollStudent(course=course.code, email=former))
    moved = text("UPDATE users SET email = :email WHERE id = :id")
    # As another session does between the reading of the person and the lock: the object that was read keeps the former address.
    session.execute(moved, {"email": f"{factories.unique('moved')}@example.org", "id": student.id})
    leased = update(OutboxMessage).where(OutboxMessage.student_id == student.id)
    session.execute(leased.values(leased_until=text("clock_timestamp() + interval '1 minute'")))
    with pytest.raises(MessageOnItsWayError, match="Nothing was changed"):
        change_person(session, ChangePerson(person=str(student.id), email=former))


def test_a_request_names_someone_and_changes_something(session):
    with pytest.raises(ValidationError, match="Say what to change"):
        ChangePerson(person="7")
    with pytest.raises(UnknownPersonError):
        change_person(session, ChangePerson(person="nobody@example.org", given_name="Ann"))


def test_a_former_address_of_two_people_leads_to_the_one_who_had_it_last(session, student):
    address = str(student.email)
    change_person(session, ChangePerson(person=str(student.id), email=f"{factories.unique('new')}@example.org"))
    last = factories.student(session, email=address)
    change_person(session, ChangePerson(person=str(last.id), email=f"{factories.unique('new')}@example.org"))
    assert found_person(session, address).id == last.id


def test_a_former_address_leads_to_the_person_until_it_is_in_use_again(session, student):
    former, new = str(student.email), f"{factories.unique('new')}@example.org"
    changed = change_person(session, ChangePerson(person=former, email=new))
    assert changed.sentence == f"Person {student.id}: address {former} → {new}. Imports find the person by either."
    assert found_person(session, former).id == found_person(session, f"address:{former}").id == student.id
    change_person(session, ChangePerson(person=former, email=former))
    with pytest.raises(UnknownPersonError):
        found_person(session, f"address:{former}")
    other = factories.student(session)
    change_person(session, ChangePerson(person=str(other.id), email=new))
    assert found_person(session, new).id == other.id
    with pytest.raises(UnknownPersonError):
        found_person(session, f"address:{new}")
