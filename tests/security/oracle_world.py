"""A database with a lecturer who guesses, and another lecturer whose rows, marked `canary`, are guessed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.conninfo import make_conninfo

from lmskit.db import generate_password, revision, scram_verifier

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from lmskit.db.cluster import Endpoint

CURIOUS, VICTIM = "curious.lecturer@example.org", "other.lecturer@example.org"
ROWS = """
INSERT INTO users (email, family_name, sort_name, role)
    SELECT kind || lpad(n::text, 3, '0') || '@example.org', 'Name', 'name', 'student'
    FROM (VALUES ('own', 40), ('canary', 250)) AS k (kind, size), generate_series(1, size) AS n;
INSERT INTO terms (code, name, starts_on, ends_on) VALUES ('2026A', '2026A', '2026-01-01', '2026-06-30');
INSERT INTO courses (code, module_code, title, term_id, lecturer_id, origin)
    SELECT c.code, c.code, c.code, t.id, u.id, 'form'
    FROM (VALUES ('OWN-1', 'curious.lecturer@example.org'), ('CANARY-1', 'other.lecturer@example.org')) AS c (code, email)
    JOIN users AS u USING (email), terms AS t;
INSERT INTO student_enrollments (course_id, student_id, status, origin, started_on)
    SELECT c.id, u.id, 'active', 'form', '2026-01-01' FROM courses AS c, users AS u
    WHERE u.role = 'student' AND u.email LIKE lower(split_part(c.code, '-', 1)) || '%';
INSERT INTO student_enrollments (course_id, student_id, status, origin, started_on)
    SELECT c.id, u.id, 'active', 'form', '2026-01-01' FROM courses AS c, users AS u WHERE c.code = 'CANARY-1' AND u.email LIKE 'own00%';
INSERT INTO syllabi (course_id, week_number, topic) SELECT c.id, w, 'Topic' FROM courses AS c, generate_series(1, 10) AS w;
INSERT INTO quizzes (course_id, week_number, title, questions, max_score)
    SELECT c.id, w, c.code || ' quiz ' || w, jsonb_build_array(jsonb_build_object('id', lower(c.code))), 10
    FROM courses AS c, generate_series(1, 10) AS w;
INSERT INTO quiz_attempts (quiz_id, course_id, student_id, number, score, max_score, feedback, answers, submitted_at, origin)
    SELECT q.id, q.course_id, e.student_id, 1, n % 10 + CASE c.code WHEN 'OWN-1' THEN 0 ELSE 900 END, 10,
           lower(c.code) || ' feedback ' || n % 7, jsonb_build_array(jsonb_build_object('question', lower(c.code))),
           CASE c.code WHEN 'OWN-1' THEN timestamptz '2026-02-01 00:00Z' ELSE '2026-05-01 00:00Z' END + n % 10 * interval '1 day', 'form'
    FROM (SELECT *, row_number() OVER (ORDER BY course_id, student_id) AS n FROM student_enrollments) AS e
    JOIN courses AS c ON c.id = e.course_id JOIN quizzes AS q ON q.course_id = c.id AND q.week_number <= 4;
INSERT INTO materials (course_id, week_number, kind, title, url)
    SELECT c.id, w, 'page', lower(c.code) || ' page', 'https://example.org/' || w FROM courses AS c, generate_series(1, 10) AS w;
INSERT INTO material_files (stored_as) SELECT encode(sha256(convert_to(lower(c.code), 'UTF8')), 'hex') FROM courses AS c;
UPDATE materials AS m SET checksum = f.stored_as, stored_as = f.stored_as
    FROM material_files AS f, courses AS c
    WHERE c.id = m.course_id AND f.stored_as = encode(sha256(convert_to(lower(c.code), 'UTF8')), 'hex');
INSERT INTO material_passages (material_id, ordinal, course_id, headings, body)
    SELECT m.id, n, m.course_id, ARRAY[lower(c.code)], CASE c.code WHEN 'OWN-1' THEN 'own passage' ELSE 'canaryword of another' END
    FROM materials AS m JOIN courses AS c ON c.id = m.course_id, generate_series(1, 20) AS n;
INSERT INTO embedding_models (name, dimension, checksum, state) VALUES ('shared', 3, repeat('0', 64), 'in use');
INSERT INTO passage_vectors (course_id, material_id, ordinal, model, dimension, embedding)
    SELECT p.course_id, p.material_id, p.ordinal, 'shared', 3, CASE c.code WHEN 'OWN-1' THEN '[1, 0, 0]' ELSE '[0, 1, 0]' END::halfvec
    FROM material_passages AS p JOIN courses AS c ON c.id = p.course_id;
INSERT INTO reading_decisions (course_id, week_number, material_id, passage_checksum, decision, position)
    SELECT m.course_id, m.week_number, m.id, encode(sha256(convert_to(c.code, 'UTF8')), 'hex'), 'pinned',
           CASE c.code WHEN 'OWN-1' THEN 1 ELSE 77 END
    FROM materials AS m JOIN courses AS c ON c.id = m.course_id;
INSERT INTO material_crawls (course_id, start_url) SELECT id, 'https://' || lower(code) || '.example.org/' FROM courses;
INSERT INTO crawl_pages (course_id, crawl_id, url, depth)
    SELECT w.course_id, w.id, w.start_url || n, n % 5 + CASE c.code WHEN 'OWN-1' THEN 0 ELSE 50 END
    FROM material_crawls AS w JOIN courses AS c ON c.id = w.course_id, generate_series(1, 20) AS n;
INSERT INTO external_ids (source, kind, external_id, person_id)
    SELECT 'register', 'person', 'id-' || u.email, u.id FROM users AS u WHERE u.email LIKE 'canary%';
INSERT INTO external_ids (source, kind, external_id, course_id, quiz_id)
    SELECT 'register ' || n, 'quiz', 'quiz-' || q.id, q.course_id, q.id FROM quizzes AS q, generate_series(1, 60) AS n;
INSERT INTO courses (code, module_code, title, term_id, lecturer_id, origin)
    SELECT 'CANARY-' || lpad(n::text, 3, '0'), 'C', 'C', t.id, u.id, 'form'
    FROM users AS u, terms AS t, generate_series(1, 250) AS n WHERE u.email = 'other.lecturer@example.org';
INSERT INTO topic_performance (student_id, course_id, week_number, level, value, n_evidence, rule, parameters, computed_at)
    SELECT e.student_id, e.course_id, w, 'developing', CASE c.code WHEN 'OWN-1' THEN 0.5 ELSE 0.625 END, 3, 'average', '{}', now()
    FROM student_enrollments AS e JOIN courses AS c ON c.id = e.course_id, generate_series(1, 4) AS w;
"""


@dataclass
class World:
    """One database: the curious lecturer's connection, and the keys to guess."""

    connection: psycopg.Connection[Any]
    keys: dict[str, int]


def build(endpoint: Endpoint, engine: Engine) -> World:
    """Fill the prepared database of `engine` and sign in to it as the curious lecturer."""
    revision.upgrade(engine=engine)
    database = str(engine.url.database)
    password = generate_password()
    with psycopg.connect(endpoint.superuser_conninfo(database), autocommit=True) as superuser:
        login = ""
        for email in (VICTIM, CURIOUS):
            superuser.execute("INSERT INTO users (email, family_name, sort_name, role) VALUES (%s, 'Name', 'name', 'lecturer')", [email])
            row = superuser.execute(
                "SELECT set_login(id, %s, '!') FROM users WHERE email = %s", [scram_verifier(password), email]
            ).fetchone()
            assert row is not None
            login = str(row[0])
        superuser.execute(ROWS)
        tables = superuser.execute("SELECT string_agg(format('%I', tablename), ', ') FROM pg_tables WHERE schemaname = 'lms'").fetchone()
        assert tables is not None
        superuser.execute(f"VACUUM (ANALYZE, FREEZE) {tables[0]}")
        found = superuser.execute(
            "SELECT 'foreign_student', id FROM users WHERE email = 'canary007@example.org'"
            " UNION ALL SELECT 'own_student', id FROM users WHERE email = 'own002@example.org'"
            " UNION ALL SELECT 'foreign_quiz', min(q.id) FROM quizzes AS q JOIN courses AS c ON c.id = q.course_id WHERE c.code "
            "= 'CANARY-1'"
            " UNION ALL SELECT 'foreign_course', id FROM courses WHERE code = 'CANARY-1'"
            " UNION ALL SELECT 'own_course', id FROM courses WHERE code = 'OWN-1'"
            " UNION ALL SELECT 'foreign_material', min(m.id) FROM materials AS m JOIN courses AS c ON c.id = m.course_id "
            "WHERE c.code = 'CANARY-1'"
            " UNION ALL SELECT 'foreign_attempt', max(a.id) FROM quiz_attempts AS a JOIN courses AS c ON c.id = a.course_id "
            "WHERE c.code = 'CANARY-1'"
        ).fetchall()
    conninfo = make_conninfo("", **endpoint.parameters(), dbname=database, user=login, password=password)
    # Without the driver's own prepared statements, which one of the probes would deallocate.
    connection = psycopg.connect(conninfo, autocommit=True, prepare_threshold=None)
    return World(connection, {str(name): int(key) for name, key in found})
