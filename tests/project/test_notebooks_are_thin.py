"""A notebook presents, the library computes. These tests read every notebook and run none."""

import ast
import json
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = [path for path in sorted((ROOT / "notebooks").rglob("*.ipynb")) if ".ipynb_checkpoints" not in path.parts]

DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
COMPOUND = (ast.For, ast.While, ast.Try)
"""A loop or a handler in a notebook belongs into a function of the library."""

pytestmark = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: f"{path.parent.name}/{path.stem}")


def cells(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return found


def source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def programs(path: Path) -> list[ast.Module]:
    return [ast.parse(source(cell)) for cell in cells(path) if cell["cell_type"] == "code"]


def test_it_defines_no_function_and_no_class(path):
    found = [node for program in programs(path) for node in ast.walk(program) if isinstance(node, DEFINITIONS)]
    assert not found, ast.unparse(found[0])


def test_it_holds_no_loop_and_catches_nothing(path):
    found = [node for program in programs(path) for node in ast.walk(program) if isinstance(node, COMPOUND)]
    assert not found, ast.unparse(found[0])


def test_it_uses_lmskit_and_not_the_database(path):
    imported = {
        alias.name for program in programs(path) for node in ast.walk(program) if isinstance(node, ast.Import) for alias in node.names
    }
    imported |= {node.module or "" for program in programs(path) for node in ast.walk(program) if isinstance(node, ast.ImportFrom)}
    assert imported
    assert not {name for name in imported if name.split(".")[0] in {"sqlalchemy", "psycopg", "os", "subprocess"}}


def test_it_stores_no_output_and_no_trace_of_a_run(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert not {"widgets", "papermill"} & notebook["metadata"].keys()
    for cell in notebook["cells"]:
        assert not cell.get("outputs"), "remove the outputs: make clean-notebooks"
        assert cell.get("execution_count") is None, "remove the execution counts: make clean-notebooks"
        assert not {"execution", "papermill", "collapsed", "scrolled"} & cell["metadata"].keys()


def test_it_begins_with_its_purpose(path):
    first = cells(path)[0]
    assert first["cell_type"] == "markdown"
    assert source(first).startswith("# ")
    assert len(source(first)) > len("# A title")


def test_it_has_one_cell_of_parameters_and_it_only_assigns(path):
    tagged = [cell for cell in cells(path) if "parameters" in cell["metadata"].get("tags", [])]
    assert len(tagged) == 1
    statements = ast.parse(source(tagged[0])).body
    assert statements
    assert all(isinstance(statement, ast.Assign | ast.AnnAssign) for statement in statements), source(tagged[0])


def test_it_explains_how_to_read_it(path):
    assert any("how to read" in source(cell).lower() for cell in cells(path) if cell["cell_type"] == "markdown")


def test_it_ends_with_assertions_of_what_the_reader_relies_on(path):
    last = cells(path)[-1]
    assert last["cell_type"] == "code"
    assert any(isinstance(node, ast.Assert) for node in ast.walk(ast.parse(source(last))))


def test_it_uses_the_python_kernel(path):
    assert json.loads(path.read_text(encoding="utf-8"))["metadata"]["kernelspec"]["name"] == "python3"
