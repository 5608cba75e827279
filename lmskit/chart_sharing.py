"""plotly's offer to upload a chart, which is off unless a call asks for it.

Since version 4, plotly.js shows "Share chart…" above every figure: it opens cloud.plotly.com and hands the figure's data over, and in
our figures these are students. A call that sets `config={"showSendToCloud": True}` still shows it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

NO_UPLOAD = {"showSendToCloud": False}
"""The configuration of a figure that is given to plotly.js directly."""
MODULE = "plotly.offline.offline"
"""Where plotly completes the configuration of a figure, for its renderers and for pages alike; imported before both."""


def keep_charts_here() -> None:
    """Take "Share chart…" from all figures of this process, however they are shown or exported; plotly need not be imported yet."""
    loaded = sys.modules.get(MODULE)
    if loaded is None:
        if not any(isinstance(finder, _WhenImported) for finder in sys.meta_path):
            sys.meta_path.insert(0, _WhenImported())
        return
    for module in (loaded, sys.modules.get("plotly.io._base_renderers"), sys.modules.get("plotly.io._html")):
        if module is not None:
            _without_upload(module)


def load_ipython_extension(_shell: object) -> None:
    """Do it in a kernel, before its first cell (`ipykernel --ext=lmskit.chart_sharing`)."""
    keep_charts_here()


class _WhenImported(MetaPathFinder):
    """Changes plotly when it is imported, since importing it takes a notebook without charts too long."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Find plotly's module as Python would, and change it once it has run."""
        if fullname != MODULE:
            return None
        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            run = spec.loader.exec_module

            def run_and_change(module: ModuleType) -> None:
                run(module)
                _without_upload(module)

            spec.loader.exec_module = run_and_change  # type: ignore[method-assign] # this loader loads this module alone
        return spec


def _without_upload(module: ModuleType) -> None:
    completed: Callable[..., dict[str, Any]] = module._get_jconfig  # noqa: SLF001 - plotly has no public default
    if getattr(completed, "keeps_charts_here", False):
        return

    def with_default(config: dict[str, Any] | None = None) -> dict[str, Any]:
        return completed(NO_UPLOAD | (config or {}))

    with_default.keeps_charts_here = True  # type: ignore[attr-defined] # it is not changed twice
    module._get_jconfig = with_default  # type: ignore[attr-defined] # noqa: SLF001 - as above
