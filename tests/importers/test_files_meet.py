"""Bank, grades, responses and gradebook of one quiz give one quiz, in whatever order they come."""

from dataclasses import replace

import pytest
from sqlalchemy import select, text

from lmskit.errors import QuestionBankUsedError
from lmskit.importers.formats import ReadOptions
from lmskit.importers.registry import detected
from lmskit.models import BankQuestion, Quiz, User
from lmskit.queries.question_bank import bank_question_rows, question_bank_rows
from lmskit.queries.quiz import quiz_content
from lmskit.services.file_import import ImportOptions, import_path
from lmskit.services.question_bank import forget_bank
from lmskit.services.question_joining import join_questions
from lmskit.vocabulary import QuestionType
from tests import factories
from tests.importers.every_order import FILES, EveryOrder, mastery, stored

TITLE = "Quiz 1: Basics (week 1)"
PERSON = "Last name,First name,Email address,Status,Started,Completed,Duration"
TIMES = "Finished,7 September 2026  9:0{n} AM,7 September 2026  10:0{n} AM,1 hour"
# Scores on the scale of the quiz, which doubles the points of the bank: 2, 1 and 3.
STUDENTS = {
    "Ada": ("Merge sort", "False", "b -> 2; a -> 1", (4, 2, 6)),
    "Bo": ("Heap sort", "True", "a -> 1; b -> 3", (0, 0, 3)),
    "Cy": ("Quick sort, as usual", "False", "-", (0, 2, 0)),
}
BANK = """<?xml version="1.0" encoding="UTF-8"?>
<quiz>
<question type="matching"><name><text>Numbers</text></name><questiontext format="html"><text>Match.</text></questiontext>
<defaultgrade>3</defaultgrade>
<subquestion><text>a</text><answer><text>1</text></answer></subquestion><subquestion><text>b</text><answer><text>2</text></answer></subquestion>
<subquestion><text></text><answer><text>3</text></answer></subquestion></question>
<question type="truefalse"><name><text>Not in the quiz</text></name>
<questiontext format="html"><text>Trees are graphs.</text></questiontext>
<defaultgrade>1</defaultgrade><answer fraction="100"><text>true</text></answer><answer fraction="0"><text>false</text></answer></question>
<question type="truefalse"><name><text>Linear</text></name>
<questiontext format="html"><text>Linear search needs a sorted list.</text></questiontext>
<defaultgrade>1</defaultgrade><answer fraction="0"><text>true</text></answer><answer fraction="100"><text>false</text></answer></question>
<question type="multichoice"><name><text>Sorting</text></name>
<questiontext format="html"><text><![CDATA[<p>Which sort is <b>stable</b>?</p>]]></text>
</questiontext><defaultgrade>2</defaultgrade><single>true</single>
<answer fraction="100" format="html"><text>Merge sort</text></answer><answer fraction="0" format="html"><text>Heap sort</text></answer>
<answer fraction="0" format="html"><text>Quick sort, as usual</text></answer></question>
</quiz>
"""
OPTIONS = ("Merge sort", "Heap sort", "Quick sort, as usual")


@pytest.fixture
def files(tmp_path):
    """The four files of a quiz of 12 points, of which the bank has 6."""
    people = [(name, f"{name.lower()}@example.org", TIMES.format(n=n), *rest) for n, (name, rest) in enumerate(STUDENTS.items())]
    grades = [f"{PERSON},Grade/12.00,Q. 1 /4.00,Q. 2 /2.00,Q. 3 /6.00"]
    responses = [f"{PERSON},Grade/12.00,{','.join(f'Question {n},Response {n},Right answer {n}' for n in (1, 2, 3))}"]
    gradebook = [f'First name,Last name,Email address,"Quiz: {TITLE} (Real)","Quiz: {TITLE} (Percentage)",Last downloaded from this course']
    for n, (name, email, times, first, second, third, scores) in enumerate(people):
        total = sum(scores)
        shuffled = "; ".join(OPTIONS[n:] + OPTIONS[:n])
        grades.append(f"Fam,{name},{email},{times},{total:.2f},{','.join(f'{score:.2f}' for score in scores)}")
        cells = [f"Which sort is STABLE? : {shuffled}", first, "Merge sort", "Linear search needs a sorted list.", second, "False"]
        cells += ["Match. {b; a} -> {3; 1; 2}", third, "b -> 2; a -> 1" if n else "a -> 1; b -> 2"]
        quoted = ",".join(f'"{cell}"' for cell in cells)
        responses.append(f"Fam,{name},{email},{times},{total:.2f},{quoted}")
        gradebook.append(f'{name},Fam,{email},{total:.2f},"{total / 12 * 100:.2f} %",1791795600')
    written = {"bank": tmp_path / "questions.xml"} | {name: tmp_path / f"{name}.csv" for name in FILES[1:]}
    for name, content in {"bank": BANK, "grades": grades, "responses": responses, "gradebook": gradebook}.items():
        written[name].write_text(content if isinstance(content, str) else "\n".join(content) + "\n", encoding="utf-8")
    return written


@pytest.fixture
def taken(session, files):
    """Import some of the files in an order into a new course, and return it."""

    def take(order, title=TITLE):
        course = factories.course(session, weeks=1)
        for name in STUDENTS:
            factories.enrollment(session, course, person_of(session, name))
        for name in order:
            reading = ReadOptions() if name == "gradebook" else ReadOptions(title=title)
            report = import_path(session, files[name], detected(files[name]), ImportOptions(course=course.code, week=1, reading=reading))
            assert report.rejections == (), (order, name)
        return course

    return take


def person_of(session, name):
    address = f"{name.lower()}@example.org"
    found = session.execute(text("SELECT id FROM users WHERE email = :address"), {"address": address}).scalar()
    return session.get_one(User, found) if found else factories.student(session, email=address, family_name="Fam", given_name=name)


def the_quiz(session, course):
    return session.scalars(select(Quiz).where(Quiz.course_id == course.id)).one()


def answers_of(session, course, name):
    found = session.execute(
        text(
            "SELECT a.answers FROM quiz_attempts AS a JOIN users AS u ON u.id = a.student_id"
            " WHERE a.course_id = :course AND u.given_name = :name"
        ),
        {"course": course.id, "name": name},
    ).scalar_one()
    return {answer["question"]: (answer["response"], answer["score"]) for answer in found}


def test_the_questions_of_a_report_get_the_types_options_and_keys_of_the_bank(session, taken):
    course = taken(["grades", "responses", "bank"])
    quiz = the_quiz(session, course)
    content = quiz_content(session, quiz.id)
    assert float(quiz.max_score) == 12
    assert [(each.id, each.type, each.prompt, each.points) for each in content.questions] == [
        ("1", QuestionType.CHOICE, "Which sort is stable?", 4),
        ("2", QuestionType.TRUE_FALSE, "Linear search needs a sorted list.", 2),
        ("3", QuestionType.MATCH, "Match.", 6),
    ]
    assert {name: entry.answer for name, entry in content.answer_key.items()} == {"1": "A", "2": False, "3": {"A": "1", "B": "2"}}
    assert answers_of(session, course, "Ada") == {"1": ("A", 4), "2": (False, 2), "3": ({"A": "1", "B": "2"}, 6)}
    assert answers_of(session, course, "Cy") == {"1": ("C", 0), "2": (False, 2), "3": (None, 0)}
    assert len(session.scalars(select(BankQuestion.number).where(BankQuestion.course_id == course.id)).all()) == 4


@pytest.mark.parametrize(
    "order", [("bank", "gradebook", "responses", "grades"), ("gradebook", "bank", "grades", "responses")], ids="-".join
)
def test_another_order_gives_the_same_quiz(session, taken, order):
    usual, other = taken(FILES), taken(order)
    assert stored(session, usual) == stored(session, other)
    assert mastery(session, usual) == mastery(session, other) != []


@pytest.mark.long
def test_all_orders_give_the_same_quiz(session, taken, files):
    def take(course, name):
        reading = ReadOptions() if name == "gradebook" else ReadOptions(title=TITLE)
        report = import_path(session, files[name], detected(files[name]), ImportOptions(course=course.code, week=1, reading=reading))
        assert report.rejections == (), name

    orders = EveryOrder(session, taken([]), take)
    orders.go()
    assert orders.differ == []
    assert len(orders.found) == 15


def test_files_that_come_again_are_unchanged(session, taken, files):
    course = taken(FILES)
    for name in FILES:
        reading = ReadOptions() if name == "gradebook" else ReadOptions(title=TITLE)
        report = import_path(session, files[name], detected(files[name]), ImportOptions(course=course.code, reading=reading))
        assert (report.total.added, report.total.changed) == (0, 0), name
        assert report.touched == (), name


def test_a_bank_without_a_title_waits_for_the_report(session, taken, files):
    course = factories.course(session, weeks=1)
    report = import_path(session, files["bank"], detected(files["bank"]), ImportOptions(course=course.code))
    assert {outcome.reason for outcome in report.outcomes} == {"waits for a report on a quiz that has it"}
    assert "The questions belong to no quiz yet" in report.notes[-1]
    assert session.scalars(select(Quiz).where(Quiz.course_id == course.id)).all() == []
    for name in STUDENTS:
        factories.enrollment(session, course, person_of(session, name))
    for name in ("responses", "grades"):
        import_path(
            session, files[name], detected(files[name]), ImportOptions(course=course.code, week=1, reading=ReadOptions(title=TITLE))
        )
    assert stored(session, course)[0] == stored(session, taken(("grades", "responses", "bank")))[0]
    again = import_path(session, files["bank"], detected(files["bank"]), ImportOptions(course=course.code))
    assert [outcome.reason for outcome in again.outcomes] == [
        f"is question 3 of {TITLE!r}",
        "waits for a report on a quiz that has it",
        f"is question 2 of {TITLE!r}",
        f"is question 1 of {TITLE!r}",
    ]


def test_a_question_that_could_be_two_is_named_with_both_and_stays_as_it_was(session, taken, files, tmp_path):
    course = taken(["grades", "responses"])
    twin = tmp_path / "twins.xml"
    twin.write_text(
        BANK.replace("<text>Not in the quiz</text>", "<text>Linear (old)</text>").replace(
            "Trees are graphs.", "Linear search needs a sorted list."
        )
    )
    without_right = files["responses"].read_text(encoding="utf-8").replace("Right answer", "Hint")
    plain = tmp_path / "plain.csv"
    plain.write_text(without_right, encoding="utf-8")
    other = factories.course(session, weeks=1)
    for name in STUDENTS:
        factories.enrollment(session, other, person_of(session, name))
    import_path(session, plain, detected(plain), ImportOptions(course=other.code, week=1, reading=ReadOptions(title=TITLE)))
    report = import_path(session, twin, detected(twin), ImportOptions(course=other.code))
    assert ["'Linear (old)' of twins.xml, 'Linear' of twins.xml" in str(warning) for warning in report.warnings] == [True]
    assert quiz_content(session, the_quiz(session, other).id).questions[1].type is QuestionType.SHORT_TEXT
    # With the right answers it is decided.
    import_path(session, twin, detected(twin), ImportOptions(course=course.code))
    assert quiz_content(session, the_quiz(session, course).id).answer_key["2"].answer is False


def test_the_right_answers_of_a_report_are_the_key_without_a_bank(session, taken):
    content = quiz_content(session, the_quiz(session, taken(["responses", "grades"])).id)
    assert {name: entry.answer for name, entry in content.answer_key.items()} == {"1": ["Merge sort"], "2": False, "3": ["a -> 1; b -> 2"]}


def test_a_report_finds_the_quiz_by_the_name_of_its_file(session, taken, files, tmp_path):
    course = taken(["gradebook"])
    downloaded = tmp_path / "OTHER-Quiz 1 Basics (week 1)-grades.csv"
    downloaded.write_bytes(files["grades"].read_bytes())
    report = import_path(session, downloaded, detected(downloaded), ImportOptions(course=course.code))
    assert report.rejections == ()
    assert the_quiz(session, course).title == TITLE
    # In the other order the title as it was typed replaces that of the file.
    other = factories.course(session, weeks=1)
    for name in STUDENTS:
        factories.enrollment(session, other, person_of(session, name))
    import_path(session, downloaded, detected(downloaded), ImportOptions(course=other.code))
    import_path(session, files["gradebook"], detected(files["gradebook"]), ImportOptions(course=other.code))
    assert the_quiz(session, other).title == TITLE


def test_nearly_the_same_title_is_asked_about(session, taken, files):
    course = taken(["gradebook"])
    asked = ImportOptions(course=course.code, reading=ReadOptions(title="Quiz 1: Basic (week 1)"))
    report = import_path(session, files["grades"], detected(files["grades"]), asked)
    [reason] = {rejection.reason for rejection in report.rejections}
    assert reason == (
        f"is nearly the title of a quiz in lmskit, {TITLE!r}: if it is that quiz, --same-quiz 'Quiz 1: Basic (week 1)={TITLE}', "
        "if it is another, --new-quizzes"
    )
    same = replace(asked, same_quizzes={"Quiz 1: Basic (week 1)": TITLE})
    report = import_path(session, files["grades"], detected(files["grades"]), same)
    assert report.rejections == ()
    assert report.quizzes[0].candidates == (TITLE,)
    assert the_quiz(session, course).title == TITLE


def test_a_quiz_is_not_made_the_same_as_one_that_the_course_does_not_have(session, taken, files):
    course = taken(["gradebook"])
    asked = ImportOptions(
        course=course.code,
        reading=ReadOptions(title="Warming up, week 1"),
        same_quizzes={"Warming up, week 1": "None such", "Midterm": TITLE},
    )
    report = import_path(session, files["grades"], detected(files["grades"]), asked)
    assert {rejection.reason for rejection in report.rejections} == {
        "is to be the quiz 'None such', and the course has no such quiz in lmskit that no other quiz of the file is"
    }
    assert "The file has no quiz 'Midterm', so what was chosen for it changes nothing." in report.notes


def test_a_student_analysis_of_canvas_has_options_and_gets_its_key_from_a_bank(session, tmp_path):
    course = factories.course(session, weeks=1)
    report, questions = tmp_path / "Sorting Quiz Student Analysis Report.csv", tmp_path / "Sorting.gift"
    rows = [("A B", 7, "Merge sort", 1.0), ("C D", 8, "Heap sort", 0.0), ("E F", 9, "Merge sort", 1.0)]
    report.write_text(
        "name,id,section,section_id,submitted,101: Which sort is stable?,1.0,n correct,n incorrect,score\n"
        + "".join(f"{name},{number},S,1,2026-09-25 20:00:00 UTC,{answer},{score},1,0,{score}\n" for name, number, answer, score in rows),
        encoding="utf-8",
    )
    questions.write_text("::Stable::Which sort is stable?{=Merge sort ~Heap sort ~Quick sort}\n", encoding="utf-8")
    import_path(session, report, detected(report), ImportOptions(course=course.code, week=1))
    (asked,) = quiz_content(session, the_quiz(session, course).id).questions
    assert (asked.type, [option.text for option in asked.options]) == (QuestionType.CHOICE, ["Heap sort", "Merge sort"])
    import_path(session, questions, detected(questions), ImportOptions(course=course.code))
    content = quiz_content(session, the_quiz(session, course).id)
    assert [option.text for option in content.questions[0].options] == ["Merge sort", "Heap sort", "Quick sort"]
    assert content.answer_key["101"].answer == "A"
    answers = session.execute(
        text("SELECT answers FROM quiz_attempts WHERE course_id = :course ORDER BY id"), {"course": course.id}
    ).scalars()
    assert [found[0]["response"] for found in answers] == ["A", "B", "A"]


def test_a_bank_that_a_report_has_is_not_forgotten_and_what_waits_of_it_is_listed(session, taken):
    course = taken(FILES)
    (bank,) = question_bank_rows(session, course.code)
    assert (bank["n_questions"], bank["n_in_quizzes"], bank["n_waiting"]) == (4, 3, 1)
    waiting = [question["prompt"] for question in bank_question_rows(session, course.code, bank["bank"]) if question["quiz"] is None]
    assert waiting == ["Trees are graphs."]
    with pytest.raises(QuestionBankUsedError, match="these quizzes have their options and keys from it: 'Quiz 1: Basics"):
        forget_bank(session, course.code, bank["bank"])


def test_a_question_that_cannot_be_read_stays_in_the_quiz_if_it_has_answers(session, taken):
    course = taken(("grades",))
    (quiz,) = session.scalars(select(Quiz).where(Quiz.course_id == course.id))
    quiz.questions = [*quiz.questions, {"id": "answered"}, {"id": "not answered"}]
    session.flush()
    factories.attempt(session, quiz, factories.enrollment(session, course).student_id, answers=[{"question": "answered"}])
    join_questions(session, course.id)
    assert [question["id"] for question in quiz.questions] == ["1", "2", "3", "answered"]


def test_a_file_that_names_another_course_is_a_warning(session, files):
    own, other = factories.course(session, weeks=1), factories.course(session, weeks=1)
    for course, expected in (
        (own, []),
        (other, [f"name begins with {own.code}, another course in lmskit: it is imported into {other.code}"]),
    ):
        path = files["grades"].rename(files["grades"].with_name(f"{own.code.lower()}-Quiz 1-grades.csv"))
        report = import_path(session, path, detected(path), ImportOptions(course=course.code, week=1, dry_run=True))
        files["grades"] = path
        assert [warning.reason.removeprefix("is in a file whose ") for warning in report.warnings] == expected
