"""Faults in Python: the operators of cosmic-ray, those of queries that SQLAlchemy writes, and SQL in texts."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import partial
from itertools import accumulate

from scripts.mutation.mutant import Mutant, replaced
from scripts.mutation.sql_mutants import sql_mutants

_PAIRS = {
    "Eq_NotEq",
    "NotEq_Eq",
    "Lt_LtE",
    "LtE_Lt",
    "Gt_GtE",
    "GtE_Gt",
    "Is_IsNot",
    "IsNot_Is",
    "Add_Sub",
    "Sub_Add",
    "Mul_Div",
    "Div_Mul",
}
_OPERATORS = {
    "AddNot", "ExceptionReplacer", "NumberReplacer", "RemoveDecorator", "ReplaceAndWithOr", "ReplaceBreakWithContinue",
    "ReplaceContinueWithBreak", "ReplaceFalseWithTrue", "ReplaceOrWithAnd", "ReplaceTrueWithFalse", "ReplaceUnaryOperator_Delete_Not",
    "ReplaceUnaryOperator_Delete_Invert", "ZeroIterationForLoop",
}  # fmt: skip
_CONDITIONED = {"where", "filter", "having", "filter_by"}
_KEYED = {"order_by", "partition_by"}
_LINKS = {
    "distinct",
    "limit",
    "offset",
    "order_by",
    "where",
    "filter",
    "with_for_update",
    "collate",
    "having",
    "strip",
    "casefold",
    "lower",
}
_RENAMED = {
    "join": "outerjoin", "outerjoin": "join", "desc": "asc", "asc": "desc", "nulls_first": "nulls_last", "nulls_last": "nulls_first",
    "max": "min", "min": "max", "in_": "not_in", "not_in": "in_", "is_": "is_not", "is_not": "is_", "union_all": "union",
    "startswith": "endswith", "all": "any", "any": "all",
}  # fmt: skip
_OF_PROGRAMMERS = {"RemoveDecorator", "ReplaceTrueWithFalse"}
_FOR_PROGRAMMERS = re.compile(r"\bzip\(.*strict=True|@dataclass|@\w+\.documented|@overload|@(cached_)?property")
"""What guards against a programmer's mistake, and has no effect without one."""
_SQL = re.compile(r"\b(SELECT|UPDATE|INSERT|DELETE|WHERE|JOIN)\b")


def python_mutants(path: str, source: str) -> Iterator[Mutant]:
    """Yield the mutants of a module that compile; annotations, and what is only imported for them, stay as they are."""
    tree = ast.parse(source)
    lines = source.splitlines()
    untouched = {line for found in _untouched(tree) for line in found}
    for mutant in (*_of_queries(path, source, tree), *_of_texts(path, source, tree), *_of_cosmic_ray(path, source)):
        if mutant.line not in untouched and not (mutant.operator in _OF_PROGRAMMERS and _FOR_PROGRAMMERS.search(lines[mutant.line - 1])):
            yield mutant


def _untouched(tree: ast.Module) -> Iterator[range]:
    """Lines that say something to the type checker alone."""
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            yield range(node.lineno, (node.end_lineno or node.lineno) + 1)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield range(node.lineno, node.body[0].lineno)


def _of_cosmic_ray(path: str, source: str) -> Iterator[Mutant]:
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator, operator_names

    tree = get_ast(source)
    for name in sorted(operator_names()):
        kind = name.removeprefix("core/")
        pair = re.sub(r"Replace(Comparison|Binary)Operator_", "", kind)
        if kind not in _OPERATORS and pair not in _PAIRS:
            continue
        operator = get_operator(name)()
        positions = [position for node in ast_nodes(tree) for position in operator.mutation_positions(node)]
        for occurrence, ((line, _), _) in enumerate(positions):
            yield Mutant(path, kind, line, partial(_mutated, mutate_code, source, operator, occurrence))


def _mutated(mutate: Callable[[str, object, int], str | None], source: str, operator: object, occurrence: int) -> str:
    return mutate(source, operator, occurrence) or source


def _of_texts(path: str, source: str, tree: ast.Module) -> Iterator[Mutant]:
    """The mutants of SQL in texts, docstrings apart."""
    starts = [0, *accumulate(len(line) for line in source.splitlines(keepends=True))]
    documentation = {node.value.lineno for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        found = re.fullmatch(r"(?s)(\w*(\"\"\"|'''|\"|'))(.*)\2", token.string)
        if token.type != tokenize.STRING or token.start[0] in documentation or not found or not _SQL.search(found[3]):
            continue
        begin = starts[token.start[0] - 1] + token.start[1] + len(found[1])
        yield from sql_mutants(path, source, begin, begin + len(found[3]))


def _of_queries(path: str, source: str, tree: ast.Module) -> Iterator[Mutant]:
    """Conditions, keys and calls that are left out of a chain, joins and functions replaced by others, and statements without effect."""
    lines = source.splitlines(keepends=True)
    starts = [0, *accumulate(len(line) for line in lines)]

    def at(line: int, column: int) -> int:
        return starts[line - 1] + len(lines[line - 1].encode()[:column].decode())

    def span(node: ast.expr | ast.stmt) -> tuple[int, int]:
        return at(node.lineno, node.col_offset), at(node.end_lineno or node.lineno, node.end_col_offset or 0)

    made = partial(replaced, source, path)
    types = {id(part) for node in ast.walk(tree) if isinstance(node, ast.AnnAssign) for part in _of_types(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.BitAnd, ast.BitOr)) and id(node) not in types:
            yield made("without one of two conditions", *span(node), source[slice(*span(node.left))])
            yield made("without one of two conditions", *span(node), source[slice(*span(node.right))])
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            yield made("without a statement", *span(node), "pass")
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield from _of_call(source, node, node.func, made, span)


def _of_types(node: ast.AnnAssign) -> Iterator[ast.AST]:
    """The parts of an annotation, and of what is declared to be a type."""
    yield from ast.walk(node.annotation)
    if node.value and ast.unparse(node.annotation) == "TypeAlias":
        yield from ast.walk(node.value)


def _of_call(
    source: str,
    call: ast.Call,
    named: ast.Attribute,
    made: Callable[[str, int, int, str], Mutant],
    span: Callable[[ast.expr | ast.stmt], tuple[int, int]],
) -> Iterator[Mutant]:
    name, whole, arguments = named.attr, span(call), [span(argument) for argument in call.args]
    before = source[slice(*span(named.value))]
    if name in _LINKS and before not in {"func", "re"} and (len(arguments) <= 1 or name not in _CONDITIONED):
        yield made(f"without .{name}()", *whole, before)
    if name in _CONDITIONED | _KEYED and len(arguments) > 1:
        for n, (begin, end) in enumerate(arguments):
            begin, end = (begin, arguments[n + 1][0]) if n + 1 < len(arguments) else (arguments[n - 1][1], end)  # noqa: PLW2901 - with the comma
            yield made(f"without an argument of .{name}()", begin, end, "")
    if name in _RENAMED and not (name == "join" and before[:1] in "\"'"):
        end = span(named)[1]
        yield made(f".{_RENAMED[name]}() for .{name}()", end - len(name), end, _RENAMED[name])
    if name == "coalesce" and len(arguments) > 1:
        yield made("coalesce without its other branch", *whole, source[slice(*arguments[0])])


def compiles(path: str, content: str) -> bool:
    """Say whether a faulty module is Python at all."""
    try:
        compile(content, path, "exec")
    except (SyntaxError, ValueError):
        return False
    return True


def enclosing(source: str, line: int) -> range:
    """Return the lines of the innermost function around a line, or the line alone."""
    found = [
        range(node.body[0].lineno, (node.end_lineno or node.lineno) + 1)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    return min(found, key=len) if found else range(line, line + 1)


def statement(source: str, line: int) -> range:
    """Return the lines of the innermost statement around a line."""
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.stmt)]
    begins = sorted({node.lineno for node in nodes})
    begin = begins[max(bisect_right(begins, line) - 1, 0)]
    ends = [node.end_lineno or node.lineno for node in nodes if node.lineno == begin]
    return range(begin, max(min(ends), line) + 1)
