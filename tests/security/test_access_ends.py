"""Access that ends while a session is open: what the open session still sees and writes, and whether its commit counts."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from typer.testing import CliRunner

from lmskit.cli import app
from lmskit.db import transaction
from lmskit.models import Course
from lmskit.queries.person import person_by_email
from lmskit.schemas.login import ChangeAddress, CreateLogin
from lmskit.services.login import change_address, create_login
from lmskit.vocabulary import Role
from tests import factories
from tests.security.school import ADMIN, School

PASSWORD = "a password of one's own"
REPEATABLE = "REPEATABLE READ"


@pytest.fixture(scope="module")
def school(migrated_database):
    return School(migrated_database, "lmskit_ends")


@pytest.fixture
def someone(school):
    """A new person with a login, and as a lecturer with a course."""

    def make(role=Role.LECTURER):
        email = f"{factories.unique('someone')}@example.org"
        school.passwords[email] = PASSWORD
        with transaction(school.engine(ADMIN)) as session:
            person = create_login(session, CreateLogin(email=email, family_name="Someone", role=role), password=PASSWORD)
            if role is Role.LECTURER:
                factories.course(session, taught_by=person)
        return email

    return make


def opened(school, email, level=REPEATABLE):
    """Open a transaction that has seen who it is."""
    connection = school.engine(email).connect().execution_options(isolation_level=level)
    assert connection.scalar(text("SELECT my_address()")) == email
    return connection


def is_refused(connection, statement="UPDATE courses SET title = 'Taken along'"):
    """Whether the session is ended, or the statement changes nothing."""
    try:
        changed = connection.execute(text(statement)).rowcount
        connection.commit()
    except DBAPIError:
        return True
    return changed == 0


def titles(school, *people):
    with school.engine(ADMIN).connect() as connection:
        rows = connection.execute(
            text("SELECT c.title FROM courses AS c JOIN users AS u ON u.id = c.lecturer_id WHERE u.email = ANY (:people)"),
            {"people": list(people)},
        )
        return set(rows.scalars())


def rename(school, old, new):
    with transaction(school.engine(ADMIN)) as session:
        change_address(session, ChangeAddress(old=old, new=new))


@pytest.mark.parametrize("level", ["READ COMMITTED", REPEATABLE])
def test_a_session_ends_when_its_login_is_renamed(school, someone, level):
    old = someone()
    new = f"new.{old}"
    with opened(school, old, level) as connection:
        connection.execute(text("UPDATE courses SET title = 'Before the new address'"))
        rename(school, old, new)
        with pytest.raises(DBAPIError) as error:
            connection.execute(text("SELECT count(*) FROM courses"))
        assert error.value.connection_invalidated
    assert "Before the new address" not in titles(school, new)
    with school.engine(new, PASSWORD).connect() as connection:
        assert connection.scalar(text("SELECT my_address()")) == new
        assert connection.scalar(text("SELECT count(*) FROM courses")) == 1


def test_who_gets_the_former_address_of_another_does_not_become_that_person_in_an_open_transaction(school, someone):
    """By what the transaction saw at its beginning, its login's new name is that of the other."""
    other, own = someone(), someone()
    with opened(school, own) as connection:
        rename(school, other, f"left.{other}")
        rename(school, own, other)
        assert is_refused(connection)
    assert "Taken along" not in titles(school, f"left.{other}", other)


def test_a_commit_after_the_login_was_closed_does_not_count(school, someone, configure):
    email = someone()
    with opened(school, email) as connection:
        assert connection.execute(text("UPDATE courses SET title = 'Written before'")).rowcount == 1
        configure(LMSKIT_DATABASE_URL=school.url(ADMIN).render_as_string(hide_password=False))
        answer = CliRunner().invoke(app, ["login", "disable", "--yes", email, "--keep-courses"])
        assert "1 open session was ended." in answer.output
        with pytest.raises(DBAPIError):
            connection.commit()
    assert "Written before" not in titles(school, email)


def test_a_commit_after_a_hand_over_does_not_count(school, someone):
    before, after = someone(), someone()
    with school.engine(ADMIN).connect() as connection:
        code = connection.scalar(text("SELECT code FROM courses WHERE lecturer_id = :id"), {"id": school.person_id(before)})
    with opened(school, before) as connection:
        connection.execute(text("INSERT INTO syllabi (course_id, week_number, topic) SELECT id, 1, 'Written before' FROM courses"))
        with transaction(school.engine(ADMIN)) as session:
            course = session.query(Course).where(Course.code == code).one()
            course.lecturer_id = school.person_id(after)
        with pytest.raises(DBAPIError):
            connection.commit()
    with school.engine(ADMIN).connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM syllabi WHERE topic = 'Written before'")) == 0


def test_an_administrator_who_becomes_a_lecturer_is_one_at_once(school, someone):
    email, lecturer = someone(Role.SUPER_ADMIN), someone()
    with opened(school, email) as connection:
        assert connection.execute(text("UPDATE courses SET title = 'Written before'")).rowcount > 1
        connection.rollback()
        assert connection.scalar(text("SELECT count(*) FROM courses")) > 1
        with transaction(school.engine(ADMIN)) as session:
            person = person_by_email(session, email)
            assert person is not None
            person.role = Role.LECTURER
        with pytest.raises(DBAPIError) as error:
            connection.execute(text("SELECT count(*) FROM courses"))
        assert error.value.connection_invalidated
    assert "Written before" not in titles(school, lecturer)
    with school.engine(email).connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM courses")) == 0


def test_the_session_of_a_removed_person_neither_sees_nor_writes(school, someone):
    email = someone(Role.SUPER_ADMIN)
    someone()
    with opened(school, email) as connection:
        with transaction(school.engine(ADMIN)) as session:
            session.execute(text("DELETE FROM users WHERE email = :email"), {"email": email})
        with pytest.raises(DBAPIError):
            connection.execute(text("SELECT count(*) FROM courses"))
