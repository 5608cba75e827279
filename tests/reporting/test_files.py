"""Files of reports: names that any system takes, and no file that is half there."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmskit.reporting.files import file_names, remove_stale_parts, write_whole


@pytest.mark.parametrize("code", ["AAA-2013J", "SIM-PROG-2026B", "cs101", "a.b_c"])
def test_a_plain_code_is_its_own_name(code):
    assert file_names([code]) == {code: code}


@pytest.mark.parametrize(
    "code", ["a b", "../up", "a/b", "a\\b", "CON", "com1.x", "index", "-x", "Ünder", "a~b", "x" * 100 + "!", "''", " "]
)
def test_any_other_code_gets_a_mark(code):
    name = file_names([code])[code]
    assert "~" in name
    assert not set(name) & set("/\\:*?\"<>| '")
    assert len(name) < 110


@given(st.sets(st.text(min_size=1, max_size=12), max_size=30))
def test_two_codes_never_share_a_file_even_where_capitals_are_the_same(codes):
    names = file_names(codes)
    assert len({name.casefold() for name in names.values()}) == len(codes)


def test_writing_replaces_the_whole_file_and_leaves_nothing_beside_it(tmp_path):
    path = tmp_path / "report.html"
    write_whole(path, b"old")
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_writing_that_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / "report.html"
    write_whole(path, b"old")
    with pytest.raises(TypeError):
        write_whole(path, "text")  # type: ignore[arg-type]
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_killed_writer_leaves_the_old_file_or_the_new_one(tmp_path):
    path = tmp_path / "report.html"
    program = textwrap.dedent(f"""
        from pathlib import Path
        from lmskit.reporting.files import write_whole
        path = Path({str(path)!r})
        write_whole(path, b"0" * 3_000_000)
        print("ready", flush=True)
        while True:
            for digit in b"123456789":
                write_whole(path, bytes([digit]) * 3_000_000)
    """)
    for pause in (0.01, 0.05, 0.09):
        with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            time.sleep(pause)
            writer.send_signal(signal.SIGKILL)
        content = path.read_bytes()
        assert len(content) == 3_000_000
        assert len(set(content)) == 1


def test_parts_of_a_killed_build_are_removed_once_they_are_old(tmp_path):
    old, new, mine = (tmp_path / name for name in (".a.html.x.part", ".b.html.y.part", "c.html"))
    for path in (old, new, mine):
        path.touch()
    os.utime(old, (0, 0))
    remove_stale_parts(tmp_path)
    assert sorted(tmp_path.iterdir()) == [new, mine]
