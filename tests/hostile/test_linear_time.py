"""Every regular expression takes a time that grows with the length of the text, and a backup one that grows with the course; no faster."""

from __future__ import annotations

import ast
import functools
import importlib
import itertools
import pkgutil
import re
import time
import timeit
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

import lmskit
from benchmarks.made_up_backup import Backup, written
from lmskit.importers.formats import ReadOptions
from lmskit.importers.moodle.backup.source import FORMAT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import Connection
    from sqlalchemy.orm import Session

ROOT = Path(lmskit.__file__).parent
METHODS = ("match", "fullmatch", "search", "split", "sub", "findall", "finditer")
LENGTHS = (16, 256, 1024, 8192)
GROWTH = 24
"""Eight times as long a text may take so many times as long; the time of a quadratic expression grows to 64 times."""
SLOW = 40
"""And it takes so many times as long as the slowest way to look once at each character; otherwise its growth says nothing."""
EACH_CHARACTER = re.compile("(?:[^\ue000]|\ue001)*")
ABSENT = "\ue001"
MATCHES = "count(*) FROM (SELECT repeat(:part, :n) AS written OFFSET 0) AS t WHERE written ~ :expression OR written || '!' ~ :expression"
SMALL = {"students": 4, "quizzes": 1, "attempts": 1}
MOST_REPETITIONS = 40
"""A repetition of no more is a factor, and does not grow with the text."""


def modules() -> Iterator[Any]:
    for found in pkgutil.walk_packages([str(ROOT)], "lmskit."):
        if not found.name.endswith("__main__") and "templates" not in found.name:
            yield importlib.import_module(found.name)


def constant(node: ast.expr, namespace: dict[str, Any]) -> str | bytes | None:
    """The text that an expression is, as far as its module's names say; None for one that depends on more."""
    try:
        value = eval(compile(ast.Expression(node), "pattern", "eval"), dict(namespace))  # noqa: S307 - an expression of lmskit
    except NameError:
        return None
    return value if isinstance(value, str | bytes) else None


def collected() -> dict[str, tuple[re.Pattern[Any], list[str]]]:
    """Every expression that lmskit compiles, by its module and its line or name, with the ways in which it is used."""
    found: dict[str, tuple[re.Pattern[Any], list[str]]] = {}
    for module in modules():
        for name, value in vars(module).items():
            if isinstance(value, re.Pattern):
                used = [method for method in METHODS if (name, method) in USES]
                found[f"{module.__name__}.{name}"] = value, used or ["match", "fullmatch", "search"]
        tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
                continue
            if isinstance(node.func.value, ast.Name) and node.func.value.id == "re" and node.func.attr in {"compile", *METHODS}:
                pattern = constant(node.args[0], vars(module))
                if pattern is not None and pattern not in {known.pattern for known, _ in found.values()}:
                    used = ["match", "fullmatch", "search"] if node.func.attr == "compile" else [node.func.attr]
                    found[f"{module.__name__}:{node.lineno}"] = re.compile(pattern), used
    return found


NAMED_METHODS = re.compile(rf"\b(\w+)\.({'|'.join(METHODS)})\b")
USES = {(name, method) for path in ROOT.rglob("*.py") for name, method in NAMED_METHODS.findall(path.read_text(encoding="utf-8"))}


EXPRESSIONS = collected()


CATEGORIES = {"CATEGORY_DIGIT": "0", "CATEGORY_SPACE": " ", "CATEGORY_WORD": "a"}


def members(items: Any) -> list[str]:
    """Some characters of a class."""
    found = []
    for code, argument in items:
        kind = str(code)
        if kind in {"LITERAL", "RANGE"}:
            found.append(chr(argument if kind == "LITERAL" else argument[0]))
        elif kind == "CATEGORY":
            found.append(CATEGORIES.get(str(argument), "-"))
    if str(items[0][0]) == "NEGATE":
        return [sample for sample in ("a", " ", "0", "-", ".") if sample not in found] or ["a"]
    return found[:6] or ["a"]


class Pieces:
    """Beginnings that lead into each repetition of an expression, and what to repeat there."""

    def __init__(self, pattern: re.Pattern[Any]) -> None:
        parsed = re._parser.parse(pattern.pattern, pattern.flags & ~re.LOCALE)  # type: ignore[attr-defined]
        self._beginnings, self._repeated = {""}, {" ", "a", "0", "\t"}
        self._repeated.add(self._after(parsed, ""))
        self.beginnings = sorted(self._beginnings)[:10]
        self.repeated = sorted(part for part in self._repeated if part)[:30]

    def _after(self, items: Any, written: str) -> str:
        """Note the repetitions in a sequence, and return `written` with the shortest text that the sequence matches."""
        for code, argument in items:
            kind = str(code)
            if kind.endswith("_REPEAT"):
                written += self._repetition(argument[1], argument[2], written) * argument[0]
            elif kind in {"SUBPATTERN", "ATOMIC_GROUP"}:
                written = self._after(argument[-1] if kind == "SUBPATTERN" else argument, written)
            elif kind == "BRANCH":
                ends = [self._after(branch, written) for branch in argument[1]]
                self._repeated.update(end[len(written) :] for end in ends[:8])
                written = ends[0]
            elif kind.startswith("ASSERT"):
                self._after(argument[1], written)
            else:
                sample = _sample(kind, argument)
                self._repeated.add(sample)
                written += sample
        return written

    def _repetition(self, most: int, body: Any, written: str) -> str:
        once = self._after(body, written)[len(written) :]
        if most > MOST_REPETITIONS:
            self._beginnings.add(written)
            self._repeated.add(once or "a")
            for code, argument in body:
                if str(code) == "IN":
                    self._repeated.update(members(argument))
        return once


def _sample(kind: str, argument: Any) -> str:
    """One character that a part of an expression matches; none for a position."""
    if kind == "LITERAL":
        return chr(argument)
    if kind == "IN":
        return members(argument)[0]
    return {"ANY": "a", "NOT_LITERAL": "b" if argument == ord("a") else "a"}.get(kind, "")


def seconds(work: Callable[[], object], tries: int = 2) -> float:
    """The time of the work, the least of a few tries."""
    return min(timeit.repeat(work, number=1, repeat=tries, timer=time.process_time))


BASELINE = {length: seconds(functools.partial(EACH_CHARACTER.fullmatch, "a" * length), 9) for length in LENGTHS}


def worked(pattern: re.Pattern[Any], method: str, written: str) -> Callable[[], object]:
    """What lmskit does with the expression, as a function without arguments."""
    subject = written.encode() if isinstance(pattern.pattern, bytes) else written
    if method == "finditer":
        return lambda: list(pattern.finditer(subject))
    if method == "sub":
        return lambda: pattern.sub(subject[:0], subject)
    return functools.partial(getattr(pattern, method), subject)


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_an_expression_takes_linear_time(name: str) -> None:
    try_hard(*EXPRESSIONS[name])


@pytest.mark.parametrize(("expression", "method"), [(r"\s+x", "search"), (r"(a+)+b", "match")])
def test_an_expression_that_takes_longer_is_noticed(expression: str, method: str) -> None:
    with pytest.raises(AssertionError, match="again and again"):
        try_hard(re.compile(expression), [method])


def checks(connection: Connection) -> dict[str, str]:
    """The regular expressions of the database's constraints, each with the constraint's name."""
    written = connection.execute(text("SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'c'"))
    return {expression: name for name, definition in written for expression in re.findall(r"~\*? '((?:[^']|'')+)'", definition)}


def test_the_expressions_of_constraints_take_linear_time(session: Session) -> None:
    """PostgreSQL's expressions are automata, unless they refer back to what a part of them has matched."""
    found = checks(session.connection())
    assert len(found) > 8
    for expression, name in found.items():
        assert not re.search(r"\\[1-9]", expression), name
        for part in ("a", "a@", "@", " ", "/", ".", "\u200b", "0"):
            shorter, longer = (
                min(
                    float(
                        session.scalar(text(f"EXPLAIN (ANALYZE, FORMAT JSON) SELECT {MATCHES}"), {"n": length, **values})[0][
                            "Execution Time"
                        ]
                    )
                    for _ in range(3)
                )
                for values in ({"part": part, "expression": expression},)
                for length in (10_000, 80_000)
            )
            assert longer < 40 * max(shorter, 0.05), (name, part)


@pytest.mark.parametrize(
    ("grows", "size", "others"), [("students", 500, {"attempts": 0}), ("attempts", 4, {}), ("quizzes", 3, {}), ("bank", 300, {})]
)
def test_reading_a_backup_takes_linear_time(grows: str, size: int, others: dict[str, int], tmp_path: Path) -> None:
    def reading(size: int) -> Callable[[], object]:
        path = tmp_path / f"{size}.mbz"
        written(path, Backup(**SMALL | others | {grows: size}))
        return lambda: sum(1 for _ in FORMAT.open(path, ReadOptions()).records())

    compare(reading(size), reading(8 * size), grows)


def test_reading_that_looks_at_all_others_for_each_is_noticed() -> None:
    def reading(size: int) -> Callable[[], object]:
        return lambda: sum(1 for each in range(size) for other in range(size) if each == other)

    with pytest.raises(AssertionError, match="eight times as many students"):
        compare(reading(100), reading(800), "students")


def compare(shorter: Callable[[], object], longer: Callable[[], object], grows: str) -> None:
    """Fail if reading eight times as much takes more than linear time."""
    if seconds(longer, 1) >= GROWTH * seconds(shorter):
        assert seconds(longer) < GROWTH * seconds(shorter, 5), f"eight times as many {grows}"


def try_hard(pattern: re.Pattern[Any], methods: Sequence[str]) -> None:
    """Fail if there is a text for which the expression takes more than linear time."""
    pieces = Pieces(pattern)
    for method, beginning, part, end in itertools.product(methods, pieces.beginnings, pieces.repeated, ("", ABSENT)):
        works = [worked(pattern, method, beginning + part * (length // len(part)) + end) for length in LENGTHS]
        for shorter, work, length in zip(works[:1] + works, works, LENGTHS, strict=False):
            if seconds(work) <= SLOW * BASELINE[length] or seconds(work, 5) <= SLOW * BASELINE[length]:
                continue
            text_of_it = f"{method} of {beginning!r}, {part!r} again and again, and {end!r}"
            assert seconds(work) < length * SLOW * BASELINE[length], text_of_it
            if length == LENGTHS[-1]:
                assert seconds(work, 5) < GROWTH * seconds(shorter, 5), text_of_it
