"""Imports find a person by all ids and addresses of before a merge, and by the address of before a change."""

import pytest
from sqlalchemy import text

from lmskit.importers.formats import ReadOptions
from lmskit.importers.registry import detected
from lmskit.schemas.person import ChangePerson
from lmskit.services.file_import import import_path
from lmskit.services.importing import ImportOptions
from lmskit.services.person_change import change_person
from lmskit.services.person_merge import merge_people
from tests import factories
from tests.importers.plain import csv_file

PEOPLE = "SELECT id, email, family_name, given_name FROM users WHERE role = 'student' ORDER BY id"


@pytest.mark.parametrize("header", ["email", "sis_id", "sis_id,email"])
def test_a_file_with_both_makes_no_second_person_and_changes_none(session, tmp_path, header):
    course = factories.course(session)
    one, two = "m.one@uni.example", "m.two@uni.example"
    rows = {"email": (one, two), "sis_id": ("M1", "M2"), "sis_id,email": (f"M1,{one}", f"M2,{two}")}

    def import_(columns):
        lines = "\n".join(f"{row},Twin,Ann" for row in rows[columns])
        path = csv_file(tmp_path / "roster.csv", f"{columns},family_name,given_name\n{lines}")
        return import_path(session, path, detected(path, ReadOptions()), ImportOptions(course=course.code))

    import_("sis_id,email")
    receipt = merge_people(session, one, two)
    before = session.execute(text(PEOPLE)).all()
    report = import_(header)
    assert session.execute(text(PEOPLE)).all() == before
    assert report.rejections == ()
    assert session.scalar(text("SELECT count(*) FROM student_enrollments WHERE student_id = :k"), {"k": receipt.kept_id}) == 1


@pytest.mark.parametrize("header", ["email", "sis_id,email"])
def test_a_file_with_the_address_of_before_a_change_finds_the_person_and_does_not_bring_it_back(session, tmp_path, header):
    course = factories.course(session)
    former, rows = "c.former@uni.example", {"email": "c.former@uni.example", "sis_id,email": "C1,c.former@uni.example"}

    def import_():
        path = csv_file(tmp_path / "roster.csv", f"{header},family_name,given_name\n{rows[header]},Changed,Cy\n")
        return import_path(session, path, detected(path, ReadOptions()), ImportOptions(course=course.code))

    import_()
    change_person(session, ChangePerson(person=former, email="c.new@uni.example"))
    before = session.execute(text(PEOPLE)).all()
    assert import_().rejections == ()
    assert session.execute(text(PEOPLE)).all() == before
