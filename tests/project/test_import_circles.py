"""No circles among the files of lmskit, also not by imports within functions: a reader can begin with any file and end."""

from graphlib import CycleError, TopologicalSorter

import grimp
import pytest


def test_no_files_of_lmskit_import_each_other_in_a_circle():
    graph = grimp.build_graph("lmskit", cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    assert "lmskit.services.enrollment" in imports["lmskit.services.retry"]
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))
