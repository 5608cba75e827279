"""Take an import back: the rows that it added go, and those that it changed are what they were, unless others have changed them since."""

from lmskit.services.import_undo.report import TakenBack, UndoReport, Untouched
from lmskit.services.import_undo.undo import undo_import

__all__ = ["TakenBack", "UndoReport", "Untouched", "undo_import"]
