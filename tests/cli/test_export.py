import pytest

from lmskit.db import transaction
from lmskit.models import BankQuestion, Enrollment
from tests import factories


@pytest.fixture
def student(course, admin_engine):
    with transaction(admin_engine) as session:
        made = factories.student(session, family_name="[bold]Ada[/bold]", email=None)
        factories.enrollment(session, course, made)
        quiz = factories.quiz(session, course, title="Lists")
        attempt = factories.attempt(session, quiz, made, score=7)
        session.add(BankQuestion(course_id=course.id, bank="b.xml", number=1, question={"id": "[q]", "type": "order"}, answer_key={}))
        essay = {"id": "e", "type": "essay", "prompt": "Why?", "points": 1}
        session.add(BankQuestion(course_id=course.id, bank="b.xml", number=2, question=essay, answer_key={}))
    yield made
    with transaction(admin_engine) as session:
        session.delete(session.merge(attempt))
        session.flush()
        session.query(Enrollment).filter_by(student_id=made.id).delete()


@pytest.mark.usefixtures("student")
def test_a_course_is_written_into_files_and_none_is_replaced(lmskit, course, tmp_path):
    for name, n_rows in (("roster", 1), ("gradebook", 1), ("attempts", 1), ("answers", 0)):
        for ending in (".csv", ".xlsx"):
            path = str(tmp_path / f"{name}{ending}")
            done = lmskit("export", name, course.code, "--to", path)
            assert done.exit_code == 0, done.output
            assert f"Rows in {path}: {n_rows}. They are personal data." in done.stdout.replace("\n", "")
            assert lmskit("export", name, course.code, "--to", path).exit_code == 1
    unknown = lmskit("export", "roster", "NO-SUCH", "--to", str(tmp_path / "new.csv"))
    assert (unknown.exit_code, "There is no course 'NO-SUCH'" in unknown.stderr) == (1, True)


@pytest.mark.usefixtures("student")
def test_what_a_file_lacks_is_named(lmskit, course, tmp_path):
    scores = lmskit("export", "scores", course.code, "--for", "moodle", "--to", str(tmp_path / "scores.csv"))
    assert "Left out, since Moodle could not find the student by an id or address: [bold]Ada[/bold]" in scores.stdout.replace("\n", " ")
    for form, ending in (("Moodle XML", "xml"), ("GIFT", "gift"), ("QTI 2.1", "zip")):
        bank = lmskit("export", "question-bank", course.code, "b.xml", "--to", str(tmp_path / f"b.{ending}"))
        said = " ".join(bank.stdout.split())
        assert f"as {form} with their keys: 1." in said
        assert "Left out: [q], since it is not a question as lmskit stores them." in said
    named = lmskit("export", "question-bank", course.code, "b.xml", "--as", "gift", "--to", str(tmp_path / "b.any"))
    assert "as GIFT" in " ".join(named.stdout.split())
