"""Take what names a person out of the texts of others: titles, findings, feedback, passages, reports of imports.

Which columns there are is asked of the database, so a new one is treated like the others. What is treated differently is written here.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import CursorResult, text

from lmskit.queries.personal_data import columns_by_table, condition, patterns

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.orm import Session

    from lmskit.queries.personal_data import TextColumn

GONE = "[…]"
"""Stands for what named a person; it is no longer than any name, so that it fits wherever one did."""
REPLACED_TYPES = {"text", "text[]", "jsonb"}
FOLLOWING_TYPES = {"tsvector"}
"""Types of columns that the database computes from others."""
ELSEWHERE = {
    "audit_log": "erase_person, the function of the database, does it",
    "erasures": "it holds numbers and logins",
    "material_passages": "a passage is written once: it is deleted and added again",
    "passage_words": "it follows the passages",
    "passage_vectors": "its text is the name of a model",
    "embedding_models": "a model has its name everywhere",
    "material_files": "the name of a file is a checksum",
}
"""Tables that are not changed column by column, and why."""
LEFT = {
    "users": {"email", "family_name", "given_name", "sort_name", "preferred_name", "preferred_sort_name", "db_role"},
    "materials": {"url", "checksum", "stored_as"},
    "crawl_pages": {"url"},
    "material_crawls": {"start_url"},
    "reading_decisions": {"passage_checksum"},
    "outbox": {"recipient"},
    "archives": {"sha256", "location"},
    "import_choices": {"source_key"},
    "invitations": {"login"},
}
"""Columns that are left: names and addresses of other people, checksums, addresses of the web, whose rows go, and where files are."""
NUMBERED = {
    "bank_questions": "(SELECT count(DISTINCT b.bank) FROM bank_questions AS b"
    " WHERE b.course_id = bank_questions.course_id AND b.bank <= bank_questions.bank)",
    "question_slots": "number",
}
"""What keeps keys apart that differ in a name alone, in tables whose rows have no number `id`: rows with one key keep one."""
TOGETHER = {"quiz_attempts", "quizzes"}
"""Tables that are changed in one statement: the id of a question that names the person changes in the quiz and in the answers to it."""
OF_OTHERS = {"external_ids": "person_id IS NULL"}
"""The rows of a table whose texts are not another person's own."""


@dataclass(slots=True)
class ErasedTexts:
    """Rows by table and column in which names were replaced, rows by table that were removed, and what is left for a person to do."""

    replaced: Counter[str] = field(default_factory=Counter)
    removed: Counter[str] = field(default_factory=Counter)
    remains: list[str] = field(default_factory=list)


def replace_names(session: Session, pattern: str, among: Collection[tuple[str, str]]) -> ErasedTexts:
    """Replace what the pattern finds in the texts of the database that are not about the person alone.

    `among` are the columns in which there may be something, as table and column.
    """
    done = ErasedTexts()
    tables = {table for table, _ in among}
    with_files = _materials_with_files(session, pattern) if tables & {"materials", "material_passages"} else []
    if tables & {"materials", "material_crawls", "crawl_pages"}:
        _remove_addresses(session, pattern, done)
    if "material_passages" in tables:
        _write_passages_again(session, pattern, done)
    together: list[str] = []
    for table, columns in columns_by_table(session).items():
        if table in ELSEWHERE:
            continue
        kept = LEFT.get(table, set())
        wanted = [
            column for column in columns if (table, column.column) in among and column.column not in kept and column.type in REPLACED_TYPES
        ]
        statement = _replacing(session, table, wanted, pattern, done) if wanted else None
        if statement is None:
            continue
        if table in TOGETHER:
            together.append(f"{table}_without_names AS ({statement})")
        else:
            session.execute(text(statement), patterns(pattern))
    if together:
        session.execute(text(f"WITH {', '.join(together)} SELECT"), patterns(pattern))
    _list_files(session, with_files, done)
    if ("archives", "location") in among:
        _list_archives(session, pattern, done)
    return done


def _replacing(session: Session, table: str, columns: list[TextColumn], pattern: str, done: ErasedTexts) -> str | None:
    """Count the rows whose columns name the person, and return the statement that changes them; None if there are none."""
    of_others = OF_OTHERS.get(table, "true")
    counts = ", ".join(f"count(*) FILTER (WHERE {condition(column)})" for column in columns)
    counted = session.execute(text(f"SELECT {counts} FROM {table} WHERE {of_others}"), patterns(pattern)).one()  # noqa: S608 - catalogue
    found = [(column, n) for column, n in zip(columns, counted, strict=True) if n]
    if not found:
        return None
    done.replaced += Counter({f"{table}.{column.column}": n for column, n in found})
    replaced = ((column.column, condition(column), _replacement(table, column)) for column, _ in found)
    values = ", ".join(f'"{name}" = CASE WHEN {names} THEN {replacement} ELSE "{name}" END' for name, names, replacement in replaced)
    where = " OR ".join(condition(column) for column, _ in found)
    return f"UPDATE {table} SET {values} WHERE {of_others} AND ({where})"  # noqa: S608 - names of the catalogue


def _replacement(table: str, column: TextColumn) -> str:
    name = f'"{column.column}"'
    match column.type:
        case "jsonb":
            return f"lms.without_names({name}, :pattern, :pattern)"
        case "text[]":
            replaced = f"array_agg(regexp_replace(e.t, :pattern, '{GONE}', 'gi') ORDER BY e.n)"
            return f"(SELECT {replaced} FROM unnest({name}) WITH ORDINALITY AS e (t, n))"  # noqa: S608 - names of the catalogue
    # Two keys that differ in the name alone would be the same without it.
    gone = f"'[…' || {NUMBERED.get(table, 'id')} || ']'" if column.is_key else f"'{GONE}'"
    return f"regexp_replace({name}, :pattern, {gone}, 'gi')"


def _materials_with_files(session: Session, pattern: str) -> list[int]:
    statement = text("""
        SELECT m.id FROM materials AS m
        WHERE m.stored_as IS NOT NULL AND (
            m.title ~* :pattern OR m.file_name ~* :pattern
            OR EXISTS (SELECT FROM material_passages AS p WHERE p.material_id = m.id AND p.course_id = m.course_id AND p.body ~* :pattern)
        )
    """)
    return list(session.scalars(statement, {"pattern": pattern}))


def _list_files(session: Session, materials: list[int], done: ErasedTexts) -> None:
    statement = text("""
        SELECT m.id, c.code FROM materials AS m JOIN courses AS c ON c.id = m.course_id WHERE m.id = ANY (:materials) ORDER BY c.code, m.id
    """)
    done.remains += [
        f"The file of material {material} of {course} names the person. lmskit changes no files: remove the material"
        f" (lmskit material remove {material}) or add another instead."
        for material, course in session.execute(statement, {"materials": materials})
    ]


def _list_archives(session: Session, pattern: str, done: ErasedTexts) -> None:
    """List the folders that are named like the person; the last part of the name is the code of the term, which files anew have anew."""
    statement = text(r"""
        SELECT t.code, a.ended_at IS NULL FROM archives AS a JOIN terms AS t ON t.id = a.term_id
        WHERE regexp_replace(a.location, '[/\\][^/\\]*$', '') ~* :pattern ORDER BY t.code, a.id
    """)
    for code, in_use in session.execute(statement, {"pattern": pattern}):
        way = (
            f"To write them into another one, and to remove these: lmskit archive rewrite {code} --to DIR"
            if in_use
            else f"No term needs them: lmskit archive prune {code}"
        )
        done.remains.append(f"Files of the term {code} are in a folder or bucket whose name names the person, and stay there. {way}")


def _remove_addresses(session: Session, pattern: str, done: ErasedTexts) -> None:
    """Remove web addresses that name the person: without the name, they would lead nowhere."""
    for table, statement in (
        ("crawl_pages", "DELETE FROM crawl_pages WHERE url ~* :pattern"),
        ("material_crawls", "DELETE FROM material_crawls WHERE start_url ~* :pattern"),
        ("materials", "DELETE FROM materials WHERE url ~* :pattern AND checksum IS NULL"),
    ):
        done.removed[table] += _count(session, statement, pattern)
    cleared = (
        "UPDATE materials SET url = NULL, etag = NULL, last_modified = NULL, fetched_at = NULL, state = 'current' WHERE url ~* :pattern"
    )
    done.replaced["materials.url"] += _count(session, cleared, pattern)


def _write_passages_again(session: Session, pattern: str, done: ErasedTexts) -> None:
    session.execute(text("DROP TABLE IF EXISTS erased_passage"))
    n_found = _count(
        session,
        """
        CREATE TEMPORARY TABLE erased_passage ON COMMIT DROP AS
        SELECT * FROM material_passages AS p WHERE p.body ~* :pattern OR p.prose ~* :pattern OR p.headings::text ~* :pattern
        """,
        pattern,
    )
    if n_found <= 0:
        return
    done.replaced["material_passages.body"] += n_found
    session.execute(
        text("""
        DELETE FROM material_passages AS p USING erased_passage AS e
        WHERE p.course_id = e.course_id AND p.material_id = e.material_id AND p.ordinal = e.ordinal
        """)
    )
    session.execute(
        text("""
        INSERT INTO material_passages
            (course_id, material_id, ordinal, page, slide, cell, seconds, headings, body, language, prose, is_notes, overlap)
        SELECT
            e.course_id, e.material_id, e.ordinal, e.page, e.slide, e.cell, e.seconds,
            ARRAY(SELECT regexp_replace(h.t, :pattern, '[…]', 'gi') FROM unnest(e.headings) WITH ORDINALITY AS h (t, n) ORDER BY h.n),
            regexp_replace(e.body, :pattern, '[…]', 'gi'), e.language, regexp_replace(e.prose, :pattern, '[…]', 'gi'), e.is_notes,
            length(regexp_replace(left(e.body, e.overlap), :pattern, '[…]', 'gi'))
        FROM erased_passage AS e
        """),
        {"pattern": pattern},
    )
    # What was decided about a passage stays with it.
    session.execute(
        text("""
        UPDATE reading_decisions AS d
        SET passage_checksum = encode(sha256(convert_to(regexp_replace(e.body, :pattern, '[…]', 'gi'), 'UTF8')), 'hex')
        FROM erased_passage AS e
        WHERE d.course_id = e.course_id AND d.material_id = e.material_id
          AND d.passage_checksum = encode(sha256(convert_to(e.body, 'UTF8')), 'hex')
        """),
        {"pattern": pattern},
    )


def _count(session: Session, statement: str, pattern: str) -> int:
    result = session.execute(text(statement), {"pattern": pattern})
    return result.rowcount if isinstance(result, CursorResult) else 0
