"""A course is copied into another term: all that belongs to its teaching, and nothing of its people."""

import datetime as dt

import pytest
from pydantic import ValidationError
from sqlalchemy import event, func, insert, select, text, update

from lmskit.errors import (
    CodeOfCopyError,
    CopiedAlreadyError,
    CourseExistsError,
    LecturerNotFoundError,
    NotOnStaffError,
    StaffNotChosenError,
    TermClosedError,
)
from lmskit.models import BankQuestion, Base, Course, CourseStaff, MaterialPassage, PassageWords, QuestionSlot, Quiz, Term, User
from lmskit.queries.course import course_by_code
from lmskit.schemas.course_copy import CopyCourse, CopyTerm
from lmskit.services.course_copy import ASKED, COPIED, NOT_COPIED, code_of_copy, copy_course, copy_term
from lmskit.services.term import close_term
from lmskit.vocabulary import StaffRole
from tests import factories

ANEW = {"id", "course_id", "material_id", "quiz_id", "created_at", "updated_at"}
QUESTIONS = [
    {"id": "q1", "type": "single_choice", "text": "2 + 2?", "points": 1, "options": [{"id": "a", "text": "4"}, {"id": "b", "text": "5"}]}
]
KEY = {"q1": {"correct": ["a"]}}


@pytest.fixture
def later(session):
    """An open term that begins 154 days, 22 weeks, after the one of the course."""
    return factories.term(session, code=factories.unique("SPRING"), starts_on=factories.FIRST_DAY + dt.timedelta(days=154))


@pytest.fixture
def source(session):
    """A course with a row in every table that is copied, an enrollment and an attempt."""
    term = factories.term(session, code=factories.unique("AUTUMN"))
    module = factories.unique("CS")
    course = factories.course(
        session, code=f"{module}-{term.code}", module_code=module, in_term=term, weeks=3, mastery_rule="weighted_average",
        mastery_parameters={"w": 0.7},
    )  # fmt: skip
    model = factories.embedding_model(session)
    student = factories.student(session)
    factories.enrollment(session, course, student)
    for week in (2, 1, None):
        quiz = factories.quiz(session, course, week_number=week, title=f"Quiz {week}", questions=QUESTIONS, answer_key=KEY)
        quiz.due_on = None if week is None else factories.FIRST_DAY + dt.timedelta(days=4, weeks=week - 1)
        session.flush()
        factories.attempt(session, quiz, student)
        slots = {"course_id": course.id, "quiz_id": quiz.id, "slot": "q1", "number": 1, "points": 1, "seen": {"texts": [f"2 + {week}?"]}}
        session.execute(insert(QuestionSlot).values(slots))
        material = factories.material(session, course, week_number=week, title=f"Material {week}", passages=["Loops end", "or they do not"])
        for number, passage in enumerate(session.scalars(select(MaterialPassage).filter_by(material_id=material.id))):
            factories.vector(session, passage, model, [(1.0, 0, 0), (0, 1.0, 0)][number])
            if week and number:
                factories.reading_decision(session, passage, week_number=week, position=week)
    bank = {"course_id": course.id, "bank": "bank.xml", "number": 1, "question": QUESTIONS[0], "answer_key": KEY["q1"]}
    session.execute(insert(BankQuestion).values(bank))
    factories.crawl(session, course, addresses=["https://example.org/a"])
    return course


def copied(session, source, later, **request):
    return copy_course(session, CopyCourse.model_validate({"course": source.code, "term": later.code} | request))


def copied_term(session, source, later, **request):
    return copy_term(session, CopyTerm.model_validate({"source": source, "term": later.code} | request))


def rows_of(session, table, code):
    """The rows of a table that belong to a course, as texts, without what each row has anew; in an order that does not depend on ids."""
    found = session.execute(select(table).where(table.c.course_id == course_by_code(session, code).id)).mappings()
    return sorted(str({name: value for name, value in row.items() if name not in ANEW}) for row in found)


def test_every_table_that_belongs_to_a_course_is_copied_or_has_the_reason_why_not(session):
    known = [*COPIED, *ASKED, *NOT_COPIED]
    of_models = {name for name, table in Base.metadata.tables.items() if "course_id" in table.columns}
    stored = text("SELECT table_name FROM information_schema.columns WHERE table_schema = 'lms' AND column_name = 'course_id'")
    tables = text("SELECT table_name FROM information_schema.tables WHERE table_schema = 'lms' AND table_type = 'BASE TABLE'")
    of_database = set(session.scalars(stored)) & set(session.scalars(tables))
    assert len(known) == len(set(known))
    assert {name.rpartition(".")[2] for name in of_models} | of_database == set(known)


def test_all_of_its_teaching_is_copied_and_nothing_of_its_people(session, source, later):
    report = copied(session, source, later)
    assert report.code == f"{source.module_code}-{later.code}"
    tables = {name.rpartition(".")[2]: table for name, table in Base.metadata.tables.items()}
    for name in set(COPIED) - {"quizzes", "passage_words"}:  # days move, and words are written for all passages at once
        rows = rows_of(session, tables[name], source.code)
        assert rows, f"the course has rows in {name}"
        assert rows_of(session, tables[name], report.code) == rows, name
    copy = course_by_code(session, report.code)
    for name in NOT_COPIED:
        if name not in {"audit_log", "archived_attempts", "archived_estimates"}:  # the last two are read with the live ones
            assert session.scalar(select(func.count()).select_from(tables[name]).where(tables[name].c.course_id == copy.id)) == 0, name
    assert (copy.mastery_rule, copy.mastery_parameters, copy.lecturer_id) == ("weighted_average", {"w": 0.7}, source.lecturer_id)
    quizzes = {row.title: row for row in session.scalars(select(Quiz).where(Quiz.course_id == copy.id))}
    assert {title: (row.week_number, row.questions, row.answer_key) for title, row in quizzes.items()} == {
        f"Quiz {week}": (week, QUESTIONS, KEY) for week in (1, 2, None)
    }


def test_what_belongs_together_stays_together(session, source, later):
    """Quizzes and materials get other ids, and what refers to them refers to the copies."""
    code = copied(session, source, later).code
    copy = course_by_code(session, code).id
    pairs = text(
        "SELECT q.title, s.seen #>> '{texts,0}' FROM question_slots AS s JOIN quizzes AS q ON q.id = s.quiz_id WHERE s.course_id = :copy"
    )
    assert set(session.execute(pairs, {"copy": copy})) == {(f"Quiz {week}", f"2 + {week}?") for week in (1, 2, None)}
    decided = text(
        "SELECT m.title, d.week_number FROM reading_decisions AS d JOIN materials AS m ON m.id = d.material_id WHERE d.course_id = :copy"
    )
    assert set(session.execute(decided, {"copy": copy})) == {("Material 1", 1), ("Material 2", 2)}
    assert session.scalar(select(func.count()).select_from(PassageWords).where(PassageWords.course_id == copy)) == 3, "search finds them"


def test_days_move_with_the_first_day_of_the_term_and_that_is_said(session, source, later):
    report = copied(session, source, later)
    due = select(Quiz.title, Quiz.due_on).where(Quiz.course_id == course_by_code(session, report.code).id)
    assert dict(session.execute(due).all()) == {"Quiz 1": dt.date(2027, 2, 19), "Quiz 2": dt.date(2027, 2, 26), "Quiz None": None}
    assert (
        "The first day is 2027-02-15 instead of 2026-09-14: 2 quizzes are due 154 days later, from 2027-02-19 to 2027-02-26."
        in report.sentences
    )
    short = factories.term(session, starts_on=dt.date(2027, 2, 16), ends_on=dt.date(2027, 2, 24))
    sentences = copied(session, source, short).sentences
    assert any("155 days later, on another day of the week" in sentence for sentence in sentences)
    assert f"1 quiz is due after the last day of {short.code}, 2027-02-24." in sentences


def test_as_many_statements_for_many_rows_as_for_few(session, source, later, connection):
    statements = []

    def note(_connection, _cursor, statement, *_others):
        statements.append(statement)

    event.listen(connection, "before_cursor_execute", note)
    numbers = []
    for code in ("FEW", "MANY"):
        statements.clear()
        copied(session, source, later, code=factories.unique(code))
        numbers.append(len(statements))
        for number in range(20):
            factories.quiz(session, source, title=f"More {number}", questions=QUESTIONS)
            factories.material(session, source, passages=["More words"])
    event.remove(connection, "before_cursor_execute", note)
    assert numbers[0] == numbers[1] < 30


def test_a_dry_run_reports_the_same_and_changes_nothing(session, source, later):
    before = session.scalar(select(func.count()).select_from(Course))
    tried = copy_course(session, CopyCourse(course=source.code, term=later.code), dry_run=True)
    assert session.scalar(select(func.count()).select_from(Course)) == before
    assert copied(session, source, later).sentences == tried.sentences
    assert tried.rows.text == (
        "3 weeks, 3 quizzes with 3 questions and their keys, 3 materials with 6 passages, 6 vectors of passages, "
        "1 question of banks and 2 decisions about advice"
    )


def member(session, course, role=StaffRole.CO_LECTURER):
    person = factories.lecturer(session)
    session.execute(insert(CourseStaff).values(course_id=course.id, person_id=person.id, role=role))
    return str(person.email)


def test_rights_follow_only_whom_the_request_names(session, source, later):
    cleo, ben = member(session, source), member(session, source, StaffRole.OBSERVER)
    with pytest.raises(StaffNotChosenError, match=r"Say which of them come along"), session.begin_nested():
        copied(session, source, later)
    assert copied(session, source, later, staff="none", code=factories.unique("N")).staff == ()
    assert copied(session, source, later, staff=f" {ben.upper()}, ", code=factories.unique("B")).staff == ((ben, StaffRole.OBSERVER),)
    everyone = {(cleo, StaffRole.CO_LECTURER), (ben, StaffRole.OBSERVER)}
    assert set(copied(session, source, later, staff="all", code=factories.unique("A")).staff) == everyone
    led = copied(session, source, later, staff="all", lecturer=cleo, code=factories.unique("L"))
    assert session.get_one(User, course_by_code(session, led.code).lecturer_id).email == cleo
    assert led.staff == ((ben, StaffRole.OBSERVER),), "the responsible lecturer gets no role beside it"
    session.execute(update(CourseStaff).where(CourseStaff.role == StaffRole.OBSERVER).values(role=StaffRole.ASSISTANT, limited=True))
    tutored = copied(session, source, later, staff=ben, code=factories.unique("T"))
    copy_id = course_by_code(session, tutored.code).id
    assert session.scalars(select(CourseStaff.limited).where(CourseStaff.course_id == copy_id)).all() == [True]
    with pytest.raises(NotOnStaffError, match=r"stranger@example\.org is not on the staff of"), session.begin_nested():
        copied(session, source, later, staff=f"{cleo},stranger@example.org", code=factories.unique("S"))


def test_what_cannot_be_is_refused_in_a_sentence(session, source, later):
    first = copied(session, source, later)
    with pytest.raises(CopiedAlreadyError, match=f"a course with the code {first.code}, which the copy of {source.code} into"):
        copied(session, source, later)
    with pytest.raises(CourseExistsError, match=source.code):
        copied(session, source, later, code=source.code)
    second = copied(session, source, later, code=factories.unique("SECOND"))
    assert second.others == (first.code,)
    assert f"{later.code} has more courses of the module: {first.code}." in second.sentences
    with pytest.raises(LecturerNotFoundError, match=r"nobody@example\.org"):
        copied(session, source, later, lecturer="nobody@example.org", code=factories.unique("X"))
    close_term(session, later.code)
    with pytest.raises(TermClosedError, match=f"The term {later.code} is closed"):
        copied(session, source, later, code=factories.unique("X"))


def test_a_course_of_a_closed_term_can_be_copied(session, source, later):
    term = session.get_one(Term, source.term_id).code
    close_term(session, term)
    assert copied(session, source, later).rows.quizzes == 3


def test_a_whole_term_is_copied_once(session, source, later):
    term = session.get_one(Term, source.term_id).code
    other = factories.course(session, in_term=session.get_one(Term, source.term_id), weeks=1)
    cleo = member(session, other)
    with pytest.raises(StaffNotChosenError):
        copied_term(session, term, later)
    with pytest.raises(NotOnStaffError, match="stranger"):
        copied_term(session, term, later, staff="stranger@example.org")
    done = copied_term(session, term, later, staff=cleo)
    assert {course.source: course.staff for course in done.copied} == {source.code: (), other.code: ((cleo, StaffRole.CO_LECTURER),)}
    again = copied_term(session, term, later, staff="none")
    assert (again.copied, set(again.left_out)) == ((), {source.code, other.code})


@pytest.mark.parametrize(
    ("course", "from_term", "to_term", "expected"),
    [("CS2601-26", "26", "27", "CS2601-27"), ("CS101-2026a", "2026A", "2027A", "CS101-2027A"), ("CS2601", "26", "27", "M-27")],
)
def test_a_term_within_a_code_is_replaced_where_it_is_a_whole_part(course, from_term, to_term, expected):
    assert code_of_copy(course, "M", from_term, to_term) == expected


def test_two_courses_of_one_module_whose_codes_lack_the_term_are_both_copied_once(session, later):
    term, module = factories.term(session, code=factories.unique("AUTUMN")), factories.unique("CS")
    codes = [factories.course(session, code=f"{module}-{part}", module_code=module, in_term=term).code for part in "AB"]
    done = copied_term(session, term.code, later)
    assert [course.code for course in done.copied] == [f"{code}-{later.code}" for code in codes]
    assert set(copied_term(session, term.code, later).left_out) == set(codes)


def test_a_term_is_not_copied_into_itself():
    with pytest.raises(ValidationError, match="give two terms"):
        CopyTerm(source="2026-AUTUMN", term="2026-autumn")


def test_a_course_whose_copy_needs_a_code_is_left_out_of_its_term(session, later):
    term = factories.term(session, code=factories.unique("AUTUMN"))
    long = "L" * 95
    factories.course(session, code=long, module_code=long, in_term=term)
    factories.course(session, code=f"S-{term.code}", module_code="S", in_term=term)
    done = copy_term(session, CopyTerm(source=term.code, term=later.code))
    assert [course.code for course in done.copied] == [f"S-{later.code}"]
    assert list(done.left_out) == [long]
    assert f"lmskit course copy {long} --term {later.code} --code CODE" in done.left_out[long]
    with pytest.raises(CodeOfCopyError, match=r"at most 100 are possible\. Choose a code"):
        copy_course(session, CopyCourse(course=long, term=later.code))
    assert copy_course(session, CopyCourse(course=long, term=later.code, code="SHORT")).code == "SHORT"
