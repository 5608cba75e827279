"""`lmskit person list` and `show`."""

import pytest
from sqlalchemy import delete
from sqlalchemy.orm import Session

from lmskit.db import transaction
from lmskit.errors import NotPermittedError
from lmskit.models import ExternalId, User
from lmskit.queries.person import people
from lmskit.services.permission import administrators_only
from lmskit.vocabulary import EntityKind
from tests import factories


@pytest.fixture
def student(admin_engine):
    """A student who is really there, with an id of another system, until the test ends."""
    with transaction(admin_engine) as session:
        made = factories.student(session, family_name="Qüxlister", given_name="Ann")
        session.add(ExternalId(source="qxlist", kind=EntityKind.PERSON, external_id="007", person_id=made.id))
    yield made
    with transaction(admin_engine) as session:
        session.execute(delete(User).where(User.id == made.id))


def test_a_list_shows_who_is_found(lmskit, student):
    result = lmskit("person", "list", "--search", "ann QUXLISTER")
    assert (result.exit_code, result.stderr) == (0, "Rows 1 to 1 of 1.\n")
    assert result.stdout.splitlines() == [
        "No.\tName\tE-mail\tRole\tOther ids\tCourses",
        f"{student.id}\tQüxlister, Ann\t{student.email}\tstudent\tqxlist:007\t0",
    ]
    assert lmskit("person", "list", "--search", "quxlister nobody").stderr == "There is no such person.\n"


def test_a_person_is_shown_by_address_number_or_id(lmskit, student):
    shown = {lmskit("person", "show", who).stdout for who in (student.email, str(student.id), "qxlist:007")}
    assert len(shown) == 1
    (page,) = shown
    assert page.startswith(f"Person {student.id}: Qüxlister, Ann, student, {student.email}; in lmskit since ")
    assert page.endswith("System\tId\nqxlist\t007\nNo courses.\n")
    unknown = lmskit("person", "show", "qxlist:008")
    assert (unknown.exit_code, unknown.stdout) == (1, "")
    assert unknown.stderr.startswith("There is no person 'qxlist:008' among those you can see.")


def test_lecturers_cannot_list_people(lecturer_engine, student):
    refused = pytest.raises(NotPermittedError, match="Only an administrator can list people")
    with refused, Session(lecturer_engine) as session, administrators_only("list people"):
        people(session, search="quxlister")


@pytest.fixture
def lecturer(admin_engine):
    """A lecturer who is really there until the test ends."""
    with transaction(admin_engine) as session:
        made = factories.lecturer(session)
    yield made
    with transaction(admin_engine) as session:
        session.execute(delete(User).where(User.id == made.id))


def test_a_person_is_changed_and_a_taken_address_is_refused(lmskit, student, lecturer):
    result = lmskit("person", "change", "qxlist:007", "--family-name", "Renamed")
    assert (result.exit_code, result.stdout) == (0, f"Person {student.id}: family name Qüxlister → Renamed.\n")
    taken = lmskit("person", "change", str(student.id), "--email", lecturer.email)
    assert (taken.exit_code, taken.stdout) == (1, "")
    assert taken.stderr == f"There is already a person with the address {lecturer.email}. Nothing was changed.\n"
    nothing = lmskit("person", "change", str(student.id))
    assert nothing.exit_code != 0
    assert "Say what to change" in nothing.stderr


def test_a_preferred_name_is_shown_beside_the_official_one(lmskit, student):
    result = lmskit("person", "change", "qxlist:007", "--preferred-name", "Bess")
    assert (result.exit_code, result.stdout) == (0, f"Person {student.id}: preferred name nothing → Bess.\n")
    assert "\tQüxlister, Bess\t" in lmskit("person", "list", "--search", "quxlister ann").stdout
    shown = lmskit("person", "show", "qxlist:007").stdout
    assert shown.startswith(f"Person {student.id}: Qüxlister, Bess (official name: Qüxlister, Ann), student, ")
    assert lmskit("person", "change", "qxlist:007", "--preferred-name", "").stdout.endswith("preferred name Bess → nothing.\n")


def test_ids_of_other_systems_are_added_and_removed(lmskit, student):
    result = lmskit("person", "change", str(student.id), "--add-id", "sis:Qx7", "--add-id", "qxlist:007", "--remove-id", "qxlist:007")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == f"Person {student.id}: id sis:Qx7 added, id qxlist:007 added, id qxlist:007 removed.\n"
    wrong = lmskit("person", "change", str(student.id), "--add-id", "007")
    assert wrong.stderr.startswith("--add-id, number 1: Write it as SYSTEM:ID, such as sis:0047110;")


def test_people_who_are_in_lmskit_twice_are_listed(lmskit, student, admin_engine):
    with transaction(admin_engine) as session:
        twin = factories.student(session, family_name="Quxlister", given_name="ANN", email=None)
    try:
        rows = [line.split("\t") for line in lmskit("person", "duplicates", "--limit", "1000").stdout.splitlines()]
        assert rows[0][:3] == ["No.", "Name", "E-mail"]
        assert [row[3:] for row in rows if row[0] == str(student.id)] == [[str(twin.id), "Quxlister, ANN", "", "the same name", ""]]
    finally:
        with transaction(admin_engine) as session:
            session.execute(delete(User).where(User.id == twin.id))


def test_two_are_merged_after_a_table_and_split_again(lmskit, student, admin_engine):
    with transaction(admin_engine) as session:
        twin = factories.student(session, family_name="Quxlister", given_name="Ann", email=None)
    rehearsed = lmskit("person", "merge", "qxlist:007", str(twin.id), "--dry-run")
    assert (rehearsed.exit_code, rehearsed.stdout.splitlines()) == (
        0,
        [
            "What\tWho stays\tWho goes\tWhat becomes of it",
            "Name\tQüxlister, Ann\tQuxlister, Ann\tstays Qüxlister, Ann",
            f"Person {student.id} would get from person {twin.id}: nothing but the person. Nothing was changed.",
        ],
    )
    merged = lmskit("person", "merge", "qxlist:007", str(twin.id), "--yes").stdout.splitlines()
    assert merged[2] == f"Person {twin.id} is merged into person {student.id}: nothing but the person."
    receipt = merged[3].rpartition(" ")[2]
    assert merged[3] == f"Receipt {receipt}. To make two of them again: lmskit person split {receipt}"
    assert lmskit("person", "merges").stdout.splitlines()[1].split("\t")[:5] == [
        receipt, str(student.id), "Qüxlister, Ann", str(twin.id), "Quxlister, Ann",
    ]  # fmt: skip
    table = [
        "What\tWho stays\tWho is there again",
        "Name\tQüxlister, Ann\tQuxlister, Ann",
        f"Address\t{student.email}\t–",
        "Ids of other systems\tqxlist:007\t–",
    ]
    tried = lmskit("person", "split", receipt, "--dry-run")
    assert tried.stdout.splitlines() == [*table, f"Person {twin.id} would be there again. Nothing was changed."]
    asked = lmskit("person", "split", receipt, typed="n\n")
    gets = f"person {twin.id} (Quxlister, Ann) gets nothing back from person {student.id} (Qüxlister, Ann)"
    assert f"Make two people again: {gets}? [y/N]" in asked.stdout + asked.stderr
    split = lmskit("person", "split", receipt, "--yes")
    done = f"Person {twin.id} is there again, and person {student.id} is as before the merge."
    assert (split.exit_code, split.stdout.splitlines()) == (0, [*table, done])
    again = lmskit("person", "split", receipt, "--yes")
    assert (again.exit_code, again.stderr.partition(":")[0]) == (1, f"There is no merge with the receipt {receipt}")
    with transaction(admin_engine) as session:
        session.execute(delete(User).where(User.id == twin.id))


def test_an_obstacle_is_in_the_table_and_refuses_the_merge(lmskit, student, lecturer):
    refused = lmskit("person", "merge", "qxlist:007", lecturer.email, "--yes")
    assert refused.exit_code == 1
    assert refused.stdout.splitlines()[1].startswith("Role\tstudent\tlecturer\tnot possible: only students are merged.")
    assert refused.stderr.startswith("Role: not possible: only students are merged.")
