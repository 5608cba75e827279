"""Let an assistant see the students of named sections only.

Why:   who helps in one section of a course saw all of its students.
Locks: course_staff, sections and the tables with students, exclusively, for an instant, since they get a column, keys or policies.
       No row is read or written.
Down:  parks assistants of sections, who see no course until then.
"""

from pathlib import Path

from lmskit.db.migration_statements import lock_first, run_as_written
from lmskit.db.parking import lifted, park, put_back, whole_row

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

HELD: dict[str, str] = {}
SERVES = "0034"
CHANGED = ("course_staff", "sections", "section_members", "student_enrollments", "quiz_attempts", "topic_performance", "knowledge_fits")
PUT_BACK = """INSERT INTO lms.course_staff (course_id, person_id, role, granted_by, granted_at, limited)
                SELECT r.course_id, r.person_id, r.role, r.granted_by, r.granted_at, true
                FROM jsonb_populate_record(NULL::lms.course_staff, parked.content) AS r"""
SQL = Path(__file__).resolve().parent.parent / "sql"


def upgrade() -> None:
    """Go forward."""
    lock_first(*CHANGED)
    run_as_written((SQL / "0039_assistants_of_sections_up.sql").read_text(encoding="utf-8"))
    rows = {"course_staff": PUT_BACK, "staff_sections": whole_row("staff_sections")}
    run_as_written(put_back(revision, rows, reads=("courses", "users", "sections")))


def downgrade() -> None:
    """Go back."""
    lock_first("staff_sections", *CHANGED)
    rows = {"course_staff": "SELECT * FROM lms.course_staff AS s WHERE s.limited", "staff_sections": "SELECT * FROM lms.staff_sections"}
    delete, others = (SQL / "0039_assistants_of_sections_down.sql").read_text(encoding="utf-8").split("-- Then:\n")
    run_as_written(lifted(f"{park(revision, rows)}\n{delete}", "course_staff", "staff_sections"))
    run_as_written(others)
