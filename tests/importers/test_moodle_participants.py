"""Moodle's list of participants has no roles unless they were added: it is one of students only if the person who imports it says so."""

import pytest

from lmskit.errors import ImportFileError
from lmskit.importers.formats import ReadOptions
from lmskit.importers.moodle.participants import FORMAT
from lmskit.importers.plain_csv import FORMAT as PLAIN_CSV
from lmskit.importers.record import EnrollmentRecord, PersonKey, PersonRecord
from lmskit.importers.registry import detected
from lmskit.vocabulary import Role
from tests.importers.plain import csv_file

ROWS = """
    First name,Last name,Username,ID number,Email address,Groups
    Ada,Lovelace,S1,0007,ada@example.org,Group A
    Tess,Teacher,t1,,tess@example.org,
    ,,,,,Group B
"""


@pytest.fixture
def participants(tmp_path):
    return csv_file(tmp_path / "participants.csv", ROWS)


@pytest.mark.parametrize("form", [FORMAT, PLAIN_CSV])
def test_a_list_without_roles_is_refused_with_what_to_do(participants, form):
    advice = r"does not say who is a student and who teaches.*Upload users.*--all-students"
    with pytest.raises(ImportFileError, match=advice):
        form.open(participants, ReadOptions())
    with pytest.raises(ImportFileError, match=advice):
        detected(participants)


def test_everybody_is_a_student_if_the_person_says_so(participants):
    assert detected(participants, ReadOptions(all_students=True)) is FORMAT
    source = FORMAT.open(participants, ReadOptions(all_students=True))
    records = list(source.records())
    people = [record for record in records if isinstance(record, PersonRecord)]
    assert [(person.key, person.family_name, person.role) for person in people] == [
        (PersonKey("s1", "0007", "ada@example.org"), "Lovelace", Role.STUDENT),
        (PersonKey("t1", None, "tess@example.org"), "Teacher", Role.STUDENT),
    ]
    assert sum(isinstance(record, EnrollmentRecord) for record in records) == len(people)
    assert [rejection.row for rejection in source.parts[0].rejections] == [4]
    assert source.parts[0].skipped_columns == ()
    assert "everybody is imported as a student, as asked for; leave out the rows of teachers" in " ".join(source.notes)


def test_a_column_of_roles_makes_teachers_staff_and_needs_no_word_of_a_person(tmp_path):
    rows = """
        First name,Last name,Email address,Roles,Groups
        Ada,Lovelace,ada@example.org,Student,Group A
        Tess,Teacher,tess@example.org,Teacher,Group A
        Max,Manager,max@example.org,Manager,
    """
    path = csv_file(tmp_path / "participants.csv", rows)
    assert detected(path) is FORMAT
    source = FORMAT.open(path, ReadOptions())
    enrolled = [record for record in source.records() if isinstance(record, EnrollmentRecord)]
    assert [(record.role, len(record.sections)) for record in enrolled] == [(Role.STUDENT, 1), (Role.LECTURER, 0)]
    [manager] = source.parts[0].rejections
    assert (manager.row, manager.column) == (4, "Roles")
    assert "lmskit staff add" in manager.reason


def groups_in(tmp_path, *cells):
    rows = "".join(f'S{number},Vale,s{number}@example.org,"{cell}"\n' for number, cell in enumerate(cells))
    source = FORMAT.open(
        csv_file(tmp_path / "participants.csv", "First name,Last name,Email address,Groups\n" + rows), ReadOptions(all_students=True)
    )
    records = [record for record in source.records() if isinstance(record, EnrollmentRecord)]
    return [tuple(section.name for section in record.sections) for record in records], source


def test_a_group_with_a_comma_in_its_name_is_one_group(tmp_path):
    groups, source = groups_in(tmp_path, "Group B, Tue", "Group A, Group B, Tue, Group C", "Group A", "Group B, Tue", "")
    assert groups == [("Group B, Tue",), ("Group A", "Group B, Tue", "Group C"), ("Group A",), ("Group B, Tue",), ("",)]
    assert [note for note in source.notes if "'Group B, Tue' is read as the name of one group" in note]
    assert source.parts[0].rows_in == len(groups)


@pytest.mark.parametrize(
    "cells", [("Lab 1, Class 1", "Lab 1, Class 2", "Lab 2, Class 1", "Lab 2, Class 2"), ("Lab 1, Class 1", "Lab 1, Class 1", "Lab 2")]
)
def test_groups_that_students_have_apart_or_that_few_have_are_several(tmp_path, cells):
    groups, _ = groups_in(tmp_path, *cells)
    assert groups == [tuple(cell.split(", ")) for cell in cells]


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("Vorname,Nachname,E-Mail-Adresse,Gruppen", "moodle-participants"),
        ("Prénom,Nom de famille,Numéro d'identification,Adresse de courriel", "moodle-participants"),
        ("Nombre,Apellido(s),Dirección de correo,Institution,Grupos", "moodle-participants"),
        ("First name,Last name,Email address", "csv"),
        ("First name,Last name,Email address,Groups,Role", "csv"),
        ("First name,Last name,Email address,Groups,Quiz: Sets (Real)", "moodle-gradebook"),
        ("First name,Last name,ID number,Email address,Quiz: Sets (Real)", "moodle-gradebook"),
    ],
)
def test_only_such_a_list_is_taken_for_one(tmp_path, header, name):
    assert detected(csv_file(tmp_path / "list.csv", header), ReadOptions(all_students=True)).name == name
