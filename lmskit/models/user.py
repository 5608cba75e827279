"""People: students, lecturers and administrators."""

from typing import Any

from sqlalchemy import CheckConstraint, ColumnElement, UniqueConstraint, case, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column

from lmskit.limits import LONGEST_NAME
from lmskit.models.base import Base, CreatedAt, Id, stored_enum, visible
from lmskit.names import display_name
from lmskit.vocabulary import Role

LOCKED_PASSWORD_HASH = "!"  # noqa: S105 - no password has this hash
UserRole = stored_enum(Role, "user_role")


class User(Base):
    """A person, in exactly one role.

    Only lecturers and administrators can have a database login (`db_role`). A student may be without an
    e-mail address: lmskit never invents one.
    """

    __tablename__ = "users"
    __table_args__ = (
        UniqueConstraint("id", "role", name="uq_users_id_role"),
        CheckConstraint("email = lower(email) AND email ~ '^[^@[:space:]]+@[^@[:space:]]+$'", name="email_is_an_address_in_lower_case"),
        CheckConstraint(visible("email"), name="email_is_visible"),
        CheckConstraint("email IS NOT NULL OR role = 'student'", name="only_students_lack_an_email"),
        CheckConstraint(
            f"length(family_name) BETWEEN 1 AND {LONGEST_NAME} AND length(given_name) <= {LONGEST_NAME}", name="name_has_a_length"
        ),
        CheckConstraint("family_name <> 'NaN' AND given_name <> 'NaN'", name="name_is_no_missing_number"),
        CheckConstraint(
            f"length(preferred_name) <= {LONGEST_NAME} AND preferred_name = btrim(preferred_name) AND preferred_name <> 'NaN'",
            name="preferred_name_is_a_name",
        ),
        CheckConstraint("password_hash = '!' OR password_hash LIKE '$argon2id$%'", name="password_is_hashed_or_locked"),
        CheckConstraint("db_role IS NULL OR role <> 'student'", name="students_have_no_login"),
        CheckConstraint("jsonb_typeof(settings) = 'object'", name="settings_is_an_object"),
        {"comment": "People; one role each"},
    )
    # A person is read back without the columns that no login may select (password_hash).
    __mapper_args__ = {"eager_defaults": False}  # noqa: RUF012 - SQLAlchemy reads this attribute from the class

    id: Mapped[Id]
    email: Mapped[str | None] = mapped_column(unique=True, comment="Lower case; null only for students")
    family_name: Mapped[str]
    given_name: Mapped[str] = mapped_column(server_default="", comment="Empty when a source gives one name only")
    sort_name: Mapped[str] = mapped_column(comment="Family and given name, case-folded without accents, computed by lmskit.names.sort_name")
    role: Mapped[Role] = mapped_column(UserRole)
    password_hash: Mapped[str] = mapped_column(
        server_default=LOCKED_PASSWORD_HASH, deferred=True, comment="Argon2id, or ! for people who cannot sign in; no login may select it"
    )
    settings: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    db_role: Mapped[str | None] = mapped_column(unique=True, comment="The person's PostgreSQL login; null when there is none")
    created_at: Mapped[CreatedAt]
    preferred_name: Mapped[str] = mapped_column(
        server_default="", comment="Given name that the person goes by, shown instead of the official one; empty for none"
    )
    preferred_sort_name: Mapped[str] = mapped_column(
        server_default="",
        comment="Preferred name, case-folded without accents, computed by lmskit.names.sort_name; searched beside sort_name",
    )

    @hybrid_property
    def shown_given_name(self) -> str:
        """The preferred name, or the given name of who has none; also as a column of a query."""
        return self.preferred_name or self.given_name

    @shown_given_name.inplace.expression
    @classmethod
    def _shown_given_name_in_sql(cls) -> ColumnElement[str]:
        return case((cls.preferred_name == "", cls.given_name), else_=cls.preferred_name)

    @hybrid_property
    def name(self) -> str:
        """The name as lists show it, "Family, Given" with the preferred name; also as a column of a query."""
        return display_name(self.family_name, self.shown_given_name)

    @name.inplace.expression
    @classmethod
    def _name_in_sql(cls) -> ColumnElement[str]:
        return case((cls.shown_given_name == "", cls.family_name), else_=cls.family_name + ", " + cls.shown_given_name)

    @property
    def official_name(self) -> str:
        """The name by which files are matched, "Family, Given"."""
        return display_name(self.family_name, self.given_name)
