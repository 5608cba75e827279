"""What forms and dashboards are both made of: messages, pages and tables.

Whatever a person typed or is called is shown as text, never as HTML.
"""

from lmskit.widgets.message import Message, errors_told
from lmskit.widgets.pager import Pager
from lmskit.widgets.sign_in import SignInForm, sign_in_form, signed_in_engine
from lmskit.widgets.style import ROOT, heading, style
from lmskit.widgets.table import Table, table_html

__all__ = [
    "ROOT",
    "Message",
    "Pager",
    "SignInForm",
    "Table",
    "errors_told",
    "heading",
    "sign_in_form",
    "signed_in_engine",
    "style",
    "table_html",
]
