"""Terms, courses and their syllabus."""

import datetime as dt

from sqlalchemy import CheckConstraint, Computed, FetchedValue, ForeignKey, ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lmskit.limits import FIRST_WEEK, LARGEST_PARAMETERS, LAST_WEEK, LONGEST_CODE, LONGEST_PROSE, LONGEST_TITLE
from lmskit.models.base import Base, CreatedAt, Id, JsonObject, WeekNumber, one_line, shallow, stored_enum, visible
from lmskit.models.user import UserRole
from lmskit.vocabulary import Origin, Role, TermState

RowOrigin = stored_enum(Origin, "row_origin")

# Codes are parts of file names and addresses, so they contain neither a path separator nor a control character.
CODE_IS_PLAIN = f"code = btrim(code) AND length(code) BETWEEN 1 AND {LONGEST_CODE} AND code !~ '[[:cntrl:]/\\\\]' AND code !~ '^[.]'"


class Term(Base):
    """A teaching period; courses belong to exactly one."""

    __tablename__ = "terms"
    __table_args__ = (
        # A unique index has an order, by which EXPLAIN would count the codes of others; a hash index has none.
        ExcludeConstraint((text("lower(code)"), "="), using="hash", name="uq_terms_code"),
        CheckConstraint("ends_on > starts_on AND isfinite(starts_on) AND isfinite(ends_on)", name="ends_after_it_starts"),
        CheckConstraint(CODE_IS_PLAIN, name="code_is_plain"),
        CheckConstraint(visible("code"), name="code_is_visible"),
        {"comment": "Teaching periods"},
    )

    id: Mapped[Id]
    code: Mapped[str]
    name: Mapped[str]
    starts_on: Mapped[dt.date] = mapped_column(comment="First day, inclusive")
    ends_on: Mapped[dt.date] = mapped_column(comment="Last day, inclusive")
    state: Mapped[TermState] = mapped_column(
        stored_enum(TermState, "term_state"),
        server_default=TermState.OPEN.value,
        comment="moving and writing: only within a transaction that moves its rows, or writes rows of a closed term",
    )
    state_before: Mapped[TermState | None] = mapped_column(
        stored_enum(TermState, "term_state"),
        server_default=FetchedValue(),  # nobody may insert it
        comment="Only within a transaction that erases a person: the state that the term gets back",
    )


class Course(Base):
    """One run of a module in one term, owned by one lecturer.

    The foreign key ensures that the owner is a lecturer: it refers to (id, role), and the role in this
    table is generated.
    """

    __tablename__ = "courses"
    __table_args__ = (
        ForeignKeyConstraint(["lecturer_id", "lecturer_role"], ["users.id", "users.role"], ondelete="RESTRICT"),
        CheckConstraint(CODE_IS_PLAIN, name="code_is_plain"),
        CheckConstraint(f"length(title) BETWEEN 1 AND {LONGEST_TITLE}", name="title_has_a_length"),
        CheckConstraint(visible("code"), name="code_is_visible"),
        CheckConstraint(one_line("title"), name="title_is_one_line"),
        CheckConstraint(f"length(mastery_rule) BETWEEN 1 AND {LONGEST_CODE}", name="mastery_rule_has_a_length"),
        CheckConstraint("jsonb_typeof(mastery_parameters) = 'object'", name="mastery_parameters_is_an_object"),
        CheckConstraint(shallow("mastery_parameters", empty="{}", levels=1, size=LARGEST_PARAMETERS), name="mastery_parameters_is_shallow"),
        ExcludeConstraint((text("lower(code)"), "="), using="hash", name="uq_courses_code"),
        Index("ix_courses_lecturer_id", "lecturer_id", postgresql_using="hash"),
        Index("ix_courses_term_id", "term_id", postgresql_using="hash"),
        {"comment": "One run of a module in one term"},
    )

    id: Mapped[Id]
    code: Mapped[str]
    module_code: Mapped[str] = mapped_column(comment="The same for every term the module runs in")
    title: Mapped[str]
    term_id: Mapped[int] = mapped_column(ForeignKey("terms.id", ondelete="RESTRICT"))
    lecturer_id: Mapped[int]
    lecturer_role: Mapped[Role] = mapped_column(UserRole, Computed("'lecturer'::user_role", persisted=True))
    origin: Mapped[Origin] = mapped_column(RowOrigin, comment="simulation: every screen and report says so")
    mastery_rule: Mapped[str] = mapped_column(server_default="average", comment="Name of a rule in lmskit.analytics.mastery")
    mastery_parameters: Mapped[JsonObject]
    created_at: Mapped[CreatedAt]


class Syllabus(Base):
    """One week of a course: its topic and what students should be able to do after it."""

    __tablename__ = "syllabi"
    __table_args__ = (
        CheckConstraint(f"week_number BETWEEN {FIRST_WEEK} AND {LAST_WEEK}", name="week_number_is_a_teaching_week"),
        CheckConstraint(f"length(topic) BETWEEN 1 AND {LONGEST_TITLE}", name="topic_has_a_length"),
        CheckConstraint(one_line("topic"), name="topic_is_one_line"),
        CheckConstraint(f"length(objectives) <= {LONGEST_PROSE}", name="objectives_has_a_length"),
        {"comment": "One row per course and week"},
    )

    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"), primary_key=True)
    week_number: Mapped[WeekNumber] = mapped_column(primary_key=True, autoincrement=False)
    topic: Mapped[str]
    objectives: Mapped[str] = mapped_column(server_default=text("''"))
