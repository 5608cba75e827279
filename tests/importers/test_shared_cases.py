"""Files of administrators with the result that the README beside them states, imported as an administrator does.

Each case is a list of imports in a row into one course, and a function that compares what the database and the reports say
then. A case is right if the files come in as stated, or, where the README allows it, are refused with what to do.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from lmskit.errors import LmskitError
from lmskit.importers.formats import ReadOptions
from lmskit.importers.registry import detected, format_named
from lmskit.importers.report import ImportReport
from lmskit.models import Course, Enrollment, Quiz, User
from lmskit.queries.quiz_answers import quiz_answers
from lmskit.services.file_import import ImportOptions, import_path
from lmskit.services.mastery import refresh
from lmskit.vocabulary import EnrollmentStatus
from tests import factories
from tests.real_data import REAL_DATA

FOLDER = REAL_DATA.parent / "cases"

pytestmark = [pytest.mark.long, pytest.mark.skipif(not FOLDER.is_dir(), reason=f"the files are not there: {FOLDER}")]


@dataclass(frozen=True)
class Step:
    """One import; `between` is done to the course before it."""

    path: str
    form: str | None = None
    week: int | None = None
    title: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    decimal: str | None = None
    withdraw_missing: bool = False
    notify: bool = False
    other_course: bool = False
    between: Callable[["Done"], None] | None = None


@dataclass
class Done:
    """The session and the course after the imports, with the report of each or the sentence that refused it."""

    session: Session
    course: Course
    results: list[ImportReport | str] = field(default_factory=list)

    @property
    def last(self) -> ImportReport:
        """The report of the last import."""
        assert isinstance(self.results[-1], ImportReport), self.results[-1]
        return self.results[-1]

    def said(self, pattern: str, nth: int = -1) -> bool:
        """Whether the refusal or the report of an import says something: in a rejection, a warning, a note or an outcome."""
        result = self.results[nth]
        if isinstance(result, str):
            return re.search(pattern, result) is not None
        sentences = [*map(str, result.rejections), *map(str, result.warnings), *result.notes]
        sentences += [f"{outcome.state} {outcome.what}: {outcome.reason} {outcome.before} {outcome.after}" for outcome in result.outcomes]
        return any(re.search(pattern, sentence) for sentence in sentences)

    def rejected(self, nth: int = -1) -> dict[int | None, str]:
        """The reasons of the rejected rows of an import by row; all rows if it was refused as a whole."""
        result = self.results[nth]
        return {None: result} if isinstance(result, str) else {finding.row: finding.reason for finding in result.rejections}

    def names(self) -> set[tuple[str, str]]:
        """Family and given names of the people who are enrolled."""
        rows = self.session.execute(
            select(User.family_name, User.given_name)
            .join(Enrollment, Enrollment.student_id == User.id)
            .where(Enrollment.course_id == self.course.id)
        )
        return {(family, given) for family, given in rows}

    def ids(self) -> dict[str, str]:
        """The ids of other systems of the people who are enrolled, by family name, joined by blanks."""
        rows = self.session.execute(
            text(
                "SELECT u.family_name, coalesce(string_agg(x.external_id, ' ' ORDER BY x.external_id), '') FROM users AS u"
                " JOIN student_enrollments AS e ON e.student_id = u.id LEFT JOIN external_ids AS x ON x.person_id = u.id"
                " WHERE e.course_id = :course GROUP BY u.id"
            ),
            {"course": self.course.id},
        )
        return {row[0]: row[1] for row in rows}

    def attempts(self) -> list[tuple[str, str, Decimal | None, Decimal]]:
        """Quiz, family name, score and maximum score of every attempt."""
        rows = self.session.execute(
            text(
                "SELECT q.title, u.family_name, a.score, a.max_score FROM quiz_attempts AS a JOIN quizzes AS q ON q.id = a.quiz_id"
                " JOIN users AS u ON u.id = a.student_id WHERE a.course_id = :course ORDER BY q.id, a.id"
            ),
            {"course": self.course.id},
        )
        return [tuple(row) for row in rows]

    def quizzes(self) -> dict[str, Quiz]:
        """The quizzes of the course by title."""
        return {quiz.title: quiz for quiz in self.session.scalars(select(Quiz).where(Quiz.course_id == self.course.id))}

    def status(self, family: str) -> str:
        """The status of the enrollment of a student."""
        found = self.session.scalars(
            select(Enrollment)
            .join(User, User.id == Enrollment.student_id)
            .where(Enrollment.course_id == self.course.id, User.family_name == family)
        ).one()
        return found.status.value

    def mastery(self) -> dict[str, float]:
        """The mastery of each student by family name, of the only week with evidence."""
        refresh(self.session, courses=[self.course.code])
        rows = self.session.execute(
            text(
                "SELECT u.family_name, t.value FROM topic_performance AS t JOIN users AS u ON u.id = t.student_id"
                " WHERE t.course_id = :course"
            ),
            {"course": self.course.id},
        )
        return {family: float(value) for family, value in rows}


def scores(done: Done) -> list[tuple[str, str, float | None, float]]:
    return [(quiz, family, None if score is None else float(score), float(most)) for quiz, family, score, most in done.attempts()]


def _02(done: Done) -> None:
    if isinstance(done.results[0], str):
        assert done.said("gradebook.csv.*row 2")
    else:
        assert done.last.format == "canvas-gradebook"
        assert len(done.attempts()) == 6


def _03(done: Done) -> None:
    assert ("Week 1 Quiz", "Vale", 12.0, 10.0) in scores(done)
    assert list(done.rejected()) == [5]
    assert done.mastery()["Vale"] == pytest.approx(1.0)


def _04_students(done: Done) -> None:
    assert done.said("--map") if isinstance(done.results[0], str) else done.names() == {("Vale", "Ada"), ("Orr", "Ben")}


def _04_grades(done: Done) -> None:
    assert [score for _, _, score, _ in scores(done)] == [8.0, 7.0, 0.0] or sorted(score or 0 for _, _, score, _ in scores(done)) == [
        0,
        7,
        8,
    ]


def _05(done: Done) -> None:
    if isinstance(done.results[0], str):
        assert done.said("Gradescope|Total Score")
    else:
        assert not done.said("Status|names its courses itself")
        assert {(family, score) for _, family, score, _ in scores(done)} >= {("Vale", 8.5), ("Poe", 0.0)}


def _06(done: Done) -> None:
    assert done.names() == {("Vale", "Ada"), ("Orr", "Ben")}
    assert done.rejected() == {}


def _07(done: Done) -> None:
    assert len(done.names()) == len(done.ids()) == 2
    assert done.session.scalar(text("SELECT count(*) FROM student_enrollments WHERE course_id = :c"), {"c": done.course.id}) == 2
    assert done.said("zero")


def _08_seconds(done: Done) -> None:
    times = done.session.scalars(
        text("SELECT to_char(submitted_at AT TIME ZONE 'UTC', 'HH24:MI') FROM quiz_attempts WHERE course_id = :c"), {"c": done.course.id}
    )
    assert set(times) == {"20:15", "08:05"} or set(done.rejected()) == {2, 3}


def _08_us(done: Done) -> None:
    days = done.session.scalars(
        text("SELECT (submitted_at AT TIME ZONE 'UTC')::date::text FROM quiz_attempts WHERE course_id = :c"), {"c": done.course.id}
    )
    assert set(days) == {"2026-09-10", "2026-09-28"}, "the second date proves the order"
    assert done.said("time")


def _09(done: Done) -> None:
    assert done.said("Vale, Ada.*(excused|taken back|no longer)")
    assert done.said("Orr, Ben.*(taken back|no longer)")
    assert set(done.mastery()) == {"Vale", "Orr", "Poe"}
    assert min(done.mastery().values()) > 0.5


def _10(done: Done) -> None:
    assert (done.last.total.added, done.last.total.changed, done.last.total.rejected) == (0, 0, 0)


def _11(done: Done) -> None:
    weeks = {title: quiz.week_number for title, quiz in done.quizzes().items()}
    assert weeks | {"Unit 2 - Week 5 Quiz": 5, "Woche 3 Test": 3, "Semana 4": 4} == weeks
    assert all(done.said(f"{title}.*week") for title in ("Midterm", "Week 1-2"))
    assert not {"Midterm", "Week 1-2 review"} & weeks.keys()


def _12(done: Done) -> None:
    (quiz,) = done.quizzes().values()
    assert len(quiz.questions) == 9
    assert list(done.rejected()) == [29]


def _13(done: Done) -> None:
    if isinstance(done.results[0], str):
        assert done.said("QTI 1.2")
    else:
        (quiz,) = done.quizzes().values()
        (question,) = quiz.questions
        key = quiz.answer_key[question["id"]]["answer"]
        assert {option["id"]: option["text"] for option in question["options"]}[key] == "4"


def _14(done: Done) -> None:
    quiz = done.quizzes()["Algorithms week 1"]
    assert quiz_answers(done.session, quiz.id).scores.notna().sum().sum() == 80
    texts = {(question["id"], option["id"]): option["text"] for question in quiz.questions for option in question["options"]}
    answers = done.session.scalars(text("SELECT answers FROM quiz_attempts WHERE quiz_id = :quiz"), {"quiz": quiz.id})
    given = [(answer["question"], answer["response"]) for found in answers for answer in found]
    counts = Counter(texts.get(answer, str(answer[1])) for answer in given)
    assert counts == {"Merge sort": 32, "Heap sort": 4, "Quick sort, as usual": 4, "True": 20, "False": 20}


def _17(done: Done) -> None:
    assert done.mastery() == {"Fay": pytest.approx(0.25), "Gil": pytest.approx(0.25)}


def _18(done: Done) -> None:
    assert list(done.rejected()) == [2]
    assert [(family, score) for _, family, score, _ in scores(done)] == [("Jay", None), ("Kit", 3.0)]
    assert set(done.mastery()) == {"Jay", "Kit"}


def withdraw_two(done: Done) -> None:
    people = select(User.id).where(User.family_name.in_(["W2", "W3", "Two"]))
    done.session.execute(
        update(Enrollment)
        .where(Enrollment.course_id == done.course.id, Enrollment.student_id.in_(people))
        .values(status=EnrollmentStatus.WITHDRAWN, ended_on=Enrollment.started_on)
    )


def _19(done: Done) -> None:
    withdraw_two(done)
    active = [score / most for _, family, score, most in scores(done) if score is not None and done.status(family) == "active"]
    assert len(active) == 2
    assert sum(active) / len(active) == pytest.approx(0.8)


def _20(done: Done) -> None:
    assert not done.said("(Müller|D.Angelo).*name")
    assert done.said("O'Connor", 0)
    names = {(family.replace("\u2019", "'"), given) for family, given in done.names()}
    assert names == {("Müller", "José"), ("O'Connor", "Sinéad"), ("D'Angelo", "Gia")}


def _21(done: Done) -> None:
    assert done.status("Two") in {"active", "pending"}
    assert done.said("changed Two, Udo.*withdrawn")


def _a1_a2(done: Done) -> None:
    assert set(done.rejected()) == {2, 3}
    assert {family for (family,) in done.session.execute(text("SELECT family_name FROM users WHERE family_name IN ('Rae', 'Roe')"))} == {
        "Rae",
        "Roe",
    }


def _a3(done: Done) -> None:
    assert done.names() == {("Müller", "Änne"), ("Lux", "Max"), ("Kim", "Ji")}
    assert done.ids() == {"Müller": "77", "Lux": "00078", "Kim": "00079"}
    assert set(done.rejected()) == {4, 6}
    assert all(done.said(mended) for mended in ("Müller", "00078", "00079"))


def enroll_four(done: Done) -> None:
    for number in range(1, 5):
        student = factories.student(done.session, email=f"m{number}@uni.example", family_name=f"M{number}")
        factories.enrollment(done.session, done.course, student)


def _a5(done: Done) -> None:
    if isinstance(done.results[-1], str):
        assert done.said("--decimal")
    else:
        assert set(done.rejected()) == {3, 4}


def _a6(done: Done) -> None:
    assert isinstance(done.results[-1], str)
    assert done.said("--decimal")


def _z1(done: Done) -> None:
    assert set(done.rejected()) == {2, 3, 4}
    assert done.names() == set()


def _m1(done: Done) -> None:
    assert len(done.rejected()) == 2
    assert done.quizzes() == {}


def _m01(done: Done) -> None:
    assert done.ids().keys() == {"Müller", "Lux"}
    assert "00123456" in done.ids()["Müller"]
    assert "00123457" in done.ids()["Lux"]
    assert list(done.rejected()) == [4]
    assert done.last.total.rows_in == 3
    assert ("Müller", 8.5) in {(family, score) for _, family, score, _ in scores(done)}


def _m06(done: Done) -> None:
    assert done.said(r"Week 3.*maximum.*--|maximum.*Week 3.*--")


def _c04(done: Done) -> None:
    assert {(quiz, family, score) for quiz, family, score, _ in scores(done)} == {
        ("Quiz 1", "Muller", 8.5), ("Quiz 1", "Li", 7.25), ("Quiz 2", "Muller", 17.0), ("Quiz 2", "Li", 12.0),
    }  # fmt: skip


def _c08(done: Done) -> None:
    assert done.said("Quiz 1.*maximum")
    assert scores(done) in ([("Quiz 1", "Muller", 4.0, 10.0)], [("Quiz 1", "Muller", 4.0, 5.0)])
    assert done.said("4 of (10|5)")


def _s2(done: Done) -> None:
    assert done.names() == {("Kurz", "Eva"), ("Lang", "Tom")}


def _p01(done: Done) -> None:
    assert done.names() == {("Müller", "Änne"), ("Lux", "Max")}
    assert "00123456" in done.ids()["Müller"]


def _p04(done: Done) -> None:
    days = done.session.execute(
        text("SELECT started_on::text, ended_on::text FROM student_enrollments WHERE course_id = :c ORDER BY student_id"),
        {"c": done.course.id},
    )
    assert {row[0] for row in days} == {"2026-04-03"}
    assert done.said("two digits|03.04.26")


def _p08(done: Done) -> None:
    assert dict(done.ids().items()) == {"Müller": "00123456", "Lux": "00123457"}
    assert done.said("00123456")
    assert done.said("00123457")


def _p11(done: Done) -> None:
    assert done.names() == {
        ("Müller", "Änne"), ("Lux", "Max"), ("García López", "Juan Carlos"), ("von der Leyen", "Eva"), ("Ito", ""),
    }  # fmt: skip
    assert done.said("Ito")


def _p12(done: Done) -> None:
    assert done.names() == {("Müller", "Änne")}


def _p13(done: Done) -> None:
    assert list(done.rejected()) == [6]
    assert done.said("Waitlisted.*active|active.*Waitlisted")
    assert [done.status(family) for family in ("Rae", "Roe", "Row", "Rye")] == ["active", "withdrawn", "withdrawn", "active"]


def _p14(done: Done) -> None:
    addresses = done.session.scalars(
        select(User.email).join(Enrollment, Enrollment.student_id == User.id).where(Enrollment.course_id == done.course.id)
    )
    assert set(addresses) == {f"{letter}@uni.example" for letter in "abcd"}
    assert list(done.rejected()) == [6]
    assert done.said("a2@home.example")


def _sis200(done: Done) -> None:
    ids = done.session.scalars(
        text(
            "SELECT external_id FROM external_ids AS x JOIN student_enrollments AS e ON e.student_id = x.person_id WHERE e.course_id = :c"
        ),
        {"c": done.course.id},
    )
    assert {*map(str, range(20260001, 20260201))} <= set(ids)
    assert set(done.rejected()) == {207, 210, 211}, "another address of a person above, no address, no family name"
    assert not done.said("row 213")


def _x01(done: Done) -> None:
    assert scores(done) == [("Week 3", "Rae", 8.5, 10.0)]
    assert "n1" in done.ids()["Rae"]


CASES: dict[str, tuple[Sequence[Step], Callable[[Done], None]]] = {
    "02": ([Step("imports/02/gradebook.csv", week=9)], _02),
    "02 posting": ([Step("imports/02/gradebook_posting.csv", week=9)], lambda done: _only(len(done.attempts()), 6)),
    "03": ([Step("imports/03/gradebook.csv")], _03),
    "04 students": ([Step("imports/04/students.csv")], _04_students),
    "04 grades": (
        [Step("imports/04/grades.csv", form="csv", columns={
            "id": "student_id", "quiz": "assignment", "submitted_at": "timestamp", "family_name": "last_name", "given_name": "first_name",
        })],
        _04_grades,
    ),
    "04 grades without --map": ([Step("imports/04/grades.csv")], _04_grades),
    "05": ([Step("imports/05/week_1_scores.csv", week=1)], _05),
    "06": ([Step("imports/06/roster.csv", withdraw_missing=True)], _06),
    "07": ([Step("imports/07/roster_ok.csv"), Step("imports/07/roster_excel.csv")], _07),
    "08 no seconds": ([Step("imports/08/no_seconds.csv")], _08_seconds),
    "08 us dates": ([Step("imports/08/us_dates.csv")], _08_us),
    "09": ([Step("imports/09/first.csv"), Step("imports/09/second.csv")], _09),
    "10": ([Step("imports/10/monday.csv"), Step("imports/10/tuesday.csv")], _10),
    "11": ([Step("imports/11/gradebook.csv")], _11),
    "12": ([Step("imports/12/bank.gift", week=1)], _12),
    "13": ([Step("imports/13/quiz_qti12.zip", week=1)], _13),
    "14": (
        [
            Step("imports/14/quiz.xml", week=1, title="Algorithms week 1"),
            Step("imports/14/grades.csv", title="Algorithms week 1"),
            Step("imports/14/responses.csv", title="Algorithms week 1"),
        ],
        _14,
    ),
    "17": ([Step("imports/17/week_1.csv", week=1)], _17),
    "18": ([Step("imports/18/unfinished.csv", week=1)], _18),
    "19": ([Step("imports/19/results.csv")], _19),
    "20": ([Step("imports/20/mac.csv"), Step("imports/20/win.csv")], _20),
    "21": ([Step("imports/21/roster.csv"), Step("imports/21/roster.csv", notify=True, between=withdraw_two)], _21),
    "a1 a2": ([Step("admin/a1.csv"), Step("admin/a2.csv", other_course=True)], _a1_a2),
    "a3": ([Step("admin/a3.csv")], _a3),
    "a5": ([Step("admin/a5.csv", between=enroll_four)], _a5),
    "a6": ([Step("admin/a6.csv", between=enroll_four)], _a6),
    "z1": ([Step("admin/z1.csv")], _z1),
    "m1": ([Step("admin/m1.csv", week=1)], _m1),
    "m01": ([Step("admin/m01_de.csv", week=1)], _m01),
    "m06": ([Step("admin/m06_grades_real_only.csv")], _m06),
    "c04": ([Step("admin/c04_percent_cells.csv", week=1)], _c04),
    "c08": ([Step("admin/c08_before.csv", week=1), Step("admin/c08_maxchanged.csv", week=1)], _c08),
    "s2": ([Step("admin/s2.csv")], _s2),
    "p01": ([Step("admin/p01_sep_line.csv")], _p01),
    "p04": ([Step("admin/p04_dates_de.csv")], _p04),
    "p08": ([Step("admin/p08_excel_formula.csv")], _p08),
    "p11": ([Step("admin/p11_name_mixed.csv")], _p11),
    "p12": ([Step("admin/p12_two_header_rows.csv")], _p12),
    "p13": ([Step("admin/p13_status_words.csv")], _p13),
    "p14": ([Step("admin/p14_multi_mail.csv")], _p14),
    "sis200": ([Step("admin/sis200.csv")], _sis200),
    "x01": ([Step("admin/x01_moodle.xlsx")], _x01),
}  # fmt: skip


def _only(found: Any, expected: Any) -> None:
    assert found == expected


def imported(done: Done, step: Step) -> ImportReport | str:
    """Import a file as an administrator: with the detected format, first as a dry run, whose report has to be that of the import."""
    path = FOLDER / step.path
    reading = ReadOptions(title=step.title, columns=step.columns, decimal_mark=step.decimal)
    options = ImportOptions(
        course=done.course.code, week=step.week, reading=reading, withdraw_missing=step.withdraw_missing, notify=step.notify
    )
    before = done.session.begin_nested()
    try:
        form = detected(path) if step.form is None else format_named(step.form)
        rehearsal = import_path(done.session, path, form, replace(options, dry_run=True))
        report = import_path(done.session, path, form, options)
    except LmskitError as error:
        before.rollback()
        return str(error)
    assert (rehearsal.files, rehearsal.entities, rehearsal.rejections) == (report.files, report.entities, report.rejections)
    return report


@pytest.mark.parametrize("name", CASES)
def test_a_file_comes_in_as_its_readme_states(name: str, session: Session) -> None:
    steps, check = CASES[name]
    done = Done(session, factories.course(session, weeks=16))
    for step in steps:
        if step.between:
            step.between(done)
        if step.other_course:
            done.course = factories.course(session, weeks=16)
        done.results.append(imported(done, step))
    check(done)


def test_every_file_is_in_a_case() -> None:
    named = {step.path for steps, _ in CASES.values() for step in steps}
    files = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.is_file() and path.name != "README.md"}
    assert {name for name in files - named if not re.match(r"imports/(13/q/|21/became\.csv)", name)} == set()
