"""Keep materials with their files, their passages with every location, vectors by model, decisions about advice, and crawls.

Why:   materials could not be brought in: nothing named their file, language, licence or state; passages knew pages and minutes alone and
       were compared as English; a vector had 384 numbers, so that another model could not be tried beside the one in use.
Locks: courses, materials and material_passages, exclusively, while the last two are written again: their passages are few so far.
Down:  parks slides, cells, headings and languages of passages, all vectors, decisions about reading advice, crawls, and which files are in
       the store. A material for a whole course goes to the course's first week; one of a course without weeks is parked.
"""

from pathlib import Path

from lmskit.db.migration_statements import lock_first, run_as_written
from lmskit.db.parking import lifted, park, put_back, whole_row

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

SQL = Path(__file__).resolve().parent.parent / "sql"
FILLED = (
    "material_files", "embedding_models", "materials", "material_passages", "passage_vectors", "reading_decisions", "material_crawls",
    "crawl_pages",
)  # fmt: skip
"""Tables that have what no column of the previous revision takes, in the order of their references."""
REMOVED = "m.week_number IS NULL AND NOT EXISTS (SELECT FROM lms.syllabi AS s WHERE s.course_id = m.course_id) AS removed"
"""Whether the previous revision has no week for a material m."""
PASSAGE = "course_id, material_id, ordinal, page, slide, cell, seconds, headings, body, language, prose, is_notes, overlap"
LOST = {relation: f"SELECT * FROM lms.{relation}" for relation in FILLED} | {
    "materials": f"SELECT m.*, {REMOVED} FROM lms.materials AS m",
    "material_passages": f"SELECT p.{PASSAGE.replace(', ', ', p.')}, {REMOVED} FROM lms.material_passages AS p"
    " JOIN lms.materials AS m ON m.id = p.material_id",
    "passage_vectors": "SELECT v.*, encode(sha256(convert_to(p.body, 'UTF8')), 'hex') AS body_checksum FROM lms.passage_vectors AS v"
    " JOIN lms.material_passages AS p USING (course_id, material_id, ordinal)",
}
PUT_BACK = {relation: whole_row(relation) for relation in FILLED} | {
    "material_files": f"{whole_row('material_files')} ON CONFLICT (stored_as) DO UPDATE SET created_at = EXCLUDED.created_at",
    # The vectors that came back with their passages have brought their models, as retired ones.
    "embedding_models": """INSERT INTO lms.embedding_models AS m
        SELECT * FROM jsonb_populate_record(NULL::lms.embedding_models, parked.content)
        ON CONFLICT (name) DO UPDATE SET checksum = EXCLUDED.checksum, state = EXCLUDED.state, created_at = EXCLUDED.created_at
        WHERE m.dimension = EXCLUDED.dimension""",
    # Where the content of a material or a passage was changed meanwhile, what was known of the former content is not true of it.
    "materials": """INSERT INTO lms.materials AS m OVERRIDING SYSTEM VALUE
        SELECT r.* FROM jsonb_populate_record(NULL::lms.materials, parked.content) AS r
        WHERE (parked.content ->> 'removed')::boolean OR EXISTS (SELECT FROM lms.materials AS kept WHERE kept.id = r.id)
        ON CONFLICT (id) DO UPDATE SET
            (week_number, kind, language, licence, file_name, stored_as, media_type, size, length, state, etag, last_modified, fetched_at,
                findings, origin, updated_at)
            = (CASE WHEN EXCLUDED.week_number IS NOT NULL THEN m.week_number END, EXCLUDED.kind, EXCLUDED.language, EXCLUDED.licence,
                EXCLUDED.file_name, EXCLUDED.stored_as, EXCLUDED.media_type, EXCLUDED.size, EXCLUDED.length, EXCLUDED.state, EXCLUDED.etag,
                EXCLUDED.last_modified, EXCLUDED.fetched_at, EXCLUDED.findings, EXCLUDED.origin, EXCLUDED.updated_at)
        WHERE m.url IS NOT DISTINCT FROM EXCLUDED.url AND m.checksum IS NOT DISTINCT FROM EXCLUDED.checksum""",
    "material_passages": f"""INSERT INTO lms.material_passages AS p ({PASSAGE})
        SELECT r.{PASSAGE.replace(", ", ", r.")} FROM jsonb_populate_record(NULL::lms.material_passages, parked.content) AS r
        WHERE (parked.content ->> 'removed')::boolean OR EXISTS (
            SELECT FROM lms.material_passages AS kept
            WHERE (kept.course_id, kept.material_id, kept.ordinal) = (r.course_id, r.material_id, r.ordinal)
        )
        ON CONFLICT (course_id, material_id, ordinal) DO UPDATE SET
            (page, slide, cell, seconds, headings, language, prose, is_notes, overlap)
            = (EXCLUDED.page, EXCLUDED.slide, EXCLUDED.cell, EXCLUDED.seconds, EXCLUDED.headings, EXCLUDED.language, EXCLUDED.prose,
                EXCLUDED.is_notes, EXCLUDED.overlap)
        WHERE p.body = EXCLUDED.body""",
    "passage_vectors": """INSERT INTO lms.passage_vectors AS v
        SELECT r.* FROM jsonb_populate_record(NULL::lms.passage_vectors, parked.content) AS r
        JOIN lms.material_passages AS p USING (course_id, material_id, ordinal)
        WHERE encode(sha256(convert_to(p.body, 'UTF8')), 'hex') = parked.content ->> 'body_checksum'
        ON CONFLICT (course_id, material_id, ordinal, model) DO UPDATE SET embedding = EXCLUDED.embedding""",
}


def upgrade() -> None:
    """Go forward."""
    lock_first("courses", "materials", "material_passages", from_writers=("syllabi",))
    run("0016_materials_up.sql")
    run_as_written(put_back(revision, PUT_BACK, reads=("courses", "syllabi"), counted=("reading_decisions", "material_crawls")))


def downgrade() -> None:
    """Go back."""
    lock_first("courses", *FILLED, "syllabi")
    run_as_written(lifted(park(revision, LOST), *FILLED, "syllabi"))
    run("0016_materials_down.sql")


def run(name: str) -> None:
    """Run a file of statements as it is, without parameters, so that colons and percent signs keep their meaning."""
    run_as_written((SQL / name).read_text(encoding="utf-8"))
