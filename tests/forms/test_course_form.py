import datetime as dt

import pytest

from lmskit.forms import CourseForm
from lmskit.forms.course import NEW_TERM
from lmskit.schemas.course import CreateCourse
from lmskit.schemas.course_outline import CourseOutline

TERMS = [("2026-AUTUMN · Autumn 2026", "2026-AUTUMN")]
LECTURERS = [("Lecturer, Lou · lou@example.org", "lou@example.org")]


def keeping(seen):
    """Work that appends each request to `seen`."""

    def on_submit(request):
        seen.append(request)
        return "done"

    return on_submit


def filled_in(on_submit, **fields):
    form = CourseForm(on_submit, terms=TERMS, lecturers=LECTURERS)
    fill_in(form, **{"module_code": "CS101", "title": "Programming", "weeks": "Numbers\nLoops"} | fields)
    return form


def fill_in(form, **fields):
    for name, value in fields.items():
        if name == "weeks":
            form.weeks.grid.paste(value, 0)
        else:
            getattr(form, name).value = value


def test_the_form_submits_one_request():
    seen: list[CreateCourse] = []
    form = filled_in(keeping(seen), weeks="Numbers | Count\n4. Loops")
    form.create.click()
    assert seen == [
        CreateCourse.model_validate(
            {
                "code": "CS101-2026-AUTUMN",
                "module_code": "CS101",
                "title": "Programming",
                "term": "2026-AUTUMN",
                "lecturer": "lou@example.org",
                "weeks": [{"week_number": 1, "topic": "Numbers", "objectives": "Count"}, {"week_number": 4, "topic": "Loops"}],
            }
        )
    ]


def test_a_new_term_is_part_of_the_request():
    seen: list[CreateCourse] = []
    days = {"starts_on": dt.date(2027, 2, 1), "ends_on": dt.date(2027, 5, 31)}
    form = filled_in(keeping(seen), term=NEW_TERM, term_code="2027-SPRING", term_name="Spring", **days)
    form.create.click()
    assert (seen[0].term, seen[0].code) == ("2027-SPRING", "CS101-2027-SPRING")
    assert seen[0].new_term is not None
    assert seen[0].new_term.model_dump() == {"name": "Spring"} | days
    assert form.term.value == "2027-SPRING", "the term can be chosen for the next course"


@pytest.mark.parametrize(
    ("fields", "name", "problem"),
    [
        ({"title": ""}, "title", "This must not be empty."),
        ({"code": "a/b"}, "code", "A code names files too: it must not contain / or \\ and must not begin with a dot."),
        ({"weeks": "2. Numbers\n2. Loops"}, "weeks", "Week 2 is given more than once. Give each week number once."),
        ({"term": NEW_TERM, "term_code": ""}, "term", "This must not be empty."),
        ({"term": NEW_TERM, "term_code": "T", "term_name": "T"}, "new_term.starts_on", "This must be a day, such as 2026-09-14."),
    ],
)
def test_a_mistake_is_shown_beside_its_field_and_nothing_is_submitted(fields, name, problem):
    form = filled_in(pytest.fail, **fields)
    form.create.click()
    assert form.submission.fields[name].problem == problem
    assert problem in form.message.value


def test_the_course_code_is_suggested_until_another_is_typed():
    form = filled_in(pytest.fail)
    assert form.code.value == "CS101-2026-AUTUMN"
    form.module_code.value = "CS102"
    assert form.code.value == "CS102-2026-AUTUMN"
    form.code.value = "MY-COURSE"
    form.module_code.value = "CS103"
    assert form.code.value == "MY-COURSE"


@pytest.mark.parametrize(
    ("weeks", "row", "column", "problem"),
    [
        ("Numbers\n3. ", 1, "topic", "This must not be empty."),
        ("61. Numbers", 0, "week_number", "This must be at most 60."),
        ("2. Numbers\n2. Loops", 1, "week_number", "There are two weeks 2."),
    ],
)
def test_a_mistake_in_a_week_is_shown_beside_its_row(weeks, row, column, problem):
    form = filled_in(pytest.fail, weeks=weeks)
    form.create.click()
    assert form.weeks.grid.problems[row] == {column: problem}
    assert form.message.value.startswith("Weeks: ")


def test_copying_an_earlier_course_fills_the_form_and_everything_stays_editable():
    seen: list[CreateCourse] = []
    earlier = CourseOutline("CS101-2025", "CS101", "Programming", "lou@example.org", ((1, "Numbers", "Count"), (3, "Loops", "")))
    others = [("Ann · ann@example.org", "ann@example.org"), *LECTURERS]
    form = CourseForm(keeping(seen), terms=TERMS, lecturers=others, courses=[("CS101-2025", "CS101-2025")], read=lambda _code: earlier)
    form.copy.click()
    form.title.value = "Programming, renewed"
    form.create.click()
    assert seen[0].model_dump(include={"code", "module_code", "title", "lecturer"}) == {
        "code": "CS101-2026-AUTUMN",
        "module_code": "CS101",
        "title": "Programming, renewed",
        "lecturer": "lou@example.org",
    }
    assert [(week.week_number, week.topic, week.objectives) for week in seen[0].weeks] == [(1, "Numbers", "Count"), (3, "Loops", "")]


def test_only_a_new_term_needs_its_dates():
    form = filled_in(pytest.fail)
    assert form.term_code.layout.display == "none"
    form.term.value = NEW_TERM
    assert form.term_code.layout.display is None
