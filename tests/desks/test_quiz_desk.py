import datetime as dt

import pytest

from lmskit.desks import quiz_desk
from lmskit.forms.quiz import NEW, NO_WEEK
from lmskit.models import Quiz, TopicPerformance
from lmskit.queries.evidence import course_evidence
from lmskit.queries.quiz import content_of, quiz_by_id, quizzes
from lmskit.services.mastery import refresh
from lmskit.vocabulary import QuestionType
from tests import factories

GIFT = """
::easy:: What is 2 + 2? { =4 ~3 ~5 }

::broken:: What is this? { =4 =

::true:: The sky is blue. {T}
"""


@pytest.fixture
def course(session):
    return factories.course(session, weeks=2)


@pytest.fixture
def form(course, in_session):
    return quiz_desk(course.code, begin=in_session, read=in_session)


def fill_in(form, prompt="What is 2 + 2?", right="4", wrong="5"):
    form.questions.add.click()
    editor = form.questions.editor
    editor.prompt.value = prompt
    editor.options.grid.rows = [{"text": right, "right": True}, {"text": wrong}]


def stored(session, course):
    table = quizzes(session, course.code)
    return [quiz_by_id(session, int(number)) for number in table["quiz_id"]]


def save(form):
    form.submission._ended = float("-inf")  # later than a double click
    form.save.click()


def test_a_quiz_is_stored_with_its_questions_and_their_key(session, course, form):
    form.title.value, form.week.value, form.due_on.value = "Quiz 1", 2, dt.date(2026, 10, 1)
    fill_in(form)
    save(form)
    assert form.message.value == "Quiz 1 was saved in week 2: 1 question, 1 point."
    [quiz] = stored(session, course)
    assert (quiz.title, quiz.week_number, quiz.due_on, float(quiz.max_score)) == ("Quiz 1", 2, dt.date(2026, 10, 1), 1)
    content = content_of(quiz)
    assert [option.text for option in content.questions[0].options] == ["4", "5"]
    assert content.answer_key["Q1"].answer == "A"
    assert (form.title.value, form.questions.drafts, form.quiz.value) == ("", [], NEW), "the form is empty for the next quiz"


def test_a_quiz_is_opened_changed_and_saved(session, course, form):
    form.title.value = "Quiz 1"
    fill_in(form)
    save(form)
    form.quiz.value = form.quiz.options[1][1]
    assert form.title.value == "Quiz 1"
    form.questions.editor.prompt.value = "What is two and two?"
    form.title.value = "Quiz one"
    save(form)
    [quiz] = stored(session, course)
    assert (quiz.title, quiz.questions[0]["prompt"]) == ("Quiz one", "What is two and two?")
    assert form.quiz.options[1][0].startswith("Week 1: Quiz one")


def test_moving_a_quiz_to_another_week_refreshes_mastery(session, course, form):
    quiz = factories.quiz(session, course, week_number=1, title="Quiz 1")
    factories.attempt(session, quiz, factories.enrollment(session, course).student_id)
    refresh(session, courses=[course.code])
    form.course.notify_change({"name": "value", "type": "change", "old": None, "new": course.code, "owner": form.course})
    form.quiz.value = quiz.id
    form.week.value = 2
    save(form)
    weeks = session.query(TopicPerformance.week_number).filter_by(course_id=course.id).all()
    assert weeks == [(2,)]
    assert "left as it is" not in form.message.value
    course.mastery_rule = "palm reading"
    form.quiz.value, form.week.value = quiz.id, 1
    save(form)
    assert f"Mastery of {course.code} was left as it is: " in form.message.value


def test_a_quiz_without_a_week_is_no_evidence_until_the_form_gives_it_one(session, course, in_session):
    quiz = factories.quiz(session, course, week_number=None, title="Final")
    student = factories.student(session)
    factories.enrollment(session, course, student)
    factories.attempt(session, quiz, student, score=9)
    assert refresh(session, courses=[course.code]).added == 0
    assert course_evidence(session, [course.id], most=True).empty
    form = quiz_desk(course.code, begin=in_session, read=in_session)
    assert [label for label, _ in form.quiz.options] == ["A new quiz", "No week: Final · 1 attempt"]
    assert form.week.value == 1, "a new quiz is in a week unless another is chosen"
    form.quiz.value = quiz.id
    assert form.week.value == NO_WEEK
    save(form)
    assert form.message.value.startswith("Final was saved without a week: ")
    assert form.message.value.endswith("Its attempts are not evidence of mastery until it has a week.")
    form.quiz.value = NEW
    assert form.week.value == 1
    form.quiz.value, form.week.value = quiz.id, 2
    save(form)
    assert [(row.week_number, row.value) for row in session.query(TopicPerformance).filter_by(course_id=course.id)] == [(2, 0.9)]


def test_questions_that_attempts_refer_to_cannot_be_changed(session, course, in_session):
    question = {"id": "Q1", "type": "numeric", "prompt": "How much?", "points": 1}
    quiz = factories.quiz(session, course, questions=[question], answer_key={"Q1": {"answer": 4}}, max_score=1)
    factories.attempt(
        session, quiz, factories.enrollment(session, course).student_id, answers=[{"question": "Q1", "response": 4.0}], score=1
    )
    form = quiz_desk(course.code, begin=in_session, read=in_session)
    form.quiz.value = quiz.id
    form.questions.editor.points.value = "2"
    save(form)
    assert "1 attempt was made at the quiz" in form.message.value
    assert session.get_one(Quiz, quiz.id).questions[0]["points"] == 1


def test_mistakes_are_shown_beside_their_questions_and_nothing_is_stored(session, course, form):
    fill_in(form)
    fill_in(form, prompt="")
    form.questions.list.value = 0
    save(form)
    assert form.submission.fields["title"].problem == "This must not be empty."
    assert form.questions.list.value == 1, "the form turns to the question that is wrong"
    assert form.questions.trouble.value == "Question: This must not be empty."
    assert form.questions.list.options[1][0].startswith("⚠ 2.")
    assert "Questions: question 2: Question: This must not be empty." in form.message.value
    assert stored(session, course) == []


def test_a_single_choice_question_has_one_right_option(form):
    fill_in(form)
    form.questions.editor.options.grid.rows = [{"text": "4", "right": True}, {"text": "5", "right": True}]
    save(form)
    assert "the id of one of its options is expected" in form.questions.trouble.value


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        (QuestionType.CHOICE, "options"),
        (QuestionType.MULTIPLE, "options"),
        (QuestionType.SHORT_TEXT, "spellings"),
        (QuestionType.MATCH, "pairs"),
        (QuestionType.ORDER, "steps"),
        (QuestionType.ESSAY, None),
    ],
)
def test_a_question_shows_the_fields_of_its_type(form, kind, shown):
    form.questions.add.click()
    editor = form.questions.editor
    editor.type.value = kind
    visible = {name for name in ("options", "spellings", "pairs", "steps") if getattr(editor, name).view.layout.display is None}
    assert visible == ({shown} if shown else set())
    assert form.questions.drafts[0].type is kind


def test_questions_are_moved_and_removed(form):
    for prompt in ("one", "two", "three"):
        fill_in(form, prompt=prompt)
    form.questions.up.click()
    form.questions.list.value = 0
    form.questions.remove.click()
    assert [draft.prompt for draft in form.questions.drafts] == ["three", "two"]
    assert form.questions.editor.prompt.value == "three"
    assert form.questions.sum.value == "2 questions, 2 points"


def test_the_preview_shows_the_right_answers_and_everything_as_text(form):
    fill_in(form, prompt="<b>2 + 2</b>", right="<i>4</i>")
    form.questions.show_preview.value = True
    html = form.questions.preview.view.value
    assert "✓ &lt;i&gt;4&lt;/i&gt; · 5" in html
    assert "<b>" not in html


def bring(form, text, name="bank.gift"):
    content = text.encode()
    form.bank.upload.receive({"begin": name, "size": len(content)}, [])
    form.bank.upload.receive({"piece": 0}, [content])


def test_a_bank_is_read_and_then_added_to_the_questions(session, course, form):
    fill_in(form)
    bring(form, GIFT)
    assert "2 questions can be used, 1 cannot." in form.bank.message.value
    assert form.bank.findings.frame["Result"].tolist() == ["rejected"]
    assert len(form.questions.drafts) == 1, "nothing happens before a button is pressed"
    form.bank.append.click()
    assert len(form.questions.drafts) == 3
    form.title.value = "Quiz 1"
    save(form)
    [quiz] = stored(session, course)
    assert [question["type"] for question in quiz.questions] == ["choice", "choice", "true_false"]


def test_a_file_that_is_not_a_bank_is_refused_in_a_sentence(form):
    bring(form, "email,family_name\nada@example.org,Lovelace\n", "roster.csv")
    assert "Import it with admin/roster_import." in form.bank.message.value
    assert form.bank._found.layout.display == "none"


def test_a_course_without_weeks_says_what_to_do_first(session, in_session):
    course = factories.course(session)
    form = quiz_desk(course.code, begin=in_session, read=in_session)
    assert form.message.value == f"{course.code} has no weeks yet. Give it a syllabus first, in admin/course_setup."
