"""A smallest world with one row in every table, for trying the forbidden row beside the allowed one."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert

from lmskit.models import Base

if TYPE_CHECKING:
    from sqlalchemy import Connection

Values = dict[str, Any]
NOON = dt.datetime(2026, 2, 2, 12, tzinfo=dt.UTC)
SHA256 = "0" * 64
MORE = """
UPDATE lms.outbox SET in_doubt = true;
INSERT INTO lms.syllabi (course_id, week_number, topic) SELECT id, 2, 'Second' FROM lms.courses WHERE code = 'BASE-1';
INSERT INTO lms.courses (code, module_code, title, term_id, lecturer_id, origin)
    SELECT 'NO-WEEKS', 'BASE', 'Base', term_id, lecturer_id, 'form' FROM lms.courses WHERE code = 'BASE-1';
INSERT INTO lms.materials (course_id, kind, title, file_name, checksum, stored_as, language, findings)
    SELECT id, 'presentation', 'Of all weeks', 'all.pptx', repeat('a', 64), repeat('1', 64), 'de', ARRAY['a scan'] FROM lms.courses;
INSERT INTO lms.material_passages (course_id, material_id, ordinal, slide, headings, body, language, prose, is_notes, overlap)
    SELECT course_id, id, n, n, ARRAY['Residuals', 'Plots'], 'Zwei Häuser ' || n, 'de', 'Häuser', true, 4
    FROM lms.materials, generate_series(1, 3) AS n WHERE kind = 'presentation';
INSERT INTO lms.materials (course_id, week_number, kind, title, url)
    SELECT id, 2, 'video', 'Lecture', 'https://example.org/v' FROM lms.courses WHERE code = 'BASE-1';
INSERT INTO lms.material_passages (course_id, material_id, ordinal, seconds, body)
    SELECT course_id, id, 1, 1000.0 / 3, 'Spoken' FROM lms.materials WHERE kind = 'video';
INSERT INTO lms.embedding_models (name, dimension, checksum, state) VALUES ('large', 384, repeat('b', 64), 'in use');
INSERT INTO lms.passage_vectors (course_id, material_id, ordinal, model, dimension, embedding)
    SELECT course_id, material_id, ordinal, 'large', 384, array_fill(1 / sqrt(384), ARRAY[384])::lms.vector::lms.halfvec
    FROM lms.material_passages;
UPDATE lms.embedding_models SET probe = '[1, 0, 0]' WHERE dimension = 3;
UPDATE lms.archived_attempts SET (course_id, quiz_id) = (
    SELECT q.course_id, q.id FROM lms.quizzes AS q JOIN lms.courses AS c ON c.id = q.course_id WHERE c.code = 'BASE-2'
);
UPDATE lms.quiz_attempts SET submitted_at = NULL;
INSERT INTO lms.quizzes (course_id, title, max_score) SELECT id, 'Of no week', 5 FROM lms.courses WHERE code = 'BASE-1';
INSERT INTO lms.quiz_attempts (quiz_id, course_id, student_id, number, score, max_score, submitted_at, origin)
    SELECT q.id, q.course_id, a.student_id, 1, 4, 5, a.created_at, 'import'
    FROM ONLY lms.quiz_attempts AS a JOIN lms.quizzes AS q ON q.course_id = a.course_id WHERE q.week_number IS NULL;
UPDATE lms.archived_estimates SET course_id = (SELECT id FROM lms.courses WHERE code = 'BASE-2');
UPDATE lms.terms SET state = 'archived';
UPDATE lms.import_runs SET audit_from = 7;
INSERT INTO lms.import_runs (format, name, status, audit_from, undoes) SELECT 'undo', 'base', 'running', 9, max(id) FROM lms.import_runs;
"""
"""Rows with values in columns that the world leaves empty."""


class World:
    """Ids of the rows that exist, and for every table the values of a row that could be added."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.lecturer = self.add("users", email="lecturer@example.org", role="lecturer", db_role="u_lecturer")
        self.student = self.add("users")
        self.newcomer = self.add("users", email="newcomer@example.org", preferred_name="Newt", preferred_sort_name="newt")
        self.tutor = self.add("users", email="tutor@example.org", role="lecturer")
        self.term = self.add("terms")
        self.course = self.add("courses", code="BASE-1")
        self.other_course = self.add("courses", code="BASE-2")
        self.add("course_staff", course_id=self.course)
        for course in (self.course, self.other_course):
            self.add("syllabi", course_id=course)
            self.add("student_enrollments", course_id=course)
        self.add("student_activity")
        self.section = self.add("sections")
        self.add("section_members")
        self.add("course_staff", course_id=self.course, person_id=self.tutor, role="assistant", limited=True)
        self.add("staff_sections")
        self.quiz = self.add("quizzes")
        self.other_quiz = self.add("quizzes", course_id=self.other_course)
        self.add("question_slots")
        self.add("bank_questions")
        self.attempt = self.add("quiz_attempts")
        self.excused_quiz = self.add("quizzes", title="Excused")
        self.add("quiz_exceptions", quiz_id=self.excused_quiz)
        self.material = self.add("materials")
        self.other_material = self.add("materials", course_id=self.other_course)
        self.file = "1" * 64
        self.add("material_files", stored_as=self.file)
        self.add("material_passages")
        self.add("embedding_models", name="base", dimension=3)
        self.add("passage_vectors")
        self.add("reading_decisions")
        self.crawl = self.add("material_crawls")
        self.add("crawl_pages")
        self.add("topic_performance")
        self.add("knowledge_fits")
        self.add("external_ids")
        self.add("outbox", idem_key="first", message_id="<first@lmskit.example>")
        self.add("message_texts")
        self.add("import_runs")
        self.add("archives", ended_at=None)
        self.archived = self.add("archived_attempts")
        self.add("archived_estimates")
        self.add("erasures")
        self.add("import_choices")
        self.add("invitations", login="u_" + "f" * 16, accepted_at=None)
        self.merge = self.add("person_merges")

    def add(self, table: str, **values: object) -> int:
        """Insert a row like `row(table)` with `values` on top; return its id, or 0 where the key is not one number."""
        model = Base.metadata.tables[table]
        statement = insert(model).values(**{**self.row(table), **values})
        if "id" in model.c:
            return int(self.connection.execute(statement.returning(model.c.id)).scalar_one())
        self.connection.execute(statement)
        return 0

    @property
    def address(self) -> str:
        """The web address of a material that is not there yet."""
        return f"https://example.org/{getattr(self, 'material', 0)}"

    def row(self, table: str) -> Values:
        """Values that make a valid row of `table`, not yet there once the world stands."""
        course = getattr(self, "course", 0)
        rows: dict[str, Values] = {
            "users": {"email": "student@example.org", "family_name": "Family", "given_name": "", "sort_name": "family", "role": "student"},
            "terms": {"code": "BASE", "name": "Base", "starts_on": dt.date(2026, 1, 1), "ends_on": dt.date(2026, 6, 30)},
            "courses": {
                "code": "NEW-1",
                "module_code": "BASE",
                "title": "Base",
                "term_id": getattr(self, "term", 0),
                "lecturer_id": getattr(self, "lecturer", 0),
                "origin": "form",
            },
            "course_staff": {
                "course_id": getattr(self, "other_course", 0),
                "person_id": getattr(self, "lecturer", 0),
                "role": "co-lecturer",
            },
            "syllabi": {"course_id": course, "week_number": 1, "topic": "Topic"},
            "student_enrollments": {
                "course_id": course,
                "student_id": getattr(self, "student", 0),
                "status": "active",
                "origin": "form",
                "started_on": dt.date(2026, 1, 1),
            },
            "sections": {"course_id": course, "kind": "group" if hasattr(self, "section") else "section", "name": "A", "source": "csv"},
            "student_activity": {
                "course_id": course,
                "student_id": getattr(self, "student", 0),
                "source": "moodle-completion",
                "kind": "completed",
                "resource": "Quiz",
                "occurred_at": dt.datetime(2026, 5, 1, tzinfo=dt.UTC),
                "fingerprint": "00000000-0000-0000-0000-00000000000" + ("1" if hasattr(self, "section") else "0"),
            },
            "section_members": {
                "course_id": course,
                "section_id": getattr(self, "section", 0),
                "student_id": getattr(self, "student", 0),
            },
            "staff_sections": {"course_id": course, "person_id": getattr(self, "tutor", 0), "section_id": getattr(self, "section", 0)},
            "quizzes": {"course_id": course, "week_number": 1, "title": "Quiz", "questions": [{"id": "1"}], "max_score": 10},
            "question_slots": {"course_id": course, "quiz_id": getattr(self, "quiz", 0), "slot": "1", "number": 1},
            "bank_questions": {"course_id": course, "bank": "bank.xml", "number": 1, "question": {"id": "1"}},
            "quiz_exceptions": {
                "course_id": course,
                "quiz_id": getattr(self, "quiz", 0),
                "student_id": getattr(self, "student", 0),
                "excused": True,
                "excused_by_format": "canvas-gradebook",
            },
            "quiz_attempts": {
                "course_id": course,
                "quiz_id": getattr(self, "quiz", 0),
                "student_id": getattr(self, "student", 0),
                "number": 2 if hasattr(self, "attempt") else 1,
                "score": 5,
                "max_score": 10,
                "submitted_at": NOON,
                "origin": "form",
                "is_total": True,
                "taken_back_at": NOON,
            },
            "materials": {"course_id": course, "week_number": 1, "kind": "page", "title": "Page", "url": self.address},
            "material_passages": {"course_id": course, "material_id": getattr(self, "material", 0), "ordinal": 1, "body": "Text"},
            "material_files": {"stored_as": "2" * 64},
            "embedding_models": {"name": "new", "dimension": 2, "checksum": SHA256, "state": "in use"},
            "passage_vectors": {
                "course_id": course,
                "material_id": getattr(self, "material", 0),
                "ordinal": 1,
                "model": "base",
                "dimension": 3,
                "embedding": [0.0, 0.6, 0.8],
            },
            "passage_words": {
                "course_id": course,
                "material_id": getattr(self, "material", 0),
                "after_ordinal": 0,
                "language": "",
                "sizes": [4, *[None] * 63],
                "words": "'text':1",
            },
            "reading_decisions": {
                "course_id": course,
                "week_number": 1,
                "material_id": getattr(self, "material", 0),
                "passage_checksum": SHA256,
                "decision": "pinned",
            },
            "material_crawls": {"course_id": course, "start_url": "https://example.org/"},
            "crawl_pages": {"course_id": course, "crawl_id": getattr(self, "crawl", 0), "url": "https://example.org/", "depth": 0},
            "topic_performance": {
                "course_id": course,
                "student_id": getattr(self, "student", 0),
                "week_number": 1,
                "level": "developing",
                "value": 0.6,
                "low": 0.4,
                "high": 0.8,
                "n_evidence": 3,
                "rule": "average",
                "parameters": {},
                "computed_at": NOON,
            },
            "knowledge_fits": {
                "course_id": course,
                "week_number": 1,
                "prior": 0.3,
                "learn": 0.2,
                "guess": 0.2,
                "slip": 0.1,
                "forget": 0.0,
                "correct_from": 1.0,
                "n_students": 10,
                "n_answers": 40,
                "log_likelihood": -20.0,
                "converged": True,
                "constrained": False,
                "n_held_out": 40,
                "auc": 0.7,
                "rmse": 0.4,
                "log_loss": 0.5,
                "fitted_at": NOON,
            },
            "external_ids": {"source": "base", "kind": "term", "external_id": "1", "term_id": getattr(self, "term", 0)},
            "message_texts": {"kind": "welcome", "course_id": course, "language": "en", "subject": "Welcome", "body": "Dear {name}"},
            "outbox": {
                "idem_key": "second",
                "message_id": "<second@lmskit.example>",
                "course_id": course,
                "student_id": getattr(self, "student", 0),
                "recipient": "student@example.org",
                "template": "welcome",
                "context": {},
            },
            "import_runs": {
                "format": "base",
                "name": "base",
                "status": "done",
                "rows_in": 10,
                "added": 4,
                "changed": 3,
                "unchanged": 2,
                "rejected": 1,
            },
            "import_choices": {"source_key": SHA256, "choices": {}},
            "invitations": {
                "person_id": getattr(self, "lecturer", 0),
                "login": "u_" + "0" * 16,
                "created_at": NOON,
                "expires_at": NOON + dt.timedelta(days=7),
                "accepted_at": NOON,
            },
            "person_merges": {"kept_id": getattr(self, "student", 0), "removed_id": 1_000_001, "picture": {}},
            "erasures": {"person_id": 1, "fingerprint": SHA256},
            "archives": {"term_id": getattr(self, "term", 0), "location": "/base", "sha256": SHA256, "manifest": {}},
        }
        number = 2 if hasattr(self, "archived") else 1
        rows["archived_attempts"] = {**rows["quiz_attempts"], "id": 1_000 + number, "number": number}
        rows["archived_estimates"] = rows["topic_performance"]
        return rows[table]


def fill(connection: Connection) -> None:
    """Add the world and more, with row security lifted from the owner of the tables meanwhile."""
    for table in Base.metadata.tables:
        connection.exec_driver_sql(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    World(connection)
    connection.execution_options(no_parameters=True).exec_driver_sql(MORE)
    for table in Base.metadata.tables:
        connection.exec_driver_sql(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
