"""Each sample and, beside it, what becomes of it."""

import json

import pytest

from lmskit.importers.canvas import gradebook as canvas_gradebook
from lmskit.importers.canvas import quiz as canvas_quiz
from lmskit.importers.canvas import sis as canvas_sis
from lmskit.importers.formats import ReadOptions
from lmskit.importers.moodle import gradebook as moodle_gradebook
from lmskit.importers.moodle import quiz as moodle_quiz
from lmskit.importers.moodle import users as moodle_users
from lmskit.importers.oneroster import bundle as oneroster
from tests.importers.golden import SAMPLES, told_by, units

CASES = {
    "canvas_gradebook": (canvas_gradebook.FORMAT, "canvas_gradebook/gradebook.csv"),
    "canvas_quiz": (canvas_quiz.FORMAT, "canvas_quiz/Week 2 check Quiz Student Analysis Report.csv"),
    "canvas_sis": (canvas_sis.FORMAT, "canvas_sis"),
    "moodle_gradebook": (moodle_gradebook.FORMAT, "moodle_gradebook/grades.csv"),
    "moodle_gradebook_de": (moodle_gradebook.FORMAT, "moodle_gradebook/noten.csv"),
    "moodle_quiz_grades": (moodle_quiz.GRADES, "moodle_quiz/Pointers-grades.csv"),
    "moodle_quiz_responses": (moodle_quiz.RESPONSES, "moodle_quiz/Zeiger-responses.csv"),
    "moodle_users": (moodle_users.FORMAT, "moodle_users/users.csv"),
    "oneroster_1_1": (oneroster.FORMAT, "oneroster_1_1"),
    "oneroster_1_2": (oneroster.FORMAT, "oneroster_1_2"),
}
everywhere = pytest.mark.parametrize("name", CASES)


def opened(name):
    form, path = CASES[name]
    return form.open(SAMPLES / path, ReadOptions())


@everywhere
def test_a_sample_becomes_what_stands_beside_it(name):
    assert told_by(opened(name)) == json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))


@everywhere
def test_every_unit_has_a_record_or_is_rejected(name):
    assert all(rows_in == taken + rejected for rows_in, taken, rejected in units(opened(name)).values())


@everywhere
def test_reading_twice_gives_the_same(name):
    source = opened(name)
    assert told_by(source) == told_by(source)


@everywhere
def test_a_sample_is_recognised_as_its_own_format_and_as_no_other(name):
    own, path = CASES[name]
    formats = {form.name: form for form, _ in CASES.values()}
    assert [form.name for form in formats.values() if form.detect(SAMPLES / path)] == [own.name]


@everywhere
def test_a_password_is_repeated_nowhere(name):
    assert "geheim" not in json.dumps(told_by(opened(name)))
