"""No circles among the files of lmskit, also not by imports within functions: a reader can begin with any file and end."""

import subprocess
import sys
from graphlib import CycleError, TopologicalSorter

import grimp
import pytest

from lmskit.settings import PROJECT_ROOT

MANY_ROWS = """
from sqlalchemy import create_engine, delete, insert, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from lmskit.models import Section

session = Session(create_engine("sqlite://"))
for statement, values in ((insert(Section), [{"name": "A"}]), (update(Section), [{"id": 1, "name": "A"}]), (delete(Section), None)):
    try:
        session.execute(statement, values)
    except OperationalError as error:
        print("no such table" in str(error))
"""


def test_no_files_of_lmskit_import_each_other_in_a_circle():
    graph = grimp.build_graph("lmskit", cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    assert "lmskit.services.enrollment" in imports["lmskit.services.retry"]
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_many_rows_of_a_model_are_written_at_once_though_no_other_model_was_used():
    done = subprocess.run([sys.executable, "-c", MANY_ROWS], cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["True"] * 3, done.stderr
