"""Widgets that forms and dashboards share: messages, dropdowns, pages, tables, grids, uploads and the list of rules.

Typed text and names are shown as text, never as HTML.
"""

from lmskit.widgets.debounced import Debounced
from lmskit.widgets.disclosure import Disclosure
from lmskit.widgets.download import Download
from lmskit.widgets.dropdown import MOST_LISTED, SearchableDropdown, course_dropdown, set_options
from lmskit.widgets.grid import Grid, GridColumn
from lmskit.widgets.message import Message, bug_message, errors_shown
from lmskit.widgets.pager import PAGE_SIZE, Pager
from lmskit.widgets.rule_list import RuleList
from lmskit.widgets.secret_form import Panel, SecretForm, SecretInput
from lmskit.widgets.secret_note import SecretNote
from lmskit.widgets.style import ROOT, heading, style
from lmskit.widgets.table import Table, table_html
from lmskit.widgets.upload import Upload

__all__ = [
    "MOST_LISTED",
    "PAGE_SIZE",
    "ROOT",
    "Debounced",
    "Disclosure",
    "Download",
    "Grid",
    "GridColumn",
    "Message",
    "Pager",
    "Panel",
    "RuleList",
    "SearchableDropdown",
    "SecretForm",
    "SecretInput",
    "SecretNote",
    "Table",
    "Upload",
    "bug_message",
    "course_dropdown",
    "errors_shown",
    "heading",
    "set_options",
    "style",
    "table_html",
]
