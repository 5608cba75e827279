"""The terms on one screen: closed, archived, verified, restored and opened again, each after a question; cancelled with nothing changed."""

import datetime as dt
import functools
import threading
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select, text

from lmskit.db import snapshot, transaction
from lmskit.desks import term_desk
from lmskit.errors import NotPermittedError
from lmskit.models import Archive, Course, Enrollment, Quiz, QuizAttempt, Syllabus, Term, TopicPerformance
from lmskit.services.mastery import refresh
from lmskit.services.term import close_term, open_term
from lmskit.vocabulary import TermState, TermStep
from tests import factories

PATIENCE = 60
KEPT = "1 course, 3 students, 1 week and 1 quiz"
MOVED = "3 attempts and 3 estimates of mastery"


def ended_term(session):
    """A term that is over, with three attempts and their estimates."""
    made = factories.term(session, starts_on=dt.date(2020, 9, 14))
    course = factories.course(session, in_term=made, weeks=1)
    quiz = factories.quiz(session, course)
    for score in (3, 5, 9):
        student = factories.student(session)
        factories.enrollment(session, course, student)
        factories.attempt(session, quiz, student, score=score)
    session.flush()
    refresh(session, courses=[course.code])
    return made


@pytest.fixture
def home(configure, tmp_path):
    configure(LMSKIT_HOME=str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def term(session):
    made = ended_term(session)
    session.commit()
    return made


@pytest.fixture
def desk(term, home, begin):
    return term_desk(term.code, begin=begin, read=begin)


def press(desk, step):
    desk._ended = float("-inf")  # later than a double click
    assert desk.buttons[step].layout.display is None, "the button is shown"
    desk.buttons[step].click()


def take(desk, step):
    """Press, answer with yes, and return the question."""
    press(desk, step)
    question = desk.question.value
    desk._ended = float("-inf")
    desk.yes.click()
    desk.background.join(PATIENCE)
    return question


def offered(desk):
    return [step for step, button in desk.buttons.items() if button.layout.display is None]


def shown(desk, code):
    """The row of a term in the list, on whichever page it is: other tests leave terms."""
    desk.pager.first()
    desk.refresh()
    while code not in set(desk.table.frame["Term"]):
        assert not desk.pager.next.disabled, f"{code} is in the list"
        desk.pager.next.click()
    return desk.table.frame.set_index("Term").loc[code]


def listed(desk, *columns):
    return desk.archives.frame[list(columns)].to_numpy().tolist()


def test_a_term_goes_through_its_life_and_each_step_asks_with_numbers(session, desk, term, home):
    code = term.code
    assert desk.status.value == f"{code} is open; its last day is {term.ends_on}. It has {KEPT}; {MOVED}."
    assert (offered(desk), len(desk.archives.frame)) == ([TermStep.CLOSE], 0)
    question = take(desk, TermStep.CLOSE)
    assert question.startswith(f"Close {code}? Its {KEPT}, {MOVED} stay as they are until it is opened again")
    assert question.endswith(f"3 active enrollments become completed as of {term.ends_on}.")
    assert (desk.message.value, offered(desk)) == (
        f"The term {code} is closed. 3 enrollments are completed.",
        [TermStep.ARCHIVE, TermStep.OPEN],
    )
    question = take(desk, TermStep.ARCHIVE)
    assert question.startswith(f"Archive {code} to {home / 'archives'}? Its {MOVED} are written to files, read back and compared")
    (files,) = (home / "archives").iterdir()
    assert desk.message.value == f"The term {code} is archived: {MOVED}. Its files are in {files}; keep a copy on another machine."
    assert desk.status.value.startswith(f"{code} is archived;")
    assert desk.status.value.endswith(f"It has {KEPT}; {MOVED}."), "archived rows are counted too"
    assert offered(desk) == [TermStep.VERIFY, TermStep.RESTORE]
    size = sum(path.stat().st_size for path in files.glob("*.parquet"))
    assert listed(desk, "State", "Attempts", "Estimates", "Files") == [["current", 3, 3, str(files)]]
    assert listed(desk, "Size") == [[f"{-(-size // 1024)}\N{NO-BREAK SPACE}kB"]]
    ((archived_at, verified_at),) = listed(desk, "Archived", "Verified")
    assert archived_at == verified_at, "the files were compared when they were made"
    row = shown(desk, code)
    assert (row["State"], row["Archived"], row["Verified"]) == ("archived", archived_at, verified_at)
    question = take(desk, TermStep.VERIFY)
    assert question.startswith(
        f"Verify the archive of {code}? Its 8 files ({-(-size // 1024)} kB) in {files} are read, and compared with {MOVED}"
    )
    assert desk.message.value == f"The archive of {code} is in order: {MOVED}, in the database and in {files}."
    assert listed(desk, "Archived", "Verified")[0][1] > archived_at
    desk.rows.value = True
    question = take(desk, TermStep.RESTORE)
    assert question.startswith(f"Restore {code}? {MOVED} are read from the files in {files}")
    assert desk.message.value == f"The term {code} is restored and closed: {MOVED}."
    assert offered(desk) == [TermStep.ARCHIVE, TermStep.OPEN, TermStep.PRUNE]
    assert listed(desk, "State") == [["earlier"]]
    question = take(desk, TermStep.PRUNE)
    assert question.startswith(f"Remove 1 earlier archive of {code} ({-(-size // 1024)} kB) for ever?")
    assert desk.message.value.startswith(f"1 earlier archive of {code} removed.")
    assert (list((home / "archives").iterdir()), len(desk.archives.frame)) == ([], 0)
    assert shown(desk, code)[["State", "Archived"]].fillna("").to_list() == ["closed", ""]
    assert take(desk, TermStep.OPEN).startswith(f"Open {code} again? Its {KEPT}, {MOVED} can be changed then.")
    assert desk.message.value == f"The term {code} is open. 3 enrollments are active again, as before it was closed."


def test_a_term_is_closed_although_the_first_try_meets_another_session(desk, term, begin, begin_after_deadlock, home):
    desk = term_desk(term.code, begin=begin_after_deadlock, read=begin)
    take(desk, TermStep.CLOSE)
    assert desk.message.value.startswith(f"The term {term.code} is closed.")


def test_what_the_service_refuses_is_said_before_a_question_or_after_it_and_changes_nothing(session, desk, term, home, begin):
    code = term.code
    with begin() as changing:
        close_term(changing, code)
    press(desk, TermStep.CLOSE)  # the screen still shows an open term
    assert desk.message.value.startswith(f"The term {code} is closed. Nothing was changed.")
    assert (desk.question.value, desk.yes.layout.display) == ("", None)
    desk.refresh()
    desk.to.value = str(home / "not" / "there")
    assert take(desk, TermStep.ARCHIVE).startswith(f"Archive {code} to {desk.to.value}?")
    assert f"mkdir -m 700 {desk.to.value}" in desk.message.value
    desk.to.value = "x" * 5000
    press(desk, TermStep.ARCHIVE)
    assert desk.message.value.startswith("Folder or bucket for the archive: ")
    desk.to.value = ""
    with begin() as changing:
        open_term(changing, code)
        session.get(Term, term.id).ends_on = dt.date(2999, 1, 1)
        close_term(changing, code)
    press(desk, TermStep.ARCHIVE)
    assert desk.message.value == f"The last day of the term {code}, 2999-01-01, is not past. Nothing was changed; archive it afterwards."
    assert desk.question.value == ""
    assert session.scalar(select(func.count()).select_from(Archive).where(Archive.term_id == term.id)) == 0


@pytest.mark.long
def test_damaged_files_are_said_and_not_noted_as_verified(desk, home):
    take(desk, TermStep.CLOSE)
    take(desk, TermStep.ARCHIVE)
    before = listed(desk, "Verified")
    (files,) = (home / "archives").iterdir()
    content = bytearray((files / "quiz_attempts.parquet").read_bytes())
    content[len(content) // 2] ^= 1
    (files / "quiz_attempts.parquet").write_bytes(content)
    take(desk, TermStep.VERIFY)
    assert "quiz_attempts.parquet" in desk.message.value
    assert "is not what was archived" in desk.message.value
    assert listed(desk, "Verified") == before


@pytest.mark.parametrize("step", ["Writing quizzes", "Reading quiz_attempts back", "Moving the rows"])
def test_archiving_that_is_cancelled_leaves_the_term_closed_and_no_files(session, desk, term, home, step):
    take(desk, TermStep.CLOSE)
    steps = []

    def cancel(change):
        steps.append(change["new"])
        if change["new"].startswith(step):
            desk.background.cancel.click()

    desk.background.step.observe(cancel, names="value")
    take(desk, TermStep.ARCHIVE)
    assert any(shown.startswith(step) for shown in steps)
    assert desk.message.value == "Cancelled. Nothing was changed."
    assert desk.status.value.startswith(f"{term.code} is closed;")
    assert (offered(desk), len(desk.archives.frame)) == ([TermStep.ARCHIVE, TermStep.OPEN], 0)
    assert list((home / "archives").iterdir()) == []
    assert not desk.buttons[TermStep.ARCHIVE].disabled
    assert not desk.term.disabled


@pytest.fixture
def real_term(admin_engine):
    """The code of such a term that other sessions see, until the test ends."""
    with transaction(admin_engine) as session:
        made = ended_term(session)
    yield made.code
    with transaction(admin_engine) as session:
        if session.scalars(select(Term.state).where(Term.id == made.id)).one() is not TermState.OPEN:
            open_term(session, made.code)
        courses = list(session.scalars(select(Course.id).where(Course.term_id == made.id)))
        for table in (TopicPerformance, QuizAttempt, Quiz, Enrollment, Syllabus):
            session.execute(delete(table).where(table.course_id.in_(courses)))
        session.execute(delete(Course).where(Course.term_id == made.id))
        session.execute(delete(Term).where(Term.id == made.id))


@pytest.mark.long
@pytest.mark.parametrize("step", [TermStep.ARCHIVE, TermStep.OPEN])
def test_a_step_that_waits_for_another_session_can_be_cancelled(admin_engine, real_term, home, step):
    with transaction(admin_engine) as session:
        close_term(session, real_term)
    desk = term_desk(real_term, begin=functools.partial(transaction, admin_engine), read=functools.partial(snapshot, admin_engine))
    waits = threading.Event()
    desk.background.step.observe(lambda change: waits.set() if "(since" in change["new"] else None, "value")
    with transaction(admin_engine) as other:
        other.execute(text("SELECT FROM terms WHERE code = :code FOR NO KEY UPDATE"), {"code": real_term})
        press(desk, step)
        desk._ended = float("-inf")
        desk.yes.click()
        assert all(button.disabled for button in desk.buttons.values())
        assert desk.term.disabled
        assert waits.wait(PATIENCE)
        desk.background.cancel.click()
        desk.background.join(PATIENCE)
    assert desk.message.value == "Cancelled. Nothing was changed."
    assert desk.status.value.startswith(f"{real_term} is closed;")
    assert len(desk.archives.frame) == 0
    assert list(Path(home / "archives").glob("*")) == []


def test_a_double_click_is_no_answer_and_another_term_withdraws_the_question(session, desk, term):
    other = factories.term(session, starts_on=dt.date(2021, 9, 13)).code
    desk.refresh()
    press(desk, TermStep.CLOSE)
    desk.yes.click()  # the second click of a double click
    assert (desk.question.value != "", desk.background.running) == (True, False)
    desk.term.value = other
    assert desk.question.value == ""
    assert desk.status.value.startswith(f"{other} is open;")
    desk._ended = float("-inf")
    desk.yes.click()
    desk.background.join(PATIENCE)
    assert session.scalars(select(Term.state).where(Term.id == term.id)).one() is TermState.OPEN


def test_a_lecturer_does_not_open_it(lecturer_engine):
    with pytest.raises(NotPermittedError, match=r"Only an administrator can use this notebook. You are signed in as .*, a lecturer"):
        term_desk(read=functools.partial(snapshot, lecturer_engine))
