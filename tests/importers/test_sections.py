"""Sections and groups that files name."""

import pytest
from sqlalchemy import select

from lmskit.errors import SectionNotFoundError
from lmskit.importers.canvas.gradebook import FORMAT as CANVAS
from lmskit.importers.canvas.sis import FORMAT as SIS
from lmskit.importers.formats import ReadOptions
from lmskit.importers.moodle.participants import FORMAT as MOODLE
from lmskit.importers.plain_csv import FORMAT as PLAIN
from lmskit.models import Section, SectionMember, User
from lmskit.queries.roster import course_roster, roster_size
from lmskit.queries.section import sections
from lmskit.services.file_import import ImportOptions, import_file
from tests import factories
from tests.importers.plain import csv_file


@pytest.fixture
def import_of(session, tmp_path, course):
    def import_(rows, file_format=PLAIN, **options):
        path = csv_file(tmp_path / "file.csv", rows)
        return import_file(session, file_format.open(path, ReadOptions(all_students=True)), ImportOptions(course=course.code, **options))

    return import_


def members(session, course):
    """The families' names by section."""
    found: dict[str, list[str]] = {}
    statement = (
        select(Section.name, User.family_name)
        .join(SectionMember, SectionMember.section_id == Section.id)
        .join(User, User.id == SectionMember.student_id)
        .where(Section.course_id == course.id)
        .order_by(Section.name, User.family_name)
    )
    for name, family in session.execute(statement):
        found.setdefault(name, []).append(family)
    return found


def test_a_student_is_in_the_sections_and_groups_that_the_last_file_names(session, course, import_of):
    import_of("email,last name,Section,Gruppe\nada@x.org,Ada,A,Lab 1; Lab 2\nben@x.org,Ben,B,\ncy@x.org,Cy,A,Lab 2\n")
    assert members(session, course) == {"A": ["Ada", "Cy"], "B": ["Ben"], "Lab 1": ["Ada"], "Lab 2": ["Ada", "Cy"]}
    rows = "email,last name,Section\nada@x.org,Ada,B\nben@x.org,Ben,B\n"
    plan, report = import_of(rows, dry_run=True), import_of(rows)
    assert [(each.state, each.reason, each.before, each.after) for each in report.outcomes] == [
        ("changed", "section", "A", "B"),
        ("unchanged", "", "", ""),
        ("missing", "is not in the file; stays enrolled", "", ""),
    ]
    assert plan.outcomes == report.outcomes
    # Of students whom the file does not name, and of a kind that it has no column for, nothing changes.
    assert members(session, course) == {"A": ["Cy"], "B": ["Ada", "Ben"], "Lab 1": ["Ada"], "Lab 2": ["Ada", "Cy"]}
    assert {each.state for each in import_of(rows).outcomes} == {"unchanged", "missing"}


def test_a_roster_and_the_list_of_sections_are_about_one_section(session, course, import_of):
    import_of("email,last name,Section\nada@x.org,Ada,A\nben@x.org,Ben,B\ncy@x.org,Cy,A\n")
    assert course_roster(session, course.code, section="A")["name"].tolist() == ["Ada", "Cy"]
    assert (roster_size(session, course.code, section="B"), roster_size(session, course.code)) == (1, 3)
    listed = sections(session, course.code)
    assert [tuple(row) for row in listed.itertuples(index=False)] == [("section", "A", 2, "csv"), ("section", "B", 1, "csv")]
    with pytest.raises(SectionNotFoundError, match="no section or group 'C'"):
        course_roster(session, course.code, section="C")


def test_the_groups_of_moodle_are_kept(session, course, import_of):
    rows = 'First name,Last name,Email address,Groups\nA,Ada,ada@x.org,"Red, Blue"\nB,Ben,ben@x.org,Red\n'
    import_of(rows, MOODLE)
    assert members(session, course) == {"Blue": ["Ada"], "Red": ["Ada", "Ben"]}


def test_several_sections_of_canvas_in_one_cell_are_several_and_a_name_with_and_is_one(session, course, import_of):
    rows = [
        "Student,ID,SIS User ID,SIS Login ID,Section,Week 1 Quiz (9201)",
        "    Points Possible,,,,,10",
        '"Ada, A",501,S501,ada,Lab 1 and Lab 2,2',
        '"Ben, B",502,S502,ben,Lab 1,3',
        '"Cy, C",503,S503,cy,Lab 2,3',
        '"Day, D",504,S504,day,Law and Order,3',
    ]
    import_of("\n".join(rows), CANVAS)
    assert members(session, course) == {"Lab 1": ["Ada", "Ben"], "Lab 2": ["Ada", "Cy"], "Law and Order": ["Day"]}


def test_sections_of_a_student_system_have_their_names(session, tmp_path):
    """Several rows of one student are several sections."""
    lecturer, term = factories.lecturer(session), factories.term(session)
    for name, rows in {
        "courses": "course_id,short_name,long_name,status\nSEC-1,S,Sections,active",
        "users": "user_id,login_id,status,last_name\nS1,ada,active,Ada",
        "sections": "section_id,course_id,name,status\nx1,SEC-1,Morning,active\nx2,SEC-1,Evening,active",
        "enrollments": "course_id,user_id,role,section_id,status\n,S1,student,x1,active\n,S1,student,x2,active",
    }.items():
        csv_file(tmp_path / f"{name}.csv", rows)
    import_file(session, SIS.open(tmp_path, ReadOptions()), ImportOptions(lecturer=lecturer.email, term=term.code))
    named = select(Section.name).join(SectionMember, SectionMember.section_id == Section.id).where(Section.source == "sis")
    assert session.scalars(named.order_by(Section.name)).all() == ["Evening", "Morning"]


def test_a_name_that_cannot_be_stored_rejects_its_row(session, course, import_of):
    report = import_of(f"email,last name,Section\nada@x.org,Ada,{'A' * 301}\nben@x.org,Ben,B\n")
    assert [each.state for each in report.outcomes] == ["rejected", "added"]
    assert members(session, course) == {"B": ["Ben"]}
