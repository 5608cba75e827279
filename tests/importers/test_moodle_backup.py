"""What is special about a backup of a Moodle course."""

import datetime as dt
import io
import random
import shutil
import tarfile
from pathlib import Path

import pytest

from lmskit.errors import ImportFileError
from lmskit.importers.formats import ReadOptions
from lmskit.importers.moodle.backup.source import FORMAT
from lmskit.importers.record import AttemptRecord, EnrollmentRecord, ExcuseRecord, QuizRecord
from lmskit.importers.registry import detected
from lmskit.vocabulary import EnrollmentStatus
from tests.importers.golden import SAMPLES

SAMPLE = SAMPLES / "moodle-backup" / "course"
QUIZ = "activities/quiz_7/quiz.xml"


@pytest.fixture
def backup(tmp_path):
    """A copy of the sample, of whose files texts are replaced; `packed` makes a file of it as Moodle does."""
    folder = tmp_path / "course"
    shutil.copytree(SAMPLE, folder)

    def changed(file, *replacements):
        path = folder / file
        text = path.read_text(encoding="utf-8")
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")
        return folder

    return changed


def read(path):
    source = FORMAT.open(path, ReadOptions())
    return source, list(source.records())


def attempts(records):
    return [record for record in records if isinstance(record, AttemptRecord) and record.quiz == "quiz:3"]


@pytest.mark.parametrize("top", [".", "course"], ids=["as Moodle packs it", "packed again as a folder"])
@pytest.mark.parametrize("form", ["gztar", "zip"])
def test_a_packed_backup_is_recognised_and_says_the_same_as_its_folder(tmp_path, form, top):
    made = shutil.make_archive(str(tmp_path / "made"), form, SAMPLE if top == "." else SAMPLE.parent, top)
    path = Path(made).rename(tmp_path / "backup.mbz")
    assert detected(path).name == "moodle-backup"
    assert read(path)[1] == read(SAMPLE)[1]


def test_a_backup_is_recognised_by_its_index_alone_and_opening_it_says_that_it_is_cut_off(tmp_path):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as target:
        index = b"Moodle archive file index. Count: 2\nfiles/big\tf\t5\t?\nmoodle_backup.xml\tf\t2\t?\n"
        entry = tarfile.TarInfo(".ARCHIVE_INDEX")
        entry.size = len(index)
        target.addfile(entry, io.BytesIO(index))
        entry = tarfile.TarInfo("files/big")
        entry.size = 500_000
        target.addfile(entry, io.BytesIO(random.Random(1).randbytes(entry.size)))
    path = tmp_path / "backup.mbz"
    path.write_bytes(packed.getvalue()[:250_000])
    assert detected(path).name == "moodle-backup"
    with pytest.raises(ImportFileError, match="damaged or cut off"):
        FORMAT.open(path, ReadOptions())


def test_an_answer_to_an_earlier_version_is_a_text_since_its_options_were_others(backup):
    source, records = read(SAMPLE)
    (ben,) = (each for each in attempts(records) if each.person.source_id == "ben")
    assert ben.answers[0] == {"question": "1", "response": "one", "score": 0.0}
    assert "answers to earlier versions of a question, kept as texts: 1." in " ".join(source.notes)
    asked = backup(
        QUIZ, ("<questionbankentryid>1</questionbankentryid><version>$@NULL@$", "<questionbankentryid>1</questionbankentryid><version>1")
    )
    (ben,) = (each for each in attempts(read(asked)[1]) if each.person.source_id == "ben")
    assert ben.answers[0] == {"question": "1", "response": "A", "score": 0.0, "raw": "one"}


def with_description(changed, number):
    """The sample with a description in front of its questions, and the first of them called by a number."""
    changed("questions.xml", ("<qtype>ddwtos", "<qtype>description"))
    first = "<slot>1</slot><maxmark>1.0000000</maxmark>"
    return changed(
        QUIZ,
        ("<slot>6</slot><maxmark>1", "<slot>0</slot><maxmark>1"),
        ("<slot>6</slot><questionid>107", "<slot>0</slot><questionid>107"),
        (first, f"{first}<displaynumber>{number}</displaynumber>"),
    )


@pytest.mark.parametrize(("number", "first"), [("$@NULL@$", "1"), ("1a", "1a"), ("3", "1")], ids=["none", "its own", "that of another"])
def test_a_description_has_no_number_and_no_answer_as_in_the_reports(backup, number, first):
    _, records = read(with_description(backup, number))
    (quiz,) = (record for record in records if isinstance(record, QuizRecord) and record.key == "quiz:3")
    assert [each["id"] for each in quiz.questions] == [first, "2", "3", "4", "5", "6"]
    (ada,) = (each for each in attempts(records) if each.person.source_id == "ada")
    assert [each["question"] for each in ada.answers] == [first, "2", "3", "4", "5", "6"]
    assert ada.answers[5]["response"] is None


def test_the_text_of_an_earlier_version_is_not_mistaken_for_the_id_of_an_option(backup):
    _, records = read(backup(QUIZ, ("<responsesummary>one<", "<responsesummary>A<")))
    (ben,) = (each for each in attempts(records) if each.person.source_id == "ben")
    assert ben.answers[0] == {"question": "1", "response": "“A”", "score": 0.0, "raw": "A"}


def test_two_attempts_in_one_line_are_counted_by_themselves(backup):
    source, records = read(backup(QUIZ, ("\n", " ")))
    positions = [each.position.row for each in attempts(records)]
    assert len(set(positions)) == len(positions) == 2
    assert source.parts[1].rows_in == 3


def test_a_number_that_is_none_rejects_its_attempt_alone(backup):
    source, records = read(backup(QUIZ, ("<sumgrades>5.50000", "<sumgrades>many")))
    assert [each.person.source_id for each in attempts(records)] == ["ben"]
    (first, *_) = source.parts[1].rejections
    assert (first.column, first.value, first.reason) == ("sumgrades", "many", "is not a number")


def test_a_backup_without_users_has_the_quizzes_alone(backup):
    folder = backup("moodle_backup.xml", ("<name>users</name><value>1", "<name>users</name><value>0"))
    for name in ("users.xml", "course/roles.xml", "course/enrolments.xml", "groups.xml"):
        (folder / name).unlink()
    backup(QUIZ, ("<attempt id", "<left id"), ("</attempt>", "</left>"))
    source, records = read(folder)
    assert {type(record) for record in records} <= {QuizRecord, AttemptRecord}
    assert attempts(records) == []
    assert "was made without users" in " ".join(source.notes)


def test_what_is_left_out_of_grades_and_answers_is_counted():
    source, records = read(SAMPLE)
    excuses = [(record.quiz, record.person.source_id, record.beside_results) for record in records if isinstance(record, ExcuseRecord)]
    assert excuses == [("quiz:3", "ada", True), ("assign:5", "ben", True)]
    notes = "\n".join(source.notes)
    for sentence in (
        "grade items that are hidden from students in Moodle: imported, and not hidden in lmskit: 1.",
        "grades that are hidden from students in Moodle: imported, and not hidden in lmskit: 1.",
        "grade items and categories with a weight of their own, which is not imported: 1.",
        "grades of quizzes that a person typed over those of Moodle, which are not imported: the attempts are: 1.",
        "totals of the course and its categories, which Moodle computes, and which are not imported: 1.",
        "answers to questions drawn at random, kept as texts with the question that each student got: 1.",
    ):
        assert sentence in notes


def graded(number, name, item_number, points):
    """An item of a workshop, with the grade of one student."""
    return (
        f'<grade_item id="{number}"><itemname>{name}</itemname><itemtype>mod</itemtype><itemmodule>workshop</itemmodule>'
        f"<iteminstance>6</iteminstance><itemnumber>{item_number}</itemnumber><gradetype>1</gradetype><grademax>80.00000</grademax>"
        f'<grademin>0.00000</grademin><hidden>0</hidden><grade_grades><grade_grade id="{number}"><userid>11</userid>'
        f"<finalgrade>{points}</finalgrade><excluded>0</excluded><overridden>0</overridden></grade_grade></grade_grades></grade_item>"
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('<enrolment id="12"><status>0</status>', '<enrolment id="12"><status>1</status>'),
        ('<enrolment id="12"><status>0</status>', '<enrolment id="12"><status>0</status><timeend>1789400000</timeend>'),
        ('<enrolment id="12"><status>0</status>', '<enrolment id="12"><status>0</status><timestart>1789600000</timestart>'),
        ("<enrol>manual</enrol><status>0</status>", "<enrol>manual</enrol><status>1</status>"),
    ],
    ids=["suspended", "over", "to come", "method disabled"],
)
def test_a_student_who_may_not_enter_the_course_is_withdrawn_as_moodle_lists_it(backup, old, new):
    def status(path):
        return {record.person.source_id: record.status for record in read(path)[1] if isinstance(record, EnrollmentRecord)}

    folder = backup("moodle_backup.xml", ("<original_wwwroot>", "<backup_date>1789500000</backup_date><original_wwwroot>"))
    assert status(folder)["ben"] == EnrollmentStatus.ACTIVE
    assert status(backup("course/enrolments.xml", (old, new)))["ben"] == EnrollmentStatus.WITHDRAWN


@pytest.mark.parametrize(("zone", "day"), [(None, 21), ("Pacific/Kiritimati", 22)], ids=["UTC", "a zone of its own"])
def test_a_quiz_is_due_on_the_day_of_the_time_zone_on_which_it_closes(zone, day):
    source = FORMAT.open(SAMPLE, ReadOptions(time_zone=zone))
    assert next(record.due_on for record in list(source.records()) if isinstance(record, QuizRecord)) == dt.date(2026, 9, day)
    assert ("due on a day of UTC" in " ".join(source.notes)) == (zone is None)


def test_answers_to_questions_that_are_not_in_the_backup_are_counted(backup):
    source, records = read(backup(QUIZ, ("<questionid>105", "<questionid>999")))
    (ada,) = (each for each in attempts(records) if each.person.source_id == "ada")
    assert [each["question"] for each in ada.answers] == ["1", "2", "3", "5", "6", "7"]
    assert "answers to questions that are not in the backup, which are not imported: 1." in " ".join(source.notes)


def test_each_grade_item_of_an_activity_is_a_quiz_of_its_own_and_outcomes_are_none(backup):
    items = graded(31, "Peers (assessment)", 1, 15) + graded(30, "Peers (submission)", 0, 60) + graded(32, "Argues", 1000, 2)
    source, records = read(backup("activities/assign_8/grades.xml", ("</grade_items>", f"{items}</grade_items>")))
    of_workshop = {record.key: record.title for record in records if isinstance(record, QuizRecord) and "workshop" in record.key}
    assert of_workshop == {"workshop:6:1": "Workshop: Peers (assessment)", "workshop:6": "Workshop: Peers (submission)"}
    scores = [(record.quiz, record.score) for record in records if isinstance(record, AttemptRecord) and record.quiz in of_workshop]
    assert scores == [("workshop:6:1", 15), ("workshop:6", 60)]
    assert "outcomes, which say how far goals were reached, and which are not imported: 1." in " ".join(source.notes)


def test_an_order_or_a_choice_that_is_no_number_gives_no_option(backup):
    digits = "9" * 5000
    _, records = read(backup(QUIZ, ("5,3,4", f"{digits},x,³"), ("<name>sub0</name><value>2", f"<name>sub0</name><value>{digits}")))
    (ada,) = (each for each in attempts(records) if each.person.source_id == "ada")
    assert (ada.answers[0]["response"], ada.answers[4]["response"]) == ("none", {"A": "1"})


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("users.xml", "ada@example.org", "ada"),
        (QUIZ, "<sumgrades>5.50000", "<sumgrades>many"),
        (QUIZ, "<userid>11", "<userid>99"),
        ("activities/assign_8/grades.xml", "<finalgrade>4.00000", "<finalgrade>many"),
    ],
)
def test_what_is_refused_counts_as_read(backup, file, old, new):
    before = {part.name: part.rows_in for part in read(SAMPLE)[0].parts}
    source, _ = read(backup(file, (old, new)))
    (part,) = (each for each in source.parts if each.name == file)
    assert part.rejections
    assert part.rows_in == before[file]


@pytest.mark.parametrize(
    ("file", "old", "new", "sentence"),
    [
        ("moodle_backup.xml", "<type>course</type>", "<type>activity</type>", "is a backup of an activity, not of a course"),
        ("moodle_backup.xml", "<name>anonymize</name><value>0", "<name>anonymize</name><value>1", "Make the backup without “Anonymize"),
        ("moodle_backup.xml", "<original_course_id>4", "<original_course_id>four", "'?four'? is not a whole number"),
        ("moodle_backup.xml", "<moodle_release>4.5.6", "<moodle_release>3.11.4", "is of Moodle 3.11.4, whose backups keep questions in"),
        ("questions.xml", "<defaultmark>1.0000000", "<defaultmark>one", "is damaged: defaultmark 'one' is not a number"),
        (QUIZ, "<quiz id", "<quiz", "not well-formed|has no quiz"),
        (QUIZ, "<activity id", "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><activity id", "document type or entities"),
    ],
)
def test_what_is_wrong_with_a_backup_is_one_sentence(backup, file, old, new, sentence):
    with pytest.raises(ImportFileError, match=sentence):
        read(backup(file, (old, new)))


def test_markup_and_scripts_are_texts_without_markup(backup):
    attack = "&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;Which?"
    _, records = read(backup("questions.xml", ("Which are laws?", attack)))
    (quiz,) = (record for record in records if isinstance(record, QuizRecord) and record.key == "quiz:3")
    assert quiz.questions[1]["prompt"] == "[picture]Which?"


@pytest.mark.parametrize(
    ("limit", "sentence"),
    [
        ("MOST_PEOPLE", "has more than 2 students and teachers, which is the most that is read"),
        ("MOST_QUESTIONS", "has more than 2 questions and options"),
        ("LONGEST_QUESTIONS", "of text in those of its quizzes, which is the most that is read"),
    ],
)
def test_what_is_kept_while_the_attempts_are_read_is_limited(monkeypatch, limit, sentence):
    monkeypatch.setattr(f"lmskit.importers.moodle.backup.source.{limit}", 2)
    with pytest.raises(ImportFileError, match=sentence):
        read(SAMPLE)
