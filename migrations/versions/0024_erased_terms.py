"""Let an erasure open the terms of the person alone, and mark all files that have what it erases.

Why:   names in titles of courses and in names of terms, and the number of a lecturer who was erased, stayed in files of archives unseen;
       every erasure locked all closed terms, wrote two entries of the audit trail for each, and had the earlier files of all removed. A
       course could move to a term that was then closed while others wrote in it.
Locks: terms and courses, exclusively, for an instant. No row is written.
Down:  loses nothing: the new column has values only within a transaction.
"""

from pathlib import Path

from lmskit.db.migration_statements import earlier_function, lock_first, run_as_written

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

HELD: dict[str, str] = {}
SERVES = "0024"
SQL = Path(__file__).resolve().parent.parent / "sql"
BEFORE = "0022_archived_terms_up.sql"
"""Has the functions that this revision replaces, as they were."""
REPLACED = ("keep_closed_terms", "finish_restore", "finish_erasure", "audit_rows")


def upgrade() -> None:
    """Go forward."""
    lock_first("terms", "courses")
    run_as_written((SQL / "0024_erased_terms_up.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Go back."""
    lock_first("terms", "courses")
    before = (SQL / BEFORE).read_text(encoding="utf-8")
    again = "\n".join(earlier_function(before, name) for name in (*REPLACED, "begin_erasure"))
    comment = (
        "'Lets this transaction erase a person from closed and archived terms, which it returns; the same transaction calls finish_erasure'"
    )
    run_as_written(f"""
DROP TRIGGER keep_closed_terms_update ON lms.terms;
GRANT CREATE ON SCHEMA lms TO lmskit_definer;
SET LOCAL ROLE lmskit_definer;
SET LOCAL row_security = on;
DROP FUNCTION lms.begin_erasure(bigint, bigint[]);
{again}
COMMENT ON FUNCTION lms.begin_erasure() IS {comment};
REVOKE EXECUTE ON FUNCTION lms.begin_erasure() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lms.begin_erasure() TO lmskit_admin;
SET LOCAL row_security = off;
SET LOCAL ROLE lmskit_owner;
REVOKE CREATE ON SCHEMA lms FROM lmskit_definer;
DROP POLICY definer_locks ON lms.courses;
REVOKE UPDATE (term_id) ON lms.courses FROM lmskit_definer;
GRANT UPDATE (location) ON lms.archives TO lmskit_admin;
REVOKE SELECT (state_before), UPDATE (state_before) ON lms.terms FROM lmskit_definer;
ALTER TABLE lms.terms DROP COLUMN state_before;
""")
