"""Let the dispatcher ask which revision the database has.

Why:   every login but the dispatcher's could ask, so that mail deliver went on where lmskit and the database are of different ages.
Locks: none.
Down:  loses nothing.
"""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    as_definer("GRANT EXECUTE ON FUNCTION lms.schema_revision() TO lmskit_mailer")


def downgrade() -> None:
    """Go back."""
    as_definer("REVOKE EXECUTE ON FUNCTION lms.schema_revision() FROM lmskit_mailer")


def as_definer(statement: str) -> None:
    """Run a statement as the owner of the function."""
    op.execute("SET LOCAL ROLE lmskit_definer")
    op.execute(statement)
    op.execute("SET LOCAL ROLE lmskit_owner")
