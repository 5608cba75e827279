"""What an erasure does to closed and archived terms and to their files, and what it leaves alone."""

import shutil
from pathlib import Path

import fsspec
import pyarrow.parquet as pq
import pytest
from sqlalchemy import func, select, text

from lmskit.archives.store import FolderArchives, store_of
from lmskit.errors import ArchiveError, LockedError
from lmskit.models import Archive, AuditEntry, Course, QuizAttempt, Term
from lmskit.services.archive import create_archive, rewrite_archive
from lmskit.services.archive_findings import files_not_needed, leftover_findings, locations_in_sight
from lmskit.services.archive_renewal import renew_archives
from lmskit.services.archive_restore import restore_archive, verify_archive
from lmskit.services.erasure import erase_person
from lmskit.services.term import close_term
from lmskit.services.unknown_archives import remove_unknown_archives, unknown_archives
from lmskit.vocabulary import TermState
from tests import factories
from tests.services.test_archive import before_the_move, codes_of, ended_term

NAME = "Zephyra Quixwell"


@pytest.fixture
def folder(tmp_path):
    """The folder of archives."""
    return tmp_path / "archives"


@pytest.fixture
def store(folder):
    return FolderArchives(folder, make=True)


@pytest.fixture
def term(session):
    """A term that is over."""
    return ended_term(session, 2)


def archived(session, begin, term, store):
    """Close and archive a term."""
    if term.state is TermState.OPEN:
        close_term(session, term.code)
        session.commit()
    report = create_archive(begin, begin, store, term.code)
    session.refresh(term)
    return report


def student_of(session, term):
    """The number of a student with attempts in the term."""
    statement = select(QuizAttempt.student_id).join(Course, Course.id == QuizAttempt.course_id).where(Course.term_id == term.id)
    return session.scalars(statement.order_by(QuizAttempt.id).limit(1)).one()


def written_in(folder):
    """All that the files in a folder have, as text."""
    return "".join(
        str(pq.read_table(path).to_pylist()) if path.suffix == ".parquet" else path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    )


def test_names_in_titles_and_terms_and_the_number_of_a_lecturer_leave_the_files(session, begin, term, store, folder):
    lecturer, successor = factories.lecturer(session, family_name="Quixwell", given_name="Zephyra"), factories.lecturer(session)
    course = session.scalars(select(Course).where(Course.code == codes_of(session, term)[0])).one()
    course.lecturer_id, course.title, term.name = lecturer.id, f"Logic by {NAME}", f"Term of {NAME}"
    session.commit()
    number = lecturer.id
    first = archived(session, begin, term, store)
    assert (written_in(folder).count(NAME), f"'lecturer_id': {number}" in written_in(folder)) == (2, True)
    erase_person(session, number, courses_to=successor)
    session.commit()
    assert renew_archives(begin, begin, folder).rewritten == (term.code,)
    assert not Path(first.location).exists()
    written = written_in(folder)
    assert ("Quixwell" in written, f"'lecturer_id': {number}" in written) == (False, False)
    assert written.count("[…]") == 2
    verify_archive(begin, term.code, folder)


def test_a_lecturer_who_handed_a_course_over_before_leaves_the_files_too(session, begin, term, store, folder):
    lecturer, successor = factories.lecturer(session), factories.lecturer(session)
    course = session.scalars(select(Course).where(Course.code == codes_of(session, term)[0])).one()
    course.lecturer_id = lecturer.id
    session.commit()
    archived(session, begin, term, store)
    course.lecturer_id = successor.id
    session.commit()
    number = lecturer.id
    erase_person(session, number)
    session.commit()
    assert renew_archives(begin, begin, folder).rewritten == (term.code,)
    assert f"'lecturer_id': {number}" not in written_in(folder)


def test_an_erasure_leaves_terms_alone_in_which_the_person_was_not(session, begin, store, folder):
    of_person, archived_too, restored = (ended_term(session, 2) for _ in range(3))
    for each in (of_person, archived_too, restored):
        archived(session, begin, each, store)
    restore_archive(begin, restored.code, folder)
    newest = session.scalar(select(func.max(AuditEntry.id)))
    others = {path for path in folder.iterdir() if not path.name.startswith(of_person.code)}
    erase_person(session, student_of(session, of_person))
    session.commit()
    assert session.scalars(select(AuditEntry).where(AuditEntry.id > newest, AuditEntry.table_name == "terms")).all() == []
    marked = dict(session.execute(select(Archive.term_id, func.bool_and(Archive.outdated_at.is_not(None))).group_by(Archive.term_id)).all())
    assert [marked[each.id] for each in (of_person, archived_too, restored)] == [True, False, False]
    renewal = renew_archives(begin, begin, folder)
    assert (renewal.rewritten, renewal.removed) == ((of_person.code,), 0)
    assert others <= set(folder.iterdir())
    session.expire_all()
    assert [session.get(Term, each.id).state for each in (of_person, archived_too, restored)] == [
        TermState.ARCHIVED, TermState.ARCHIVED, TermState.CLOSED,
    ]  # fmt: skip


def test_earlier_files_of_the_persons_terms_are_removed(session, begin, term, store, folder):
    earlier = archived(session, begin, term, store)
    restore_archive(begin, term.code, folder)
    assert [finding.is_well for finding in leftover_findings(files_not_needed(session), None, folder)] == [True]
    erase_person(session, student_of(session, term))
    session.commit()
    (finding,) = leftover_findings(files_not_needed(session), None, folder)
    assert (finding.is_well, f"lmskit archive prune {term.code}" in finding.sentence) == (False, True)
    assert renew_archives(begin, begin, folder).removed == 1
    assert not Path(earlier.location).exists()
    assert files_not_needed(session) == []


def test_a_name_in_a_text_of_another_term_is_replaced_there_too(session, begin, term, store, folder):
    person = factories.student(session, family_name="Quixwell", given_name="Zephyra")
    session.execute(text("UPDATE syllabi SET topic = :name WHERE course_id = (SELECT min(id) FROM courses WHERE term_id = :term)"),
                    {"name": f"As {NAME} has it", "term": term.id})  # fmt: skip
    session.commit()
    archived(session, begin, term, store)
    erase_person(session, person.id)
    session.commit()
    assert renew_archives(begin, begin, folder).rewritten == (term.code,)
    assert NAME not in written_in(folder)


def test_a_term_that_gets_another_name_while_files_are_written_is_not_moved(session, begin, term, store, folder):
    close_term(session, term.code)
    session.commit()

    def rename():
        session.execute(text("UPDATE terms SET name = 'Another' WHERE id = :term"), {"term": term.id})

    with pytest.raises(ArchiveError, match="terms changed after the files were written"):
        create_archive(before_the_move(begin, rename), begin, store, term.code)
    assert list(folder.iterdir()) == []


def test_a_term_that_another_transaction_holds_is_said_and_the_receipt_of_the_erasure_is_given(session, begin, term, store, folder):
    archived(session, begin, term, store)
    erase_person(session, student_of(session, term))
    session.commit()

    def held():
        raise LockedError("Another session holds the term.")

    renewal = renew_archives(before_the_move(begin, held), begin, folder)
    (sentence,) = renewal.remains
    assert (renewal.rewritten, "holds the term" in sentence) == ((), True)
    assert sentence.endswith(f"Then: lmskit archive rewrite {term.code}")
    assert renew_archives(begin, begin, folder).rewritten == (term.code,)


def test_archives_that_the_database_does_not_know_are_said_and_removed_on_request(session, begin, term, store, folder):
    known = Path(archived(session, begin, term, store).location)
    assert unknown_archives(begin, folder).locations == ()
    unknown = folder / "2019-B-20260101T000000000000Z"
    shutil.copytree(known, unknown)
    for name in ("letters", "2019-C-20260101T000000000000Z"):
        (folder / name).mkdir()
        (folder / name / "letter.txt").touch()
    assert unknown_archives(begin, folder).locations == (str(unknown),)
    (finding,) = leftover_findings(files_not_needed(session), locations_in_sight(session), folder)
    assert (finding.is_note, "1 archive in the folders" in finding.sentence, "prune --unknown" in finding.sentence) == (True, True, True)
    (sentence,) = renew_archives(begin, begin, folder).remains
    assert "lmskit archive prune --unknown" in sentence
    assert remove_unknown_archives(begin, folder, [str(unknown), str(known), str(folder / "letters")]) == 1
    assert sorted(path.name for path in folder.iterdir()) == sorted([known.name, "2019-C-20260101T000000000000Z", "letters"])
    rewrite_archive(begin, begin, term.code, folder)
    assert unknown_archives(begin, folder).locations == ()


def test_a_bucket_of_which_no_row_is_left_is_looked_into_where_it_is_named(session, begin, term, store, folder):
    known = Path(archived(session, begin, term, store).location)
    bucket = store_of("memory://left-over/archives", default=folder)
    assert unknown_archives(begin, folder, bucket).locations == ()
    files, lost = fsspec.filesystem("memory"), f"{bucket.address}/2019-B-20260101T000000000000Z"
    for path in known.iterdir():
        files.pipe_file(f"{lost}/{path.name}", path.read_bytes())
        files.pipe_file(f"{bucket.address}/{known.name}/{path.name}", path.read_bytes())
    assert unknown_archives(begin, folder).locations == ()
    assert unknown_archives(begin, folder, bucket).locations == (lost,)
    assert remove_unknown_archives(begin, folder, [lost, f"{bucket.address}/{known.name}"], bucket) == 1
    assert (files.exists(lost), files.exists(f"{bucket.address}/{known.name}"), known.exists()) == (False, True, True)
