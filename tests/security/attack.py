"""Attacks as data: a statement, and what has to come of it.

A file of attacks holds blocks, each opened by a comment with the outcome that is expected:

=======================  ========================================================================================
``refused CODE or …``    it fails, with this SQLSTATE; a misspelt attack fails with another
``own``                  it succeeds with at least one value, all of them one's own
``nothing``              it succeeds, and finds or changes nothing: no row, or nothing but nulls, zeros and falses
``… or CODE``            where the server knows no such thing, or has always refused it: it fails with this SQLSTATE
``done``                 it succeeds; what it changes is told by the checksums
``alike``                it fails, and in the same words for what belongs to the other as for what does not exist
=======================  ========================================================================================

Whatever the outcome, no result, error or notice may hold a canary.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from tests.security.world import CANARY, FOREIGN, NOBODY, OWN, ROWS, World, filled

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FOLDER = Path(__file__).parent / "attacks"
GROUPS = tuple(sorted(path.stem for path in FOLDER.glob("*.sql")))
_BLOCK = re.compile(
    r"^-- ((?:own|nothing)(?: or (?P<unless>[0-9A-Z]{5}))?|done|alike|refused (?P<codes>[0-9A-Z]{5}(?: or [0-9A-Z]{5})*))(?:: .*)?$",
    re.MULTILINE,
)
_DIAGNOSTICS = (
    "message_primary",
    "message_detail",
    "message_hint",
    "context",
    "internal_query",
    "constraint_name",
    "table_name",
    "column_name",
)


@dataclass(frozen=True)
class Attack:
    """What is tried, and which outcome is the right one."""

    outcome: str
    codes: tuple[str, ...]
    statement: str

    def __str__(self) -> str:
        return " ".join(self.statement.split())


@dataclass
class Answer:
    """All that came back: values of the last result, everything as text, and the error."""

    values: list[Any]
    said: list[str]
    changed: int
    error: psycopg.Error | None

    @property
    def code(self) -> str | None:
        """The SQLSTATE of the error."""
        return None if self.error is None else self.error.sqlstate

    def canaries(self, asked: str) -> list[str]:
        """What of the other lecturer's is in it; ids that the question named are an echo."""
        named = set(re.findall(r"\d{9}", asked))
        return sorted({found for text in self.said for found in CANARY.findall(text) if found not in named})


def attacks(group: str) -> list[Attack]:
    """The attacks of a group, as they stand in its file."""
    text = (FOLDER / f"{group}.sql").read_text(encoding="utf-8")
    heads = list(_BLOCK.finditer(text))
    ends = [head.start() for head in heads[1:]] + [len(text)]
    return [
        Attack(head[1].split()[0], tuple((head["codes"] or head["unless"] or "").split(" or ")), text[head.end() : end].strip())
        for head, end in zip(heads, ends, strict=True)
    ]


def names(world: World, **more: Any) -> dict[str, Any]:
    """What the placeholders in attacks stand for."""
    people = {"self": world.own.name, "self_email": world.own.email, "other": world.foreign.name, "admin": world.admin.name}
    ids = {
        f"{whose}_{row}": base + n for whose, base in (("own", OWN), ("foreign", FOREIGN), ("nobody", NOBODY)) for row, n in ROWS.items()
    }
    return {**people, **ids, "foreign_code": "canary-1", "own_code": "wren-1", "database": world.database, **more}


@contextmanager
def others_at_work(world: World) -> Iterator[dict[str, Any]]:
    """Let the other lecturer and an administrator have sessions with open cursors, and a large object lie there; give the placeholders."""
    with world.superuser() as superuser, world.connect(world.foreign) as colleague, world.connect(world.admin) as administrator:
        row = superuser.execute("SELECT lo_from_bytea(0, 'canary')").fetchone()
        superuser.commit()
        assert row is not None
        for busy in (colleague, administrator):
            busy.execute("PREPARE canary AS SELECT 'canary'")
            busy.execute("BEGIN")
            busy.execute("DECLARE canary CURSOR FOR SELECT * FROM courses WHERE title LIKE 'canary%'")
        yield names(world, foreign_pid=colleague.info.backend_pid, large_object=row[0])
        superuser.execute("SELECT lo_unlink(%s)", row)
        superuser.commit()


def complaints_of(world: World, group: str, placeholders: Mapping[str, Any]) -> list[str]:
    """Carry out the attacks of a group; return a paragraph for each whose outcome is wrong."""
    return [f"{attack}\n    {complaint}" for attack in attacks(group) for complaint in attempt(world, attack, placeholders)]


def ask(connection: psycopg.Connection[Any], statement: str) -> Answer:
    """Send a statement, or several at once, and collect everything that comes back."""
    said: list[str] = []
    values: list[Any] = []
    changed, failed = 0, None
    connection.add_notice_handler(lambda notice: said.extend(_words(notice)))
    try:
        cursor = connection.cursor()
        first, _, copied = statement.rpartition("; ") if "COPY " in statement.upper() and "STD" in statement else ("", "", "")
        if copied:
            if first:
                cursor.execute(first.encode())
            with cursor.copy(copied.encode()) as copy:
                if "FROM STDIN" in copied:
                    copy.write("1\n")
                else:
                    values = [_text(bytes(part)) for part in copy]
        else:
            cursor.execute(statement.encode())
            for result in cursor.results():
                if result.description is not None:
                    values = [value for row in result.fetchall() for value in row]
                    said.extend(_text(value) for value in values)
                changed = max(result.rowcount, 0)
        said.extend(_text(value) for value in values)
    except psycopg.Error as error:
        failed = error
        said.extend([str(error), *_words(error.diag)])
    said.extend(f"{notification.channel} {notification.payload}" for notification in connection.notifies(timeout=0, stop_after=100))
    return Answer(values, said, changed, failed)


def judge(attack: Attack, answer: Answer, twin: Answer | None, asked: str) -> Iterator[str]:
    """Say what is wrong about an answer. `twin` is what the question about what does not exist gave."""
    canaries = answer.canaries(asked)
    if canaries:
        yield f"reads {canaries}"
    something = any(value not in (None, 0, False, "", "{}", "[]") and value != [] for value in answer.values)
    if attack.outcome == "refused":
        if answer.code not in attack.codes:
            yield f"is not refused with {' or '.join(attack.codes)}, but: {answer.error or 'succeeds'}"
    elif attack.outcome == "alike":
        yield from told_apart(answer, twin)
    elif answer.error is not None:
        yield from () if answer.code in attack.codes else [f"fails: {answer.code} {answer.error}"]
    elif attack.outcome == "own" and not something:
        yield "finds nothing, not even one's own"
    elif attack.outcome == "nothing" and (something or (not answer.values and answer.changed)):
        yield f"finds {answer.values[:5]} or changes {answer.changed} rows"


def told_apart(answer: Answer, twin: Answer | None) -> Iterator[str]:
    """Say how what belongs to the other can be told from what does not exist."""
    if answer.error is None or twin is None or twin.error is None:
        yield "succeeds"
    elif _anonymous(answer) != _anonymous(twin):
        yield f"tells apart: {_anonymous(answer)} and {_anonymous(twin)}"


def attempt(world: World, attack: Attack, placeholders: Mapping[str, Any]) -> list[str]:
    """Carry out an attack over a new connection of the lecturer who attacks, and say what is wrong about the outcome."""
    asked = filled(attack.statement, dict(placeholders))
    with world.connect(world.own) as connection:
        answer = ask(connection, asked)
    twin = None
    if attack.outcome == "alike":
        nobody = {name: placeholders.get(name.replace("foreign_", "nobody_"), value) for name, value in placeholders.items()}
        with world.connect(world.own) as connection:
            twin = ask(connection, filled(attack.statement, nobody))
    return list(judge(attack, answer, twin, asked))


def _anonymous(answer: Answer) -> list[str]:
    """The error without the ids that were asked for."""
    assert answer.error is not None
    return [str(answer.code), *(re.sub(r"\d{9}", "…", word) for word in _words(answer.error.diag))]


def _words(diagnostic: psycopg.errors.Diagnostic) -> list[str]:
    return [str(word) for name in _DIAGNOSTICS if (word := getattr(diagnostic, name)) is not None]


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
