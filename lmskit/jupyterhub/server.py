"""A user's own server at a hub: JupyterLab as `lmskit lab` sets it up, with the person's own copies of the notebooks."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

from lmskit.db import access
from lmskit.db.children import passed_on
from lmskit.db.sign_in_file import KeptSignIn
from lmskit.jupyter_settings import common_arguments, leave, look_in, prepare_kernels, write_kernel, write_lab_settings
from lmskit.services.notebook_copies import copy_notebooks
from lmskit.settings import changed_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SIGN_IN = "--sign-in="
"""The argument with the descriptor of a pipe, from which the sign-in of the person is read."""


def serve(arguments: Sequence[str]) -> NoReturn:
    """Run the server until it is ended, and end this process; `arguments` are for Jupyter, but for the one that begins with `SIGN_IN`."""
    os.umask(0o077)
    handed = [argument.removeprefix(SIGN_IN) for argument in arguments if argument.startswith(SIGN_IN)]
    sign_in = _received(int(handed[-1])) if handed else None
    settings = access().settings
    for line in copy_notebooks(settings.original_notebooks, settings.own_notebooks).lines():
        sys.stderr.write(f"{line}\n")
    prepare_kernels(settings.person)
    look_in(write_kernel(settings.home, debugger=False))
    further = [argument for argument in arguments if not argument.startswith(SIGN_IN)]
    with passed_on(access(), sign_in), _own_runtime_folder():
        _run([f"--ServerApp.root_dir={settings.own_notebooks}", *common_arguments(write_lab_settings(settings.home)), *further])
    leave()


@contextmanager
def _own_runtime_folder() -> Iterator[None]:
    """Have kernels listen in a folder whose name is short enough for sockets, and which is not on a file server, as homes may be."""
    with (
        tempfile.TemporaryDirectory(prefix="jupyter-", ignore_cleanup_errors=True) as folder,
        changed_environment({"JUPYTER_RUNTIME_DIR": folder}),
    ):
        yield


def _received(descriptor: int) -> KeptSignIn:
    with os.fdopen(descriptor, encoding="utf-8") as pipe:
        return KeptSignIn(**json.load(pipe))


def _run(arguments: Sequence[str]) -> None:
    from jupyterhub.singleuser import main  # noqa: PLC0415 - after the variables are set that it reads

    main(list(arguments))
