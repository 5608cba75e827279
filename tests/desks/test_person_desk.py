"""The screen for people: anyone is found, corrected, merged and split, each after it was shown what that does."""

import functools

import pytest
from sqlalchemy import func, select

from lmskit.db import snapshot
from lmskit.desks import person_desk
from lmskit.errors import NotPermittedError
from lmskit.models import PersonMerge, QuizAttempt, User
from lmskit.queries.person import found_person
from lmskit.schemas.person import ChangePerson
from lmskit.services.person_change import change_person
from tests import factories


@pytest.fixture
def twins(session):
    """A student who is there twice, each time with a result of the same quiz."""
    family = factories.unique("Zwílling")
    made = (
        factories.student(session, family_name=family, given_name="Ann"),
        factories.student(session, family_name=family, given_name="ANN"),
    )
    course = factories.course(session, weeks=1)
    quiz = factories.quiz(session, course)
    for person in made:
        factories.enrollment(session, course, person)
        factories.attempt(session, quiz, person.id, score=1)
    return made


@pytest.fixture
def screen(twins, in_session):
    return person_desk(f"ann {twins[0].family_name}", begin=in_session, read=in_session)


def press(submission, button=None):
    submission._ended = float("-inf")  # later than a double click
    (button or submission.button).click()


def test_anyone_is_found_as_the_search_is_typed_and_shown(screen, twins):
    assert screen.table.frame["No."].tolist() == [twin.id for twin in twins]
    assert screen.status.value.startswith(f"Person {twins[0].id}: {twins[0].name}, student, {twins[0].email}; in lmskit since ")
    assert screen.courses.frame[["As", "Status", "Results"]].to_numpy().tolist() == [["student", "active", 1]]
    screen.family_name.value = "Half-typed"
    screen.search.value = twins[0].family_name.upper().replace("Í", "I")
    assert (screen.person.value, screen.family_name.value) == (twins[0].id, "Half-typed")
    screen.search.value = str(twins[1].email).upper()
    assert (screen.person.value, screen.family_name.value) == (twins[1].id, twins[1].family_name)
    screen.search.value = "nobody of this name"
    assert (screen.person.value, screen.status.value, screen.changing.button.disabled) == (None, "", True)


def test_names_and_ids_are_changed_and_mistakes_are_shown_beside_their_fields(session, screen, twins):
    press(screen.changing)
    assert screen.changing.message.value.startswith("Say what to change:")
    screen.add_id.value = "0047"
    press(screen.changing)
    mistake = "Write it as SYSTEM:ID, such as sis:0047110; a system has small letters, digits and hyphens."
    assert (screen.changing.message.value, screen.changing.fields["add_id.0"].problem) == (f"Add an id: {mistake}", mistake)
    screen.email.value = twins[1].email
    screen.add_id.value = ""
    press(screen.changing)
    assert screen.changing.message.value == f"There is already a person with the address {twins[1].email}. Nothing was changed."
    screen.email.value, screen.add_id.value, screen.given_name.value = twins[0].email, "sis:0047", "Anna"
    press(screen.changing)
    assert screen.changing.message.value == f"Person {twins[0].id}: given name Ann → Anna, id sis:0047 added."
    assert screen.ids.frame.to_numpy().tolist() == [["sis", "0047"]]
    screen.remove_id.value = "sis:0047"
    press(screen.changing)
    assert screen.ids.frame.empty
    assert (session.get(User, twins[0].id).given_name, screen.add_id.value) == ("Anna", "")


def test_who_was_changed_stays_chosen_although_the_search_does_not_find_the_new_name(session, screen, twins):
    screen.family_name.value = "Other"
    press(screen.changing)
    assert screen.table.frame["No."].tolist() == [twins[1].id]
    assert (screen.person.value, screen.person.label) == (twins[0].id, f"Other, Ann · {twins[0].email} · {twins[0].id}")
    screen.given_name.value, screen.preferred_name.value = "Anna", "Bess"
    press(screen.changing)
    assert (session.get(User, twins[0].id).official_name, session.get(User, twins[1].id).given_name) == ("Other, Anna", "ANN")
    assert (screen.preferred_name.value, screen.person.label) == ("Bess", f"Other, Bess · {twins[0].email} · {twins[0].id}")
    screen.search.value = twins[1].family_name.lower()
    assert [number for _, number in screen.person.options] == [twins[1].id]
    assert screen.changing.message.value == "", "it was about another person"


def test_two_are_taken_from_the_likely_duplicates_merged_and_split(session, screen, twins):
    kept, removed = (twin.id for twin in twins)
    twice = screen.twice
    twice.find.click()
    pair = (str(kept), str(removed))
    while pair not in [value for _, value in twice.pair.options]:  # other tests leave people who are alike
        assert not twice.pairs_pager.next.disabled, "no page has the two"
        twice.pairs_pager.next.click()
    twice.pair.value = pair
    twice.take.click()
    merging = twice.merging.submission
    merging._ended = float("-inf")  # later than a double click
    assert merging.question.value.startswith(f"Merge person {removed} ({twins[1].name}) into person {kept} ({twins[0].name}): 1 enrollment")
    assert twice.merging.table.frame["What becomes of it"].tolist()[-1] == "all are kept, numbered 1 to 2 by time"
    twice.swap.click()
    assert (twice.kept.value, merging.question.value) == (str(removed), "")
    twice.take.click()
    assert merging.question.value.startswith(f"Merge person {removed} ")
    press(merging, merging.yes)
    receipt = session.scalar(select(func.max(PersonMerge.id)))
    assert merging.message.value == f"Person {removed} is merged into person {kept}: 1 enrollment, 1 result. Receipt {receipt}."
    assert screen.table.frame["No."].tolist() == [kept]
    assert screen.merges.frame["Receipt"].tolist() == [receipt]
    assert twice.receipt.value == receipt
    splitting = twice.splitting.submission
    press(splitting)
    assert splitting.question.value.startswith(f"Make two people again: person {removed} ")
    press(splitting, splitting.yes)
    assert splitting.message.value == f"Person {removed} is there again, and person {kept} is as before the merge."
    assert session.scalar(select(func.count()).where(QuizAttempt.student_id == removed)) == 1
    assert screen.table.frame["No."].tolist() == [kept, removed]


def test_what_another_changed_after_the_table_was_shown_is_not_merged(session, screen, twins):
    kept, removed = (twin.id for twin in twins)
    twice = screen.twice
    twice.kept.value, twice.removed.value = str(kept), str(removed)
    merging = twice.merging.submission
    press(merging)
    change_person(session, ChangePerson(person=str(removed), given_name="Other"))
    press(merging, merging.yes)
    assert merging.message.value.startswith(f"Another person changed person {kept} or person {removed} since you looked at it.")
    assert found_person(session, str(removed)).given_name == "Other"


def test_what_stands_in_the_way_is_in_the_table_and_nothing_is_asked(session, screen, twins):
    lecturer = factories.lecturer(session)
    twice = screen.twice
    twice.kept.value, twice.removed.value = str(twins[0].id), lecturer.email
    press(twice.merging.submission)
    assert twice.merging.submission.message.value.startswith("Role: not possible: only students are merged.")
    assert (twice.merging.submission.question.value, twice.merging.table.frame["What"].tolist()[0]) == ("", "Role")


def test_a_lecturer_does_not_open_it(lecturer_engine):
    with pytest.raises(NotPermittedError, match="Only an administrator can use this notebook"):
        person_desk(read=functools.partial(snapshot, lecturer_engine))
