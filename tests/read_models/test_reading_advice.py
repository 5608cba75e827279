"""Reading advice from the database: the passages that help with what was missed, why, what is missing, and what was decided."""

import csv
import html
import io
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt
from sqlalchemy import event

from lmskit.errors import CourseNotFoundError, WeekNotFoundError
from lmskit.materials.vectors.character_hash import CharacterHash
from lmskit.read_models.question_search import question_searches
from lmskit.read_models.reading_advice import LEAST_GAP, advice_texts, course_advice, reading_advice
from lmskit.reporting.reading_list import markdown_text, reading_list_csv, reading_list_markdown
from lmskit.services.reading_decision import ban_passages, pin_passage
from tests import factories
from tests.advised_course import HOSTILE_TITLE, advised_course


@pytest.fixture
def made(session):
    return advised_course(session)


def advice_of(session, made, week=1, **about):
    searches = question_searches(advice_texts(session, made.course.code, week=week, **about), None)
    return reading_advice(session, made.course.code, week, searches, **about)


def found(advice):
    return [(passage.title, passage.ordinals) for passage in advice.passages]


def test_missed_questions_lead_to_passages_with_the_reason(session, made):
    advice = advice_of(session, made)
    assert found(advice) == [(HOSTILE_TITLE, (1, 2)), ("Dictionaries", (1,))]
    script, page = advice.passages
    assert page.reasons == ("question 2 of Quiz <i>1</i>, missed by 2 of 6 students",)
    assert (page.where, script.where) == ("Copies", "page 3, Ends <u>, 1 more passage beside it")
    assert script.link.endswith(".pdf#page=3")
    assert [question.reason for question in advice.unanswered] == ["question 4 of Quiz <i>1</i>, missed by 5 of 6 students"]
    assert (advice.n_questions, advice.n_missed, advice.n_materials) == (4, 3, 2)
    assert "words alone" in advice.caveat


def test_one_student_is_advised_about_what_that_student_missed(session, made):
    advice = advice_of(session, made, student_id=made.students[4])
    assert found(advice) == [(HOSTILE_TITLE, (1, 2))]
    assert advice.passages[0].reasons == ("question 1 of Quiz <i>1</i>, missed",)
    assert [question.number for question in advice.unanswered] == [4]


def test_the_week_of_a_material_counts_for_its_passages_and_another_week_against_them(session):
    course = factories.course(session, weeks=2)
    prompts = ("falcon harbour lantern meadow", "copper violin glacier orchard")
    questions = [{"id": f"q{n}", "type": "short_text", "prompt": prompt, "points": 1} for n, prompt in enumerate(prompts)]
    quiz = factories.quiz(session, course, questions=questions, max_score=2)
    given = [{"question": question["id"], "response": "x", "score": 0} for question in questions]
    for _ in range(4):
        factories.attempt(session, quiz, factories.enrollment(session, course).student_id, answers=given, score=0)
    near, far, rest = (factories.material(session, course, week_number=None, title=title) for title in ("near", "far", "rest"))
    factories.passage(session, near, 1, body="A falcon and a harbour.")
    factories.passage(session, far, 1, body="The copper of that roof is older than the house.")
    for number in range(1, 21):
        factories.passage(session, rest, number, body=f"Chapter {number} is about trees, graphs, and heaps of stone.")

    def advised(of_near, of_far):
        near.week_number, far.week_number = of_near, of_far
        session.flush()
        searches = question_searches(advice_texts(session, course.code), None)
        return {passage.title for passage in reading_advice(session, course.code, 1, searches).passages}

    assert advised(None, None) == {"near"}
    assert advised(1, 1) == {"near", "far"}
    assert advised(2, 2) == set()


def test_nothing_is_advised_without_answers_without_mistakes_and_without_suitable_passages(session, made):
    assert "answered by the class yet" in advice_of(session, made, week=2).nothing
    assert "answered by this student yet" in advice_of(session, made, week=2, student_id=made.students[3]).nothing
    assert "was missed by this student" in advice_of(session, made, student_id=made.students[3]).nothing
    lone = factories.course(session, weeks=1)
    quiz = factories.quiz(session, lone, title="Opera", max_score=2)
    factories.attempt(session, quiz, factories.enrollment(session, lone).student_id, score=0)
    searches = question_searches(advice_texts(session, lone.code), None)
    advice = reading_advice(session, lone.code, 1, searches)
    assert str(advice.nothing).startswith("Nothing suitable here")
    assert "only totals are known" in str(advice.caveat)
    assert advice.unanswered[0].reason == "Opera (only totals are known), not all points for 1 of 1 student"


def test_a_pin_comes_first_a_ban_never_shows_and_a_decision_without_its_text_is_gone(session, made):
    code = made.course.code
    pin_passage(session, code, 1, made.page.id, 5)
    ban_passages(session, code, 1, made.script.id, [1])
    advice = advice_of(session, made)
    assert found(advice) == [("Dictionaries", (5,)), (HOSTILE_TITLE, (2,)), ("Dictionaries", (1,))]
    assert advice.passages[0].reasons == ("pinned by the lecturer",)
    [ban] = advice.decided
    assert (ban.decision, str(ban.location), ban.gone) == ("banned", "page 3, Ends <u>", False)
    session.query(type(factories.passage(session, made.page, 50))).filter_by(material_id=made.page.id, ordinal=5).delete()
    advice = advice_of(session, made)
    assert [decided.gone for decided in advice.decided] == [True, False]
    assert ("Dictionaries", (5,)) not in found(advice)


def test_a_weak_topic_lists_the_questions_without_material(session, made):
    whole = course_advice(session, made.course.code, question_searches(advice_texts(session, made.course.code), None))
    [gap] = whole.gaps
    assert (gap.week, gap.n_missed, gap.nothing_at_all, gap.n_materials) == (1, 3, False, 1)
    assert LEAST_GAP <= whole.weeks[0].share_unanswered < 1 / 2
    assert gap.finding == "Nothing suitable for 1 of 3 questions that were missed often."
    assert replace(gap, unanswered=gap.unanswered * 9).main_questions.count("“Who composed Fidelio?”") == 3
    assert replace(gap, unanswered=gap.unanswered * 9).main_questions.endswith("; and 6 more questions")
    assert [advice.week for advice in whole.weeks] == [1]
    session.query(type(made.script)).filter_by(course_id=made.course.id).delete()
    [gap] = course_advice(session, made.course.code, {}).gaps
    assert gap.nothing_at_all
    assert gap.finding.endswith("the week has no material.")


def test_the_same_data_give_the_same_advice(session, made):
    assert advice_of(session, made) == advice_of(session, made)


def test_advice_for_a_week_takes_few_statements(session, made):
    texts = advice_texts(session, made.course.code)
    statements = []
    event.listen(session.connection(), "before_cursor_execute", lambda *given: statements.append(given[2]))
    advice_of(session, made)
    assert len(statements) < 16 + 4 * len(texts)


def test_an_unknown_course_or_week_is_refused(session, made):
    with pytest.raises(WeekNotFoundError):
        reading_advice(session, made.course.code, 9, {})
    with pytest.raises(CourseNotFoundError):
        course_advice(session, "NO-SUCH", {})


def test_a_text_is_embedded_once_in_a_process():
    asked: list[str] = []

    class Counting(CharacterHash):
        def embed(self, texts, /):
            asked.extend(texts)
            return super().embed(texts)

    embedder = Counting()
    text = factories.unique("a question")
    first, again = (question_searches([text, text], embedder)[text] for _ in range(2))
    assert asked == [text]
    assert first == again
    assert first.vector is not None


def test_a_list_for_students_has_links_and_no_markup_formula_or_count(session, made):
    advice = advice_of(session, made)
    markdown = reading_list_markdown(made.course.code, [advice])
    assert "<" not in markdown
    assert r"\[click\]" not in markdown  # prompts are not part of the list
    assert r'=HYPERLINK("http\://evil.example",' in markdown
    assert "/s" in markdown
    assert ".pdf#page=3)" in markdown
    assert "of 6 students" not in markdown
    rows = list(csv.DictReader(io.StringIO(reading_list_csv([advice]))))
    assert rows[0]["material"] == "'" + HOSTILE_TITLE
    assert rows[0]["link"].endswith(".pdf#page=3")
    assert rows[0]["file"] == ""
    assert "6 students" not in rows[0]["helps_with"]
    uploaded = replace(advice, passages=(replace(advice.passages[0], link=None, file_name="week-01/loops.md"),))
    [row] = csv.DictReader(io.StringIO(reading_list_csv([uploaded])))
    assert (row["link"], row["file"]) == ("", "week-01/loops.md")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("SIM-PROG-2026B: Loops (part 1.2)!", "SIM-PROG-2026B: Loops (part 1.2)!"),
        ("values_and_names, _so_", r"values_and_names, \_so\_"),
        ("1. First", r"1\. First"),
        ("- - -", r"\- - -"),
        ("+ more", r"\+ more"),
        ("# a [b](c) ![d](e) `f` **g** ~~h~~ <i>j</i> &amp; \\* k #", None),
        ("https://example.org www.example.org :smile:", None),
    ],
)
def test_markdown_shows_a_text_as_it_is_and_plain_texts_stay_readable(text, written):
    escaped = markdown_text(text)
    assert escaped == (written or escaped)
    rendered = html.escape(text, quote=False)
    reader = MarkdownIt("commonmark").enable(["strikethrough", "table"])
    assert f"<li>{rendered}</li>" in reader.render(f"* {escaped}")
    assert reader.render(f"# {escaped}") == f"<h1>{rendered}</h1>\n"
