"""What the gate runs: checks that only read beside each other, and the tests that are asked for."""

import re
import sys
from pathlib import Path

import pytest

from scripts.gate import TEST_BROWSER, Check, run_checks

MEETING = "import pathlib, sys, time; pathlib.Path(sys.argv[1]).touch(); other = pathlib.Path(sys.argv[2])"
"""Ends when its neighbour has started; a check that waits for the neighbour's end would wait in vain."""
MET = f"{MEETING}\nfor _ in range(1200):\n    if other.exists(): sys.exit(0)\n    time.sleep(0.05)\nsys.exit(1)"


@pytest.fixture
def ran(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    """Run checks in a folder; the exit status, and what was printed."""

    def run(*checks: Check, further: tuple[str, ...] = ()) -> tuple[int, str]:
        (tmp_path / "pytest.py").write_text("import sys; print('pytest', *sys.argv[1:])", encoding="utf-8")
        (tmp_path / "test_one.py").touch()
        status = run_checks(Path(sys.executable), checks, further, root=tmp_path)
        return status, capfd.readouterr().out

    return run


def test_checks_that_only_read_run_beside_each_other_and_are_shown_in_their_order(ran, tmp_path):
    one, two = (str(tmp_path / name) for name in ("one", "two"))
    meet = tuple(
        Check(name, ("-c", MET, mine, other), only_reads=True) for name, mine, other in (("first", one, two), ("second", two, one))
    )
    status, printed = ran(*meet)
    assert status == 0
    assert printed.index("=== first ===") < printed.index("=== second ===") < printed.index("=== summary ===")


def test_one_that_fails_is_shown_with_its_output_and_the_others_run(ran):
    status, printed = ran(
        Check("broken", ("-c", "import sys; print('why it is broken'); sys.exit(3)"), only_reads=True),
        Check("last", ("-c", "print('ran')")),
    )
    assert status == 1
    assert "=== broken ===\nwhy it is broken\n" in printed
    assert "=== last ===\nran\n" in printed
    assert "FAILED" in printed.partition("=== summary ===")[2]


SUITE = (Check("lint", ("-c", "print('linted')")), *(Check(f"part {n}", ("-m", "pytest"), folders=(f"folder_{n}",)) for n in (1, 2)))


@pytest.mark.parametrize(
    ("further", "expected"),
    [
        ((), ["linted", "pytest folder_1", "pytest folder_2"]),
        (("-k", "word"), ["pytest folder_1 -k word", "pytest folder_2 -k word"]),
        (("test_one.py::test", "-x"), ["pytest test_one.py::test -x"]),
    ],
)
def test_a_part_of_the_tests_runs_alone_and_a_file_instead_of_the_folders(ran, further, expected):
    status, printed = ran(*SUITE, further=further)
    assert status == 0
    assert [line for line in printed.splitlines() if line.startswith(("linted", "pytest"))] == expected


def test_every_test_that_drives_a_browser_is_where_its_suite_looks(project_files):
    root = Path(__file__).resolve().parents[2]
    [browser] = TEST_BROWSER
    marked = [path for path in project_files if path.suffix == ".py" and re.search(r"mark\.browser", path.read_text(encoding="utf-8"))]
    assert marked
    assert [path for path in marked if not any(path.is_relative_to(root / folder) for folder in browser.folders)] == []
