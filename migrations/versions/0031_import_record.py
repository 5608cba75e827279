"""Let each entry of the audit trail name the import that made it, and say which rows a counted one counts.

Why:   what an import did could not be taken back: the trail had what it changed, but neither by which import nor which rows it added.
Locks: audit_log, import_runs, external_ids, outbox, bank_questions and question_slots, exclusively, for an instant. No row is written.
Down:  parks which imports can be taken back, and what of the trail says so.
"""

from pathlib import Path

from lmskit.db.migration_statements import earlier_function, lock_first, run_as_written
from lmskit.db.parking import lifted, park, put_back

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

HELD: dict[str, str] = {}
SERVES = "0030"
SQL = Path(__file__).resolve().parent.parent / "sql"
BEFORE = "0024_erased_terms_up.sql"
"""Has the function that this revision replaces, as it was."""
RECORDED = ("external_ids", "outbox", "bank_questions", "question_slots")
CHANGED = ("audit_log", "import_runs", *RECORDED)
LOST = {
    "audit_log": "SELECT id, import_run_id, numbers FROM lms.audit_log WHERE import_run_id IS NOT NULL OR numbers IS NOT NULL",
    "import_runs": "SELECT id, audit_from, undoes FROM lms.import_runs WHERE audit_from IS NOT NULL OR undoes IS NOT NULL",
}
PUT_BACK = {
    "audit_log": """UPDATE lms.audit_log SET import_run_id = (parked.content ->> 'import_run_id')::bigint,
                numbers = (parked.content ->> 'numbers')::int8multirange WHERE id = (parked.content ->> 'id')::bigint""",
    "import_runs": """UPDATE lms.import_runs SET audit_from = (parked.content ->> 'audit_from')::bigint,
                undoes = (parked.content ->> 'undoes')::bigint WHERE id = (parked.content ->> 'id')::bigint""",
}


def upgrade() -> None:
    """Go forward."""
    lock_first(*CHANGED)
    run_as_written((SQL / "0031_import_record_up.sql").read_text(encoding="utf-8"))
    run_as_written(put_back(revision, PUT_BACK))


def downgrade() -> None:
    """Go back."""
    lock_first(*CHANGED)
    run_as_written(lifted(park(revision, LOST), *LOST))
    dropped = "\n".join(
        f"DROP TRIGGER record_import_{verb} ON lms.{table};" for table in RECORDED for verb in ("insert", "update", "delete")
    )
    run_as_written(f"""
{dropped}
GRANT CREATE ON SCHEMA lms TO lmskit_definer;
SET LOCAL ROLE lmskit_definer;
SET LOCAL row_security = on;
{earlier_function((SQL / BEFORE).read_text(encoding="utf-8"), "audit_rows")}
SET LOCAL row_security = off;
SET LOCAL ROLE lmskit_owner;
REVOKE CREATE ON SCHEMA lms FROM lmskit_definer;
DROP POLICY definer_reads ON lms.import_runs;
REVOKE SELECT (id, status, actor) ON lms.import_runs FROM lmskit_definer;
ALTER TABLE lms.import_runs DROP COLUMN audit_from, DROP COLUMN undoes;
ALTER TABLE lms.audit_log DROP COLUMN import_run_id, DROP COLUMN numbers;
""")
