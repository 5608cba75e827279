"""Draw faults from packages, try each against the tests that execute its line, and print how many were noticed.

`python -m scripts.mutation schemas queries --sample 60 --seed 1`
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scripts.mutation.mutant import Mutant

ROOT = Path(__file__).resolve().parents[2]
TESTS = {
    "schemas": ["lmskit/schemas", "tests/schemas", "tests/services", "tests/desks", "tests/cli"],
    "queries": [
        *("lmskit/queries", "tests/queries", "tests/mastery", "tests/read_models", "tests/services", "tests/desks", "tests/cli"),
        *("tests/security/test_doctor.py", "tests/neighbour/test_load.py", "tests/hostile/test_old_rows.py"),
    ],
    "services": [
        *("lmskit/services", "tests/services", "tests/mastery", "tests/importers", "tests/desks", "tests/cli"),
        "tests/security/test_logins.py",
    ],
    "importers": ["lmskit/importers", "tests/importers"],
}
"""The packages, and the tests that are traced for each."""
ELSEWHERE = ("access_rules", "access_manifest")
"""What decides about access: its faults are in tests/security/faults.sql and tests/security/mutations.py."""


def main() -> None:
    """Parse the arguments, trace the tests if no trace is given, and try the sample."""
    parser = argparse.ArgumentParser(prog="python -m scripts.mutation", description=__doc__)
    parser.add_argument("packages", nargs="+", choices=[*TESTS], metavar="PACKAGE", help=f"one of {', '.join(TESTS)}")
    parser.add_argument("--sample", type=int, default=60, metavar="N", help="mutants of each package (default: 60)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="another number draws another sample (default: 1)")
    parser.add_argument("--only", default="", metavar="TEXT", help="mutants of files whose path contains this")
    parser.add_argument("--seconds", type=float, default=40, metavar="S", help="tests of one mutant, as traced (default: 40)")
    parser.add_argument(
        "--traces", nargs="*", type=Path, default=[], metavar="FILE", help="traces that were kept; a new one is made without"
    )
    parser.add_argument("--keep-trace", type=Path, metavar="FILE", help="write a new trace of the packages' tests here, and end")
    parser.add_argument("--tests", nargs="*", default=[], metavar="PATH", help="trace these tests instead of the packages'")
    parser.add_argument("--again", type=Path, metavar="FILE", help="try the mutants that survived in these results instead of a sample")
    parser.add_argument("--results", type=Path, metavar="FILE", help="write each mutant with its verdict here, as lines of JSON")
    given = parser.parse_args()

    with tempfile.TemporaryDirectory(prefix="lmskit-mutation-") as folder:
        Path(folder).chmod(0o711)  # a server that root starts runs as another user, who has to pass
        from scripts.mutation.trial import copied, prepared_home

        copy = copied(ROOT, Path(folder) / "copy")
        if given.keep_trace or not given.traces:
            trace = given.keep_trace or Path(folder) / "trace.json"
            make_trace(
                copy, given.tests or list(dict.fromkeys(path for package in given.packages for path in TESTS[package])), trace.resolve()
            )
            given.traces.append(trace)
        if not given.keep_trace:
            prepared_home(copy)
            for package in given.packages:
                try_sample(copy, package, given)


def make_trace(copy: Path, tests: list[str], to: Path) -> None:
    """Run tests in the copy, and write which lines each executes."""
    from scripts.mutation.tracing import WRITE_TO

    path = f"import sys; sys.path[:] = ['', *(p for p in sys.path if p and p != {str(ROOT)!r})]"
    run = f"{path}; import pytest; sys.exit(pytest.main(sys.argv[1:]))"
    options = ["-q", "-p", "scripts.mutation.tracing", "-p", "no:cacheprovider", "--hypothesis-seed=0"]
    environment = {**os.environ, WRITE_TO: str(to)}
    subprocess.run([sys.executable, "-c", run, *options, *tests], cwd=copy, env=environment, check=False)


def try_sample(copy: Path, package: str, given: argparse.Namespace) -> None:
    """Try the sample of one package and print its figures."""
    from scripts.mutation.loaded import Task, only_functions_differ
    from scripts.mutation.mutant import sample
    from scripts.mutation.reach import Reach
    from scripts.mutation.trial import load_libraries, try_loaded, try_one_by_one

    load_libraries()
    reach = Reach.read(given.traces)
    mutants = _mutants(copy, package, given.only)
    chosen = _survivors(copy, mutants, given.again) if given.again else sample(mutants, given.sample, given.seed)
    drawn = [_Drawn(copy, mutant) for mutant in chosen]
    known = _equivalent()
    quick: dict[Task, _Drawn] = {}
    slow: dict[Task, _Drawn] = {}
    for each in drawn:
        each.verdict = each.verdict or ("equivalent" if (each.path, *each.difference) in known else None)
        if each.verdict is None:
            tests = reach.tests(each.mutant, copy, given.seconds)
            each.verdict = None if tests else "unreached"
            if tests:
                task = Task(each.path, each.content, tuple(tests))
                (quick if only_functions_differ(each.path, each.source, each.content) else slow)[task] = each
    for tasks, way in ((quick, try_loaded), (slow, try_one_by_one)):
        for task, (verdict, by) in way(copy, list(tasks), 3 * given.seconds + 60):
            tasks[task].verdict, tasks[task].by, tasks[task].n_tests = verdict, by, len(task.tests)
            _report(tasks[task], given.results)
    for each in drawn:
        if each.verdict == "unreached":
            _report(each, given.results)
    how = "that survived" if given.again else f"drawn (seed {given.seed})"
    print(f"{package}: {len(mutants)} mutants, {len(drawn)} {how}: {_words(each.verdict for each in drawn)}")
    for kind in ("Python", "SQL"):
        print(
            f"  {kind}: {_words(each.verdict for each in drawn if each.mutant.operator.startswith('SQL') == (kind == 'SQL'))}", flush=True
        )


class _Drawn:
    """A mutant of the sample, with its verdict."""

    def __init__(self, copy: Path, mutant: Mutant) -> None:
        from scripts.mutation.mutant import difference
        from scripts.mutation.python_mutants import compiles

        self.mutant, self.path = mutant, mutant.path
        self.source, self.content = (copy / mutant.path).read_text(encoding="utf-8"), mutant.content()
        self.difference = difference(self.source, self.content)
        runs = self.content != self.source and (not self.path.endswith(".py") or compiles(self.path, self.content))
        self.verdict: str | None = None if runs else "invalid"
        self.by, self.n_tests = "", 0


def _mutants(copy: Path, package: str, only: str) -> list[Mutant]:
    from scripts.mutation.python_mutants import python_mutants
    from scripts.mutation.sql_mutants import sql_mutants

    found: list[Mutant] = []
    for file in sorted((copy / "lmskit" / package).rglob("*")):
        path = str(file.relative_to(copy))
        if file.suffix in {".py", ".sql"} and only in path and not file.stem.startswith(ELSEWHERE):
            source = file.read_text(encoding="utf-8")
            found += (python_mutants if file.suffix == ".py" else sql_mutants)(path, source)
    return found


def _survivors(copy: Path, mutants: list[Mutant], results: Path) -> list[Mutant]:
    """The mutants that survived in earlier results, wherever their lines are now."""
    from scripts.mutation.mutant import difference

    lines = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]
    wanted = {(line["path"], line["operator"], *line["difference"]) for line in lines if line["verdict"] in {"survived", "unreached"}}
    about = {found[:2] for found in wanted}
    near = [mutant for mutant in mutants if (mutant.path, mutant.operator) in about]
    sources = {mutant.path: (copy / mutant.path).read_text(encoding="utf-8") for mutant in near}
    return [each for each in near if (each.path, each.operator, *difference(sources[each.path], each.content())) in wanted]


def _equivalent() -> set[tuple[str, ...]]:
    noted = tomllib.loads(Path(__file__).with_name("equivalent.toml").read_text(encoding="utf-8"))["mutant"]
    return {(each["path"], *each["difference"]) for each in noted}


def _report(each: _Drawn, results: Path | None) -> None:
    """Print a mutant that no test noticed, and keep every verdict."""
    if each.verdict in {"survived", "unreached"}:
        print(
            f"{each.verdict}: {each.path}:{each.mutant.line} ({each.mutant.operator}; {each.n_tests} tests)",
            *each.difference,
            sep="\n  ",
            flush=True,
        )
    if results:
        record = {"path": each.path, "line": each.mutant.line, "operator": each.mutant.operator, "difference": each.difference}
        with results.open("a", encoding="utf-8") as file:
            file.write(json.dumps({**record, "verdict": each.verdict, "by": each.by, "tests": each.n_tests}) + "\n")


def _words(verdicts: Iterable[str | None]) -> str:
    return ", ".join(f"{number} {verdict}" for verdict, number in sorted(Counter(map(str, verdicts)).items())) or "none"


if __name__ == "__main__":
    main()
