"""Where there are no lecturers for it, or another term has its code, no demonstration is made."""

import pytest
from sqlalchemy import func, select

from lmskit.errors import DemonstrationError, LecturerNotFoundError
from lmskit.models import Term, User
from lmskit.services.demonstration import build, designs
from lmskit.services.seed import DEMO_LECTURERS
from tests import factories
from tests.services.test_demonstration import STUDENTS, seed_lecturers


def test_without_lecturers_there_is_no_demonstration(session):
    for email in DEMO_LECTURERS:
        person = session.scalars(select(User).where(User.email == email)).one_or_none()
        if person is not None:
            person.email = f"{factories.unique('moved')}@example.org"
    session.flush()
    with pytest.raises(LecturerNotFoundError):
        build(session, students=STUDENTS)


def test_a_real_term_of_the_same_code_is_left_alone(session):
    seed_lecturers(session)
    factories.course(session, in_term=factories.term(session, code=designs()[1].code))
    with pytest.raises(DemonstrationError, match="not the demonstration's"), session.begin_nested():
        build(session, students=STUDENTS)
    assert session.scalar(select(func.count()).select_from(Term).where(Term.code == designs()[0].code)) == 0
