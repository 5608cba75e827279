"""Faults in SQL: a condition, a branch or a key that is missing, a comparison that is turned."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from scripts.mutation.mutant import Mutant, replaced

_TOKEN = re.compile(
    r"--[^\n]*|'(?:[^']|'')*'|\"[^\"\n]*\"|::\w+|[A-Za-z_]\w*|\d+(?:\.\d+)?|<>|<=|>=|!=|!~\*?|~\*?|@>|<@|\|\||->>?|\S",
)
_CLAUSES = {
    "SELECT", "FROM", "JOIN", "ON", "WHERE", "HAVING", "GROUP", "ORDER", "WINDOW", "LIMIT", "OFFSET", "SET", "VALUES", "RETURNING",
    "UNION", "EXCEPT", "INTERSECT", "WHEN", "THEN", "ELSE", "LEFT", "CROSS", "FULL", "RIGHT", "FOR", "PARTITION", "WITH", "USING", "DO",
}  # fmt: skip
_CONDITIONS = {"ON", "WHERE", "HAVING", "WHEN"}
_TURNED = {"=": "<>", "<>": "=", "!=": "=", "<": "<=", "<=": "<", ">": ">=", ">=": ">"}
_OTHER = {"min": "max", "max": "min", "greatest": "least", "least": "greatest", "bool_and": "bool_or", "bool_or": "bool_and"}


@dataclass(slots=True)
class _Token:
    text: str
    start: int
    stop: int
    clause: str = ""
    """The clause that the token is in, of its own pair of brackets or CASE."""
    level: int = 0

    @property
    def word(self) -> str:
        return self.text.upper()


def sql_mutants(path: str, source: str, start: int = 0, stop: int | None = None) -> Iterator[Mutant]:
    """Yield the mutants of the statements from `start` to `stop` of a file."""
    tokens = [
        _Token(found.group(), found.start(), found.end())
        for found in _TOKEN.finditer(source, start, len(source) if stop is None else stop)
        if not found.group().startswith("--")
    ]
    _give_clauses(tokens)
    for operator, begin, end, text in (*_conditions(tokens), *_words(tokens), *_keys(tokens, source), *_coalesced(tokens, source)):
        yield replaced(source, path, f"SQL: {operator}", begin, end, text)


def _give_clauses(tokens: list[_Token]) -> None:
    """Give each token its clause and level."""
    stack = [""]
    for n, token in enumerate(tokens):
        following = tokens[n + 1].word if n + 1 < len(tokens) else ""
        word = token.word
        if word in {")", "END"} and len(stack) > 1:
            stack.pop()
        if word in _CLAUSES and token.text.isupper():
            stack[-1] = "OTHER" if word == "ON" and following in {"CONFLICT", "COMMIT", "DELETE"} else word
        token.clause, token.level = stack[-1], len(stack)
        if token.text == "(":
            before = tokens[n - 1].text if n else ""
            grouped = stack[-1] in _CONDITIONS and (before.upper() in {"AND", "OR", "NOT", "(", *_CONDITIONS})
            stack.append(stack[-1] if grouped else "")
        elif word == "CASE":
            stack.append("CASE")


def _conditions(tokens: list[_Token]) -> Iterator[tuple[str, int, int, str]]:
    """Each part of a condition, as if it were always fulfilled, or never if it is one of several alternatives."""
    parts: dict[int, list[_Token]] = {}
    for n, token in enumerate([*tokens, _Token(";", 0, 0)]):
        words = [part.word for part in parts.get(token.level, [])[1:] if part.level == token.level]
        between = token.word == "AND" and words.count("BETWEEN") > words.count("AND")
        for level in [level for level in parts if level > token.level]:
            yield from _part(parts.pop(level), "")
        ends = token.clause not in _CONDITIONS or token.word in _CONDITIONS
        if (ends or (token.word in {"AND", "OR"} and not between)) and token.level in parts:
            yield from _part(parts.pop(token.level), token.word)
        begins = token.clause in _CONDITIONS and token.word in {*_CONDITIONS, "AND", "OR"} and not between
        opened = n > 0 and tokens[n - 1].text == "(" and token.clause in _CONDITIONS and token.level == tokens[n - 1].level + 1
        if begins:
            parts[token.level] = [token]
        elif opened:
            parts[token.level] = [_Token("(", 0, 0, token.clause, token.level), token]
        else:
            for held in parts.values():
                held.append(token)


def _part(held: list[_Token], following: str) -> Iterator[tuple[str, int, int, str]]:
    first, *part = held
    if part and part[-1].text == ")" and part[-1].level < first.level:
        part.pop()
    if part and [token.word for token in part] not in (["TRUE"], ["FALSE"]):
        alternative = "OR" in {first.word, following}
        yield (
            ("an alternative that never holds", part[0].start, part[-1].stop, "false")
            if alternative
            else ("a condition that always holds", part[0].start, part[-1].stop, "true")
        )


def _words(tokens: list[_Token]) -> Iterator[tuple[str, int, int, str]]:
    """Single words: comparisons, joins, DISTINCT, EXISTS, numbers, and functions that have a counterpart."""
    for n, token in enumerate(tokens):
        before = tokens[n - 1].word if n else ""
        following = tokens[n + 1].word if n + 1 < len(tokens) else ""
        change = _changed(token, before, following)
        if change:
            yield change[0], token.start, token.stop, change[1]


def _changed(token: _Token, before: str, following: str) -> tuple[str, str] | None:  # noqa: C901, PLR0911 - one for each kind
    word, text = token.word, token.text
    if text in _TURNED and token.clause not in {"SET", "OTHER", "DO"}:
        return "a turned comparison", _TURNED[text]
    if word == "DISTINCT" and before not in {"IS", "NOT"} and following != "ON":
        return "without DISTINCT", ""
    if word == "IS" and following in {"NULL", "DISTINCT"}:
        return "a turned IS", "IS NOT"
    if word == "NOT" and (before == "IS" or following in {"EXISTS", "IN"}):
        return "a turned IS" if before == "IS" else "without NOT", ""
    if word in {"EXISTS", "IN"} and before != "NOT" and following == "(" and token.clause in _CONDITIONS:
        return "NOT", f"NOT {text}"
    if word == "LEFT" and following == "JOIN":
        return "another join", ""
    if word == "JOIN" and before not in {"LEFT", "CROSS", "RIGHT", "FULL", "NATURAL"}:
        return "another join", "LEFT JOIN"
    if text in _OTHER and following == "(":
        return "another function", _OTHER[text]
    if word == "ALL" and before == "UNION":
        return "UNION", ""
    if text.isdigit() and token.clause in {*_CONDITIONS, "THEN", "ELSE", "LIMIT", "SELECT"} and before not in {"ORDER", "BY"}:
        return "another number", str(int(text) + 1)
    return None


def _keys(tokens: list[_Token], source: str) -> Iterator[tuple[str, int, int, str]]:
    """Each key of ORDER BY and PARTITION BY; an order by one key is reversed."""
    for n, token in enumerate(tokens):
        if token.word != "BY" or n == 0 or tokens[n - 1].word not in {"ORDER", "PARTITION"}:
            continue
        keys = _split(tokens[n + 1 :], token)
        if len(keys) > 1:
            for k, key in enumerate(keys):
                begin, end = (key[0].start, keys[k + 1][0].start) if k + 1 < len(keys) else (keys[k - 1][-1].stop, key[-1].stop)
                yield f"without a key of {tokens[n - 1].word} BY", begin, end, ""
        elif keys and tokens[n - 1].word == "ORDER" and "NULLS" not in [part.word for part in keys[0]]:
            begin, end = keys[0][0].start, keys[0][-1].stop
            text = source[begin:end]
            yield "a reversed order", begin, end, text.removesuffix(" DESC") if text.endswith(" DESC") else f"{text} DESC"


def _split(tokens: list[_Token], by: _Token) -> list[list[_Token]]:
    """Return the keys after BY, without the commas."""
    keys: list[list[_Token]] = [[]]
    for token in tokens:
        ends = token.level == by.level and (token.clause != by.clause or token.text in {")", ";"})
        if token.level < by.level or ends or token.word in {"ROWS", "RANGE"}:
            break
        if token.text == "," and token.level == by.level:
            keys.append([])
        else:
            keys[-1].append(token)
    return [key for key in keys if key]


def _coalesced(tokens: list[_Token], source: str) -> Iterator[tuple[str, int, int, str]]:
    """The first argument of coalesce alone."""
    for n, token in enumerate(tokens[:-1]):
        if token.text.lower() != "coalesce" or tokens[n + 1].text != "(":
            continue
        inside = tokens[n + 1].level + 1
        comma = next((later for later in tokens[n + 2 :] if later.text == "," and later.level == inside), None)
        end = next((later for later in tokens[n + 2 :] if later.text == ")" and later.level == inside - 1), None)
        if comma and end:
            yield "coalesce without its other branch", token.start, end.stop, f"({source[tokens[n + 1].stop : comma.start]})"
