"""Archiving a term: rows move and stay readable, files have all of them, and nothing is lost on the way."""

import datetime as dt
import functools
import json
import os
import shutil
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import fsspec
import pandas as pd
import pyarrow.parquet as pq
import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import IntegrityError

from lmskit.archives.store import MANIFEST, FolderArchives, store_of
from lmskit.db import violated_constraint
from lmskit.db.failure import translation
from lmskit.errors import ArchiveError, TermClosedError, TermStateError
from lmskit.models import Archive, AuditEntry, Course, Enrollment, KnowledgeFit, Quiz, QuizAttempt, Syllabus, TopicPerformance
from lmskit.queries.archive import MOVED, archive_rows, columns_of, courses_of, pin_formats, term_content
from lmskit.queries.attempt import quiz_totals, student_attempts
from lmskit.queries.evidence import course_evidence
from lmskit.queries.mastery import class_weeks, mastery_cells, student_weeks, students_to_help
from lmskit.queries.quiz_answers import answered_quizzes, quiz_answers
from lmskit.read_models.quiz_quality import quiz_drift
from lmskit.schemas.archive import ArchivedColumn
from lmskit.services.archive import create_archive, prune_archives, rewrite_archive
from lmskit.services.archive_findings import archive_findings, archives_in_use
from lmskit.services.archive_renewal import renew_archives
from lmskit.services.archive_restore import restore_archive, verify_archive
from lmskit.services.archive_upgrade import Change, upgraded
from lmskit.services.knowledge_tracing import fit_courses
from lmskit.services.mastery import refresh
from lmskit.services.term import close_term, open_term
from lmskit.vocabulary import TermState
from tests import factories
from tests.answered_quiz import answered_quiz
from tests.conftest import HOME
from tests.object_server import BUCKET, serving

PAST = dt.date(2020, 9, 14)
WORK = HOME / "work"


def ended_term(session, n_students):
    """A term that is over, with two courses, attempts with answers, totals, an attempt that is not graded, and estimates."""
    made = factories.term(session, starts_on=PAST)
    module = factories.unique("ARCH")
    first = factories.course(session, in_term=made, module_code=module, weeks=2)
    answered_quiz(session, first, n_students=n_students, attempts=2)
    answered_quiz(session, factories.course(session, module_code=module, weeks=1), n_students=n_students, seed=1)
    second = factories.course(session, in_term=made, weeks=1)
    total = factories.quiz(session, second, title="A total")
    for score in (3, None, 12.5):
        student = factories.student(session)
        factories.enrollment(session, second, student)
        factories.attempt(session, total, student, score=score, submitted_at="unknown")
    session.add(factories.knowledge_fit(first))
    refresh(session, courses=[first.code, second.code])
    session.commit()
    return made


@pytest.fixture
def term(session):
    return ended_term(session, 3)


def codes_of(session, term):
    """The codes of the courses of the term."""
    return list(session.scalars(select(Course.code).where(Course.term_id == term.id).order_by(Course.id)))


@pytest.fixture
def store(tmp_path):
    return FolderArchives(tmp_path / "archives", make=True)


def content_of(session, term, *, archived=None):
    """Count and checksum of the rows that move."""
    pin_formats(session)
    courses = courses_of(session, term.id)
    return {table.name: term_content(session, table, columns_of(session, table.name), courses, archived=archived) for table in MOVED}


def shown(session, codes):
    """What screens and reports read of the courses, as text."""
    session.expire_all()
    tables = []
    for code in codes:
        student = session.scalars(
            select(Enrollment.student_id).join(Course).where(Course.code == code).order_by(Enrollment.student_id)
        ).first()
        course_id = session.scalars(select(Course.id).where(Course.code == code)).one()
        tables += [class_weeks(session, code), mastery_cells(session, code), students_to_help(session, code), quiz_totals(session, code)]
        tables += [student_weeks(session, code, student), student_attempts(session, code, student), answered_quizzes(session, code)]
        tables += [course_evidence(session, [course_id])]
        for quiz in session.scalars(select(Quiz.id).where(Quiz.course_id == course_id).order_by(Quiz.id)):
            tables.append(quiz_answers(session, quiz).scores)
    module = session.scalars(select(Course.module_code).where(Course.code == codes[0])).one()
    for quiz in session.scalars(select(Quiz.id).join(Course, Course.id == Quiz.course_id).where(Course.module_code == module)):
        drift = quiz_drift(session, quiz).drift
        tables += [drift.by_run, drift.changes]
    return [table.to_csv() for table in tables]


def archived(session, begin, term, store):
    close_term(session, term.code)
    session.commit()
    return create_archive(begin, begin, store, term.code)


@pytest.mark.parametrize("n_students", [3, pytest.param(30, marks=pytest.mark.long)])  # fewer than 30 say nothing about drift
def test_an_archived_term_reads_as_before_and_its_rows_are_moved(n_students, session, begin, store):
    term = ended_term(session, n_students)
    codes = codes_of(session, term)
    before, seen = content_of(session, term), shown(session, codes)
    assert all(content.rows for content in before.values())
    report = archived(session, begin, term, store)
    assert content_of(session, term, archived=True) == before
    assert all(content.rows == 0 for content in content_of(session, term, archived=False).values())
    assert shown(session, codes) == seen
    session.refresh(term)
    assert term.state is TermState.ARCHIVED
    assert {name: report.manifest.files[name].checksum for name in before} == {name: content.checksum for name, content in before.items()}
    (listed,) = [row for row in archive_rows(session) if row["term"] == term.code]
    assert (listed["n_attempts"], listed["n_estimates"], listed["location"]) == (
        before["quiz_attempts"].rows, before["topic_performance"].rows, report.location,
    )  # fmt: skip


def test_the_files_can_be_read_by_other_programs_and_by_no_other_account(session, begin, term, store):
    codes = codes_of(session, term)
    report = archived(session, begin, term, store)
    folder = Path(report.location)
    attempts = pq.read_table(folder / "quiz_attempts.parquet").to_pandas()
    stored = session.scalars(select(QuizAttempt).where(QuizAttempt.id == int(attempts["id"][0]))).one()
    assert (attempts["score"][0], json.loads(attempts["answers"][0])) == (stored.score, stored.answers)
    evidence = pd.read_parquet(folder / "evidence.parquet")
    ids = list(session.scalars(select(Course.id).where(Course.code.in_(codes))))
    pd.testing.assert_frame_equal(evidence, course_evidence(session, ids))
    if os.name == "posix":
        assert [
            oct(path.stat().st_mode & 0o777) for path in (folder.parent, folder, *folder.iterdir()) if path.stat().st_mode & 0o077
        ] == []


@pytest.mark.parametrize("from_files", [pytest.param(False, marks=pytest.mark.long), True])
def test_a_restored_term_has_the_rows_of_before(from_files, session, begin, term, store):
    codes = codes_of(session, term)
    before, seen = content_of(session, term), shown(session, codes)
    archived(session, begin, term, store)
    restore_archive(begin, term.code, WORK, from_files=from_files)
    assert content_of(session, term, archived=False) == before
    assert all(content.rows == 0 for content in content_of(session, term, archived=True).values())
    session.refresh(term)
    assert term.state is TermState.CLOSED
    assert shown(session, codes) == seen
    open_term(session, term.code)
    assert refresh(session, courses=codes).n_rows == 0
    session.commit()
    archived(session, begin, term, FolderArchives(Path(store.address).parent / "again", make=True))
    assert session.scalar(select(func.count()).select_from(Archive).where(Archive.term_id == term.id)) == 2
    assert prune_archives(begin, term.code, WORK) == 1
    assert list(Path(store.address).iterdir()) == []
    verify_archive(begin, term.code, WORK)


WRITES = {
    "attempts": lambda course: update(QuizAttempt).where(QuizAttempt.course_id == course).values(feedback="changed"),
    "estimates": lambda course: update(TopicPerformance).where(TopicPerformance.course_id == course).values(rule="changed"),
    "fits": lambda course: update(KnowledgeFit).where(KnowledgeFit.course_id == course).values(n_students=1),
    "weeks": lambda course: update(Syllabus).where(Syllabus.course_id == course).values(topic="changed"),
    "quizzes": lambda course: update(Quiz).where(Quiz.course_id == course).values(title="changed"),
    "enrollments": lambda course: update(Enrollment).where(Enrollment.course_id == course).values(status="completed"),
    "rule": lambda course: update(Course).where(Course.id == course).values(mastery_rule="changed"),
    "no more attempts": lambda course: text(f"DELETE FROM quiz_attempts WHERE course_id = {course}"),
    "no more estimates": lambda course: text(f"DELETE FROM topic_performance WHERE course_id = {course}"),
    "one more attempt": lambda course: text(
        "INSERT INTO quiz_attempts (quiz_id, course_id, student_id, number, max_score, submitted_at, origin)"
        " SELECT quiz_id, course_id, student_id, number + 50, 1, submitted_at, origin FROM quiz_attempts"
        f" WHERE course_id = {course} LIMIT 1"
    ),
    "one more week": lambda course: text(f"INSERT INTO syllabi (course_id, week_number, topic) VALUES ({course}, 60, 'more')"),
}


@pytest.mark.parametrize("state", [pytest.param(TermState.CLOSED, marks=pytest.mark.long), TermState.ARCHIVED])
def test_what_a_closed_term_rests_on_cannot_be_changed(state, session, begin, term, store):
    codes = codes_of(session, term)
    close_term(session, term.code)
    session.commit()
    if state is TermState.ARCHIVED:
        create_archive(begin, begin, store, term.code)
    course = session.scalars(select(Course.id).where(Course.code == codes[0])).one()
    before = content_of(session, term)
    for name, write in WRITES.items():
        with pytest.raises(IntegrityError) as refused, session.begin_nested():
            session.execute(write(course))
        assert violated_constraint(refused.value) == "a_closed_term_stays_as_it_is", name
        said = translation(refused.value.orig, lost=False)
        assert isinstance(said, TermClosedError)
        assert f"The term {term.code} is {state}" in str(said)
    assert content_of(session, term) == before
    lecturer = factories.lecturer(session)
    session.execute(update(Course).where(Course.id == course).values(title="Handed over", lecturer_id=lecturer.id))


def test_a_refresh_leaves_closed_terms_out(session, term):
    codes = codes_of(session, term)
    close_term(session, term.code)
    report = refresh(session, courses=codes)
    assert report.n_courses == 0
    assert report.skipped == dict.fromkeys(codes, f"Its term {term.code} is closed, so its estimates and fits stay as they are.")
    assert not set(refresh(session).skipped) & set(codes)
    fitted = fit_courses(session, courses=codes)
    assert (fitted.n_courses, set(fitted.skipped)) == (0, set(codes))


def test_steps_come_one_after_the_other(session, begin, term, store):
    with pytest.raises(TermStateError, match=r"is open\. Nothing was changed\. To close it: lmskit term close"):
        create_archive(begin, begin, store, term.code)
    with pytest.raises(TermStateError, match="is open"):
        open_term(session, term.code)
    session.rollback()
    close_term(session, term.code)
    session.commit()
    with pytest.raises(TermStateError, match="is closed"):
        close_term(session, term.code)
    session.rollback()
    with pytest.raises(TermStateError, match="is closed"):
        restore_archive(begin, term.code, WORK)
    running = factories.term(session, starts_on=dt.date(2100, 1, 1))
    close_term(session, running.code)
    session.commit()
    with pytest.raises(TermStateError, match="is not past"):
        create_archive(begin, begin, store, running.code)
    assert not Path(store.address).exists()


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "flipped bit": (lambda folder: flip(folder / "quiz_attempts.parquet"), "quiz_attempts.parquet"),
    "truncated": (lambda folder: os.truncate(folder / "topic_performance.parquet", 100), "topic_performance.parquet"),
    "missing": (lambda folder: (folder / "quizzes.parquet").unlink(), "quizzes.parquet is missing"),
    "manifest": (lambda folder: flip(folder / MANIFEST), "manifest"),
    "gone": (shutil.rmtree, "is missing"),
}


@pytest.mark.parametrize("damage", [pytest.param(name, marks=[] if name == "flipped bit" else pytest.mark.long) for name in DAMAGES])
def test_damaged_files_are_noticed_and_the_database_restores_without_them(damage, session, begin, term, store):
    before = content_of(session, term)
    report = archived(session, begin, term, store)
    verify_archive(begin, term.code, WORK)
    assert [finding.is_well for finding in archive_findings(archives_in_use(session))] == [True]
    spoil, named = DAMAGES[damage]
    spoil(Path(report.location))
    assert [finding.is_well for finding in archive_findings(archives_in_use(session))] == [damage not in {"manifest", "gone"}]
    for use in (verify_archive, functools.partial(restore_archive, from_files=True)):
        with pytest.raises(ArchiveError, match=f"{named}.* lmskit archive rewrite {term.code}$"):
            use(begin, term.code, WORK)
        session.refresh(term)
        assert term.state is TermState.ARCHIVED
    rewritten = rewrite_archive(begin, begin, term.code, WORK)
    assert [path.name for path in Path(store.address).iterdir()] == [Path(rewritten.location).name] != [Path(report.location).name]
    verify_archive(begin, term.code, WORK)
    restore_archive(begin, term.code, WORK)
    assert content_of(session, term, archived=False) == before


def test_rows_that_change_after_the_files_are_written_stop_the_move(session, begin, term, store):
    codes = codes_of(session, term)
    close_term(session, term.code)
    session.commit()
    calls: list[None] = []

    @contextmanager
    def write():
        calls.append(None)
        if len(calls) == 2:  # the one that moves: meanwhile the term was opened, changed and closed again
            open_term(session, term.code)
            course = session.scalars(select(Course.id).where(Course.code == codes[1])).one()
            session.execute(update(QuizAttempt).where(QuizAttempt.course_id == course).values(feedback="late"))
            close_term(session, term.code)
        with begin() as opened:
            yield opened

    with pytest.raises(ArchiveError, match="quiz_attempts changed after the files were written"):
        create_archive(write, begin, store, term.code)
    session.refresh(term)
    assert term.state is TermState.CLOSED
    assert all(content.rows == 0 for content in content_of(session, term, archived=True).values())
    assert list(Path(store.address).iterdir()) == []
    assert prune_archives(begin, term.code, WORK) == 0


def before_the_move(begin, act):
    """An opener that does something before its third transaction, which moves the rows; the second has noted the files."""
    calls: list[None] = []

    @contextmanager
    def write():
        calls.append(None)
        if len(calls) == 3:
            act()
        with begin() as opened:
            yield opened

    return write


def test_files_that_another_command_removed_meanwhile_leave_nothing_behind(session, begin, term, store):
    close_term(session, term.code)
    session.commit()
    meanwhile = before_the_move(begin, lambda: prune_archives(begin, term.code, WORK))
    with pytest.raises(ArchiveError, match="Another command removed the files"):
        create_archive(meanwhile, begin, store, term.code)
    session.refresh(term)
    assert term.state is TermState.CLOSED
    assert list(Path(store.address).iterdir()) == []


def test_an_enrollment_erased_while_files_are_written_is_in_none(session, begin, term, store):
    course = session.scalars(select(Course).where(Course.code == codes_of(session, term)[0])).one()
    idle = factories.student(session)
    factories.enrollment(session, course, idle)
    close_term(session, term.code)
    session.commit()

    def erase():
        with begin() as opened:
            terms = opened.scalar(text("SELECT lms.begin_erasure(:person, '{}')"), {"person": idle.id})
            opened.execute(text("DELETE FROM student_enrollments WHERE student_id = :person"), {"person": idle.id})
            opened.execute(text("SELECT lms.finish_erasure(:terms)"), {"terms": terms})

    with pytest.raises(ArchiveError, match="student_enrollments changed after the files were written"):
        create_archive(before_the_move(begin, erase), begin, store, term.code)
    assert list(Path(store.address).iterdir()) == []


@pytest.mark.parametrize("from_files", [False, True])
def test_what_was_erased_does_not_come_back_from_the_files(from_files, session, begin, term, store):
    course = session.scalars(select(Course.id).where(Course.code == codes_of(session, term)[0])).one()
    archived(session, begin, term, store)
    terms = session.scalar(text("SELECT lms.begin_erasure(0, ARRAY[CAST(:term AS bigint)])"), {"term": term.id})
    session.execute(update(QuizAttempt).where(QuizAttempt.course_id == course).values(feedback="[…] wrote this"))
    session.execute(text("SELECT lms.finish_erasure(:terms)"), {"terms": terms})
    session.commit()
    with pytest.raises(ArchiveError, match=r"must not come back.*lmskit archive rewrite"):
        restore_archive(begin, term.code, WORK, from_files=from_files)
    with pytest.raises(ArchiveError, match=r"some were erased.*lmskit archive rewrite"):
        verify_archive(begin, term.code, WORK)
    rewrite_archive(begin, begin, term.code, WORK)
    restore_archive(begin, term.code, WORK, from_files=from_files)
    assert set(session.scalars(select(QuizAttempt.feedback).where(QuizAttempt.course_id == course))) == {"[…] wrote this"}


def test_only_files_of_an_archive_are_removed(tmp_path):
    name = "2020A-20260101T000000000000Z"
    absent = FolderArchives(tmp_path / "absent")
    with pytest.raises(ArchiveError, match="Is its disk connected"):
        absent.remove(str(tmp_path / "absent" / name))
    store = FolderArchives(tmp_path)
    for folder, file in (("home", "quizzes.parquet"), (name, "letter.txt")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / file).touch()
        with pytest.raises(ArchiveError, match="other files than those of an archive"):
            store.remove(str(tmp_path / folder))
        assert (tmp_path / folder / file).exists()
    (tmp_path / name / "letter.txt").rename(tmp_path / name / "quizzes.parquet")
    (tmp_path / name / MANIFEST).touch()
    store.remove(str(tmp_path / name))
    store.remove(str(tmp_path / name))
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_the_audit_trail_counts_what_moves(session, begin, term, store):
    newest = session.scalar(select(func.max(AuditEntry.id)))
    moved = {name: content.rows for name, content in content_of(session, term).items()}
    archived(session, begin, term, store)
    number = session.scalars(select(Archive.id).where(Archive.term_id == term.id)).one()
    restore_archive(begin, term.code, WORK)
    found = session.scalars(select(AuditEntry).where(AuditEntry.id > newest).order_by(AuditEntry.id)).all()
    of_term = [entry for entry in found if entry.table_name != "student_enrollments"]
    assert all(entry.new["status"] == "completed" for entry in found if entry not in of_term)
    assert {(entry.table_name, entry.row_key) for entry in of_term} == {("terms", str(term.id))}
    assert [(entry.action, entry.old, entry.new) for entry in of_term] == [
        ("update", {"state": "open"}, {"state": "closed"}),
        ("archive", {"state": "closed"}, {"state": "archived", "archive": number, **moved}),
        ("restore", {"state": "archived"}, {"state": "closed", **moved}),
    ]


def test_the_audit_trail_has_a_restore_from_files_in_one_entry(session, begin, term, store):
    moved = {name: content.rows for name, content in content_of(session, term).items()}
    archived(session, begin, term, store)
    newest = session.scalar(select(func.max(AuditEntry.id)))
    restore_archive(begin, term.code, WORK, from_files=True)
    of_terms = select(AuditEntry).where(AuditEntry.id > newest, AuditEntry.table_name == "terms")
    assert [(entry.action, entry.old, entry.new) for entry in session.scalars(of_terms)] == [
        ("restore", {"state": "archived"}, {"state": "closed", **moved}),
    ]
    assert session.scalars(select(Archive.outdated_at).where(Archive.term_id == term.id)).all() == [None]


def test_no_transaction_ends_half_way_through_a_restore(session, begin, term, store):
    archived(session, begin, term, store)
    session.execute(text("SELECT lms.begin_restore(:term)"), {"term": term.id})
    with pytest.raises(IntegrityError) as refused:
        session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    assert violated_constraint(refused.value) == "a_move_ends"


def test_rows_of_a_person_can_be_erased_from_an_archived_term(session, begin, term, store):
    report = archived(session, begin, term, store)
    person = session.scalars(select(QuizAttempt.student_id).limit(1).where(QuizAttempt.course_id.in_(courses_of(session, term.id)))).one()
    terms = session.scalar(text("SELECT lms.begin_erasure(:person, '{}')"), {"person": person})
    assert terms == [term.id]
    for table in ("quiz_attempts", "topic_performance", "student_enrollments"):
        session.execute(text(f"DELETE FROM {table} WHERE student_id = :person"), {"person": person})
    session.execute(text("SELECT lms.finish_erasure(:terms)"), {"terms": terms})
    session.commit()
    with pytest.raises(ArchiveError, match="the database are not those of the archive"):
        verify_archive(begin, term.code, WORK)
    assert [finding.is_well for finding in archive_findings(archives_in_use(session))] == [False]
    renewal = renew_archives(begin, begin, WORK)
    assert (renewal.rewritten, renewal.remains) == ((term.code,), ())
    assert [finding.is_well for finding in archive_findings(archives_in_use(session))] == [True]
    assert renew_archives(begin, begin, WORK).rewritten == ()
    verify_archive(begin, term.code, WORK)
    assert not Path(report.location).exists()
    found = pq.read_table(next(Path(store.address).glob("*/quiz_attempts.parquet"))).to_pandas()
    assert person not in set(found["student_id"])


def test_earlier_revisions_of_a_file_are_brought_up_to_date():
    written = (
        ArchivedColumn(name="id", kind="bigint"),
        ArchivedColumn(name="banked", kind="boolean"),
        ArchivedColumn(name="old", kind="text"),
    )
    now = (ArchivedColumn(name="id", kind="bigint"), ArchivedColumn(name="counts", kind="boolean"), ArchivedColumn(name="new", kind="text"))
    changes = (
        Change("0018", "quiz_attempts", gone=frozenset({"id"})),
        Change("0020", "quiz_attempts", {"counts": "NOT r.banked"}, frozenset({"banked", "old"})),
        Change("0020", "topic_performance", gone=frozenset({"id"})),
    )
    values = upgraded("quiz_attempts", "0019", written, now, changes)
    assert {name: value.as_string(None) for name, value in values.items()} == {
        "id": '"r"."id"',
        "counts": "CAST((NOT r.banked) AS boolean)",
    }
    with pytest.raises(ArchiveError, match="a column banked of quiz_attempts"):
        upgraded("quiz_attempts", "0019", written, now, ())


def test_folders_that_cannot_be_used_are_refused(session, begin, term, tmp_path):
    close_term(session, term.code)
    session.commit()
    with pytest.raises(ArchiveError, match=r"does not exist.*mkdir -m 700"):
        create_archive(begin, begin, store_of(str(tmp_path / "absent"), default=tmp_path / "default"), term.code)
    with pytest.raises(ArchiveError, match="cannot be kept in ftp://"):
        store_of("ftp://host/archives", default=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_nothing_behind_and_the_term_as_it_was(session, begin, term, store):
    resource = pytest.importorskip("resource", reason="no such limit on this system")
    before = content_of(session, term)
    close_term(session, term.code)
    session.commit()
    Path(store.address).mkdir(mode=0o700)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))  # as a full disk does, it lets a write fail half-way
    try:
        with pytest.raises(ArchiveError, match=r"cannot be written to .*Nothing was changed\. Free some space"):
            create_archive(begin, begin, store, term.code)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(Path(store.address).iterdir()) == []
    assert content_of(session, term, archived=False) == before


@pytest.mark.long
def test_an_archive_in_a_bucket_is_verified_and_restored(session, begin, term, monkeypatch):
    before = content_of(session, term)
    with serving() as server:
        for name, value in {**server.keeper, "AWS_ENDPOINT_URL": server.url, "AWS_DEFAULT_REGION": "us-east-1"}.items():
            monkeypatch.setenv(name, value)
        store = store_of(f"s3://{BUCKET}/archives", default=WORK)
        report = archived(session, begin, term, store)
        assert report.location.startswith(f"s3://{BUCKET}/archives/{term.code}-")
        verify_archive(begin, term.code, WORK)
        rewrite_archive(begin, begin, term.code, WORK)
        fsspec.filesystem("s3", skip_instance_cache=True).pipe_file(f"{archive_rows(session)[0]['location']}/quizzes.parquet", b"other")
        with pytest.raises(ArchiveError, match=r"quizzes\.parquet"):
            verify_archive(begin, term.code, WORK)
        rewrite_archive(begin, begin, term.code, WORK)
        restore_archive(begin, term.code, WORK, from_files=True)
    assert content_of(session, term, archived=False) == before
