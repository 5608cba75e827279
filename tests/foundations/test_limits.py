"""Each limit is written once."""

import ast
from pathlib import Path

from lmskit import limits

PACKAGE = Path(limits.__file__).parent
NAMES = {name for name in vars(limits) if name.isupper()}


def test_no_other_module_gives_a_limit_of_its_own():
    elsewhere = {
        f"{path.relative_to(PACKAGE)}: {target.id}"
        for path in PACKAGE.rglob("*.py")
        if path.name != "limits.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name) and target.id in NAMES
    }
    assert not elsewhere
