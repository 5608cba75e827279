"""Which tests can notice a fault: those that execute its line, the nearest first."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from scripts.mutation.mutant import Mutant
from scripts.mutation.python_mutants import enclosing, statement


@dataclass(slots=True)
class Reach:
    """What `tracing.py` wrote: the seconds of each test, and the tests of each line."""

    seconds: dict[str, float] = field(default_factory=dict)
    lines: dict[str, dict[int, set[str]]] = field(default_factory=dict)

    @classmethod
    def read(cls, traces: Iterable[Path]) -> Reach:
        """Read several traces as one."""
        reach = cls()
        for trace in traces:
            content = json.loads(trace.read_text(encoding="utf-8"))
            reach.seconds.update(content["tests"])
            for path, lines in content["lines"].items():
                of_path = reach.lines.setdefault(path, {})
                for line, tests in lines.items():
                    of_path.setdefault(int(line), set()).update(tests)
        return reach

    def tests(self, mutant: Mutant, root: Path, most_seconds: float) -> list[str]:
        """Return the tests that execute the mutant's statement, whole files in turn, until they take `most_seconds`.

        Where a statement is executed when its module is imported, these are the tests that execute anything of the module; for SQL in
        a file of its own, those that execute the module that reads it.
        """
        found = next((tests for tests in self._wider(mutant, root) if tests), set())
        files: dict[str, list[str]] = {}
        for test in self.seconds:
            if test in found:
                files.setdefault(test.partition("::")[0], []).append(test)
        chosen: list[str] = []
        left = most_seconds
        for file in sorted(files, key=lambda file: self._distance(mutant.path, file, files[file])):
            for test in sorted(files[file], key=self.seconds.__getitem__):
                left -= self.seconds[test]
                if left < 0 and chosen:
                    return chosen
                chosen.append(test)
        return chosen

    def _wider(self, mutant: Mutant, root: Path) -> Iterator[set[str]]:
        path = root / mutant.path
        if path.suffix == ".sql":
            reader = path.with_suffix(".py")
            yield self._of(str((reader if reader.exists() else path.with_name("writer.py")).relative_to(root)))
            return
        source = path.read_text(encoding="utf-8")
        inside = enclosing(source, mutant.line)
        if len(inside) > 1 or self._of(mutant.path, inside):
            yield self._of(mutant.path, statement(source, mutant.line))
            yield self._of(mutant.path, inside)
        yield self._of(mutant.path)
        name = mutant.path.removesuffix(".py").replace("/", ".")
        users = [
            str(user.relative_to(root))
            for user in sorted((root / "lmskit").rglob("*.py"))
            if re.search(rf"from {re.escape(name)} import", user.read_text(encoding="utf-8"))
        ]
        yield {test for user in users for test in self._of(user)}

    def _of(self, path: str, lines: Iterable[int] | None = None) -> set[str]:
        known = self.lines.get(path, {})
        return set().union(*(known.get(line, set()) for line in (known if lines is None else lines)))

    def _distance(self, path: str, file: str, tests: list[str]) -> tuple[bool, bool, bool, float]:
        """The module's own examples are nearest, then the tests of its noun, then those of its layer, then those that are quick."""
        noun, layer = Path(path).stem.rstrip("s"), Path(path).parts[1]
        mean = sum(self.seconds[test] for test in tests) / len(tests)
        return file != path, noun not in file, layer not in Path(file).parts, mean
