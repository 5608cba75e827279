"""Keep the words of each 64 passages together, as a search reads them.

Why:   a search read the words of every passage of a course, most of its time, though it asks for a few of them: the words of 64 passages
       are in one row now, and a word of a search is looked up in it once (python -m benchmarks.search).
Locks: material_passages and materials, exclusively, while the words of all passages are collected: about half a minute for 20,000.
Down:  loses nothing.
"""

from pathlib import Path

from alembic import op

from lmskit.db.migration_statements import lock_first, run_as_written

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

UP = Path(__file__).resolve().parent.parent / "sql" / "0018_passage_words_up.sql"
TOGETHER = """
INSERT INTO lms.passage_words (course_id, material_id, after_ordinal, language, sizes, words)
WITH passage AS (
    SELECT
        p.course_id, p.material_id, p.ordinal, (p.ordinal - 1) / 64 * 64 AS after_ordinal, coalesce(p.language, '') AS language,
        octet_length(p.body) AS size, p.body_vector,
        -- A text vector has an end, which 64 of the longest passages would reach.
        sum(octet_length(p.body)) OVER (
            PARTITION BY p.course_id, p.material_id, (p.ordinal - 1) / 64, p.language ORDER BY p.ordinal
        ) / 150000 AS part
    FROM {source}
), word AS (
    SELECT
        p.course_id, p.material_id, p.after_ordinal, p.language, p.part,
        '''' || replace(replace(l.lexeme, '\\', '\\\\'), '''', '''''') || ''':'
            || string_agg((64 * (cardinality(l.positions) - 1) + p.ordinal - p.after_ordinal)::text, ',') AS entry
    FROM passage AS p CROSS JOIN unnest(p.body_vector) AS l
    GROUP BY p.course_id, p.material_id, p.after_ordinal, p.language, p.part, l.lexeme
), together AS (
    SELECT w.course_id, w.material_id, w.after_ordinal, w.language, w.part, string_agg(w.entry, ' ')::tsvector AS words
    FROM word AS w GROUP BY w.course_id, w.material_id, w.after_ordinal, w.language, w.part
), sized AS (
    SELECT k.course_id, k.material_id, k.after_ordinal, k.language, k.part, array_agg(p.size ORDER BY n.number) AS sizes
    FROM (SELECT DISTINCT p.course_id, p.material_id, p.after_ordinal, p.language, p.part FROM passage AS p) AS k
    CROSS JOIN generate_series(1, 64) AS n (number)
    LEFT JOIN passage AS p
        ON p.course_id = k.course_id AND p.material_id = k.material_id AND p.ordinal = k.after_ordinal + n.number
            AND p.language = k.language AND p.part = k.part
    GROUP BY k.course_id, k.material_id, k.after_ordinal, k.language, k.part
)
SELECT s.course_id, s.material_id, s.after_ordinal, s.language, s.sizes, coalesce(t.words, '')
FROM sized AS s LEFT JOIN together AS t USING (course_id, material_id, after_ordinal, language, part)
ORDER BY s.course_id, s.material_id, s.after_ordinal;
"""
"""Adds the words of the passages in a source, which the trigger and the passages that are there already share."""


def upgrade() -> None:
    """Go forward."""
    lock_first("materials", "material_passages")
    statements = UP.read_text(encoding="utf-8")
    stored = "lms.material_passages AS p WHERE p.course_id = material.course_id AND p.material_id = material.id"
    for name, source in (("{added}", "new_rows AS p"), ("{filled}", stored)):
        statements = statements.replace(name, TOGETHER.strip().replace("{source}", source))
    run_as_written(statements)


def downgrade() -> None:
    """Go back."""
    lock_first("materials", "material_passages", "passage_words")
    for trigger in ("keep_added_words", "keep_changed_words", "keep_deleted_words"):
        op.execute(f"DROP TRIGGER {trigger} ON lms.material_passages")
    op.execute("SET LOCAL ROLE lmskit_definer")
    op.execute("DROP FUNCTION lms.keep_passage_words()")
    op.execute("SET LOCAL ROLE lmskit_owner")
    op.execute("DROP TABLE lms.passage_words")
