"""Taking back on one screen: the imports, and what was made by mistake."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets as widgets

from lmskit.widgets import ROOT, style

if TYPE_CHECKING:
    from lmskit.forms.deletion import DeletionForm
    from lmskit.forms.import_undo import PastImports


class TakingBackScreen:
    """The imports with what can be done with them, and below them the form that deletes one thing."""

    def __init__(self, imports: PastImports, deletion: DeletionForm) -> None:
        self.imports, self.deletion = imports, deletion
        self.view = widgets.VBox([style(), imports.view, deletion.view])
        self.view.add_class(ROOT)
