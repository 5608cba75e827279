"""Run a report notebook in its own kernel."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
import papermill
from jupyter_core.utils import ensure_event_loop
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.exceptions import PapermillExecutionError
from traitlets.config import Config

from lmskit.db import access
from lmskit.errors import InputError, LmskitError, ReportError
from lmskit.reporting.parameters import ReportParameters

CELL_LIMIT = 600
"""Seconds that one cell may take."""
START_LIMIT = 120
"""Seconds in which a kernel has to start."""


def term_report_notebook() -> Path:
    """Return the notebook of term reports."""
    path = access().settings.original_notebooks / "reports" / "term_report.ipynb"
    if not path.is_file():
        raise ReportError(f"There is no notebook {path}. Set LMSKIT_PROJECT_ROOT to the checkout of lmskit.")
    return path


def checked_parameters(notebook: Path, parameters: ReportParameters) -> dict[str, object]:
    """Return the parameters as papermill takes them, after checking their names.

    Papermill quotes values but writes *names* into the notebook as code, so a name must be one that the notebook declares.

    Raises
    ------
    InputError
        The notebook declares no such parameter.
    """
    given = {name: value for name, value in parameters.model_dump(mode="json").items() if value is not None}
    declared = {name for name in papermill.inspect_notebook(str(notebook)) if name.isidentifier()}
    unknown = sorted(given.keys() - declared)
    if unknown:
        raise InputError(f"The notebook {notebook.name} has no parameter {', '.join(unknown)}; it has {', '.join(sorted(declared))}.")
    return given


def run(notebook: Path, parameters: ReportParameters) -> nbformat.NotebookNode:
    """Run a notebook and return it with its outputs, without traces of when and where it ran.

    Raises
    ------
    ReportError
        A cell failed or took too long, or the kernel died. The sentence is that of the cell's error if lmskit raised it.
    """
    given = checked_parameters(notebook, parameters)
    try:
        with _own_event_loop():
            executed = papermill.execute_notebook(
                str(notebook),
                None,
                parameters=given,
                kernel_name="python3",
                progress_bar=False,
                log_output=False,
                cwd=str(notebook.parent),
                start_timeout=START_LIMIT,
                execution_timeout=CELL_LIMIT,
                extra_arguments=["--log-level=CRITICAL"],  # otherwise a kernel that is stopped logs an interrupt
                config=Config({"KernelManager": {"transport_encryption": "auto"}}),  # so that other users of the machine cannot listen
            )
    except PapermillExecutionError as error:
        raise ReportError(_sentence(error)) from error
    except CellTimeoutError as error:
        raise ReportError(f"A cell of {notebook.name} took longer than {CELL_LIMIT} seconds.") from error
    except (DeadKernelError, RuntimeError) as error:
        raise ReportError(f"The kernel of {notebook.name} ended before it was done. Is there memory left?") from error
    return _without_traces(executed, given)


@contextmanager
def _own_event_loop() -> Iterator[None]:
    """Close the event loop and the sockets that Jupyter's client opens in this thread and leaves open."""
    try:
        yield
    finally:
        loop = ensure_event_loop()
        if not loop.is_running():
            loop.close()


def _sentence(error: PapermillExecutionError) -> str:
    """The message of an error of lmskit, which is a sentence for a person; any other error with its cell and its type."""
    message = re.sub(r"\x1b\[[0-9;]*m", "", str(error.evalue)).strip()
    first = message.splitlines()[0] if message else "no message"
    ours = any(kind.__name__ == error.ename for kind in _kinds(LmskitError))
    return first if ours else f"Cell {error.cell_index + 1} of the notebook failed with {error.ename}: {first}"


def _kinds(root: type[LmskitError]) -> list[type[LmskitError]]:
    return [root, *(kind for child in root.__subclasses__() for kind in _kinds(child))]


def _without_traces(executed: Any, given: dict[str, object]) -> nbformat.NotebookNode:  # noqa: ANN401 - papermill is untyped
    """Keep the content and the parameters; drop times, paths and random ids, so that equal runs give equal files."""
    for position, cell in enumerate(executed.cells):
        cell.id = f"cell-{position}"
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
    executed.metadata.pop("papermill", None)
    executed.metadata["lmskit"] = {"parameters": given}
    notebook: nbformat.NotebookNode = executed
    return notebook
