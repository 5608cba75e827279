"""What the rows of materials become where revision 0016 finds some, and where it is taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from lmskit.db import revision

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Engine

    from lmskit.db.cluster import Endpoint

    Ask = Callable[[str], list[tuple[Any, ...]]]

BEFORE = """
INSERT INTO terms (code, name, starts_on, ends_on) VALUES ('T', 'T', '2026-01-01', '2026-06-30');
INSERT INTO users (email, family_name, sort_name, role) VALUES ('l@example.org', 'L', 'l', 'lecturer');
INSERT INTO courses (code, module_code, title, term_id, lecturer_id, origin)
    SELECT 'C-' || n, 'C', 'C', t.id, u.id, 'form' FROM terms AS t, users AS u, generate_series(1, 2) AS n;
INSERT INTO syllabi (course_id, week_number, topic) SELECT c.id, w, 'Topic' FROM courses AS c, generate_series(2, 3) AS w;
INSERT INTO materials (course_id, week_number, kind, title, url, checksum, created_at)
    SELECT c.id, m.week, m.kind::material_kind, m.title, m.url, m.checksum, '2026-01-05 09:00Z'
    FROM courses AS c, (VALUES
        (2, 'video', 'Lecture', 'https://example.org/v', NULL), (2, 'page', 'Page', 'https://example.org/p', NULL),
        (3, 'page', 'Page again', 'https://example.org/p', NULL), (3, 'page', 'Part', 'https://example.org/p#part', NULL),
        (3, 'page', 'Part again', 'https://example.org/p#part', NULL), (3, 'page', 'Umlaut', 'https://example.org/über uns', NULL),
        (3, 'pdf', 'Script', NULL, repeat('a', 64))
    ) AS m (week, kind, title, url, checksum) WHERE c.code = 'C-1';
INSERT INTO material_passages (material_id, ordinal, course_id, page, minute, body, embedding, embedding_model)
    SELECT m.id, n, m.course_id, CASE m.kind WHEN 'pdf' THEN n END, CASE m.kind WHEN 'video' THEN n * 1.25 END, 'Two houses',
        CASE n WHEN 1 THEN array_fill(0.5, ARRAY[384])::vector END, CASE n WHEN 1 THEN E'own\\nmodel' END
    FROM materials AS m, generate_series(1, 2) AS n WHERE m.kind IN ('pdf', 'video');
"""
AFTER = """
INSERT INTO embedding_models (name, dimension, checksum, state) VALUES ('new', 3, repeat('0', 64), 'in use');
INSERT INTO passage_vectors (course_id, material_id, ordinal, model, dimension, embedding)
    SELECT course_id, material_id, ordinal, 'new', 3, '[1, 0, 0]' FROM material_passages;
INSERT INTO material_files (stored_as) VALUES (repeat('f', 64));
INSERT INTO materials (course_id, kind, title, file_name, checksum, stored_as)
    SELECT c.id, 'presentation', 'For all of ' || c.code, 'all.pptx', repeat('b', 64), repeat('f', 64) FROM courses AS c;
INSERT INTO material_passages (course_id, material_id, ordinal, slide, headings, body, language)
    SELECT course_id, id, 1, 4, ARRAY['Residuals'], 'Zwei Häuser', 'de' FROM materials WHERE kind = 'presentation';
DELETE FROM syllabi AS s USING courses AS c WHERE s.course_id = c.id AND c.code = 'C-2';
"""


@pytest.fixture
def ask(empty_engine: Engine, endpoint: Endpoint) -> Iterator[Ask]:
    """Carry out statements as a superuser in a database at revision 0015 with materials; taken down to nothing afterwards."""
    revision.upgrade("0015", engine=empty_engine)

    def answer(statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(endpoint.superuser_conninfo(str(empty_engine.url.database)), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    answer(BEFORE)
    yield answer
    revision.downgrade("base", engine=empty_engine, lose_data=True)


@pytest.mark.long
def test_stored_materials_are_kept_on_the_way_up_and_what_does_not_fit_is_parked_on_the_way_down(empty_engine: Engine, ask: Ask) -> None:
    revision.upgrade("0016", engine=empty_engine)
    found: dict[str, str | None] = dict(ask("SELECT title, replace(url, id::text, 'ID') FROM materials"))
    assert found == {
        "Lecture": "https://example.org/v",
        "Page": "https://example.org/p",
        "Page again": "https://example.org/p#ID",
        "Part": "https://example.org/p#part",
        "Part again": "https://example.org/p#part-ID",
        "Umlaut": "https://example.org/%C3%BCber%20uns",
        "Script": None,
    }
    assert ask("SELECT DISTINCT state, origin, language, updated_at = created_at, stored_as FROM materials") == [
        ("current", "form", None, True, None)
    ]
    passages = (
        "SELECT m.kind, p.ordinal, p.page, p.seconds, p.headings FROM material_passages AS p JOIN materials AS m ON m.id = p.material_id"
    )
    assert ask(f"{passages} ORDER BY 1, 2") == [
        ("pdf", 1, 1, None, []),
        ("pdf", 2, 2, None, []),
        ("video", 1, None, 75.0, []),
        ("video", 2, None, 150.0, []),
    ]
    assert ask("SELECT name, dimension, checksum, state FROM embedding_models") == [("own model", 384, None, "retired")]
    vectors = "SELECT v.ordinal, v.model, v.embedding::vector = array_fill(0.5, ARRAY[384])::vector FROM passage_vectors AS v"
    assert ask(vectors) == [(1, "own model", True)] * 2
    assert ask("SELECT count(*) FROM material_passages WHERE body_vector @@ plainto_tsquery('simple', 'houses')") == [(4,)]
    # What only follows is not in the audit trail: two addresses and a coded one are.
    assert ask("SELECT count(*) FROM audit_log WHERE table_name = 'materials' AND action = 'update'") == [(3,)]

    ask(AFTER)
    revision.downgrade("0015", engine=empty_engine)
    assert ask(
        "SELECT c.code, m.title, m.week_number, m.kind FROM materials AS m JOIN courses AS c ON c.id = m.course_id WHERE m.title ~ 'all'"
    ) == [("C-1", "For all of C-1", 2, "page")]
    passages = "SELECT m.kind, p.ordinal, p.page, p.minute, p.embedding_model, p.embedding IS NULL FROM material_passages AS p"
    assert [
        (*row[:3], row[3] and float(row[3]), *row[4:])
        for row in ask(f"{passages} JOIN materials AS m ON m.id = p.material_id ORDER BY 1, 2")
    ] == [
        ("pdf", 1, 1, None, "own model", False),
        ("pdf", 2, 2, None, None, True),
        ("page", 1, None, None, None, True),
        ("video", 1, None, 1.25, "own model", False),
        ("video", 2, None, 2.5, None, True),
    ]
    assert ask("SELECT count(*) FROM material_passages WHERE body_vector @@ plainto_tsquery('english', 'house')") == [(4,)]
    revision.upgrade("0016", engine=empty_engine)
    assert dict(ask("SELECT title, replace(url, id::text, 'ID') FROM materials WHERE url IS NOT NULL")) == {
        title: url for title, url in found.items() if url is not None
    }
    revision.upgrade("0018", engine=empty_engine)
    together = "SELECT count(*), sum(cardinality(array_remove(sizes, NULL))), count(*) FILTER (WHERE words @@ 'houses') FROM passage_words"
    assert ask(together) == [(4, 6, 2)]

    # Vectors from before have any length.
    assert ask("SELECT round(max(l2_norm(embedding))) FROM passage_vectors") == [(10.0,)]
    revision.upgrade("0021", engine=empty_engine)
    assert ask("SELECT round(min(l2_norm(embedding))), round(max(l2_norm(embedding))) FROM passage_vectors") == [(1.0, 1.0)]
