"""`lmskit material advice`, `gaps`, `pin`, `ban`, `decisions` and `take-back`."""

import csv
import io
import json

import pytest

from lmskit.db import transaction
from tests.advised_course import HOSTILE_TITLE, advised_course, remove


@pytest.fixture(scope="module")
def made(admin_engine):
    with transaction(admin_engine) as session:
        made = advised_course(session)
    yield made
    with transaction(admin_engine) as session:
        remove(session, made.course.id)


def shown(lmskit, *arguments):
    found = lmskit("material", *arguments)
    assert found.exit_code == 0, found.output
    return found.stdout


def test_advice_is_printed_as_a_table_and_as_lists(lmskit, made):
    code = made.course.code
    table = shown(lmskit, "advice", "--course", code, "--week", "1")
    assert "missed by 5 of 6 students" in table
    assert "  question 4 of Quiz <i>1</i>, missed by 5 of 6 students: “Who composed Fidelio?”\n" in table
    assert f"lmskit material add FILE --course {code} --week 1\n" in table
    [week] = json.loads(shown(lmskit, "advice", "--course", code, "--format", "json"))
    assert [passage["passages"] for passage in week["passages"]] == [[1, 2], [1]]
    [first, _] = csv.DictReader(io.StringIO(shown(lmskit, "advice", "--course", code, "--week", "1", "--format", "csv")))
    assert first["material"] == "'" + HOSTILE_TITLE
    assert shown(lmskit, "advice", "--course", code, "--format", "markdown").startswith("# What to read again in ")
    student = shown(lmskit, "advice", "--course", code, "--week", "1", "--student", str(made.students[4]))
    assert "question 1 of Quiz <i>1</i>, missed" in student
    assert "Dictionaries" not in student


def test_advice_for_a_student_needs_a_week(lmskit, made):
    found = lmskit("material", "advice", "--course", made.course.code, "--student", str(made.students[0]))
    assert found.exit_code != 0
    assert "--week" in found.output


def test_gaps_are_listed_with_the_questions_and_what_to_do(lmskit, made):
    table = shown(lmskit, "gaps", "--course", made.course.code)
    assert "Nothing suitable for 1 of 3 questions" in table
    assert "Week 1: question 4 of Quiz <i>1</i>, missed by 5 of 6 students: “Who composed Fidelio?”." in table
    assert f"lmskit material add FILE --course {made.course.code} --week WEEK" in table
    [gap] = json.loads(shown(lmskit, "gaps", "--course", made.course.code, "--format", "json"))
    assert [question["number"] for question in gap["unanswered"]] == [4]


def test_a_passage_is_pinned_banned_and_taken_back(lmskit, made):
    about = ("--course", made.course.code, "--week", "1")
    material = str(made.page.id)
    assert shown(lmskit, "pin", material, "7", *about, "--position", "1").startswith("Pinned to the advice for week 1")
    assert "pinned by the lecturer" in shown(lmskit, "advice", *about)
    assert "passages 7 and 1 of Dictionaries" in shown(lmskit, "ban", material, "7", "1", *about)
    assert "Dictionaries" not in shown(lmskit, "advice", *about)
    listed = shown(lmskit, "decisions", "--course", made.course.code)
    numbers = [line.split()[0] for line in listed.splitlines() if "banned" in line]
    assert len(numbers) == 2
    for number in numbers:
        shown(lmskit, "take-back", number)
    assert "Nothing is pinned or banned" in lmskit("material", "decisions", "--course", made.course.code).stderr
    assert lmskit("material", "take-back", numbers[0]).exit_code == 1
