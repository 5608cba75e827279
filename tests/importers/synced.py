"""Syncing a course with a Moodle of the tests, in the test's transaction."""

from pydantic import SecretStr
from sqlalchemy import func, select

from lmskit.importers.moodle.web_service.functions import is_passing
from lmskit.importers.moodle.web_service.reading import MoodleReading
from lmskit.importers.moodle.web_service.source import FORMAT
from lmskit.importers.web_service.client import ServiceClient, service_address
from lmskit.models import Enrollment, ImportRun, Quiz, QuizAttempt, User
from lmskit.progress import silent
from lmskit.services.course_sync import known_course, sync_course
from lmskit.services.importing import ImportOptions
from tests.moodle_server import TOKEN


def client_of(server, *, token=TOKEN, waits=None):
    return ServiceClient(
        service_address(server.url),
        SecretStr(token),
        pause=0,
        wait=(waits if waits is not None else []).append,
        is_busy=is_passing,
    )


def synced(session, server, course, *, short_name="SYNC", client=None, sections=None, **options):
    """Sync as the command does, in the test's transaction; return the report of the last import."""
    server.asked.clear()
    reading = MoodleReading(client or client_of(server), short_name, sections)
    known = known_course(session, course.code, system="moodle", format_=FORMAT, name=reading.name)
    asked = ImportOptions(course=course.code, **options)
    report = None
    for batch in reading.batches(known, whole=asked.dry_run, progress=silent):
        report = sync_course(session, batch.source, asked, lacking=batch.lacking, known_until=batch.known_until)
    return report


def attempts_of(session, course):
    found = (
        select(User.family_name, Quiz.title, QuizAttempt)
        .join(User, User.id == QuizAttempt.student_id)
        .join(Quiz, Quiz.id == QuizAttempt.quiz_id)
    )
    rows = session.execute(found.where(QuizAttempt.course_id == course.id).execution_options(populate_existing=True))
    return {(name, title, each.number): each for name, title, each in rows}


def written(session):
    """How many imports, enrollments and quizzes there are."""
    return [session.scalar(select(func.count()).select_from(table)) for table in (ImportRun, Enrollment, Quiz)]
