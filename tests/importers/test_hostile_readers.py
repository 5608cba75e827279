"""Any file gives records and rejections that add up, or is refused with one sentence: never another exception."""

import os
import shutil
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lmskit.errors import ImportFileError
from lmskit.importers.canvas import gradebook as canvas_gradebook
from lmskit.importers.canvas import sis as canvas_sis
from lmskit.importers.formats import Format, ReadOptions
from lmskit.importers.oneroster import bundle as oneroster
from lmskit.importers.plain_csv import FORMAT as PLAIN_CSV
from lmskit.importers.record import Cells
from tests.examples import share
from tests.importers.golden import SAMPLES, format_of, row_counts, samples


def first_samples(paths):
    """The first sample of each format. Plain CSV may be opened although it is not detected; question banks have tests of their own."""
    found: dict[Format, Path] = {}
    for path in paths:
        form = format_of(path)
        if isinstance(form, Format) and form is not PLAIN_CSV:
            found.setdefault(form, path)
    return found


SINGLE = {
    canvas_sis.FORMAT: SAMPLES / "canvas-sis" / "university" / "users.csv",
    **first_samples(path for path in samples().values() if path.is_file()),
}
FOLDERS = first_samples(path for path in samples().values() if path.is_dir())
CELLS = ["", " ", "\0", "\ufeff", "=1+1", "@SUM(A1)", "\u202eabc", "e\u0301", "\n", "a\nb", "\r", '"', '""', ",", ";", "x" * 600, "a" * 301]
NUMBERS = ["inf", "NaN", "-1", "1e309", "1,5", "1.0", "9" * 400]
DAYS = ["2031-13-45", "0000-00-00", "9999-12-31 24:61:00 UTC"]
NASTY = [*CELLS, *NUMBERS, *DAYS, "(1)", "101: Q", "tobedeleted", "deleted", "Student, Test"]

mutations = st.lists(
    st.one_of(
        st.tuples(st.just("replace"), st.integers(0, 400), st.sampled_from(NASTY)),
        st.tuples(st.just("drop line"), st.integers(0, 20), st.just("")),
        st.tuples(st.just("repeat line"), st.integers(0, 20), st.just("")),
        st.tuples(st.just("cut"), st.integers(0, 2000), st.just("")),
        st.tuples(st.just("insert"), st.integers(0, 2000), st.text(max_size=5)),
    ),
    min_size=1,
    max_size=5,
)


def mutated(text, changes):
    for kind, position, value in changes:
        lines, cells = text.split("\n"), text.split(",")
        match kind:
            case "replace":
                cells[position % len(cells)] = value
                text = ",".join(cells)
            case "drop line":
                text = "\n".join(line for number, line in enumerate(lines) if number != position % len(lines))
            case "repeat line":
                text = "\n".join([*lines[: position % len(lines)], lines[position % len(lines)], *lines[position % len(lines) :]])
            case "cut":
                text = text[: position % (len(text) + 1)]
            case _:
                text = text[:position] + value + text[position:]
    return text


def check(form, path):
    """Detect the format of a path, and read it."""
    detected = form.detect(path)
    try:
        source = form.open(path, ReadOptions())
        counts = row_counts(source)
    except ImportFileError:
        return
    assert detected
    assert all(rows_in == imported + rejected for rows_in, imported, rejected in counts.values()), counts
    assert all(isinstance(text, str) for text in [*source.notes, *map(str, source.warnings), source.sha256])


@pytest.mark.parametrize("form", SINGLE, ids=lambda form: form.name)
@given(content=st.binary(max_size=300))
@example(content=b"a\xb3e \x81")  # a word of Windows-1250, and a byte that it does not have
def test_random_bytes(form, content, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / f"{form.name}.bin"
    path.write_bytes(content)
    check(form, path)
    assert not oneroster.FORMAT.detect(path)


@pytest.mark.parametrize("form", SINGLE, ids=lambda form: form.name)
@given(changes=mutations, encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]))
def test_a_file_that_was_changed_somewhere(form, changes, encoding, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / f"{form.name}.csv"
    path.write_bytes(mutated(SINGLE[form].read_text(encoding="utf-8"), changes).encode(encoding, "replace"))
    check(form, path)


@pytest.mark.parametrize("form", FOLDERS, ids=lambda form: form.name)
@settings(max_examples=share(40))  # each copies and reads a whole folder
@given(changes=mutations, index=st.integers(0, 20))
def test_a_folder_in_which_one_file_was_changed(form, changes, index, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp() / form.name
    shutil.copytree(FOLDERS[form], folder, dirs_exist_ok=True)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    path = files[index % len(files)]
    path.write_text(mutated(path.read_text(encoding="utf-8"), changes), encoding="utf-8", errors="replace", newline="")
    check(form, folder)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("form", SINGLE, ids=lambda form: form.name)
def test_a_byte_order_mark_changes_nothing(form, encoding, tmp_path):
    path = tmp_path / SINGLE[form].name
    path.write_bytes(SINGLE[form].read_text(encoding="utf-8").encode(encoding))
    assert row_counts(form.open(path, ReadOptions())) == row_counts(form.open(SINGLE[form], ReadOptions()))


def test_a_long_file_takes_no_more_memory_than_a_short_one(tmp_path):
    path = tmp_path / "gradebook.csv"
    with path.open("w", encoding="utf-8") as stream:
        stream.write("Student,ID,Section,Quiz (11)\n    Points Possible,,,10\n")
        stream.writelines(f'"Family{number}, Given",{number},x,{number % 11}\n' for number in range(10_000))
    source = canvas_gradebook.FORMAT.open(path, ReadOptions())
    tracemalloc.start()
    try:
        count = sum(1 for _ in source.records())
        assert tracemalloc.get_traced_memory()[1] < 4 * 1024**2
    finally:
        tracemalloc.stop()
    assert count == 1 + 3 * 10_000


def test_too_many_rejected_cells_are_an_error(monkeypatch):
    monkeypatch.setattr("lmskit.importers.record.MAX_REJECTIONS", 2)
    cells = Cells("gradebook.csv: grades")
    cells.reject(2, "Quiz (11)", "x", "is not a number")
    cells.reject(3, "Quiz (11)", "x", "is not a number")
    with pytest.raises(ImportFileError, match=r"More than 2 cells of gradebook\.csv: grades cannot be imported; the first: "):
        cells.reject(4, "Quiz (11)", "x", "is not a number")


@pytest.mark.parametrize("content", ['"ID,Section,Student\n', "\ufeff", "\n", "\n\n1\n", '"'])
@pytest.mark.parametrize("form", SINGLE, ids=lambda form: form.name)
def test_a_file_without_a_header_is_refused_with_one_sentence(form, content, tmp_path):
    (tmp_path / "file.csv").write_text(content, encoding="utf-8")
    with pytest.raises(ImportFileError):
        form.open(tmp_path / "file.csv", ReadOptions())


def test_memory_for_rows_that_refer_to_each_other_is_limited(monkeypatch):
    monkeypatch.setattr("lmskit.importers.lookup.MAX_ENTRIES", 3)
    source = oneroster.FORMAT.open(SAMPLES / "oneroster" / "version_1_1", ReadOptions())
    with pytest.raises(ImportFileError, match="name more than 3 rows that refer to each other"):
        list(source.records())


def test_warnings_beyond_those_that_are_listed_are_counted(monkeypatch):
    monkeypatch.setattr("lmskit.importers.row_warnings.MAX_LISTED", 1)
    source = canvas_gradebook.FORMAT.open(SINGLE[canvas_gradebook.FORMAT], ReadOptions())
    list(source.records())
    assert len(source.warnings) == 1
    assert "Warnings that are not listed: 1." in source.notes


@pytest.mark.parametrize("form", [*SINGLE, *FOLDERS], ids=lambda form: form.name)
def test_other_kinds_of_path_are_not_detected_and_are_refused_with_one_sentence(form, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "pipe", tmp_path / "loop", tmp_path / "empty", tmp_path / "nowhere"):
        assert not form.detect(path)
        with pytest.raises(ImportFileError):
            form.open(path, ReadOptions())
