"""Let several people lead a course: staff beside the lecturer who is responsible.

Why:   a course had one lecturer, and whoever taught it with them saw nothing of it.
Locks: users, exclusively, for an instant, since its policy changes; courses, from writers, to refer to it. No row is read or written.
Down:  parks the staff; until then only those who are responsible see their courses.
"""

from pathlib import Path

from lmskit.db.migration_statements import lock_first, run_as_written
from lmskit.db.parking import lifted, park, put_back

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

HELD: dict[str, str] = {}
SERVES = "0024"
PUT_BACK = """INSERT INTO lms.course_staff (course_id, person_id, role, granted_by, granted_at)
                SELECT r.course_id, r.person_id, r.role, r.granted_by, r.granted_at
                FROM jsonb_populate_record(NULL::lms.course_staff, parked.content) AS r"""
SQL = Path(__file__).resolve().parent.parent / "sql"


def upgrade() -> None:
    """Go forward."""
    lock_first("users", from_writers=("courses",))
    run_as_written((SQL / "0029_course_staff_up.sql").read_text(encoding="utf-8"))
    run_as_written(put_back(revision, {"course_staff": PUT_BACK}, reads=("courses", "users")))


def downgrade() -> None:
    """Go back."""
    lock_first("course_staff", "users", from_writers=("courses",))
    run_as_written(lifted(park(revision, {"course_staff": "SELECT * FROM lms.course_staff"}), "course_staff"))
    run_as_written((SQL / "0029_course_staff_down.sql").read_text(encoding="utf-8"))
