"""Each hostile file is imported correctly, or refused with the file and the row: never another exception."""

import re

import pytest
from sqlalchemy import select

from lmskit.errors import ImportFileError, InputError
from lmskit.importers.registry import detected, format_named
from lmskit.models import Enrollment, QuizAttempt, User
from lmskit.services.file_import import ImportOptions, import_path
from tests import factories
from tests.hostile.corpus import CORPUS
from tests.hostile.entry import Refused


@pytest.fixture
def course(session):
    return factories.course(session, weeks=2)


def form_of(entry, path):
    return format_named(entry.form) if entry.form else detected(path)


def test_there_are_at_least_60_files_with_different_names():
    assert len({entry.name for entry in CORPUS}) == len(CORPUS) >= 60


@pytest.mark.parametrize("entry", CORPUS, ids=lambda entry: entry.name)
def test_a_hostile_file_is_imported_correctly_or_refused(entry, tmp_path, session, course):
    path = entry.make(tmp_path)
    entry.enroll(session, course)
    if isinstance(entry.expected, Refused):
        with pytest.raises((ImportFileError, InputError)) as refusal:
            import_path(session, path, form_of(entry, path), ImportOptions(course=course.code, week=1))
        assert re.search(entry.expected.sentence, str(refusal.value)), str(refusal.value)
        assert "\n" not in str(refusal.value)
        return
    report = import_path(session, path, form_of(entry, path), ImportOptions(course=course.code, week=1))
    expected = entry.expected
    rejections = [(rejection.row, rejection.column, rejection.reason) for rejection in report.rejections]
    assert [(row, column) for row, column, _ in rejections] == [(row, column) for row, column, _ in expected.rejected], rejections
    assert all(reason in found for (_, _, found), (_, _, reason) in zip(rejections, expected.rejected, strict=True)), rejections
    assert report.total.rows_in == expected.rows
    assert set(expected.notes) <= set(report.notes)
    people = session.execute(
        select(User.family_name, User.given_name)
        .join(Enrollment, Enrollment.student_id == User.id)
        .where(Enrollment.course_id == course.id)
    )
    enrolled = {f"{family}, {given}" for family, given in people}
    assert set(expected.names) <= enrolled
    assert not expected.names or len(enrolled) == len(expected.names)
    scores = session.scalars(select(QuizAttempt.score).where(QuizAttempt.course_id == course.id, QuizAttempt.score.is_not(None)))
    assert sorted(map(float, scores)) == sorted(expected.scores)
