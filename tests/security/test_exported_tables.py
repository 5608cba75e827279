"""The tables of a course hold the students whom the signed-in person sees, with what the person may see of them."""

import csv

import pytest

from lmskit.db import snapshot
from lmskit.errors import CourseNotFoundError
from lmskit.reporting.course_tables import export_answers, export_attempts, export_gradebook, export_roster

EXPORTS = {"roster": export_roster, "gradebook": export_gradebook, "attempts": export_attempts, "answers": export_answers}
COURSE = "wren-1"


@pytest.fixture
def exported(world, tmp_path):
    def export(login):
        found = {}
        for name, write in EXPORTS.items():
            path = tmp_path / f"{name}-{login.name}.csv"
            with snapshot(world.engine(login)) as session:
                write(session, COURSE, path)
            with path.open(encoding="utf-8-sig", newline="") as stream:
                found[name] = list(csv.DictReader(stream))
        return found

    return export


def test_a_lecturer_exports_the_students_of_an_own_course_without_their_ids(exported, world):
    of_lecturer, of_administrator = exported(world.own), exported(world.admin)
    for name in EXPORTS:
        assert of_lecturer[name], name
        assert len(of_lecturer[name]) == len(of_administrator[name])
        assert {row["sis_id"] for row in of_lecturer[name]} == {""}
    withdrawn = [row["email"] for row in of_lecturer["roster"] if row["status"] == "withdrawn"]
    assert not any(withdrawn), "to a lecturer, who has left has no address"


def test_an_assistant_of_a_section_exports_its_students_alone(exported, world):
    of_tutor, of_lecturer, of_assistant = exported(world.tutor), exported(world.own), exported(world.assistant)
    members = {row["email"] for row in of_lecturer["roster"] if row["section"] == "wren section 0"}
    for name in EXPORTS:
        expected = [row for row in of_lecturer[name] if row["email"] in members]
        assert of_tutor[name] == expected, name
        assert len(expected) < len(of_lecturer[name]), name
    assert of_assistant == of_lecturer, "an assistant who is not limited sees the whole course"


def test_nobody_exports_the_course_of_another_lecturer(exported, world):
    for login in (world.foreign, world.observer):
        with pytest.raises(CourseNotFoundError):
            exported(login)
