"""The tables.

Why:   the schema on which everything else is built.
Locks: nothing; all tables are new.
Down:  refuses to remove tables that have rows, unless it is said that they may be lost.
"""

import pgvector.sqlalchemy
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import CreateEnumType, DropEnumType

from lmskit.db.migration_statements import run_as_written
from lmskit.db.parking import remove_all

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

IMPORT_STATUS = postgresql.ENUM("running", "done", "failed", "dry_run", name="import_status", create_type=False)
USER_ROLE = postgresql.ENUM("student", "lecturer", "super_admin", name="user_role", create_type=False)
ROW_ORIGIN = postgresql.ENUM("form", "import", "simulation", name="row_origin", create_type=False)
OUTBOX_STATUS = postgresql.ENUM("waiting", "sent", "refused", "dead", name="outbox_status", create_type=False)
ENROLLMENT_STATUS = postgresql.ENUM("pending", "active", "withdrawn", "completed", name="enrollment_status", create_type=False)
MATERIAL_KIND = postgresql.ENUM("pdf", "page", "video", name="material_kind", create_type=False)
MASTERY_LEVEL = postgresql.ENUM("mastered", "developing", "remedial", "not_assessed", name="mastery_level", create_type=False)
ENTITY_KIND = postgresql.ENUM("person", "term", "course", "quiz", name="entity_kind", create_type=False)
ENUMS = (IMPORT_STATUS, USER_ROLE, ROW_ORIGIN, OUTBOX_STATUS, ENROLLMENT_STATUS, MATERIAL_KIND, MASTERY_LEVEL, ENTITY_KIND)


def upgrade() -> None:
    """Go forward."""
    for enum in ENUMS:
        op.execute(CreateEnumType(enum))
    op.create_table(
        "archives",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("course_code", sa.Text(), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("row_counts", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True, comment="When the course's rows were deleted after archiving"),
        sa.CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name=op.f("ck_archives_sha256_is_hexadecimal")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_archives")),
        comment="Courses written to files",
    )
    op.create_table(
        "audit_log",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column(
            "actor", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False, comment="The login, not a role it may have taken on"
        ),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("row_key", sa.Text(), nullable=False),
        sa.Column(
            "course_id", sa.BigInteger(), nullable=True, comment="Of the changed row; no foreign key, since the entry outlives the course"
        ),
        sa.Column("old", postgresql.JSONB(), nullable=True),
        sa.Column("new", postgresql.JSONB(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
        comment="Who changed what; appended by triggers",
    )
    op.create_index("ix_audit_log_course_id", "audit_log", ["course_id"], unique=False)
    op.create_table(
        "import_runs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="File or folder name, without its path"),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("status", IMPORT_STATUS, nullable=False),
        sa.Column("actor", sa.Text(), server_default=sa.text("SESSION_USER"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rows_in", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("added", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("changed", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("unchanged", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("rejected", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "report",
            postgresql.JSONB(),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
            comment="Counts per file, rejections, oddities, skipped columns",
        ),
        sa.CheckConstraint(
            "status NOT IN ('done', 'dry_run') OR rows_in = added + changed + unchanged + rejected",
            name=op.f("ck_import_runs_every_row_is_accounted_for"),
        ),
        sa.CheckConstraint("finished_at >= started_at", name=op.f("ck_import_runs_ends_after_it_starts")),
        sa.CheckConstraint(
            "rows_in >= 0 AND added >= 0 AND changed >= 0 AND unchanged >= 0 AND rejected >= 0",
            name=op.f("ck_import_runs_counts_are_counts"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_runs")),
        comment="Runs of importers, with what became of every row",
    )
    op.create_table(
        "terms",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False, comment="First day, inclusive"),
        sa.Column("ends_on", sa.Date(), nullable=False, comment="Last day, inclusive"),
        sa.CheckConstraint(
            "code = btrim(code) AND length(code) BETWEEN 1 AND 100 AND code !~ '[[:cntrl:]/\\\\]' AND code !~ '^[.]'",
            name=op.f("ck_terms_code_is_plain"),
        ),
        sa.CheckConstraint("ends_on > starts_on AND isfinite(starts_on) AND isfinite(ends_on)", name=op.f("ck_terms_ends_after_it_starts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_terms")),
        sa.UniqueConstraint("code", name=op.f("uq_terms_code")),
        comment="Teaching periods",
    )
    op.create_table(
        "users",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("email", sa.Text(), nullable=True, comment="Lower case; null only for students"),
        sa.Column("family_name", sa.Text(), nullable=False),
        sa.Column("given_name", sa.Text(), server_default="", nullable=False, comment="Empty when a source gives one name only"),
        sa.Column(
            "sort_name",
            sa.Text(),
            nullable=False,
            comment="Family and given name, case-folded without accents, computed by lmskit.names.sort_name",
        ),
        sa.Column("role", USER_ROLE, nullable=False),
        sa.Column(
            "password_hash",
            sa.Text(),
            server_default="!",
            nullable=False,
            comment="Argon2id, or ! for people who cannot sign in; no login may select it",
        ),
        sa.Column("settings", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("db_role", sa.Text(), nullable=True, comment="The person's PostgreSQL login; null when there is none"),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("db_role IS NULL OR role <> 'student'", name=op.f("ck_users_students_have_no_login")),
        sa.CheckConstraint(
            "email = lower(email) AND email ~ '^[^@[:space:]]+@[^@[:space:]]+$'", name=op.f("ck_users_email_is_an_address_in_lower_case")
        ),
        sa.CheckConstraint("email IS NOT NULL OR role = 'student'", name=op.f("ck_users_only_students_lack_an_email")),
        sa.CheckConstraint("family_name <> 'NaN' AND given_name <> 'NaN'", name=op.f("ck_users_name_is_no_missing_number")),
        sa.CheckConstraint("jsonb_typeof(settings) = 'object'", name=op.f("ck_users_settings_is_an_object")),
        sa.CheckConstraint("password_hash = '!' OR password_hash LIKE '$argon2id$%'", name=op.f("ck_users_password_is_hashed_or_locked")),
        sa.CheckConstraint("length(family_name) BETWEEN 1 AND 200 AND length(given_name) <= 200", name=op.f("ck_users_name_has_a_length")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("db_role", name=op.f("uq_users_db_role")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
        sa.UniqueConstraint("id", "role", name="uq_users_id_role"),
        comment="People; one role each",
    )
    op.create_table(
        "courses",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("module_code", sa.Text(), nullable=False, comment="The same for every term the module runs in"),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("term_id", sa.BigInteger(), nullable=False),
        sa.Column("lecturer_id", sa.BigInteger(), nullable=False),
        sa.Column("lecturer_role", USER_ROLE, sa.Computed("'lecturer'::user_role", persisted=True), nullable=False),
        sa.Column("origin", ROW_ORIGIN, nullable=False, comment="simulation: every screen and report says so"),
        sa.Column(
            "mastery_rule", sa.Text(), server_default="average", nullable=False, comment="Name of a rule in lmskit.analytics.mastery"
        ),
        sa.Column("mastery_parameters", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "code = btrim(code) AND length(code) BETWEEN 1 AND 100 AND code !~ '[[:cntrl:]/\\\\]' AND code !~ '^[.]'",
            name=op.f("ck_courses_code_is_plain"),
        ),
        sa.CheckConstraint("jsonb_typeof(mastery_parameters) = 'object'", name=op.f("ck_courses_mastery_parameters_is_an_object")),
        sa.CheckConstraint("length(title) BETWEEN 1 AND 300", name=op.f("ck_courses_title_has_a_length")),
        sa.ForeignKeyConstraint(
            ["lecturer_id", "lecturer_role"],
            ["users.id", "users.role"],
            name=op.f("fk_courses_lecturer_id_lecturer_role"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(["term_id"], ["terms.id"], name=op.f("fk_courses_term_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_courses")),
        sa.UniqueConstraint("code", name=op.f("uq_courses_code")),
        comment="One run of a module in one term",
    )
    op.create_index("ix_courses_lecturer_id", "courses", ["lecturer_id"], unique=False)
    op.create_index("ix_courses_term_id", "courses", ["term_id"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("idem_key", sa.Text(), nullable=False, comment="One message per reason: enroll:<course>:<student>:<request sequence>"),
        sa.Column("message_id", sa.Text(), nullable=False, comment="RFC 5322 Message-ID; the same at every try"),
        sa.Column("course_id", sa.BigInteger(), nullable=True),
        sa.Column("student_id", sa.BigInteger(), nullable=True),
        sa.Column("request_sequence", sa.Integer(), nullable=True, comment="Of the enrollment it tells of"),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("context", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("status", OUTBOX_STATUS, server_default="waiting", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "available_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="Not tried before this time",
        ),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True, comment="Claimed by a dispatcher until then"),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(status = 'sent') = (sent_at IS NOT NULL)", name=op.f("ck_outbox_a_sent_one_has_a_time")),
        sa.CheckConstraint("recipient !~* '[.@]invalid$'", name=op.f("ck_outbox_recipient_can_receive")),
        sa.CheckConstraint("recipient ~ '^[^@[:space:]]+@[^@[:space:]]+$'", name=op.f("ck_outbox_recipient_is_an_address")),
        sa.CheckConstraint("status <> 'refused' OR last_error IS NOT NULL", name=op.f("ck_outbox_a_refused_one_has_a_reason")),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_outbox_attempts_is_a_count")),
        sa.ForeignKeyConstraint(["course_id"], ["courses.id"], name=op.f("fk_outbox_course_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["student_id"], ["users.id"], name=op.f("fk_outbox_student_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("idem_key", name=op.f("uq_outbox_idem_key")),
        sa.UniqueConstraint("message_id", name=op.f("uq_outbox_message_id")),
        comment="Messages to send, written with the change they tell of",
    )
    op.create_index("ix_outbox_available_at", "outbox", ["available_at"], unique=False, postgresql_where="status = 'waiting'")
    op.create_index("ix_outbox_course_id_student_id", "outbox", ["course_id", "student_id"], unique=False)
    op.create_index("ix_outbox_student_id", "outbox", ["student_id"], unique=False)
    op.create_table(
        "student_enrollments",
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("student_id", sa.BigInteger(), nullable=False),
        sa.Column("student_role", USER_ROLE, sa.Computed("'student'::user_role", persisted=True), nullable=False),
        sa.Column("status", ENROLLMENT_STATUS, nullable=False),
        sa.Column(
            "previous_status",
            ENROLLMENT_STATUS,
            nullable=True,
            comment="While pending: what it returns to if the mail server refuses; null for a new place",
        ),
        sa.Column(
            "request_sequence",
            sa.Integer(),
            server_default=sa.text("1"),
            nullable=False,
            comment="Raised with each new request, so that someone who left can come back",
        ),
        sa.Column("origin", ROW_ORIGIN, nullable=False),
        sa.Column("started_on", sa.Date(), nullable=False, comment="First day, inclusive; may lie before the term"),
        sa.Column(
            "ended_on", sa.Date(), nullable=True, comment="Last day, inclusive; null while active, and where the source names no day"
        ),
        sa.CheckConstraint(
            "ended_on IS NULL OR status IN ('withdrawn', 'completed')", name=op.f("ck_student_enrollments_only_an_ended_one_has_an_end")
        ),
        sa.CheckConstraint(
            "previous_status IS NULL OR status = 'pending'", name=op.f("ck_student_enrollments_only_a_pending_one_remembers")
        ),
        sa.CheckConstraint("ended_on >= started_on", name=op.f("ck_student_enrollments_ends_after_it_starts")),
        sa.CheckConstraint(
            "isfinite(started_on) AND isfinite(coalesce(ended_on, started_on))", name=op.f("ck_student_enrollments_days_are_finite")
        ),
        sa.CheckConstraint("request_sequence >= 1", name=op.f("ck_student_enrollments_request_sequence_counts_from_one")),
        sa.ForeignKeyConstraint(["course_id"], ["courses.id"], name=op.f("fk_student_enrollments_course_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["student_id", "student_role"],
            ["users.id", "users.role"],
            name=op.f("fk_student_enrollments_student_id_student_role"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("course_id", "student_id", name=op.f("pk_student_enrollments")),
        comment="One student's place in one course",
    )
    op.create_index("ix_student_enrollments_student_id", "student_enrollments", ["student_id"], unique=False)
    op.create_table(
        "syllabi",
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("week_number", sa.Integer(), autoincrement=False, nullable=False, comment="Teaching week, 1-60"),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("objectives", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.CheckConstraint("length(topic) BETWEEN 1 AND 300", name=op.f("ck_syllabi_topic_has_a_length")),
        sa.CheckConstraint("week_number BETWEEN 1 AND 60", name=op.f("ck_syllabi_week_number_is_a_teaching_week")),
        sa.ForeignKeyConstraint(["course_id"], ["courses.id"], name=op.f("fk_syllabi_course_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("course_id", "week_number", name=op.f("pk_syllabi")),
        comment="One row per course and week",
    )
    op.create_table(
        "materials",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("week_number", sa.Integer(), nullable=False, comment="Teaching week, 1-60"),
        sa.Column("kind", MATERIAL_KIND, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("checksum", sa.Text(), nullable=True, comment="SHA-256 of the content, hexadecimal"),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("checksum ~ '^[0-9a-f]{64}$'", name=op.f("ck_materials_checksum_is_sha256")),
        sa.CheckConstraint("url ~ '^https?://'", name=op.f("ck_materials_url_is_a_web_address")),
        sa.CheckConstraint("length(title) BETWEEN 1 AND 300", name=op.f("ck_materials_title_has_a_length")),
        sa.CheckConstraint("num_nonnulls(url, checksum) > 0", name=op.f("ck_materials_has_an_address_or_a_checksum")),
        sa.ForeignKeyConstraint(
            ["course_id", "week_number"],
            ["syllabi.course_id", "syllabi.week_number"],
            name=op.f("fk_materials_course_id_week_number"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_materials")),
        sa.UniqueConstraint("id", "course_id", name="uq_materials_id_course_id"),
        comment="Documents, pages and videos of a course week",
    )
    op.create_index("ix_materials_course_id_week_number", "materials", ["course_id", "week_number"], unique=False)
    op.create_table(
        "quizzes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("week_number", sa.Integer(), nullable=False, comment="Teaching week, 1-60"),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column(
            "questions",
            postgresql.JSONB(),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
            comment="Array of lmskit.schemas.quiz.Question",
        ),
        sa.Column(
            "answer_key",
            postgresql.JSONB(),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
            comment="Object by question id; never shown to students",
        ),
        sa.Column("max_score", sa.Numeric(precision=12, scale=4), nullable=False, comment="Marks a perfect attempt earns"),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("jsonb_typeof(answer_key) = 'object'", name=op.f("ck_quizzes_answer_key_is_an_object")),
        sa.CheckConstraint("jsonb_typeof(questions) = 'array'", name=op.f("ck_quizzes_questions_is_an_array")),
        sa.CheckConstraint("max_score >= 0 AND max_score < 'Infinity'", name=op.f("ck_quizzes_max_score_is_a_mark")),
        sa.CheckConstraint("length(title) BETWEEN 1 AND 300", name=op.f("ck_quizzes_title_has_a_length")),
        sa.ForeignKeyConstraint(
            ["course_id", "week_number"],
            ["syllabi.course_id", "syllabi.week_number"],
            name=op.f("fk_quizzes_course_id_week_number"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quizzes")),
        sa.UniqueConstraint("id", "course_id", name="uq_quizzes_id_course_id"),
        comment="Assessments of a course week",
    )
    op.create_index("ix_quizzes_course_id_week_number", "quizzes", ["course_id", "week_number"], unique=False)
    op.create_table(
        "topic_performance",
        sa.Column("student_id", sa.BigInteger(), nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("week_number", sa.Integer(), autoincrement=False, nullable=False, comment="Teaching week, 1-60"),
        sa.Column("level", MASTERY_LEVEL, nullable=False),
        sa.Column("value", sa.Float(precision=53), nullable=True, comment="0-1; null where the rule has too little evidence for one"),
        sa.Column(
            "low", sa.Float(precision=53), nullable=True, comment="Lower end of the central 90 % interval; null where the rule has none"
        ),
        sa.Column("high", sa.Float(precision=53), nullable=True),
        sa.Column("n_evidence", sa.Integer(), nullable=False, comment="Graded questions, or attempts where only totals are known"),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("parameters", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(value IS NULL) = (level = 'not_assessed')", name=op.f("ck_topic_performance_a_level_has_a_value")),
        sa.CheckConstraint("jsonb_typeof(parameters) = 'object'", name=op.f("ck_topic_performance_parameters_is_an_object")),
        sa.CheckConstraint(
            "(low IS NULL) = (high IS NULL) AND (low IS NULL OR value IS NOT NULL)",
            name=op.f("ck_topic_performance_interval_has_two_ends_and_a_value"),
        ),
        sa.CheckConstraint(
            "low >= 0 AND low <= value AND value <= high AND high <= 1", name=op.f("ck_topic_performance_interval_holds_the_value")
        ),
        sa.CheckConstraint("n_evidence >= 1", name=op.f("ck_topic_performance_there_is_evidence")),
        sa.CheckConstraint("value BETWEEN 0 AND 1", name=op.f("ck_topic_performance_value_is_a_fraction")),
        sa.ForeignKeyConstraint(
            ["course_id", "student_id"],
            ["student_enrollments.course_id", "student_enrollments.student_id"],
            name=op.f("fk_topic_performance_course_id_student_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["course_id", "week_number"],
            ["syllabi.course_id", "syllabi.week_number"],
            name=op.f("fk_topic_performance_course_id_week_number"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("student_id", "course_id", "week_number", name=op.f("pk_topic_performance")),
        comment="Mastery by student, course and week; derived",
    )
    op.create_index("ix_topic_performance_course_id_week_number", "topic_performance", ["course_id", "week_number"], unique=False)
    op.create_table(
        "external_ids",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("source", sa.Text(), nullable=False, comment="The system the id comes from, such as oulad"),
        sa.Column("kind", ENTITY_KIND, nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("term_id", sa.BigInteger(), nullable=True),
        sa.Column("course_id", sa.BigInteger(), nullable=True),
        sa.Column("quiz_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "CASE kind WHEN 'person' THEN person_id IS NOT NULL AND num_nonnulls(term_id, course_id, quiz_id) = 0"
            " WHEN 'term' THEN term_id IS NOT NULL AND num_nonnulls(person_id, course_id, quiz_id) = 0"
            " WHEN 'course' THEN course_id IS NOT NULL AND num_nonnulls(person_id, term_id, quiz_id) = 0"
            " WHEN 'quiz' THEN num_nonnulls(quiz_id, course_id) = 2 AND num_nonnulls(person_id, term_id) = 0 END",
            name=op.f("ck_external_ids_names_one_entity_of_its_kind"),
        ),
        sa.CheckConstraint(
            "length(source) BETWEEN 1 AND 100 AND length(external_id) BETWEEN 1 AND 500", name=op.f("ck_external_ids_id_has_a_length")
        ),
        sa.ForeignKeyConstraint(["course_id"], ["courses.id"], name=op.f("fk_external_ids_course_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["person_id"], ["users.id"], name=op.f("fk_external_ids_person_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["quiz_id", "course_id"], ["quizzes.id", "quizzes.course_id"], name="fk_external_ids_quiz_id_course_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["term_id"], ["terms.id"], name=op.f("fk_external_ids_term_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_external_ids")),
        sa.UniqueConstraint("source", "kind", "external_id", name="uq_external_ids_source_kind_external_id"),
        comment="Ids of other systems",
    )
    op.create_index(
        "ix_external_ids_course_id_quiz_id",
        "external_ids",
        ["course_id", "quiz_id"],
        unique=False,
        postgresql_where="course_id IS NOT NULL",
    )
    op.create_index("ix_external_ids_person_id", "external_ids", ["person_id"], unique=False, postgresql_where="person_id IS NOT NULL")
    op.create_index("ix_external_ids_term_id", "external_ids", ["term_id"], unique=False, postgresql_where="term_id IS NOT NULL")
    op.create_table(
        "material_passages",
        sa.Column("material_id", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=True, comment="Of a PDF, from 1"),
        sa.Column("minute", sa.Numeric(precision=8, scale=2), nullable=True, comment="Of a video, from 0"),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column(
            "body_vector", postgresql.TSVECTOR(), sa.Computed("to_tsvector('english'::regconfig, body)", persisted=True), nullable=False
        ),
        sa.Column("embedding", pgvector.sqlalchemy.Vector(384), nullable=True),
        sa.Column("embedding_model", sa.Text(), nullable=True, comment="Vectors of different models are never compared"),
        sa.CheckConstraint("minute >= 0 AND minute < 'Infinity'", name=op.f("ck_material_passages_minute_is_a_time")),
        sa.CheckConstraint(
            "(embedding IS NULL) = (embedding_model IS NULL)", name=op.f("ck_material_passages_an_embedding_names_its_model")
        ),
        sa.CheckConstraint("num_nonnulls(page, minute) <= 1", name=op.f("ck_material_passages_stands_on_a_page_or_at_a_minute")),
        sa.CheckConstraint("ordinal >= 1", name=op.f("ck_material_passages_ordinal_counts_from_one")),
        sa.CheckConstraint("page >= 1", name=op.f("ck_material_passages_page_counts_from_one")),
        sa.ForeignKeyConstraint(
            ["material_id", "course_id"],
            ["materials.id", "materials.course_id"],
            name=op.f("fk_material_passages_material_id_course_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("material_id", "ordinal", name=op.f("pk_material_passages")),
        comment="Passages of materials, with page or minute",
    )
    op.create_index("ix_material_passages_course_id", "material_passages", ["course_id"], unique=False)
    op.create_table(
        "quiz_attempts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("quiz_id", sa.BigInteger(), nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("student_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, comment="First attempt 1, second 2, …"),
        sa.Column(
            "score", sa.Numeric(precision=12, scale=4), nullable=True, comment="Marks; null = not graded; extra credit may exceed max_score"
        ),
        sa.Column("max_score", sa.Numeric(precision=12, scale=4), nullable=False),
        sa.Column("feedback", sa.Text(), nullable=True),
        sa.Column(
            "answers",
            postgresql.JSONB(),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
            comment="Array of lmskit.schemas.quiz.Answer; empty where only the total is known",
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("origin", ROW_ORIGIN, nullable=False),
        sa.Column(
            "banked",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="Carried over from an earlier course: stored, but no evidence",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("jsonb_typeof(answers) = 'array'", name=op.f("ck_quiz_attempts_answers_is_an_array")),
        sa.CheckConstraint("max_score >= 0 AND max_score < 'Infinity'", name=op.f("ck_quiz_attempts_max_score_is_a_mark")),
        sa.CheckConstraint("score >= 0 AND score < 'Infinity'", name=op.f("ck_quiz_attempts_score_is_a_mark")),
        sa.CheckConstraint(
            "isfinite(submitted_at) AND isfinite(coalesce(started_at, submitted_at))", name=op.f("ck_quiz_attempts_times_are_finite")
        ),
        sa.CheckConstraint("number >= 1", name=op.f("ck_quiz_attempts_number_counts_from_one")),
        sa.CheckConstraint("submitted_at >= started_at", name=op.f("ck_quiz_attempts_is_submitted_after_it_starts")),
        sa.ForeignKeyConstraint(
            ["course_id", "student_id"],
            ["student_enrollments.course_id", "student_enrollments.student_id"],
            name=op.f("fk_quiz_attempts_course_id_student_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["quiz_id", "course_id"],
            ["quizzes.id", "quizzes.course_id"],
            name=op.f("fk_quiz_attempts_quiz_id_course_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quiz_attempts")),
        sa.UniqueConstraint("quiz_id", "student_id", "number", name="uq_quiz_attempts_quiz_id_student_id_number"),
        comment="Attempts of students at quizzes",
    )
    op.create_index("ix_quiz_attempts_course_id_student_id", "quiz_attempts", ["course_id", "student_id"], unique=False)


def downgrade() -> None:
    """Go back."""
    run_as_written(remove_all(("users", "terms", "courses", "external_ids", "outbox", "import_runs", "archives", "audit_log")))
    op.drop_index("ix_quiz_attempts_course_id_student_id", table_name="quiz_attempts")
    op.drop_table("quiz_attempts")
    op.drop_index("ix_material_passages_course_id", table_name="material_passages")
    op.drop_table("material_passages")
    op.drop_index("ix_external_ids_term_id", table_name="external_ids", postgresql_where="term_id IS NOT NULL")
    op.drop_index("ix_external_ids_person_id", table_name="external_ids", postgresql_where="person_id IS NOT NULL")
    op.drop_index("ix_external_ids_course_id_quiz_id", table_name="external_ids", postgresql_where="course_id IS NOT NULL")
    op.drop_table("external_ids")
    op.drop_index("ix_topic_performance_course_id_week_number", table_name="topic_performance")
    op.drop_table("topic_performance")
    op.drop_index("ix_quizzes_course_id_week_number", table_name="quizzes")
    op.drop_table("quizzes")
    op.drop_index("ix_materials_course_id_week_number", table_name="materials")
    op.drop_table("materials")
    op.drop_table("syllabi")
    op.drop_index("ix_student_enrollments_student_id", table_name="student_enrollments")
    op.drop_table("student_enrollments")
    op.drop_index("ix_outbox_student_id", table_name="outbox")
    op.drop_index("ix_outbox_course_id_student_id", table_name="outbox")
    op.drop_index("ix_outbox_available_at", table_name="outbox", postgresql_where="status = 'waiting'")
    op.drop_table("outbox")
    op.drop_index("ix_courses_term_id", table_name="courses")
    op.drop_index("ix_courses_lecturer_id", table_name="courses")
    op.drop_table("courses")
    op.drop_table("users")
    op.drop_table("terms")
    op.drop_table("import_runs")
    op.drop_index("ix_audit_log_course_id", table_name="audit_log")
    op.drop_table("audit_log")
    op.drop_table("archives")
    for enum in reversed(ENUMS):
        op.execute(DropEnumType(enum))
