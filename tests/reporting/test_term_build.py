"""Building the reports of a term: every course from one snapshot, whole files or none, and what failed is named."""

import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from lmskit.cli.report import app
from lmskit.db import access, snapshot, transaction
from lmskit.errors import CourseNotFoundError, InputError, TermNotFoundError
from lmskit.queries.mastery import class_weeks
from lmskit.reporting.builder import build_term
from lmskit.reporting.course_report import course_report
from lmskit.reporting.display import Fragment
from lmskit.reporting.execution import term_report_notebook
from lmskit.reporting.export import plotly_script
from lmskit.reporting.snapshot import export_snapshot, open_snapshot
from tests import factories
from tests.reporting.conftest import HOSTILE


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    return tmp_path_factory.mktemp("reports")


@pytest.fixture(scope="module")
def built(term, output):
    """The first build: what it returns, and the progress it reported."""
    reported = []
    result = build_term(term[0].code, output=output, progress=lambda _step, done, total: reported.append((done, total)))
    return result, reported


class Page(HTMLParser):
    """The elements, addresses and handlers that a browser would find in a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.handlers: list[str] = []
        self.scripts: list[dict[str, str | None]] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in {"src", "href", "action", "data", "poster", "srcset"}]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        if tag == "script":
            self.scripts.append(dict(attrs))


def test_every_course_has_a_notebook_and_a_page_and_the_list_names_them(built, term):
    result, reported = built
    assert result.failed == {}
    assert reported == [(0, 2), (1, 2), (2, 2)]
    assert set(result.built) == {course.code for course in term[1]}
    for page in result.built.values():
        assert page.is_file()
        assert page.with_name(page.name.removesuffix(".html") + ".ipynb").is_file()
    listed = Page(result.index)
    assert {page.name for page in result.built.values()} <= set(listed.addresses)
    assert not list(result.folder.glob(".*"))


def test_pages_ask_for_nothing_from_elsewhere_and_no_name_became_markup(built):
    result, _ = built
    for path in (*result.built.values(), result.index):
        page = Page(path)
        assert not page.handlers
        assert "img" not in page.tags
        assert not [address for address in page.addresses if re.match(r"[a-z]+:|//", address)]
        assert [script.get("src") for script in page.scripts if script.get("type") != "application/json"] == (
            [] if path == result.index else ["plotly.min.js", None]
        )
        assert HOSTILE not in path.read_text(encoding="utf-8")
        assert "&lt;img src=x onerror=alert(1)&gt;" in path.read_text(encoding="utf-8")


def test_the_page_has_the_heading_before_which_print_begins_a_new_page(built):
    result, _ = built
    headings = re.findall(r"#([\w-]+) \{ break-before", files("lmskit.reporting").joinpath("templates", "report.css").read_text())
    assert headings
    for page in result.built.values():
        assert all(f'id="{heading}"' in page.read_text(encoding="utf-8") for heading in headings)


def test_simulated_data_is_marked_and_other_data_is_not(built, term):
    result, _ = built
    simulated, plain = (result.built[course.code].read_text(encoding="utf-8") for course in term[1])
    assert "Simulated data" in simulated
    assert "Simulated data" not in plain
    assert result.index.read_text(encoding="utf-8").count('class="badge"') == 1


def test_every_page_shows_the_time_of_its_snapshot_which_is_the_same_for_all(built):
    result, _ = built
    times = set()
    for path in result.built.values():
        html = path.read_text(encoding="utf-8")
        for fact in ("Schema revision", "lmskit", "Mastery rule", "average (mastery_threshold = 0.8", "Rows in quiz_attempts"):
            assert fact in html
        times |= set(re.findall(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", html))
    assert len(times) == 1
    assert times <= set(re.findall(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", result.index.read_text(encoding="utf-8")))


def test_stored_parameters_are_codes_and_no_trace_of_the_machine_is_left(built, term):
    result, _ = built
    assert result.built
    for code, page in result.built.items():
        notebook = json.loads(page.with_name(page.name.removesuffix(".html") + ".ipynb").read_text(encoding="utf-8"))
        assert notebook["metadata"]["lmskit"]["parameters"].keys() == {"course", "n_students", "snapshot", "snapshot_at"}
        assert notebook["metadata"]["lmskit"]["parameters"]["course"] == code
        assert "papermill" not in notebook["metadata"]
        assert str(access().settings.home) not in json.dumps(notebook)


@pytest.mark.long
def test_a_failing_course_is_named_and_keeps_its_report_while_others_come_out_the_same(built, term, output, tmp_path, configure):
    result, _ = built
    fails, works = term[1]
    before = {path: path.read_bytes() for path in result.folder.iterdir()}
    notebook = json.loads(term_report_notebook().read_text(encoding="utf-8"))
    falling = f"from lmskit.errors import InputError\nif course == {fails.code!r}: raise InputError('The build was stopped.')"
    notebook["cells"][-1]["source"] = falling
    root = tmp_path / "checkout"
    path = root / "notebooks" / "reports" / "term_report.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(notebook), encoding="utf-8")
    access().dispose()  # a login has five connections, and two kernels with their snapshot need most of them
    configure(LMSKIT_PROJECT_ROOT=str(root))
    said = CliRunner().invoke(app, ["build", "--term", term[0].code, "--output", str(output)])
    assert said.exit_code == 3
    assert "1 of 2 reports" in said.output
    assert "━" not in said.output, "a bar in a log"
    assert f"The report of {fails.code} could not be built: The build was stopped." in said.output
    after = {path: path.read_bytes() for path in result.folder.iterdir()}
    assert after.keys() == before.keys()
    assert {path for path in after if after[path] == before[path]} >= {path for path in after if path.stem == result.built[fails.code].stem}
    page = result.built[works.code]
    assert without_time(after[page]) == without_time(before[page])
    assert after[page] != before[page]
    assert result.built[fails.code].name in Page(result.index).addresses


def without_time(html: bytes) -> bytes:
    return re.sub(rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", b"", html)


def test_the_report_contains_what_the_dashboard_reads(term, session):
    course = term[1][0]
    report = course_report(course.code)
    assert report.data.by_week.weeks.equals(class_weeks(session, course.code))
    assert (report.data.n_students, report.data.n_to_help, len(report.data.to_help)) == (7, 3, 3)
    assert report.data.by_week.latest is not None
    assert report.data.by_week.latest["week_number"] == 3
    assert report.data.by_week.assessed["week_number"].tolist() == [1, 3]


def test_a_course_without_estimates_has_a_report_with_all_its_parts(admin_engine, term):
    with transaction(admin_engine) as session:
        empty = factories.course(session, in_term=term[0])
        weeks = factories.course(session, in_term=term[0], weeks=2)
    try:
        for course in (empty, weeks):
            report = course_report(course.code)
            assert report.data.by_week.latest is None
            for part in (*PARTS, *TABLES):
                shown = getattr(report, part)()
                assert shown.markup if isinstance(shown, Fragment) else shown._repr_mimebundle_()
            assert "lmskit mastery refresh" in report.glance().markup
    finally:
        with transaction(admin_engine) as session:
            for course in (empty, weeks):
                session.delete(session.merge(course))


PARTS = ("head", "glance", "level_shares", "heat_map", "heat_map_table", "distribution", "distribution_table")
TABLES = ("help_table", "quiz_table", "reading_advice", "provenance")


def test_a_changed_rule_is_noted_until_mastery_is_refreshed(admin_engine, term):
    code = term[1][1].code
    with transaction(admin_engine) as session:
        session.execute(text("UPDATE courses SET mastery_rule = 'palm reading' WHERE code = :code"), {"code": code})
    try:
        report = course_report(code)
    finally:
        with transaction(admin_engine) as session:
            session.execute(text("UPDATE courses SET mastery_rule = 'average' WHERE code = :code"), {"code": code})
    assert report.data.in_use.rule.name == "average"
    assert "palm reading" in report.data.in_use.caveat()
    assert course_report(code).data.in_use.caveat() == ""


def test_a_shared_snapshot_shows_the_database_at_its_time(admin_engine, term):
    code = term[1][1].code
    count = text("SELECT count(*) FROM quizzes WHERE course_id = :id")
    with snapshot(admin_engine) as holder:
        name = export_snapshot(holder)
        before = holder.execute(count, {"id": term[1][1].id}).scalar_one()
        with transaction(admin_engine) as writer:
            writer.execute(
                text("INSERT INTO quizzes (course_id, week_number, title, questions, max_score) VALUES (:id, 2, 'New', '[]', 1)"),
                {"id": term[1][1].id},
            )
        with open_snapshot(name) as session:
            assert session.execute(count, {"id": term[1][1].id}).scalar_one() == before
            with pytest.raises(Exception, match="read-only"):
                session.execute(text("DELETE FROM quizzes"))
    with pytest.raises(InputError, match="has ended"):
        course_report(code, snapshot=name)


def test_only_courses_that_the_person_sees_are_reported(lecturer_engine, term, output, configure):
    configure(LMSKIT_PERSON="demo.lecturer@example.org")
    with pytest.raises(TermNotFoundError):
        build_term(term[0].code, output=output)
    with pytest.raises(CourseNotFoundError):
        course_report(term[1][0].code)


def test_a_report_that_cannot_be_built_is_refused_in_a_sentence(term, tmp_path):
    with pytest.raises(TermNotFoundError, match="'NEVER'"):
        build_term("NEVER", output=tmp_path)
    with pytest.raises(InputError, match="has no course 'NOWHERE'"):
        build_term(term[0].code, course="NOWHERE", output=tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="Reports cannot be written to"):
        build_term(term[0].code, output=tmp_path / "file")


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="Windows has no such permissions")
def test_a_folder_that_may_not_be_written_is_refused_before_anything_is_built(term, tmp_path):
    folder = tmp_path / term[0].code
    folder.mkdir()
    (folder / "plotly.min.js").write_bytes(plotly_script())  # as an earlier build left it
    folder.chmod(0o500)
    without_privilege = ["setpriv", "--bounding-set=-dac_override"] if os.geteuid() == 0 else []
    program = "import sys; from pathlib import Path; from lmskit.reporting.builder import _folder; _folder(Path(sys.argv[1]), sys.argv[2])"
    command = [*without_privilege, sys.executable, "-c", program, tmp_path, folder.name]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert f"Reports cannot be written to {folder}: Permission denied. Choose another folder with --output.\n" in run.stderr


def test_a_list_that_cannot_be_written_is_named(term, tmp_path):
    (tmp_path / term[0].code / "index.html").mkdir(parents=True)
    with pytest.raises(InputError, match=r"Reports cannot be written to .*index.html: Is a directory"):
        build_term(term[0].code, course=term[1][0].code, output=tmp_path)
