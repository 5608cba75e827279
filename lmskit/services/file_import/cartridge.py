"""Import a Common Cartridge: the course with weeks of its modules, quizzes with the questions of its assessments, and its materials.

Weeks and quizzes of the course stay as they are, as in every import: a week that has a topic keeps it, and a quiz with attempts keeps its
questions. Importing the same cartridge again changes nothing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import select, text

from lmskit.importers.course_outcome import CourseQuiz
from lmskit.importers.report import EntityCounts, ImportReport, QuizDecision
from lmskit.importers.week import week_named
from lmskit.models import Quiz
from lmskit.progress import silent
from lmskit.services.file_import.cartridge_files import put_files, read_files
from lmskit.services.file_import.course import prepare_course
from lmskit.services.file_import.options import find_options
from lmskit.services.importing import importing, record
from lmskit.services.question_bank import PutBank, TakenBank, put_bank, quiz_counts, taken

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

    from lmskit.importers.cartridge.package import Cartridge, CartridgeBank
    from lmskit.materials.store import MaterialStore
    from lmskit.models import Course
    from lmskit.progress import Progress
    from lmskit.services.file_import.cartridge_files import PutFiles, ReadFiles
    from lmskit.services.file_import.options import PreparedCourse
    from lmskit.services.importing import ImportOptions

STRONGEST = ("unchanged", "changed", "added")


def import_cartridge(
    session: Session, cartridge: Cartridge, options: ImportOptions, *, store: MaterialStore | None = None, progress: Progress = silent
) -> ImportReport:
    """Store the course, weeks, questions and materials of a cartridge, and report the outcome of each of them.

    The course is found or made as that of a backup is (`prepare_course`). An assessment becomes a quiz in the week of its module, else in
    the one that its title names, else in that of `options`; otherwise its questions wait for the reports on quizzes, as those of question
    banks do.

    Parameters
    ----------
    session
        Of an administrator. Nothing is committed.
    cartridge
        As its reader returned it.
    store
        Receives the files of the materials; without one, pages, files and links are left out.
    progress
        Receives the number of files that are read, which is done before the import waits for others.
    options
        `term`, `lecturer` and `module` are for a new course. `week`, `weeks` and `without_week` are for new quizzes.

    Raises
    ------
    CourseNotFoundError, LecturerNotFoundError, TermNotFoundError
        There is no course or term with this code, or no lecturer with this address.
    InputError
        The course is new, and its term or lecturer is not given, or its title cannot be its code; or a week was given, and that quizzes
        are to be in none.
    QuizAmbiguousError, QuizUnreadableError, ImportFileError
        As `import_bank` raises them; or its files cannot be unpacked, or are too many.
    MaterialStoreError
        A file cannot be written into the store.
    NotPermittedError
        The signed-in person is not an administrator.
    """
    with read_files(cartridge, store, progress) as files:
        return _imported(session, cartridge, options, files, progress)


def _imported(session: Session, cartridge: Cartridge, options: ImportOptions, files: ReadFiles, progress: Progress) -> ImportReport:
    found = find_options(session, cartridge.system, options)
    progress("Waiting for other imports to end", 0, None)
    with importing(session, cartridge.format, cartridge.name, dry_run=options.dry_run) as run:
        found = prepare_course(session, cartridge, found)
        course, prepared = found.course, found.prepared
        assert course is not None and prepared is not None  # noqa: S101, PT018 - a cartridge describes its course
        asked = [_for_bank(options, each) for each in cartridge.banks]
        put = [put_bank(session, course, each.bank, own) for each, own in zip(cartridge.banks, asked, strict=True)]
        banks = taken(session, course, put, dry_run=options.dry_run)
        report = _report(session, cartridge, course, prepared, banks, dry_run=options.dry_run)
        report = replace(report, quizzes=_decisions(cartridge, asked, put))
        progress("Writing materials", 0, None)
        report = _with_files(report, files, put_files(session, course, files, dry_run=options.dry_run))
        session.execute(text("DROP TABLE import_rejection, import_warning"))
        if not options.dry_run:
            record(session, run, report)
    return report


def _for_bank(options: ImportOptions, each: CartridgeBank) -> ImportOptions:
    """Return the options for one of the banks of a cartridge, with the week of its quiz; a question bank makes no quiz.

    The title that was asked for is ignored, since each of them has its own.
    """
    options = replace(options, reading=replace(options.reading, title=None))
    title = each.bank.title
    if not each.is_quiz:
        return replace(options, week=None, weeks={}, without_week=False)
    if title in options.weeks:
        week = options.weeks[title]
        return replace(options, week=week, weeks={}, without_week=week is None)
    week = each.week or week_named(title) or options.week
    return replace(options, week=week, weeks={}, without_week=options.without_week and week is None)


def _decisions(cartridge: Cartridge, asked: Sequence[ImportOptions], put: Sequence[PutBank]) -> tuple[QuizDecision, ...]:
    """Return what can be decided about the assessments that are new quizzes, or none yet since nothing names their week."""
    found = []
    for each, own, done in zip(cartridge.banks, asked, put, strict=True):
        if each.is_quiz and each.bank.questions and (done.target is None or done.target.is_new):
            found.append(QuizDecision(each.bank.title, own.week, (), needs_max_score=False, is_open=done.target is None))
    return tuple(found)


def _with_files(report: ImportReport, files: ReadFiles, put: PutFiles) -> ImportReport:
    if not put.outcomes:
        return replace(report, notes=(*report.notes, *files.notes))
    return replace(
        report,
        files=(*report.files, put.counts),
        entities=(*report.entities, EntityCounts("materials", put.counts.added, 0, put.counts.unchanged)),
        rejections=(*report.rejections, *put.rejections),
        outcomes=(*report.outcomes, *put.outcomes),
        notes=(*report.notes, *files.notes),
    )


def _report(
    session: Session, cartridge: Cartridge, course: Course, prepared: PreparedCourse, banks: Sequence[TakenBank], *, dry_run: bool
) -> ImportReport:
    reports = [each.report for each in banks]
    quizzes: dict[int, str] = {}
    for each in banks:
        for quiz, state in each.quizzes.items():
            quizzes[quiz] = max(quizzes.get(quiz, STRONGEST[0]), state, key=STRONGEST.index)
    weeks = Counter(prepared.weeks.values())
    of_course = Counter({prepared.outcomes[0].state: 1})
    questions = [report.entity("questions") for report in reports]
    return ImportReport(
        format=cartridge.format,
        name=cartridge.name,
        sha256=cartridge.sha256,
        dry_run=dry_run,
        files=(*prepared.counts, *(file for report in reports for file in report.files)),
        entities=(
            EntityCounts("courses", of_course["added"], of_course["changed"], of_course["unchanged"]),
            EntityCounts(
                "weeks",
                weeks["added"] + sum(report.entity("weeks").added for report in reports),
                weeks["changed"],
                weeks["unchanged"],
            ),
            quiz_counts(quizzes),
            EntityCounts(
                "questions",
                sum(each.added for each in questions),
                sum(each.changed for each in questions),
                sum(each.unchanged for each in questions),
            ),
        ),
        rejections=tuple(rejection for report in reports for rejection in report.rejections),
        warnings=tuple(dict.fromkeys(warning for report in reports for warning in report.warnings)),
        notes=(*prepared.notes, *cartridge.notes, *dict.fromkeys(note for report in reports for note in report.notes)),
        touched=tuple(dict.fromkeys(key for report in reports for key in report.touched)),
        outcomes=(*prepared.outcomes, *(outcome for report in reports for outcome in report.outcomes)),
        course=replace(prepared.course, quizzes=_quizzes(session, course, quizzes)),
    )


def _quizzes(session: Session, course: Course, states: Mapping[int, str]) -> tuple[CourseQuiz, ...]:
    """Return the quizzes that the cartridge has questions of, as they are now; a cartridge has no attempts."""
    found = session.scalars(select(Quiz).where(Quiz.course_id == course.id, Quiz.id.in_(states)).order_by(Quiz.id))
    return tuple(CourseQuiz(quiz.title, quiz.week_number, len(quiz.questions), float(quiz.max_score), 0, states[quiz.id]) for quiz in found)
