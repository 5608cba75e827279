"""The rows of a term as its archive has them, with their checksums; and the archives that there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import sql
from sqlalchemy import BigInteger, DateTime, Text, cast, column, func, select, text
from sqlalchemy.dialects.postgresql import JSONB

from lmskit.columns import Column, Columns
from lmskit.db.bulk import connection_of
from lmskit.models import Archive, Course, Term
from lmskit.queries.code import is_one_of_codes
from lmskit.queries.frame import frame, rows
from lmskit.queries.page import DEFAULT_PAGE, paged
from lmskit.schemas.archive import ArchivedColumn

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    import pandas as pd
    from sqlalchemy.orm import Session

    from lmskit.queries.frame import Rows

ARCHIVES = Columns(
    Column("term", "str", "code", heading="Term"),
    Column("created_at", "object", "`datetime`, when it was archived", heading="Archived"),
    Column("ended_at", "object", "`datetime`, or None while the term is archived and these are its files", heading="Until"),
    Column(
        "verified_at",
        "object",
        "`datetime`, when its files were last compared, as when they were made",
        heading="Verified",
    ),
    Column("n_attempts", "int64", heading="Attempts"),
    Column("n_estimates", "int64", "estimates of mastery", heading="Estimates"),
    Column("size", "int64", "of all files, bytes", heading="Size"),
    Column("location", "str", "folder or address of the files", heading="Files"),
)


VERIFIED_AT = "verified_at"
"""Beside the manifest in the database: when files and rows were compared after they were made; the manifest in a file does not have it."""


@dataclass(frozen=True)
class TermTable:
    """A table with rows of a term.

    Attributes
    ----------
    name
        In the database.
    course
        Its column with the number of the course.
    order
        Columns by which its rows are ordered in a file.
    archived
        The table that its rows move to; None if they stay.
    """

    name: str
    course: str
    order: tuple[str, ...]
    archived: str | None = None


TERM_TABLES = (
    TermTable("courses", "id", ("id",)),
    TermTable("syllabi", "course_id", ("course_id", "week_number")),
    TermTable("student_enrollments", "course_id", ("course_id", "student_id")),
    TermTable("quizzes", "course_id", ("course_id", "id")),
    TermTable("knowledge_fits", "course_id", ("course_id", "week_number")),
    TermTable("quiz_attempts", "course_id", ("course_id", "student_id", "id"), archived="archived_attempts"),
    TermTable("topic_performance", "course_id", ("course_id", "student_id", "week_number"), archived="archived_estimates"),
)
"""What an archive has of a term: the rows that move, and those that they cannot be understood without."""
MOVED = tuple(table for table in TERM_TABLES if table.archived)
"""Those whose rows move."""
MOVED_BETWEEN = tuple(name for table in MOVED for name in (table.name, table.archived) if name)
"""The names of the tables that they move from and to."""
_FORMATS = {
    "timezone": "UTC",
    "datestyle": "ISO, YMD",
    "intervalstyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
}
"""Settings by which a row is the same text everywhere."""


@dataclass(frozen=True)
class RowContent:
    """How many rows there are, and the sum of their checksums, which does not depend on their order."""

    rows: int
    checksum: int


def columns_of(session: Session, table: str) -> tuple[ArchivedColumn, ...]:
    """The columns of a table in order, without those that PostgreSQL computes."""
    found = session.execute(
        text(
            "SELECT a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_attribute AS a"
            " WHERE a.attrelid = CAST(:table AS regclass) AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum"
        ),
        {"table": table},
    )
    return tuple(ArchivedColumn(name=name, kind=kind) for name, kind in found)


def courses_of(session: Session, term_id: int) -> dict[int, str]:
    """The codes of the courses of a term, by their number."""
    found = session.execute(select(Course.id, Course.code).where(Course.term_id == term_id).order_by(Course.id))
    return {row[0]: row[1] for row in found}


def rows_of(session: Session, table: TermTable, columns: Sequence[ArchivedColumn], courses: Collection[int]) -> Iterator[tuple[Any, ...]]:
    """The rows of courses, archived ones too, one by one, in the order of the table; until the last the session can do nothing else."""
    statement = sql.SQL("SELECT {} FROM {} AS r WHERE {} = ANY(%(courses)s::bigint[]) ORDER BY {}").format(
        sql.SQL(", ").join(sql.SQL("r.{}{}").format(sql.Identifier(c.name), sql.SQL("" if c.is_kept else "::text")) for c in columns),
        sql.Identifier(table.name),
        sql.Identifier("r", table.course),
        sql.SQL(", ").join(sql.Identifier("r", name) for name in table.order),
    )
    with connection_of(session).cursor(binary=True) as cursor:
        yield from cursor.stream(statement, {"courses": list(courses)})


def pin_formats(session: Session) -> None:
    """Until the transaction ends, write every row as the same text wherever the server is, so that checksums can be compared."""
    for name, value in _FORMATS.items():
        session.execute(text("SELECT set_config(:name, :value, true)"), {"name": name, "value": value})


def term_content(
    session: Session, table: TermTable, columns: Sequence[ArchivedColumn], courses: Collection[int], *, archived: bool | None = None
) -> RowContent:
    """Count and checksum of the rows of courses, after `pin_formats`; with `archived`, of the archived or of the other ones alone."""
    condition = sql.SQL("{} = ANY(%(courses)s::bigint[])").format(sql.Identifier("r", table.course))
    if archived is not None and table.archived is not None:
        # The table of the archived ones is closed to people; they read it through the other.
        condition += sql.SQL(" AND r.tableoid {} {}::regclass").format(sql.SQL("=" if archived else "<>"), sql.Literal(table.archived))
    return _content(session, sql.Identifier(table.name), columns, condition, {"courses": list(courses)})


def staged_content(session: Session, table: str, columns: Sequence[ArchivedColumn]) -> RowContent:
    """Count and checksum of all rows of a temporary table, after `pin_formats`."""
    return _content(session, sql.Identifier("pg_temp", table), columns, sql.SQL("true"), {})


def _content(
    session: Session, table: sql.Identifier, columns: Sequence[ArchivedColumn], condition: sql.Composable, parameters: Mapping[str, Any]
) -> RowContent:
    row = sql.SQL(", ").join(sql.Identifier("r", column.name) for column in columns)
    statement = sql.SQL(
        "SELECT count(*), coalesce(sum(('x' || left(encode(sha256(convert_to(ROW({})::text, 'UTF8')), 'hex'), 16))::bit(64)::bigint), 0)"
        " FROM {} AS r WHERE {}"
    ).format(row, table, condition)
    found = connection_of(session).execute(statement, dict(parameters)).fetchone()
    assert found is not None  # noqa: S101 - an aggregate has one row
    return RowContent(int(str(found[0])), int(str(found[1])))


def current_archive(session: Session, term_id: int) -> Archive | None:
    """The archive of a term that is archived; only administrators see archives."""
    return session.scalars(select(Archive).where(Archive.term_id == term_id, Archive.ended_at.is_(None))).one_or_none()


def earlier_archives(session: Session, term_id: int, *, outdated: bool = False) -> list[tuple[int, str]]:
    """Number and location of files of a term that it does not need: of earlier archives, or of one that was never finished.

    With `outdated`, only of those that have what was erased since.
    """
    statement = select(Archive.id, Archive.location).where(Archive.term_id == term_id, Archive.ended_at.is_not(None)).order_by(Archive.id)
    if outdated:
        statement = statement.where(Archive.outdated_at.is_not(None))
    return [(row[0], row[1]) for row in session.execute(statement)]


def archive_locations(session: Session) -> list[str]:
    """Where files of archives are or may be, in order; only administrators see archives."""
    return list(session.scalars(select(Archive.location).order_by(Archive.id)))


def with_outdated_files(session: Session) -> dict[str, bool]:
    """By the code of each term that has files with what was erased since: whether it needs new ones."""
    statement = (
        select(Term.code, func.bool_or(Archive.ended_at.is_(None)))
        .join(Term, Term.id == Archive.term_id)
        .where(Archive.outdated_at.is_not(None))
        .group_by(Term.code)
        .order_by(Term.code)
    )
    return {row[0]: row[1] for row in session.execute(statement)}


@ARCHIVES.documented
def archives(session: Session, *, terms: Collection[str] | None = None, limit: int = DEFAULT_PAGE, offset: int = 0) -> pd.DataFrame:
    """The archives of terms, newest first; earlier ones whose files are still to be removed are among them.

    {columns}

    With `terms`, those of the terms with these codes alone.
    """
    return frame(session, paged(_listed(terms), limit, offset), ARCHIVES)


def archive_rows(session: Session, *, limit: int = DEFAULT_PAGE, offset: int = 0) -> Rows:
    """The rows of `archives`, for a list in the terminal."""
    return rows(session, paged(_listed(), limit, offset))


def count_archives(session: Session) -> int:
    """The number of rows on all pages of `archives`."""
    return session.scalar(select(func.count()).select_from(Archive)) or 0


def _listed(terms: Collection[str] | None = None) -> Any:  # noqa: ANN401 - the type of a select names every column
    def n_rows(table: str) -> Any:  # noqa: ANN401 - as above
        return Archive.manifest["files"][table]["rows"].as_integer()

    file = func.jsonb_each(Archive.manifest["files"]).table_valued(column("key", Text), column("value", JSONB)).render_derived()
    size = select(cast(func.sum(cast(file.c.value["size"].as_string(), BigInteger)), BigInteger)).select_from(file).scalar_subquery()
    verified_at = cast(Archive.manifest[VERIFIED_AT].as_string(), DateTime(timezone=True))
    statement = (
        select(
            Term.code.label("term"),
            Archive.created_at,
            Archive.ended_at,
            func.coalesce(verified_at, Archive.created_at).label("verified_at"),
            n_rows("quiz_attempts").label("n_attempts"),
            n_rows("topic_performance").label("n_estimates"),
            size.label("size"),
            Archive.location,
        )
        .join(Term, Term.id == Archive.term_id)
        .order_by(Archive.created_at.desc(), Archive.id.desc())
    )
    return statement if terms is None else statement.where(is_one_of_codes(Term.code, terms))
