"""Check the SQL files with sqlfluff: `python -m scripts.lint_sql`, a part of `make lint`.

sqlfluff's own command cannot parse all of our files: a file of parts holds several statements without semicolons between them, and
sqlfluff's grammar lacks some comparisons with IS DISTINCT FROM, and a comment behind the OFFSET of a subquery. These are replaced or
left out before a file is checked.
"""

import os
import re
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from sqlfluff.core import FluffConfig, Linter

ROOT = Path(__file__).resolve().parents[1]
FILES = ("lmskit/**/*.sql", "migrations/sql/*.sql")
PART = re.compile(r"^-- part:", re.MULTILINE)
"""The first line of a part; the statement before it ends there."""
DIFFERS = re.compile(r"IS (?:NOT )?DISTINCT FROM")
BEHIND_OFFSET = re.compile(r"(?<=OFFSET 0) --.*")


def parsable(text: str) -> str:
    r"""Return the text of a file as sqlfluff can parse it; the lines keep their numbers.

    Examples
    --------
    >>> parsable("-- part: one\nSELECT (1, 2) IS DISTINCT FROM (3, 4)\n-- part: two\nSELECT 2\n")
    '-- part: one\nSELECT (1, 2) <> (3, 4)\n; -- part: two\nSELECT 2\n'
    >>> parsable("(SELECT 1 OFFSET 0 -- alone\n)")
    '(SELECT 1 OFFSET 0\n)'
    """
    text = BEHIND_OFFSET.sub("", DIFFERS.sub("<>", text))
    first = PART.search(text)
    return text if first is None else text[: first.end()] + PART.sub("; -- part:", text[first.end() :])


def findings(path: Path) -> list[str]:
    """What sqlfluff finds in a file, one line each."""
    linter = Linter(config=FluffConfig.from_path(str(ROOT)))
    linted = linter.lint_string(parsable(path.read_text(encoding="utf-8")), fname=str(path))
    name = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
    return [f"{name}:{found.line_no}: {found.rule_code()} {found.desc()}" for found in linted.get_violations()]


def main(names: list[str]) -> int:
    """Print what sqlfluff finds in the files, by default in all of ours; return 1 if it finds anything."""
    paths = [Path(name).resolve() for name in names] or sorted(path for pattern in FILES for path in ROOT.glob(pattern))
    longest_first = sorted(paths, key=lambda path: -path.stat().st_size)
    with ProcessPoolExecutor(max_workers=min(os.cpu_count() or 1, 4)) as pool:
        found = sorted(line for lines in pool.map(findings, longest_first) for line in lines)
    print("\n".join([*found, f"{len(paths)} SQL files, {len(found)} findings"]))
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
