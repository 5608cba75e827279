"""The screen of one person: exported, rehearsed, erased, with a receipt; nothing is written before the button is answered with yes."""

import json

import pytest
from sqlalchemy import text

from lmskit.desks import privacy_desk
from tests import factories


@pytest.fixture
def desk(in_session, configure, tmp_path, mail_dir):
    configure(LMSKIT_HOME=str(tmp_path / "home"), LMSKIT_REPORTS_DIR=str(tmp_path / "reports"))
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "report.html").write_text("<p>Zephyra Quixwell</p>", encoding="utf-8")
    return privacy_desk(begin=in_session, read=in_session)


@pytest.fixture
def student(session):
    """A student who is named in the title of a quiz."""
    made = factories.student(session, email="zephyra.quixwell@example.org", family_name="Quixwell", given_name="Zephyra")
    factories.quiz(session, factories.course(session, weeks=1), title="As Zephyra Quixwell said")
    return made


def press(action, *, yes=False):
    action._ended = float("-inf")  # later than a double click
    action.button.click()
    if yes:
        action._ended = float("-inf")
        action.yes.click()


def rows(desk):
    return {(what, where): n for what, where, n in desk.table.frame.itertuples(index=False)}


def test_a_person_is_exported_rehearsed_and_erased_with_a_receipt(session, desk, student, tmp_path):
    number = student.id
    desk.person.value = student.email
    name, content = desk.file()
    assert (name, json.loads(content)["person"]) == (f"person-{number}.json", number)
    press(desk.rehearsing)
    assert desk.receipt.layout.display == "none"
    assert desk.message.value == f"Nothing was changed. This is what erasing person {number} would do."
    assert {("Rows removed", "users"): 1, ("Names replaced", "quizzes.title"): 1}.items() <= rows(desk).items()
    assert ("File that stays", str(tmp_path / "reports" / "report.html")) in rows(desk)
    assert desk.receipt_file() is None
    assert session.scalar(text("SELECT count(*) FROM users WHERE id = :id"), {"id": number}) == 1
    desk.remove_files.value = True
    press(desk.erasing)
    assert desk.erasing.question.value == "Erase zephyra.quixwell@example.org for ever? It cannot be undone."
    assert session.scalar(text("SELECT count(*) FROM users WHERE id = :id"), {"id": number}) == 1
    press(desk.erasing, yes=True)
    assert desk.message.value == f"Person {number} is erased."
    assert list((tmp_path / "reports").iterdir()) == []
    assert session.scalar(text("SELECT count(*) FROM users WHERE id = :id"), {"id": number}) == 0
    assert any("Backups" in sentence for sentence in desk.remains.frame["Remains"])
    name, receipt = desk.receipt_file()
    assert (name, b"Quixwell" in receipt, f"Person {number} was erased".encode() in receipt) == ("receipt.txt", False, True)
    remembered = json.loads((tmp_path / "home" / "erasures.json").read_text(encoding="utf-8"))["erasures"]
    assert number in {entry["person_id"] for entry in remembered}
    desk.file()
    assert desk.message.value.startswith("There is no person zephyra.quixwell@example.org")


def test_nobody_and_an_unknown_successor_are_said(desk, student):
    desk.file()
    assert desk.message.value == "Person: This must not be empty."
    press(desk.rehearsing)
    assert "This must not be empty." in desk.message.value
    desk.person.value, desk.courses_to.value = str(student.id), "nobody@example.org"
    press(desk.rehearsing)
    assert desk.message.value.startswith("There is no lecturer with the address nobody@example.org.")


def test_the_retention_periods_are_shown(desk):
    assert list(desk.periods.frame["Set by"]) == [
        "LMSKIT_RETENTION_MESSAGES", "LMSKIT_RETENTION_IMPORTS", "LMSKIT_RETENTION_AUDIT", "LMSKIT_RETENTION_STUDENTS",
    ]  # fmt: skip
    assert set(desk.periods.frame["Kept"]) == {"for ever"}
