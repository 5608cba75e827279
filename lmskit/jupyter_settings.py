"""How lmskit sets up JupyterLab, whichever front door starts it: `lmskit lab` or a JupyterHub.

It is configured by arguments, and by folders under lmskit's home; nothing is written to the virtual environment, which may belong to
someone else, nor to the person's own Jupyter configuration.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import NoReturn

from lmskit.settings import put_first
from lmskit.whole_file import write_whole

LAB_SETTINGS = {
    # Cells outside the window stay in the page: a dashboard keeps its state, and browser tests can see it.
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
    # JupyterLab would ask the internet for news and for a newer JupyterLab.
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True},
    "@jupyterlab/extensionmanager-extension:plugin": {"enabled": False},
}
"""What differs from JupyterLab's defaults; the person's own settings override both."""

OWN_PAGE = (
    "default-src 'self' data: blob:; "
    "script-src 'self' blob: 'unsafe-inline' 'unsafe-eval'; "  # extensions and widgets compile their code in the page
    "style-src 'self' 'unsafe-inline'; form-action 'self'; base-uri 'self'; frame-ancestors 'self'"
)
"""JupyterLab's content security policy: the page, and what notebooks show in it, load from JupyterLab's own address alone."""

EMPTY_SCRIPT = "data:text/javascript,"
"""Instead of libraries that a notebook saved as HTML would load from the internet whenever it is opened."""

LONGEST_SOCKET_PATH = 103
"""Bytes in the name of a Unix socket; macOS has the lower limit."""


def prepare_kernels(person: str | None) -> None:
    """Set what the kernels, as children of this process, inherit."""
    if person is not None:
        os.environ["LMSKIT_PERSON"] = person
    os.environ["PLOTLY_RENDERER"] = "plotly_mimetype"  # JupyterLab draws it itself; the other renderers ask a CDN


def write_kernel(home: Path, *, debugger: bool = True) -> Path:
    """Write the kernel `python3`, with `lmskit.chart_sharing` loaded before the first cell, under `home`; return the folder of kernels.

    Without `debugger` JupyterLab does not offer to debug: a kernel that is debugged takes commands from every account of the machine.
    """
    from ipykernel.kernelspec import RESOURCES, get_kernel_dict  # noqa: PLC0415 - `lmskit lab --help` does without Jupyter

    folder = home / "jupyter" / "kernels"
    kernel = folder / "python3"
    kernel.mkdir(parents=True, exist_ok=True)
    for picture in Path(RESOURCES).glob("logo-*"):
        write_whole(kernel / picture.name, picture.read_bytes())
    spec = get_kernel_dict(extra_arguments=["--ext=lmskit.chart_sharing"])
    spec["metadata"] = spec.get("metadata", {}) | {"debugger": debugger}
    spec["argv"][0] = "python"  # Jupyter runs its own Python for it; environments of several checkouts may share a home
    write_whole(kernel / "kernel.json", json.dumps(spec, indent=2) + "\n")
    return folder


def look_in(kernels: Path) -> None:
    """Let JupyterLab, which is started in this process or by it, find the kernels in a folder first."""
    put_first("JUPYTER_PATH", kernels.parent)


def write_lab_settings(home: Path) -> Path:
    """Write JupyterLab's changed defaults under `home` and return their folder."""
    folder = home / "jupyter" / "settings"
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / "overrides.json", json.dumps(LAB_SETTINGS, indent=2) + "\n")
    return folder


def common_arguments(settings_folder: Path) -> list[str]:
    """JupyterLab's arguments that do not depend on who starts it: what lmskit changes, and nothing that asks the internet."""
    arguments = [
        f"--LabApp.app_settings_dir={settings_folder}",
        "--LabApp.news_url=",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",  # the other one asks the package index
        page_argument(),
        *(f"--HTMLExporter.{library}={EMPTY_SCRIPT}" for library in ("require_js_url", "mathjax_url", "jquery_url", "widget_renderer_url")),
        "--MappingKernelManager.cull_idle_timeout=0",  # a form left open over lunch still works
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        arguments.append("--ServerApp.allow_root=True")
    if sockets_are_short_enough():
        arguments.append("--KernelManager.transport=ipc")  # other users of the machine cannot listen, and kernels do not warn of it
    return arguments


def page_argument(hub: str = "") -> str:
    """The argument with the content security policy; `hub` is the address of a hub that is another address than JupyterLab's own."""
    policy = OWN_PAGE.replace("'self'", f"'self' {hub}") if hub else OWN_PAGE
    return f"--ServerApp.tornado_settings={{'headers': {{'Content-Security-Policy': {policy!r}}}}}"


def leave() -> NoReturn:
    """End this process after JupyterLab, whose kernels and connections are closed.

    A thread that worked for one of the last requests may still wait for work, and Python would wait for it without end.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def sockets_are_short_enough() -> bool:
    """Whether kernels can be reached by Unix sockets in Jupyter's runtime folder."""
    from jupyter_core.paths import jupyter_runtime_dir  # noqa: PLC0415 - `lmskit lab --help` does without Jupyter

    if not sys.platform.startswith("linux"):
        return False
    name_of_a_socket = "/kernel-00000000-0000-0000-0000-000000000000-ipc-5"
    return len(os.fsencode(jupyter_runtime_dir() + name_of_a_socket)) <= LONGEST_SOCKET_PATH
