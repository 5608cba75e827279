import functools

import psycopg
import pytest
from ipywidgets.widgets.widget import _instances
from psycopg import sql

from lmskit.db import login_name, transaction
from lmskit.desks import people_desk
from lmskit.errors import ConflictError, LecturerNotFoundError
from lmskit.forms.people import KEPT, TO_ANOTHER
from lmskit.queries.person import person_by_email
from lmskit.services.login import close_login
from lmskit.settings import DEMO_ADMIN
from tests import factories

PASSWORD = "correct horse battery staple"


@pytest.fixture
def desk(in_session):
    return people_desk(begin=in_session, read=in_session, new_password=lambda: PASSWORD)


@pytest.fixture
def address():
    return f"{factories.unique('aa')}@example.org"


def add(desk, email, family_name="Aardvark", *, with_login=True):
    desk.email.value, desk.family_name.value, desk.with_login.value = email, family_name, with_login
    desk.adding.button.click()


def press(action, *, yes=False):
    action._ended = float("-inf")  # later than a double click
    action.button.click()
    if yes:
        action._ended = float("-inf")
        action.yes.click()


def state_of(desk, email):
    frame = desk.table.frame
    return frame.loc[frame["E-mail"] == email, "Login"].item()


def actions_of(desk):
    shown = {"creating": desk.creating, "renewing": desk.renewing, "closing": desk.closing, "opening": desk.opening}
    return {name for name, action in shown.items() if action.view.layout.display is None}


def test_a_lecturer_is_added_with_a_login(session, desk, address):
    add(desk, address)
    assert desk.adding.message.value == f"{address} was added as a lecturer and can sign in."
    assert state_of(desk, address) == "open"
    person = person_by_email(session, address)
    assert person is not None
    assert person.db_role == login_name("lmskit", address)


def test_a_lecturer_can_be_added_without_a_login_and_get_one_later(desk, address):
    add(desk, address, with_login=False)
    assert state_of(desk, address) == "no login"
    desk.person.value = address
    assert actions_of(desk) == {"creating"}
    press(desk.creating)
    assert desk.message.value == f"{address} has a login now."
    assert actions_of(desk) == {"renewing", "closing"}


def test_a_login_is_closed_after_a_question_and_opened_again(desk, address):
    add(desk, address)
    desk.person.value = address
    press(desk.closing)
    assert desk.closing.question.value.startswith(f"Close the login of {address}?")
    assert state_of(desk, address) == "open"
    press(desk.closing, yes=True)
    desk.closing._ended = float("-inf")
    desk.closing.yes.click()
    assert desk.message.value == f"The login of {address} is closed; it cannot be used to sign in any more. It had no open session."
    assert (state_of(desk, address), actions_of(desk)) == ("closed", {"opening"})
    press(desk.opening)
    assert state_of(desk, address) == "open"


def test_courses_of_open_terms_go_to_another_lecturer_before_a_login_is_closed(session, desk, address):
    add(desk, address)
    person, taker = person_by_email(session, address), factories.lecturer(session)
    course = factories.course(session, taught_by=person, in_term=factories.term(session))
    desk.search.value = f"aardvark {address[:-12]}"
    assert list(desk.table.frame["E-mail"]) == [address]
    desk.refresh()
    assert course.code in desk._courses_field.hint
    press(desk.closing)
    assert desk.message.value == "Nothing was changed. Choose first what becomes of the courses, and who takes them over."
    desk.courses.value = TO_ANOTHER
    desk.courses_to.typed.value = taker.email
    press(desk.closing)
    taken = f"Open sessions are ended; {taker.email} is responsible for {course.code} then."
    assert desk.closing.question.value.endswith(f"{taken} {taker.given_name} {taker.family_name} has no login yet, and so cannot sign in.")
    press(desk.closing, yes=True)
    session.refresh(course)
    assert (state_of(desk, address), course.lecturer_id) == ("closed", taker.id)


def test_the_question_names_the_courses_of_its_time_and_no_others_are_handed_over(session, desk, address):
    add(desk, address)
    person, term = person_by_email(session, address), factories.term(session)
    desk.search.value = address
    first = factories.course(session, taught_by=person, in_term=term)
    press(desk.closing)
    assert desk.message.value == "Nothing was changed. Choose first what becomes of the courses, and who takes them over."
    assert first.code in desk._courses_field.hint
    desk.courses.value = KEPT
    press(desk.closing)
    assert first.code in desk.closing.question.value
    factories.course(session, taught_by=person, in_term=term)
    desk.closing._ended = float("-inf")
    desk.closing.yes.click()
    assert (
        desk.message.value
        == f"Another person changed the courses of {address} since you looked at it. Nothing was changed; look at it again."
    )
    assert state_of(desk, address) == "open"


def test_courses_can_stay_with_who_leaves(session, desk, address):
    add(desk, address)
    course = factories.course(session, taught_by=person_by_email(session, address), in_term=factories.term(session))
    desk.search.value = address
    desk.courses.value = KEPT
    press(desk.closing)
    assert f"nobody else is responsible for {course.code} then" in desk.closing.question.value
    press(desk.closing, yes=True)
    assert state_of(desk, address) == "closed"


def test_a_search_that_finds_nobody_says_so(desk):
    desk.search.value = "nobody of this name"
    assert "Nobody is found." in desk.table.view.value


def test_courses_that_cannot_be_read_are_said(desk, address, monkeypatch):
    def lost(_email):
        raise ConflictError("They cannot be read.")

    add(desk, address)
    monkeypatch.setattr(desk, "_read_courses", lost)
    desk.person.value = None
    desk.person.value = address
    assert desk.message.value == "They cannot be read."


def test_a_mistyped_successor_is_refused_though_there_is_no_course_to_hand_over(session, desk, address):
    add(desk, address)
    with pytest.raises(LecturerNotFoundError, match=r"mistyped@example\.org"):
        close_login(session, address, courses_to="mistyped@example.org")


def test_a_mistake_is_shown_beside_its_field(desk):
    add(desk, "no address", "")
    assert desk.adding.fields["email"].problem.startswith("This is not an e-mail address")
    assert desk.adding.fields["family_name"].problem == "This must not be empty."


def test_an_address_that_is_taken_is_refused_in_a_sentence(session, desk):
    student = factories.student(session)
    add(desk, student.email)
    assert desk.adding.message.value == f"There is already a person with the address {student.email}. Nothing was changed."
    assert desk.email.value == student.email


@pytest.mark.parametrize("action", ["renewing", "closing"])
def test_the_login_of_the_notebook_cannot_be_changed_here(desk, action):
    while DEMO_ADMIN not in {value for _, value in desk.person.options}:
        desk.pager.next.click()
    desk.person.value = DEMO_ADMIN
    press(getattr(desk, action))
    getattr(desk, action)._ended = float("-inf")
    getattr(desk, action).yes.click()
    assert desk.message.value.startswith("That is the login you are using.")


def test_the_password_is_in_no_widget_state(desk, address):
    add(desk, address)
    states = [str(widget.get_state()) for widget in _instances.values()]
    assert any(address in state for state in states)
    assert not [state for state in states if PASSWORD in state]


def test_the_password_signs_in(admin_engine, endpoint, address):
    begin = functools.partial(transaction, admin_engine)
    role = login_name("lmskit", address)
    desk = people_desk(begin=begin, read=begin, new_password=lambda: PASSWORD)
    add(desk, address)
    try:
        with psycopg.connect(**endpoint.parameters(), dbname="lmskit", user=role, password=PASSWORD) as connection:
            assert connection.execute("SELECT session_user").fetchone() == (role,)
    finally:
        with psycopg.connect(endpoint.superuser_conninfo("lmskit")) as connection:
            connection.execute("DELETE FROM users WHERE email = %s", [address])
            connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(role)))
