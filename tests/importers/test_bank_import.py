"""A question bank becomes a quiz: every question has a result, and a second import changes nothing."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lmskit.errors import CourseNotFoundError, InputError, NotPermittedError, QuizAmbiguousError, WeekNeededError
from lmskit.importers.formats import ReadOptions
from lmskit.importers.registry import detected
from lmskit.models import Course, ImportRun, Quiz, Syllabus
from lmskit.queries.quiz import quiz_content
from lmskit.services.importing import ImportOptions
from lmskit.services.question_bank import FROZEN_CHANGED, FROZEN_NEW, import_bank
from tests import factories
from tests.examples import share
from tests.importers.bank_sample import BANKS, read, read_text
from tests.real_data import REAL_DATA

REAL = {
    "moodle/question_banks/gift_examples.txt": ("gift", 43, 0),
    "moodle/question_banks/questions.gift.txt": ("gift", 9, 0),
    "moodle/question_banks/questions.aiken.txt": ("aiken", 2, 0),
    "moodle/question_banks/multichoice.xml": ("moodle-xml", 1, 0),
    "moodle/question_banks/truefalse.xml": ("moodle-xml", 2, 0),
    "moodle/question_banks/multianswer.xml": ("moodle-xml", 5, 0),
    "moodle/exports_4_5/bank/week_2_basics_aiken.txt": ("aiken", 1, 0),
    "moodle/exports_4_5/bank/week_2_basics_gift.txt": ("gift", 6, 0),
    "moodle/exports_4_5/bank/week_2_basics_xml.xml": ("moodle-xml", 6, 0),
    "moodle/exports_4_5/bank/week_5_mixed_gift.txt": ("gift", 1, 0),
    "moodle/exports_4_5/bank/week_5_mixed_xml.xml": ("moodle-xml", 4, 2),
    "moodle/exports_4_5/small_inputs/essay_gift.txt": ("gift", 1, 0),
    "moodle/exports_4_5/small_inputs/essay2_gift.txt": ("gift", 2, 0),
    "qti/2_1": ("qti", 7, 3),
}
FIRST = "::a::Is it?{T}\n\n::b::What?{=x ~y}\n\n"


@pytest.fixture
def course(session):
    return factories.course(session, weeks=2)


@pytest.fixture
def imported(session, course, tmp_path):
    """Import a GIFT text into the course, as the quiz "Arrays" of week 2 unless another is given."""

    def run(text, title=None, **options):
        bank = read_text("gift", tmp_path / "Arrays.gift", text)
        return import_bank(
            session, bank, ImportOptions(**({"course": course.code, "week": 2, "reading": ReadOptions(title=title)} | options))
        )

    return run


def counts(report):
    total = report.total
    return total.added, total.changed, total.unchanged, total.rejected


def the_quiz(session, course):
    return session.scalars(select(Quiz).where(Quiz.course_id == course.id)).one()


def answered(session, quiz, **attempt):
    student = factories.enrollment(session, session.get_one(Course, quiz.course_id)).student_id
    return factories.attempt(session, quiz, student, **attempt)


@pytest.mark.parametrize("form", BANKS)
def test_every_question_of_a_bank_has_a_result_and_a_second_import_changes_nothing(session, course, form):
    bank = read(form, BANKS[form])
    n_questions, n_rejections = len(bank.questions), len(bank.rejections)
    rehearsed = import_bank(session, bank, ImportOptions(course=course.code, week=2, dry_run=True))
    assert session.scalar(select(func.count()).select_from(Quiz).where(Quiz.course_id == course.id)) == 0
    first = import_bank(session, bank, ImportOptions(course=course.code, week=2))
    second = import_bank(session, bank, ImportOptions(course=course.code))
    assert counts(first) == counts(rehearsed) == (n_questions, 0, 0, n_rejections)
    assert counts(second) == (0, 0, n_questions, n_rejections)
    assert (first.entity("quizzes").added, second.entity("quizzes").unchanged) == (1, 1)
    assert len(first.outcomes) == bank.rows_in == first.total.rows_in
    assert first.warnings == bank.warnings
    quiz = the_quiz(session, course)
    assert quiz_content(session, quiz.id) == bank.content()
    assert (quiz.title, quiz.week_number, float(quiz.max_score)) == (bank.title, 2, bank.content().max_score)
    runs = session.scalars(select(ImportRun).where(ImportRun.sha256 == bank.sha256).order_by(ImportRun.id)).all()
    assert [(run.format, run.added, run.unchanged, run.rejected) for run in runs] == [
        (form, n_questions, 0, n_rejections),
        (form, 0, n_questions, n_rejections),
    ]


@pytest.mark.parametrize("path", REAL)
def test_real_banks_are_imported(session, course, path):
    if not (REAL_DATA / path).exists():
        pytest.skip(f"the data set is not there: {REAL_DATA / path}")
    form, n_questions, n_rejections = REAL[path]
    assert detected(REAL_DATA / path).name == form
    bank = read(form, REAL_DATA / path)
    assert counts(import_bank(session, bank, ImportOptions(course=course.code, week=1))) == (n_questions, 0, 0, n_rejections)
    assert counts(import_bank(session, bank, ImportOptions(course=course.code))) == (0, 0, n_questions, n_rejections)


def test_the_interactions_of_rejected_real_items_are_named():
    if not (REAL_DATA / "qti").exists():
        pytest.skip(f"the data set is not there: {REAL_DATA / 'qti'}")
    reasons = {rejection.file: rejection.reason.split()[1].rstrip(",") for rejection in read("qti", REAL_DATA / "qti" / "2_1").rejections}
    assert reasons == {
        "gap_match.xml": "gapMatchInteraction",
        "hottext.xml": "hottextInteraction",
        "inline_choice.xml": "inlineChoiceInteraction",
    }


def test_questions_that_a_bank_does_not_name_stay(session, course, imported):
    imported(FIRST)
    report = imported("::c::Why?{}\n\n::b::What now?{=x ~y}")
    assert counts(report) == (1, 1, 0, 0)
    assert [(question["id"], question["prompt"]) for question in the_quiz(session, course).questions] == [
        ("a", "Is it?"),
        ("b", "What now?"),
        ("c", "Why?"),
    ]
    assert report.entity("quizzes").changed == 1


def test_a_key_alone_may_change(session, course, imported):
    imported(FIRST)
    answered(session, the_quiz(session, course), answers=[{"question": "a", "response": True, "score": 1}])
    report = imported("::a::Is it?{F#Look again.}\n\n")
    assert [(outcome.what, outcome.state, outcome.reason) for outcome in report.outcomes] == [
        ("a", "changed", "its key or feedback has changed")
    ]
    assert the_quiz(session, course).answer_key["a"] == {"answer": False, "feedback": "wrong: Look again."}


def test_questions_with_attempts_are_not_changed(session, course, imported):
    imported(FIRST)
    quiz = the_quiz(session, course)
    before = list(quiz.questions)
    answered(session, quiz, answers=[{"question": "a", "response": True, "score": 1}])
    report = imported("::a::Was it?{T}\n\n::b::What?{=x ~y}\n\n::c::Why?{}\n\nText")
    assert [(outcome.what, outcome.state) for outcome in report.outcomes] == [
        ("a", "rejected"),
        ("b", "unchanged"),
        ("c", "rejected"),
        ("Text", "rejected"),
    ]
    assert [rejection.reason for rejection in report.rejections[:2]] == [FROZEN_CHANGED, FROZEN_NEW]
    assert the_quiz(session, course).questions == before


def test_a_quiz_with_totals_only_gets_its_questions(session, course, imported):
    quiz = factories.quiz(session, course, title="Arrays", max_score=10)
    answered(session, quiz, score=7)
    report = imported(FIRST)
    assert counts(report) == (2, 0, 0, 0)
    assert (quiz.week_number, float(quiz.max_score)) == (1, 10)  # the scale of its results
    assert "The quiz stays in its week; week 2 was asked for" in report.notes[-1]


def test_a_quiz_without_a_week_stays_without_one_and_the_note_says_how_to_give_it_one(session, course, imported):
    imported(FIRST, week=None, without_week=True)
    note = imported(FIRST, week=2).notes[-1]
    assert the_quiz(session, course).week_number is None
    assert note.endswith("The quiz stays without a week; week 2 was asked for. To change its week: the notebook admin/quiz_setup")


def test_a_week_and_no_week_are_refused_together(imported):
    with pytest.raises(InputError, match="--week 2 and --without-week say different weeks of the same quizzes"):
        imported(FIRST, without_week=True)


def test_a_quiz_is_found_again_under_its_new_name(session, course, imported):
    imported(FIRST)
    the_quiz(session, course).title = "Quiz 2"
    session.flush()
    assert counts(imported(FIRST, week=None)) == (0, 0, 2, 0)
    assert counts(imported(FIRST, title="Quiz 2", week=None)) == (0, 0, 2, 0)
    assert the_quiz(session, course).title == "Quiz 2"


def test_a_new_quiz_needs_a_week(imported):
    with pytest.raises(WeekNeededError, match="name its week"):
        imported(FIRST, title="Arrays", week=None)


@pytest.mark.parametrize(("week", "expected"), [(None, 4), (2, 2)])
def test_a_new_quiz_belongs_to_the_week_that_its_given_title_names_unless_another_is_asked_for(session, course, imported, week, expected):
    imported(FIRST, title="Quiz 3 (week 4)", week=week)
    (quiz,) = session.scalars(select(Quiz).where(Quiz.course_id == course.id))
    assert (quiz.title, quiz.week_number) == ("Quiz 3 (week 4)", expected)


def test_a_week_that_the_syllabus_lacks_is_added(session, course, imported):
    report = imported(FIRST, week=5)
    assert report.entity("weeks").added == 1
    assert session.get_one(Syllabus, (course.id, 5)).topic == "Week 5"
    with pytest.raises(ValidationError):
        imported(FIRST, week=61)


def test_a_bank_without_readable_questions_creates_no_quiz(session, course, imported):
    report = imported("Only a text.")
    assert (counts(report), report.entity("quizzes").total) == ((0, 0, 0, 1), 0)
    assert session.scalar(select(func.count()).select_from(Quiz).where(Quiz.course_id == course.id)) == 0


def test_a_title_that_two_quizzes_have_is_refused(session, course, imported):
    for _ in range(2):
        factories.quiz(session, course, title="Arrays")
    with pytest.raises(QuizAmbiguousError):
        imported(FIRST)


def test_an_unknown_course_is_refused(imported):
    with pytest.raises(CourseNotFoundError):
        imported(FIRST, course="NO-SUCH")


def test_only_administrators_import(lecturer_engine, tmp_path):
    bank = read_text("gift", tmp_path / "a.gift", FIRST)
    with Session(lecturer_engine) as session, pytest.raises(NotPermittedError):
        import_bank(session, bank, ImportOptions(course="C", week=1))


BLOCKS = [
    "{name}Is it {text}?{{T}}",
    "{name}What is {text}?{{=a ~b ~%50%c}}",
    "{name}Which {text}?{{~%50%a ~%50%b ~c}}",
    "{name}How many {text}?{{#3:1}}",
    "{name}Who is {text}?{{=a =b #well}}",
    "{name}Match {text}.{{=a -> b =c -> d}}",
    "{name}Describe {text}.{{}}",
    "{name}Only {text}.",
    "{name}Broken {text} {{",
]
QUESTION = st.builds(
    lambda block, name, text: block.format(name=f"::{name}::" if name else "", text=text),
    st.sampled_from(BLOCKS),
    st.sampled_from(["", "", "a", "b", "c"]),
    st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=5),
)


@settings(max_examples=share(25), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=st.lists(QUESTION, min_size=1, max_size=6), second=st.lists(QUESTION, min_size=1, max_size=6), attempted=st.booleans())
def test_a_second_import_of_any_bank_changes_nothing(session, tmp_path, first, second, attempted):
    course = factories.course(session, weeks=1)
    for questions in (first, second):
        bank = read_text("gift", tmp_path / "Arrays.gift", "\n\n".join(questions))
        once = import_bank(session, bank, ImportOptions(course=course.code, week=1))
        again = import_bank(session, bank, ImportOptions(course=course.code, week=1))
        assert once.total.rows_in == again.total.rows_in == len(questions)
        assert (again.total.added, again.total.changed, again.total.rejected) == (0, 0, once.total.rejected)
        assert again.rejections == once.rejections
        if attempted and once.entity("quizzes").added:
            quiz = the_quiz(session, course)
            answered(session, quiz, answers=[{"question": quiz.questions[0]["id"], "response": True, "score": 1}])
