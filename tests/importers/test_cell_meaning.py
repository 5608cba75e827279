"""What every kind of cell means in every column, written down as pages and compared with what readers do, and with the documentation."""

from pathlib import Path

import pytest

from lmskit.importers.blackboard import FORMAT as BLACKBOARD
from lmskit.importers.canvas.gradebook import FORMAT as CANVAS_GRADEBOOK
from lmskit.importers.canvas.quiz import FORMAT as CANVAS_QUIZ
from lmskit.importers.cell_meaning import MEANINGS, WORDS, CellKind, CellMeaning, ResultColumn, kind_of, meaning_of
from lmskit.importers.formats import ReadOptions
from lmskit.importers.moodle.gradebook import FORMAT as MOODLE_GRADEBOOK
from lmskit.importers.moodle.quiz import GRADES, RESPONSES
from lmskit.importers.plain_csv import FORMAT as PLAIN
from lmskit.importers.record import AttemptRecord, EnrollmentRecord, ExcuseRecord

IMPORTING = Path(__file__).resolve().parents[2] / "docs" / "importing.md"


def table(text):
    """The cells of a table by row and column."""
    header, *lines = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
    return {(line[0], column): cell for line in lines for column, cell in zip(header[1:], line[1:], strict=True)}


KINDS = {
    "": CellKind.BLANK,
    "-": CellKind.DASH,
    "3": CellKind.NUMBER,
    "-1": CellKind.NEGATIVE,
    "50 %": CellKind.PERCENT,
    "B+": CellKind.LETTER,
    "EX": CellKind.EXCUSED,
    "N/A": CellKind.NOT_ASSIGNED,
    "Withdrawn": CellKind.WITHDRAWN,
    "Requires grading": CellKind.NOT_GRADED,
    "complete": CellKind.COMPLETE,
    "incomplete": CellKind.INCOMPLETE,
    "Yes": CellKind.YES,
    "No": CellKind.NO,
    "#REF!": CellKind.ERROR,
    "Very good": CellKind.TEXT,
}
"""A cell of each kind."""

GRADES_OF_10 = """
                 | canvas     | blackboard | moodle     | percentage | plain
                 | nothing    | nothing    | nothing    | nothing    | nothing
-                | nothing    | nothing    | nothing    | nothing    | nothing
3                | 3 of 10    | 3 of 10    | 3 of 10    | 3 of 100   | 3 of 10
-1               | rejected   | rejected   | rejected   | rejected   | rejected
50 %             | 5 of 10    | 5 of 10    | 5 of 10    | 50 of 100  | 5 of 10
B+               | rejected   | rejected   | rejected   | rejected   | rejected
EX               | excused    | excused    | rejected   | rejected   | excused
N/A              | nothing    | rejected   | rejected   | rejected   | nothing
Withdrawn        | nothing    | rejected   | rejected   | rejected   | nothing
Requires grading | nothing    | nothing    | rejected   | rejected   | nothing
complete         | 10 of 10   | rejected   | rejected   | rejected   | 10 of 10
incomplete       | 0 of 10    | rejected   | rejected   | rejected   | 0 of 10
Yes              | rejected   | rejected   | rejected   | rejected   | rejected
No               | rejected   | rejected   | rejected   | rejected   | rejected
#REF!            | rejected   | rejected   | rejected   | rejected   | rejected
Very good        | rejected   | rejected   | rejected   | rejected   | rejected
"""
"""The grade that each cell gives for something with 10 points; in Moodle's gradebook the words are of a scale without percentages."""

ATTEMPTS = """
                 | canvas total | moodle total | canvas question | moodle question
                 | None         | None         | None            | nothing
-                | None         | None         | None            | 0
3                | 3            | 3            | 3               | 3
-1               | 0            | 0            | -1              | -1
50 %             | rejected     | rejected     | rejected        | rejected
B+               | rejected     | rejected     | rejected        | rejected
EX               | rejected     | rejected     | rejected        | rejected
N/A              | rejected     | rejected     | rejected        | rejected
Withdrawn        | rejected     | rejected     | rejected        | rejected
Requires grading | None         | None         | None            | nothing
complete         | rejected     | rejected     | rejected        | rejected
incomplete       | rejected     | rejected     | rejected        | rejected
Yes              | rejected     | rejected     | rejected        | rejected
No               | rejected     | rejected     | rejected        | rejected
#REF!            | rejected     | rejected     | rejected        | rejected
Very good        | rejected     | rejected     | rejected        | rejected
"""
"""The total of a finished attempt, and the score of an answer: to a question that has a response in Canvas and is worth 6 points."""


@pytest.fixture
def opened(tmp_path):
    def open_(form, *lines):
        path = tmp_path / "Sets.csv"
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return form.open(path, ReadOptions())

    return open_


def canvas_grade(cell):
    return CANVAS_GRADEBOOK, "Student,ID,Section,Sets (11)", "    Points Possible,,,10", f'"A, B",1,x,{cell}'


def blackboard_grade(cell):
    return BLACKBOARD, "Last Name,First Name,Username,Sets [Total Pts: 10 Score] |11", f"A,B,ab,{cell}"


def moodle_grade(cell):
    header = "First name,Last name,ID number,Quiz: Sets (Real),Quiz: Sets (Percentage)"
    return MOODLE_GRADEBOOK, header, f"A,B,1,{cell},-", "C,D,2,10,100.00 %", "E,F,3,5,50.00 %"


def moodle_percentage(cell):
    return MOODLE_GRADEBOOK, "First name,Last name,ID number,Quiz: Sets (Percentage)", f"A,B,1,{cell}"


def plain_score(cell):
    return PLAIN, "id,quiz,score,max_score", f"1,Sets,{cell},10"


CANVAS = "name,id,section,section_id,submitted,101: Q1,6.0,n correct,n incorrect,score"
MOODLE = "Surname,First name,Email address,Started on,Completed,Grade/10.00"
WHO_AND_WHEN = "A,B,a@example.org,12 October 2026  9:00 AM,12 October 2026  9:20 AM"


def canvas_total(cell):
    return CANVAS_QUIZ, CANVAS, f"Ada B,7,S,1,2031-09-25 20:00:00 UTC,,,1,0,{cell}"


def canvas_question(cell):
    return CANVAS_QUIZ, CANVAS, f"Ada B,7,S,1,2031-09-25 20:00:00 UTC,x,{cell},1,0,"


def moodle_total(cell):
    return GRADES, MOODLE, f"{WHO_AND_WHEN},{cell}"


def moodle_question(cell):
    return GRADES, f"{MOODLE},Q. 1 /4.00,Q. 2 /6.00", f"{WHO_AND_WHEN},3.00,3.00,{cell}"


def read(source, kind):
    """The first record of a kind; None if the file has none, and a text if it has a rejection."""
    records = [record for record in source.records() if isinstance(record, kind)]
    return "rejected" if any(part.rejections for part in source.parts) else next(iter(records), None)


def column_of(text, column):
    return {cell: value for (cell, of), value in table(text).items() if of == column}


@pytest.mark.parametrize("cell", KINDS)
def test_a_cell_of_each_kind_is_recognised(cell):
    assert kind_of(cell) is kind_of(f"\u00a0{cell} ") is KINDS[cell]


def test_words_are_recognised_in_four_languages_and_belong_to_one_kind():
    assert all(kind_of(word.upper()) is kind for kind, words in WORDS.items() for word in words)
    assert len({word for words in WORDS.values() for word in words}) == sum(map(len, WORDS.values()))
    assert set(KINDS.values()) == set(CellKind)


def test_every_kind_of_cell_has_a_meaning_in_every_column():
    assert set(MEANINGS) == {(column, kind) for column in ResultColumn for kind in CellKind}
    assert {meaning for meaning in CellMeaning if meaning.takes_back} == {
        CellMeaning.ABSENT,
        CellMeaning.NOT_ASSIGNED,
        CellMeaning.WITHDRAWN,
    }


@pytest.mark.parametrize(
    ("column", "written"),
    [
        ("canvas", canvas_grade),
        ("blackboard", blackboard_grade),
        ("moodle", moodle_grade),
        ("percentage", moodle_percentage),
        ("plain", plain_score),
    ],
)
def test_a_cell_of_a_gradebook_gives_the_grade_that_it_means(opened, column, written):
    def grade(cell):
        source = opened(*written(cell))
        attempt = read(source, AttemptRecord)
        if attempt == "rejected":
            return attempt
        if read(source, ExcuseRecord) is not None:
            return "excused"
        is_of_another = attempt is None or attempt.person.sis_id == "2"  # who shows the maximum score in Moodle
        return "nothing" if is_of_another else f"{attempt.score:g} of {attempt.max_score:g}"

    assert {cell: grade(cell) for cell in KINDS} == column_of(GRADES_OF_10, column)


@pytest.mark.parametrize(("column", "written"), [("canvas total", canvas_total), ("moodle total", moodle_total)])
def test_a_total_of_an_attempt_is_what_its_cell_means(opened, column, written):
    def total(cell):
        attempt = read(opened(*written(cell)), AttemptRecord)
        return attempt if attempt == "rejected" else "None" if attempt.score is None else f"{attempt.score:g}"

    assert {cell: total(cell) for cell in KINDS} == column_of(ATTEMPTS, column)


@pytest.mark.parametrize(("column", "written"), [("canvas question", canvas_question), ("moodle question", moodle_question)])
def test_the_score_of_an_answer_is_what_its_cell_means(opened, column, written):
    def score(cell):
        attempt = read(opened(*written(cell)), AttemptRecord)
        if attempt == "rejected":
            return attempt
        found = [answer["score"] for answer in attempt.answers if answer["question"] in {"101", "2"}]
        return "nothing" if not found else "None" if found[0] is None else f"{found[0]:g}"

    assert {cell: score(cell) for cell in KINDS} == column_of(ATTEMPTS, column)


def test_a_dash_is_an_answer_in_canvas_and_no_answer_in_moodle(opened):
    for cell, kind in KINDS.items():
        canvas = read(opened(CANVAS_QUIZ, CANVAS, f"Ada B,7,S,1,2031-09-25 20:00:00 UTC,{cell},0,1,0,0"), AttemptRecord)
        moodle = read(opened(RESPONSES, f"{MOODLE},Response 1", f"{WHO_AND_WHEN},3.00,{cell}"), AttemptRecord)
        assert canvas.answers[0]["response"] == (None if kind is CellKind.BLANK else cell)
        assert [answer["response"] for answer in moodle.answers] == ([] if kind in {CellKind.BLANK, CellKind.DASH} else [cell])


def test_a_suspended_student_has_a_yes_in_the_column_and_another_word_is_rejected(opened):
    active = {"", "-", "No", "0", "nein", "Falsch", "NON", "faux", "false", "falso"}
    withdrawn = {"Yes", "1", "ja", "Wahr", "oui", "vrai", "S\u00ed", "TRUE", "verdadero", "Gesperrt", "suspendue", "Withdrawn"}
    for cell in {*KINDS, *active, *withdrawn}:
        header = "First name,Last name,ID number,Suspended,Quiz: Sets (Real)"
        source = opened(MOODLE_GRADEBOOK, header, f"A,B,1,{cell},3")
        enrollment = read(source, EnrollmentRecord)
        if cell in active | withdrawn:
            assert enrollment.status.value == ("active" if cell in active else "withdrawn")
        else:
            assert meaning_of(ResultColumn.MOODLE_SUSPENDED, cell) is CellMeaning.UNREADABLE
            assert [(rejection.column, rejection.value) for rejection in source.file.rejections] == [("Suspended", cell)]
            assert len(source.grades.rejections) == 1, "the grade of the row is rejected with it"


def test_a_maximum_of_a_plain_table_is_a_number_or_missing(opened):
    def maximum(cell):
        attempt = read(opened(PLAIN, "id,quiz,score,max_score", f"1,Sets,3,{cell}"), AttemptRecord)
        return attempt if attempt == "rejected" else attempt.max_score

    missing = dict.fromkeys(("", "-", "EX", "N/A", "Withdrawn", "Requires grading"))
    assert {cell: maximum(cell) for cell in KINDS} == dict.fromkeys(KINDS, "rejected") | missing | {"3": 3}


def test_the_docs_have_the_same_page():
    lines = [
        f"| {' | '.join(['cell', *(column.value for column in ResultColumn)])} |",
        f"|{'---|' * (len(ResultColumn) + 1)}",
        *(f"| {' | '.join([kind.value, *(MEANINGS[column, kind].value for column in ResultColumn)])} |" for kind in CellKind),
    ]
    assert "\n".join(lines) in IMPORTING.read_text(encoding="utf-8")
