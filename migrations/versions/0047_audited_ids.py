"""Record ids of other systems that people add, change and remove.

Why:   imports find people by these ids, and nobody could see who had added or removed one by hand, or what it was before.
Locks: external_ids, from writers, for an instant. No row is read or written.
Down:  loses nothing; changes until then are not recorded.
"""

from pathlib import Path

from lmskit.db.migration_statements import earlier_function, lock_first, run_as_written

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None

HELD: dict[str, str] = {}
SERVES = "0044"
SQL = Path(__file__).resolve().parent.parent / "sql"
REPLACED = {"audit_rows": "0031_import_record_up.sql", "erase_person": "0038_invitations_up.sql"}
"""The functions that this revision replaces, and where they are as they were."""


def upgrade() -> None:
    """Go forward."""
    lock_first(from_writers=("external_ids",))
    run_as_written((SQL / "0047_audited_ids_up.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Go back."""
    lock_first("external_ids")
    dropped = "".join(f"DROP TRIGGER audit_{verb} ON lms.external_ids;\n" for verb in ("insert", "update", "delete"))
    before = "\n".join(earlier_function((SQL / file).read_text(encoding="utf-8"), name) for name, file in REPLACED.items())
    run_as_written(f"""
{dropped}
GRANT CREATE ON SCHEMA lms TO lmskit_definer;
SET LOCAL ROLE lmskit_definer;
{before}
SET LOCAL ROLE lmskit_owner;
REVOKE CREATE ON SCHEMA lms FROM lmskit_definer;
""")
