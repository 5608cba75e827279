from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AfterValidator, TypeAdapter, ValidationError

from lmskit.schemas.course import CreateCourse, SyllabusWeeks, TeachingWeek
from lmskit.schemas.enrollment import EnrollStudent, WithdrawFromRoster, WithdrawStudent
from lmskit.schemas.file_import import ImportFile
from lmskit.schemas.login import CreateLogin, NewPassword, SignIn
from lmskit.schemas.mastery_rule import ChooseRule
from lmskit.schemas.mistakes import mistakes, one_sentence
from lmskit.schemas.outbox import RetryMessage
from lmskit.schemas.person import CreatePerson
from lmskit.schemas.quiz import Identifier, Points, Prompt
from lmskit.schemas.quiz_request import ChangeQuiz
from lmskit.schemas.text import Address, Code, Day, FamilyName, Line, Name, Prose, Title

COURSE = {
    "code": "CS101-2026",
    "module_code": "CS101",
    "title": "Introduction to programming",
    "term": "2026-AUTUMN",
    "lecturer": "demo.lecturer@example.org",
    "weeks": [{"week_number": 1, "topic": "Variables"}],
}
NOT_EMPTY = "This must not be empty."
ONE_LINE = "This must be one line of visible characters."
FILE_NAME = "A code names files too: it must not contain / or \\ and must not begin with a dot."


def refused(model, **values):
    with pytest.raises(ValidationError) as caught:
        model.model_validate(values)
    return mistakes(caught.value)


def test_a_valid_request_is_accepted_and_trimmed():
    request = CreateCourse.model_validate(COURSE | {"title": "  Introduction to programming ", "lecturer": " Demo.Lecturer@Example.ORG"})
    assert (request.title, request.lecturer) == ("Introduction to programming", "demo.lecturer@example.org")


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("code", " ", NOT_EMPTY),
        ("code", "a" * 101, "At most 100 characters."),
        ("code", "CS/101", FILE_NAME),
        ("code", ".hidden", FILE_NAME),
        ("code", "CS\n101", ONE_LINE),
        ("title", "null\0byte", ONE_LINE),
        ("title", None, "This must be text."),
        ("lecturer", "nobody", "This is not an e-mail address: an email address must have an @-sign."),
        ("lecturer", "", NOT_EMPTY),
        ("lecturer", "ada@oulad.invalid", "No mail can be delivered to this address. Type one that receives mail."),
        ("lecturer", "ada@localhost", "No mail can be delivered to this address. Type one that receives mail."),
        ("weeks", [{"week_number": 1, "topic": "a"}] * 2, "Week 1 is given more than once. Give each week number once."),
        ("surprise", 1, "There is no such field."),
    ],
)
def test_a_mistake_is_a_sentence_beside_its_field(field, value, sentence):
    assert refused(CreateCourse, **COURSE | {field: value}) == {field: sentence}


@pytest.mark.parametrize(
    ("week", "found"),
    [
        ({"week_number": 0, "topic": "a"}, {"weeks.0.week_number": "This must be at least 1."}),
        ({"week_number": 61, "topic": "a"}, {"weeks.0.week_number": "This must be at most 60."}),
        ({"week_number": "x", "topic": "a"}, {"weeks.0.week_number": "This must be a whole number."}),
        ({"week_number": 1, "topic": "  "}, {"weeks.0.topic": NOT_EMPTY}),
        ({"week_number": 1}, {"weeks.0.topic": "This is needed."}),
    ],
)
def test_a_mistake_in_a_list_names_its_index(week, found):
    assert refused(CreateCourse, **COURSE | {"weeks": [week]}) == found


@pytest.mark.parametrize(
    ("day", "sentence"),
    [
        ("soon", "This must be a day, such as 2026-09-14."),
        ("2026-02-30", "This must be a day, such as 2026-09-14."),
        ("2026-01-01", "The last day of the term must come after its first day."),
    ],
)
def test_a_term_ends_after_it_starts(day, sentence):
    term = {"name": "Spring", "starts_on": "2026-01-05", "ends_on": day}
    assert refused(CreateCourse, **COURSE | {"new_term": term}) == {"new_term.ends_on": sentence}


def of(model, field, **others):
    """A reader of one field of a request, whose other fields are right."""
    return TypeAdapter(Annotated[Any, AfterValidator(lambda value: getattr(model.model_validate({**others, field: value}), field))])


LIMITS: dict[str, tuple[Any, ...]] = {
    "a code": (TypeAdapter(Code), "x", "x" * 100, "", "x" * 101),
    "a title": (TypeAdapter(Title), "x", "x" * 300, "", "x" * 301),
    "a name": (TypeAdapter(Name), "", "x" * 200, "x" * 201),
    "a family name": (TypeAdapter(FamilyName), "x", "x" * 200, "", "x" * 201),
    "a text": (TypeAdapter(Prose), "", "x" * 20_000, "x" * 20_001),
    "a prompt": (TypeAdapter(Prompt), "x", "x" * 20_000, "", "x" * 20_001),
    "the id of a question": (TypeAdapter(Identifier), "x", "x" * 100, "", "x" * 101),
    "a week": (TypeAdapter(TeachingWeek), 1, 60, 0, 61),
    "the points of a question": (TypeAdapter(Points), 0, 99_999_999, -0.001, 99_999_999.001),
    "a new password": (TypeAdapter(NewPassword), "abcdefghijkl", "abcde" * 40, "abcdefghijk", "abcde" * 40 + "a"),
    "the password to sign in": (of(SignIn, "password", email="a@example.org"), "x", "x" * 1000, "", "x" * 1001),
    "the address to sign in": (of(SignIn, "email", password="secret"), "x", "x" * 320, "", "x" * 321),
    "the address of who leaves": (of(WithdrawStudent, "email", course="CS1"), "a@b", "a@" + "x" * 318, "a@", "a@" + "x" * 319),
    "a student in a roster": (of(WithdrawFromRoster, "student_id", course="CS1"), 1, 2**63, 0),
    "a message": (of(RetryMessage, "message_id"), 1, 2**63, 0),
    "a quiz": (of(ChangeQuiz, "quiz_id", title="Quiz", week_number=1), 1, 2**63 - 1, 0, 2**63),
    "a path": (of(ImportFile, "path"), "x", "x" * 4096, "", "x" * 4097),
    "a rule": (of(ChooseRule, "rule", course="CS1", parameters={}), "x", "average", ""),
}


@pytest.mark.parametrize("limited", LIMITS)
def test_the_smallest_and_the_largest_value_are_accepted_and_the_next_are_not(limited):
    reader, smallest, largest, *beyond = LIMITS[limited]
    assert [reader.validate_python(value) is not None for value in (smallest, largest)] == [True, True]
    for value in beyond:
        with pytest.raises(ValidationError):
            reader.validate_python(value)


def test_a_syllabus_has_sixty_weeks_in_their_order():
    weeks = [{"week_number": number, "topic": "a"} for number in range(60, 0, -1)]
    assert [week.week_number for week in TypeAdapter(SyllabusWeeks).validate_python(weeks)] == list(range(1, 61))
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(SyllabusWeeks).validate_python([*weeks, weeks[0]])
    assert mistakes(caught.value) == {"": "At most 60 entries."}


def test_a_term_of_one_day_is_none():
    term = {"name": "Spring", "starts_on": "2026-01-05", "ends_on": "2026-01-05"}
    sentence = "The last day of the term must come after its first day."
    assert refused(CreateCourse, **COURSE | {"new_term": term}) == {"new_term.ends_on": sentence}
    assert CreateCourse.model_validate(COURSE | {"new_term": term | {"ends_on": "2026-01-06"}}).new_term


def test_all_mistakes_are_reported_at_once_in_one_line():
    with pytest.raises(ValidationError) as caught:
        EnrollStudent.model_validate({"course": "", "email": "x"})
    assert one_sentence(caught.value) == (
        "course: This must not be empty. email: This is not an e-mail address: an email address must have an @-sign."
    )


def test_a_mistake_does_not_repeat_the_input():
    with pytest.raises(ValidationError) as caught:
        EnrollStudent.model_validate({"course": "CS1", "email": "secret word"})
    assert "secret" not in str(caught.value)


def test_a_name_that_a_spreadsheet_lost_is_refused():
    assert "NaN" in refused(EnrollStudent, course="CS1", email="a@example.org", family_name="NaN")["family_name"]


@pytest.mark.parametrize("request_for", [CreatePerson, CreateLogin])
def test_students_have_no_login(request_for):
    assert request_for(email="a@example.org", family_name="A", role="lecturer").role == "lecturer"
    found = refused(request_for, email="a@example.org", family_name="A", role="student")
    assert found == {"role": "Students have no login. Choose lecturer or super_admin."}


def test_an_unknown_role_is_refused_with_the_known_roles():
    found = refused(CreatePerson, email="a@example.org", family_name="A", role="dean")
    assert found == {"role": "This must be one of: 'student', 'lecturer' or 'super_admin'."}


def test_a_student_who_leaves_may_have_an_address_that_receives_no_mail():
    assert WithdrawStudent(course="CS1", email=" Student.1@OULAD.invalid ").email == "student.1@oulad.invalid"


@given(st.text())
def test_whatever_passes_as_a_line_can_be_stored_on_one(text):
    try:
        line = TypeAdapter(Line).validate_python(text)
    except ValidationError:
        return
    assert "\0" not in line
    assert len(line.splitlines()) <= 1 or not any(character in line for character in "\r\n\v\f\x1c\x1d\x1e\x85")
    line.encode()


@given(st.text())
def test_whatever_passes_as_a_code_is_one_part_of_a_path(text):
    try:
        code = TypeAdapter(Code).validate_python(text)
    except ValidationError:
        return
    assert code == code.strip()
    assert not {"/", "\\"} & set(code)
    assert code not in {"", ".", ".."}


@given(st.emails())
def test_an_address_is_kept_in_lower_case_and_stays_itself(text):
    try:
        address = TypeAdapter(Address).validate_python(text)
    except ValidationError:
        return
    assert address == address.lower()
    assert TypeAdapter(Address).validate_python(address) == address


@pytest.mark.parametrize("kind", [Code, Address])
def test_a_code_or_an_address_with_a_character_that_cannot_be_seen_is_refused(kind):
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python("cs\u2060101@example.org")
    assert TypeAdapter(kind).validate_python("cs101@example.org") == "cs101@example.org"


def test_a_code_may_have_letters_of_every_language():
    assert [TypeAdapter(Code).validate_python(code) for code in ("Übung-1", "課程")] == ["Übung-1", "課程"]


def test_an_import_sends_no_message_and_withdraws_no_student_unless_it_is_asked_to():
    request = ImportFile(path="file.csv")
    assert (request.notify, request.withdraw_missing, request.columns) == (False, False, {})


def test_a_day_that_the_database_does_not_store_is_refused():
    for day in ("1899-12-31", "2201-01-01"):
        with pytest.raises(ValidationError, match="years 1900 to 2200"):
            TypeAdapter(Day).validate_python(day)
    assert [TypeAdapter(Day).validate_python(day).year for day in ("1900-01-01", "2200-12-31")] == [1900, 2200]
