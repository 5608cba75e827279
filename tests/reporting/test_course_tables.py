"""Tables of a course in files: no cell is a formula, importing them changes nothing, and they hold what the person sees."""

import csv
import datetime as dt
import io
import itertools
import tracemalloc
from contextlib import contextmanager
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from sqlalchemy import text

from lmskit.errors import ImportFileError, InputError
from lmskit.importers.formats import ReadOptions
from lmskit.importers.plain_csv import FORMAT
from lmskit.importers.registry import detected
from lmskit.models import ExternalId, QuizException, Section, SectionMember
from lmskit.reporting.course_tables import export_answers, export_attempts, export_gradebook, export_roster
from lmskit.services.file_import import ImportOptions, import_file
from lmskit.vocabulary import EnrollmentStatus, EntityKind, ResultAttempt, SectionKind
from tests import factories
from tests.examples import share
from tests.importers.plain import content

FORMULA = '=HYPERLINK("http://example.org"; "x")'
STARTS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\uff1d1",
    "'=1",
    "''",
    "'",
    "=",
    "-",
    FORMULA,
    "a,b",
    'a "b"',
    "A; B",
    "A | B",
    "A; =1",
    'A;"-1',
    "x_x0041_",
]
LINE = st.one_of(
    st.sampled_from(STARTS),
    st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn", "Zl", "Zp")), min_size=1, max_size=12).map(str.strip).filter(bool),
)
"""What a title can be: one line, trimmed."""
NAME = st.sampled_from(["=cmd|' /C calc'!A0", "+Ada", "-Ben", "@cy", "O'Neill", "Ångström", "王", "\u05d0\u05d1", "von der Ley", "'=Quill"])
SCORE = st.one_of(st.none(), st.integers(0, 10**9).map(lambda n: Decimal(n) / 10_000))
TIME = st.one_of(st.none(), st.integers(0, 4 * 10**14).map(lambda n: dt.datetime(2020, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=n)))
TABLES = {"roster": export_roster, "gradebook": export_gradebook, "attempts": export_attempts}
_runs = itertools.count()


@contextmanager
def rolled_back(session):
    savepoint = session.begin_nested()
    try:
        yield
    finally:
        savepoint.rollback()


def divided_as_a_spreadsheet_does(content, separator):
    """All cells of a file of CSV to a spreadsheet whose separator is this one; quotes within a cell are part of it."""
    return [cell for row in csv.reader(io.StringIO(content, newline=""), delimiter=separator) for cell in row]


def cells(path):
    """All cells of a file below its header, as texts; none of them is a formula to a spreadsheet."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.reader(stream))
        for separator in ",;\t":
            divided = divided_as_a_spreadsheet_does(path.read_text(encoding="utf-8-sig"), separator)
            assert not [cell for cell in divided if cell.lstrip()[:1] in tuple("=+-@\uff1d\uff0b\uff0d\uff20\t\r") and cell.strip()]
        return rows[1:]
    sheet = list(load_workbook(path).active.iter_rows())
    assert not [found.value for row in sheet for found in row if found.data_type == "f"]
    return [["" if found.value is None else str(found.value) for found in row] for row in sheet[1:]]


@st.composite
def courses(draw):
    """Students with sections, and quizzes with attempts, as what they are called and what they have."""
    student = st.tuples(NAME, NAME, st.sampled_from(list(EnrollmentStatus)), st.lists(LINE, max_size=2, unique=True))
    students = draw(st.lists(student, min_size=1, max_size=3))
    quizzes = draw(st.lists(LINE, min_size=1, max_size=2, unique=True))
    attempts = st.lists(st.tuples(SCORE, TIME), max_size=2)
    return students, quizzes, [[draw(attempts) for _ in quizzes] for _ in students]


def stored(session, drawn):
    """Store what was drawn; the course."""
    students, quizzes, attempts = drawn
    course = factories.course(session, weeks=1)
    made = [factories.quiz(session, course, title=title, week_number=week) for title, week in zip(quizzes, (1, None), strict=False)]
    kinds = itertools.cycle(SectionKind)
    sections = {}
    for number, (family, given_name, status, names) in enumerate(students):
        person = factories.student(session, family_name=family, given_name=given_name)
        person.email = f"'+{number}={person.id}@example.org"
        session.add(ExternalId(source="sis", kind=EntityKind.PERSON, external_id=f"0{person.id}", person_id=person.id))
        ended = dt.date(2026, 10, 1) if status in {"withdrawn", "completed"} else None
        factories.enrollment(session, course, person, status=status, ended_on=ended)
        for name in names:
            if name not in sections:
                sections[name] = Section(course_id=course.id, kind=next(kinds), name=name, source="csv")
                session.add(sections[name])
                session.flush()
            session.add(SectionMember(section_id=sections[name].id, course_id=course.id, student_id=person.id))
        for quiz, found in zip(made, attempts[number], strict=True):
            for nth, (score, submitted) in enumerate(found, 1):
                factories.attempt(session, quiz, person, number=nth, score=score, submitted_at=submitted or "unknown")
    session.flush()
    return course


def check(session, folder, drawn, ending):
    course = stored(session, drawn)
    before = content(session), members(session)
    for name, export in TABLES.items():
        path = folder / f"{name}-{next(_runs)}{ending}"
        n_rows = export(session, course.code, path)
        assert len(cells(path)) == n_rows
        if not n_rows:
            continue
        report = import_file(session, FORMAT.open(path, ReadOptions()), ImportOptions(course=course.code))
        assert [(each.row, each.state, each.reason) for each in report.outcomes if each.state != "unchanged"] == [], name
        assert (content(session), members(session)) == before, name


def members(session):
    return session.execute(
        text("SELECT m::text, s::text FROM section_members AS m JOIN sections AS s ON s.id = m.section_id ORDER BY 1")
    ).all()


EXAMPLE = (
    [
        ("=cmd|' /C calc'!A0", "-Ben", EnrollmentStatus.ACTIVE, ["A; B", "=1+1", "'=1"]),
        ("d, e", "O'Neill", EnrollmentStatus.WITHDRAWN, ['"Lab"']),
        ("@cy", "Ada", EnrollmentStatus.PENDING, []),
    ],
    ["Meier;=cmd|' /C calc'!A0; x", "x_x0041_ \u202e'"],
    [
        [[(Decimal("7.1250"), dt.datetime(2026, 9, 25, 20, 0, 1, 5, tzinfo=dt.UTC)), (None, None)], [(Decimal(10), None)]],
        [[(Decimal("99999.9999"), None)], []],
        [[], [(None, dt.datetime(2026, 9, 25, tzinfo=dt.UTC))]],
    ],
)


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_importing_the_tables_of_a_course_changes_nothing_and_no_cell_is_a_formula(session, tmp_path, ending):
    check(session, tmp_path, EXAMPLE, ending)
    assert {detected(path).name for path in tmp_path.iterdir()} == {"csv"}
    listed = cells(next(tmp_path.glob("roster-*")))
    assert sorted(row[7] for row in listed) == ["", "active", "withdrawn"], "who waits for a message has no status"


@pytest.mark.long
@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
@given(drawn=courses())
@settings(max_examples=share(50), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_importing_the_tables_of_any_course_changes_nothing(session, tmp_path, drawn, ending):
    with rolled_back(session):
        check(session, tmp_path, drawn, ending)


def test_totals_and_excuses_stay_what_they_are(session, tmp_path):
    course = factories.course(session, weeks=1)
    quiz = factories.quiz(session, course)
    excused, graded = [factories.enrollment(session, course).student_id for _ in range(2)]
    factories.attempt(session, quiz, excused, score=3)
    session.add(QuizException(quiz_id=quiz.id, course_id=course.id, student_id=excused, excused=True, excused_by_format="csv"))
    factories.attempt(session, quiz, graded, score=8).is_total = True
    session.flush()
    stored = "SELECT ROW(x.quiz_id, x.student_id, x.excused, x.excused_by_format)::text FROM quiz_exceptions AS x"
    before = content(session), session.scalars(text(stored)).all()
    for name, export in (("attempts", export_attempts), ("gradebook", export_gradebook)):
        path = tmp_path / f"{name}.csv"
        export(session, course.code, path)
        assert sorted(row[7] for row in cells(path)) == ["8", "EX"]
        report = import_file(session, FORMAT.open(path, ReadOptions()), ImportOptions(course=course.code))
        assert [each.state for each in report.outcomes] == ["unchanged", "unchanged"], report.outcomes
        assert (content(session), session.scalars(text(stored)).all()) == before, name


def test_the_result_in_a_gradebook_is_the_attempt_that_counts(session, tmp_path):
    course = factories.course(session, weeks=1)
    quiz, student = factories.quiz(session, course), factories.enrollment(session, course).student_id
    for number, score in enumerate((5, 9, 7, None), 1):
        factories.attempt(session, quiz, student, number=number, score=score)
    found = {}
    for counted in ResultAttempt:
        export_gradebook(session, course.code, tmp_path / f"{counted}.csv", counted=counted)
        found[counted] = [row[7] for row in cells(tmp_path / f"{counted}.csv")]
    assert found == {"first": ["5"], "last": ["7"], "highest": ["9"]}


def test_answers_have_the_texts_of_options_and_no_import_takes_them_for_results(session, tmp_path):
    course = factories.course(session, weeks=1)
    options = [{"id": "a", "text": FORMULA}, {"id": "b", "text": "Stack"}]
    questions = [
        {"id": "q1", "type": "choice", "prompt": "Which?\n=1", "points": 2, "options": options},
        {"id": "q2", "type": "short_text", "prompt": "Say it", "points": 1},
    ]
    quiz, student = factories.quiz(session, course, questions=questions), factories.enrollment(session, course).student_id
    answers: list[dict[str, object]] = [
        {"question": "q1", "response": "a", "score": 0.5},
        {"question": "q2", "response": "\x01-2\t<b>", "score": None},
    ]
    factories.attempt(session, quiz, student, answers=answers)
    for ending, control in ((".csv", "\x01"), (".xlsx", "\ufffd")):
        path = tmp_path / f"answers{ending}"
        assert export_answers(session, course.code, path) == 2
        assert [row[9:] for row in cells(path)] == [
            ["q1", "choice", "Which?\n'=1", f"'{FORMULA}", "0.5", "2"],
            ["q2", "short_text", "Say it", f"{control}-2\t<b>", "", "1"],
        ]
        with pytest.raises(ImportFileError, match="results need a column quiz and a column score"):
            FORMAT.open(path, ReadOptions())


def test_the_memory_of_an_export_of_answers_does_not_grow_with_attempts_and_questions(session, tmp_path):
    """A hundred attempts at a quiz whose questions have 200,000 characters: once, and not with each attempt."""
    course = factories.course(session, weeks=1)
    quiz = factories.quiz(session, course, questions=[{"id": "q", "type": "short_text", "prompt": "x" * 200_000, "points": 1}])
    for _ in range(5):
        student = factories.enrollment(session, course).student_id
        for number in range(1, 21):
            factories.attempt(session, quiz, student, number=number, answers=[{"question": "q", "response": "a", "score": 1}])
    session.flush()
    session.expunge_all()
    tracemalloc.start()
    try:
        assert export_answers(session, course.code, tmp_path / "answers.csv") == 100
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_a_file_that_exists_or_is_no_table_is_left_alone(session, tmp_path):
    course = factories.course(session)
    (tmp_path / "old.csv").write_text("old", encoding="utf-8")
    with pytest.raises(InputError, match=r"exists\. Nothing was written"):
        export_roster(session, course.code, tmp_path / "old.csv")
    with pytest.raises(InputError, match=r"End it with \.csv or \.xlsx"):
        export_roster(session, course.code, tmp_path / "new.ods")
    with pytest.raises(InputError, match="cannot be written"):
        export_roster(session, course.code, tmp_path / "no" / "new.csv")
    assert [path.read_text(encoding="utf-8") for path in tmp_path.iterdir()] == ["old"]
