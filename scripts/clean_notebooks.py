"""Remove outputs, execution counts and traces of a run from notebooks: `make clean-notebooks`."""

import sys
from pathlib import Path

import lmskit  # noqa: F401 - is first: it makes importing nbformat cheap
import nbformat

from scripts.environment import ROOT

TRACES_OF_A_RUN = ("execution", "papermill", "trusted", "collapsed", "scrolled")


def clean(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Return the same notebook as if it had never run; tags and text stay."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        for trace in TRACES_OF_A_RUN:
            cell.metadata.pop(trace, None)
    for trace in ("widgets", "papermill"):
        notebook.metadata.pop(trace, None)
    notebook.metadata.pop("language_info", None)
    return notebook


def main(paths: list[str]) -> int:
    """Clean the notebooks at `paths`, by default all in notebooks/; print those that changed."""
    for path in [Path(path) for path in paths] or sorted((ROOT / "notebooks").rglob("*.ipynb")):
        if ".ipynb_checkpoints" in path.parts:
            continue
        before = path.read_text(encoding="utf-8")
        after = nbformat.writes(clean(nbformat.reads(before, as_version=4))) + "\n"
        if after != before:
            path.write_text(after, encoding="utf-8", newline="\n")
            print(f"cleaned {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
