"""Every list of the command line: one set of options, one way to print it for people and for programs."""

import csv
import io
import json
import math
import re
import sys

import pytest
from rich.console import Console
from rich.progress import Progress
from sqlalchemy import delete

from lmskit.cli.import_report import StepBars
from lmskit.cli.nouns import NOUNS, loaded
from lmskit.cli.page import ListPage
from lmskit.cli.printing import LogLines
from lmskit.cli.row_output import Output, print_rows
from lmskit.columns import Column, Columns
from lmskit.db import transaction
from lmskit.models import Course, Term, User
from tests import factories

ANSI = re.compile(r"\x1b\[[0-9;]*m")
OF_A_LIST = {"--limit", "--offset", "--all", "--format"}
WITHOUT_PAGES = {"material search": "the best passages, by rank", "material advice": "what to read again, as a text for students"}
STUDENTS = Columns(Column("number", "int64", heading="No."), Column("name", "str", heading="Name"), Column("share", "float64"))
ROWS = [
    {"number": 1, "name": "=HYPERLINK(1)", "share": -0.5},
    {"number": 2, "name": "Ada\tLovelace\x1b[31m, Countess of Lovelace and of much else", "share": math.nan},
    {"number": 3, "name": "Zoë", "share": 1.0},
]


def options_by_command():
    for noun in NOUNS:
        command = loaded(noun)
        for verb, called in getattr(command, "commands", {"": command}).items():
            yield f"{noun} {verb}".strip(), {spelling for parameter in called.params for spelling in parameter.opts}


def shown(capsys, rows=ROWS, **asked):
    """What is printed and said of a page."""
    page = ListPage(**{"limit": 100, "offset": 0} | asked)
    page.show(lambda *, limit, offset: rows[offset : offset + limit], STUDENTS, total=len(rows), nothing="There is no student.")
    return capsys.readouterr()


def test_every_list_has_all_the_options_of_a_list():
    found = dict(options_by_command())
    lists = {name for name, options in found.items() if OF_A_LIST & options}
    assert {"course list", "term list", "import runs", "audit list", "material crawls", "quiz mistakes", "quiz options"} <= lists
    assert {name for name in lists if not found[name] >= OF_A_LIST} == WITHOUT_PAGES.keys()
    assert {name for name in found if name.endswith(" list")} <= lists


def test_a_pipe_gets_lines_with_tabs_and_the_count_is_said_beside_it(capsys):
    printed = shown(capsys, limit=2)
    assert printed.out == "No.\tName\n1\t=HYPERLINK(1)\n2\tAda\ufffdLovelace\ufffd[31m, Countess of Lovelace and of much else\n"
    assert printed.err == "Rows 1 to 2 of 3, page 1 of 2. For the next ones: --offset 2\n"
    assert shown(capsys, limit=2, offset=2).err == "Rows 3 to 3 of 3, page 2 of 2.\n"
    assert shown(capsys, offset=7).err == "There is nothing from row 8 on.\n"
    assert shown(capsys, rows=[]) == ("", "There is no student.\n")


def test_json_has_stable_keys_and_values_with_their_types(capsys):
    assert json.loads(shown(capsys, output=Output.JSON).out) == [
        row | {"share": None if row["number"] == 2 else row["share"]} for row in ROWS
    ]
    assert shown(capsys, rows=[], output=Output.JSON).out == "[]\n"


def test_no_cell_of_a_program_is_a_command_for_a_terminal(capsys):
    rows = [{"number": 1, "name": "\x7fZoë\x9b31m\x1b", "share": ["\x9b31m", "Ada"]}]
    assert shown(capsys, rows=rows, output=Output.JSON).out == (
        '[\n{"number": 1, "name": "\\u007fZoë\\u009b31m\\u001b", "share": ["\\u009b31m", "Ada"]}\n]\n'
    )
    assert shown(capsys, rows=rows, output=Output.CSV).out.splitlines()[1] == "1,\ufffdZoë\ufffd31m\ufffd,\ufffd31m Ada"


def test_csv_has_no_cell_that_a_spreadsheet_takes_for_a_formula(capsys):
    header, *rows = csv.reader(io.StringIO(shown(capsys, output=Output.CSV).out))
    assert header == ["number", "name", "share"]
    assert rows[0] == ["1", "'=HYPERLINK(1)", "-0.5"]
    assert rows[1] == ["2", "Ada\tLovelace\ufffd[31m, Countess of Lovelace and of much else", ""]
    assert shown(capsys, rows=[], output=Output.CSV).out == "number,name,share\n"


@pytest.mark.parametrize(("width", "is_table"), [(130, True), (60, False), (25, False)])
def test_a_table_survives_a_narrow_terminal_with_every_word_whole(capsys, monkeypatch, width, is_table):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(width))
    headings = {f"column_{number}": f"Heading {number}" for number in range(9)}
    rows = [dict.fromkeys(headings, f"student-{number} of 2026") for number in range(3)]
    print_rows([rows[:2], rows[2:]], tuple(headings), headings)
    lines = ANSI.sub("", capsys.readouterr().out).splitlines()
    assert max(map(len, lines)) <= width
    assert [sum(f"student-{number}" in line for line in lines) for number in range(3)] == [1 if is_table else 9] * 3
    assert sum("Heading" in line for line in lines) == (2 if is_table else 27)  # a table has its headings on each page of 1,000 rows


def test_progress_in_a_log_is_a_line_now_and_then(capsys):
    show = LogLines(every=3600)
    for done in range(1000):
        show("Writing", done, 1000)
    assert capsys.readouterr().err == ""
    often = LogLines(every=0)
    often("Writing", 500, 1000)
    often("Vectors: 5 of 9", 5, 9)
    often("Vectors: 5 of 9", 5, 9)
    assert capsys.readouterr().err == "Writing: 500 of 1,000\nVectors: 5 of 9\n"


def test_an_import_in_a_log_says_once_for_whom_it_waits(capsys):
    with Progress(console=Console(stderr=True), disable=True) as bars:
        show = StepBars(bars)
        show("Writing", 0, None)
        for seconds in (2, 4):
            show.show_wait(f"Waiting for another session (since {seconds} s) …")
        show.show_wait(None)
    assert capsys.readouterr().err == "Waiting for another session (since 2 s) …\n"


def test_all_rows_are_read_page_by_page_after_the_last_one(capsys):
    asked = []

    def read(*, limit, offset, after):
        asked.append((limit, offset, after))
        first = offset if after is None else after
        return [{"number": number, "name": "A", "share": 0.0} for number in range(first + 1, min(first + limit, 2500) + 1)]

    ListPage(100, 0, everything=True, output=Output.JSON, named_by="number").show(read, STUDENTS, total=2500, nothing="")
    printed = capsys.readouterr()
    assert [row["number"] for row in json.loads(printed.out)] == list(range(1, 2501))
    assert printed.err == "Rows 1 to 2500 of 2500.\n"
    assert asked == [(1000, 0, None), (1000, 0, 1000), (1000, 0, 2000)]


@pytest.fixture
def term(admin_engine, course):
    """The term of the course, with two more courses of its lecturer until the test ends."""
    with transaction(admin_engine) as session:
        made, lecturer = session.get_one(Term, course.term_id), session.get_one(User, course.lecturer_id)
        others = [factories.course(session, in_term=made, taught_by=lecturer).id for _ in range(2)]
    yield made
    with transaction(admin_engine) as session:
        session.execute(delete(Course).where(Course.id.in_(others)))


def test_a_list_of_the_database_is_the_same_in_each_form(lmskit, course, term):
    code, first_day = term.code, term.starts_on.isoformat()
    listed = json.loads(lmskit("course", "list", "--term", code, "--format", "json").stdout)
    assert list(listed[0])[:4] == ["code", "module_code", "title", "term"]
    assert (listed[0]["starts_on"], len(listed)) == (first_day, 3)
    header, *rows = csv.reader(io.StringIO(lmskit("course", "list", "--term", code, "--format", "csv", "--limit", "1", "--all").stdout))
    assert (header, [row[0] for row in rows]) == (list(listed[0]), [row["code"] for row in listed])
    lines = lmskit("course", "list", "--term", code).stdout.splitlines()
    assert [line.split("\t")[0] for line in lines] == ["Code", *(row["code"] for row in listed)]
    assert lmskit("course", "show", course.code, "--format", "json").stdout.startswith('[\n{"week_number": 1')
