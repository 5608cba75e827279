"""Syncing a course with a Moodle or a Canvas of the tests, in the test's transaction."""

from pydantic import SecretStr
from sqlalchemy import func, select

from lmskit.importers.canvas.web_service.calls import KEPT_HEADERS
from lmskit.importers.canvas.web_service.calls import is_passing as canvas_is_passing
from lmskit.importers.canvas.web_service.reading import CanvasReading
from lmskit.importers.canvas.web_service.source import FORMAT as CANVAS_FORMAT
from lmskit.importers.moodle.web_service.functions import is_passing
from lmskit.importers.moodle.web_service.reading import MoodleReading
from lmskit.importers.moodle.web_service.source import FORMAT
from lmskit.importers.web_service.client import LIMITS, ServiceClient, service_address
from lmskit.models import Enrollment, ImportRun, Quiz, QuizAttempt, User
from lmskit.progress import silent
from lmskit.services.course_sync import known_course, sync_course
from lmskit.services.importing import ImportOptions
from tests import canvas_server
from tests.moodle_server import TOKEN


def client_of(server, *, token=TOKEN, waits=None, limits=LIMITS):
    return ServiceClient(
        service_address(server.url),
        SecretStr(token),
        pause=0,
        limits=limits,
        wait=(waits if waits is not None else []).append,
        is_busy=is_passing,
    )


def synced(session, server, course, *, short_name="SYNC", client=None, sections=None, **options):
    """Sync as the command does, in the test's transaction; return the report of the last import."""
    server.asked.clear()
    return read(session, course, MoodleReading(client or client_of(server), short_name, sections), "moodle", FORMAT, **options)


def canvas_client_of(server, *, token=canvas_server.TOKEN, waits=None):
    wait = (waits if waits is not None else []).append
    address = service_address(server.url)
    return ServiceClient(address, SecretStr(token), pause=0, wait=wait, kept_headers=KEPT_HEADERS, is_busy=canvas_is_passing)


def synced_with_canvas(session, server, course, *, name="SYNC", is_number=False, client=None, sections=None, **options):
    """Sync as the command does, in the test's transaction; return the report of the last import."""
    server.asked.clear()
    reading = CanvasReading(client or canvas_client_of(server), name, sections, is_number=is_number)
    return read(session, course, reading, "canvas", CANVAS_FORMAT, **options)


def read(session, course, reading, system, format_, **options):
    """Read a course part by part and import each; return the report of the last import."""
    known = known_course(session, course.code, system=system, format_=format_, name=reading.name)
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
