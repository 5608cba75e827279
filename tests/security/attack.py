"""Attacks as data: a statement and the outcome it must have.

A file of attacks has blocks, each of which begins with a comment that names the expected outcome:

=======================  ========================================================================================
``refused CODE or …``    it fails, with this SQLSTATE; a misspelt attack fails with another
``own``                  it succeeds with at least one value, and all values are the lecturer's own
``nothing``              it succeeds, and finds or changes nothing: no row, or nothing but nulls, zeros and falses
``… or CODE``            if the server does not have such an object, or has always refused it: it fails with this SQLSTATE
``done``                 it succeeds; the checksums show what it changes
``alike``                it fails, with the same words for a row of the other lecturer as for one that does not exist
=======================  ========================================================================================

The attacks of `assistant.sql`, `tutor.sql` and `observer.sql` are those of the staff of the first own course, the tutor an assistant in
one of its sections; the others are those of the lecturer who is responsible for it.
Whatever the outcome, no result, error or notice may hold a canary.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from tests.security.world import CANARY, FOREIGN, NOBODY, OWN, ROWS, Login, World, filled

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
    """A statement to try, and its expected outcome."""

    outcome: str
    codes: tuple[str, ...]
    statement: str

    def __str__(self) -> str:
        return " ".join(self.statement.split())


@dataclass
class Answer:
    """All that was returned: values of the last result, everything as text, and the error."""

    values: list[Any]
    texts: list[str]
    changed: int
    error: psycopg.Error | None

    @property
    def code(self) -> str | None:
        """The SQLSTATE of the error."""
        return None if self.error is None else self.error.sqlstate

    def canaries(self, asked: str) -> list[str]:
        """The canaries in the answer; ids that the question named are an echo and do not count."""
        named = set(re.findall(r"\d{9}", asked))
        return sorted({found for text in self.texts for found in CANARY.findall(text) if found not in named})


def attacks(group: str) -> list[Attack]:
    """The attacks of a group, in the order of its file."""
    text = (FOLDER / f"{group}.sql").read_text(encoding="utf-8")
    heads = list(_BLOCK.finditer(text))
    ends = [head.start() for head in heads[1:]] + [len(text)]
    return [
        Attack(head[1].split()[0], tuple((head["codes"] or head["unless"] or "").split(" or ")), text[head.end() : end].strip())
        for head, end in zip(heads, ends, strict=True)
    ]


def names(world: World, **more: Any) -> dict[str, Any]:
    """The values of the placeholders in attacks."""
    people = {"self": world.own.name, "self_email": world.own.email, "other": world.foreign.name, "admin": world.admin.name}
    ids = {
        f"{whose}_{row}": base + n for whose, base in (("own", OWN), ("foreign", FOREIGN), ("nobody", NOBODY)) for row, n in ROWS.items()
    }
    return {**people, **ids, "foreign_code": "canary-1", "own_code": "wren-1", "database": world.database, **more}


@contextmanager
def others_at_work(world: World) -> Iterator[dict[str, Any]]:
    """Give the other lecturer and an administrator sessions with open cursors, make a large object, and return the placeholders."""
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


def wrong_outcomes_of(world: World, group: str, placeholders: Mapping[str, Any]) -> list[str]:
    """Try the attacks of a group; return a paragraph for each wrong outcome."""
    login = {"assistant": world.assistant, "tutor": world.tutor, "observer": world.observer}.get(group, world.own)
    return [f"{attack}\n    {mistake}" for attack in attacks(group) for mistake in attempt(world, attack, placeholders, login)]


def ask(connection: psycopg.Connection[Any], statement: str) -> Answer:
    """Send a statement, or several at once, and collect everything that comes back."""
    texts: list[str] = []
    values: list[Any] = []
    changed, failed = 0, None
    connection.add_notice_handler(lambda notice: texts.extend(_words(notice)))
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
                    texts.extend(_text(value) for value in values)
                changed = max(result.rowcount, 0)
        texts.extend(_text(value) for value in values)
    except psycopg.Error as error:
        failed = error
        texts.extend([str(error), *_words(error.diag)])
    texts.extend(f"{notification.channel} {notification.payload}" for notification in connection.notifies(timeout=0, stop_after=100))
    return Answer(values, texts, changed, failed)


def check_outcome(attack: Attack, answer: Answer, twin: Answer | None, asked: str) -> Iterator[str]:
    """Yield what is wrong with an answer. `twin` is the answer to the same question about rows that do not exist."""
    canaries = answer.canaries(asked)
    if canaries:
        yield f"reads {canaries}"
    found = any(value not in (None, 0, False, "", "{}", "[]") and value != [] for value in answer.values)
    if attack.outcome == "refused":
        if answer.code not in attack.codes:
            yield f"is not refused with {' or '.join(attack.codes)}, but: {answer.error or 'succeeds'}"
    elif attack.outcome == "alike":
        yield from differences_of(answer, twin)
    elif answer.error is not None:
        yield from () if answer.code in attack.codes else [f"fails: {answer.code} {answer.error}"]
    elif attack.outcome == "own" and not found:
        yield "finds nothing, not even the lecturer's own rows"
    elif attack.outcome == "nothing" and (found or (not answer.values and answer.changed)):
        yield f"finds {answer.values[:5]} or changes {answer.changed} rows"


def differences_of(answer: Answer, twin: Answer | None) -> Iterator[str]:
    """Yield how an answer about the other lecturer's rows differs from one about rows that do not exist."""
    if answer.error is None or twin is None or twin.error is None:
        yield "succeeds"
    elif _anonymous(answer) != _anonymous(twin):
        yield f"distinguishes: {_anonymous(answer)} and {_anonymous(twin)}"


def attempt(world: World, attack: Attack, placeholders: Mapping[str, Any], login: Login) -> list[str]:
    """Try an attack over a new connection of the one who attacks, and return what is wrong with the outcome."""
    asked = filled(attack.statement, dict(placeholders))
    with world.connect(login) as connection:
        answer = ask(connection, asked)
    twin = None
    if attack.outcome == "alike":
        nobody = {name: placeholders.get(name.replace("foreign_", "nobody_"), value) for name, value in placeholders.items()}
        with world.connect(login) as connection:
            twin = ask(connection, filled(attack.statement, nobody))
    return list(check_outcome(attack, answer, twin, asked))


def _anonymous(answer: Answer) -> list[str]:
    """The error without the ids in the question."""
    assert answer.error is not None
    return [str(answer.code), *(re.sub(r"\d{9}", "…", word) for word in _words(answer.error.diag))]


def _words(diagnostic: psycopg.errors.Diagnostic) -> list[str]:
    return [str(word) for name in _DIAGNOSTICS if (word := getattr(diagnostic, name)) is not None]


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
