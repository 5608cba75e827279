"""Erase a person: the audit trail too, and remembered, so that an older backup does not bring them back.

Why:   a person who asks for it has to be erased from the audit trail as well, which no login may change; and whoever restores a backup
       from before that day has to know whom to erase again, without a list of names.
Locks: users, external_ids and audit_log, exclusively, for an instant each, to add policies; no table is scanned.
Down:  refuses while people are remembered as erased: nothing else would erase them again after a restore.
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

from lmskit.db.migration_statements import run_as_written

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

SQL = Path(__file__).resolve().parent.parent / "sql"


def upgrade() -> None:
    """Go forward."""
    run("0019_erasures_up.sql")


def downgrade() -> None:
    """Go back."""
    op.execute(sa.text("ALTER TABLE lms.erasures NO FORCE ROW LEVEL SECURITY"))
    if op.get_bind().scalar(sa.text("SELECT EXISTS (SELECT FROM lms.erasures)")):
        message = "People are remembered as erased. Save the list first (lmskit person erased --to FILE), then empty lms.erasures."
        raise RuntimeError(message)
    run("0019_erasures_down.sql")


def run(name: str) -> None:
    """Run a file of statements as it is, without parameters, so that colons and percent signs keep their meaning."""
    run_as_written((SQL / name).read_text(encoding="utf-8"))
