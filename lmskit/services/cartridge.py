"""Import a Common Cartridge into a course: weeks of its modules, and quizzes with the questions of its assessments.

Weeks and quizzes of the course stay as they are, as in every import: a week that has a topic keeps it, and a quiz with attempts keeps its
questions. Importing the same cartridge again changes nothing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import text

from lmskit.importers.cartridge.package import MODULES
from lmskit.importers.report import EntityCounts, FileCounts, ImportReport
from lmskit.importers.week import week_named
from lmskit.queries.course import course_by_code
from lmskit.services.described_weeks import put_weeks
from lmskit.services.importing import importing, record, require_one_week
from lmskit.services.question_bank import TakenBank, put_bank, quiz_counts, taken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from lmskit.importers.cartridge.package import Cartridge, CartridgeBank
    from lmskit.importers.report import Outcome
    from lmskit.services.importing import ImportOptions

STRONGEST = ("unchanged", "changed", "added")


def import_cartridge(session: Session, cartridge: Cartridge, options: ImportOptions) -> ImportReport:
    """Store the weeks and questions of a cartridge, and report the outcome of every module and question.

    An assessment becomes a quiz in the week of its module, else in the one that its title names, else in that of `options`; otherwise its
    questions wait for the reports on quizzes, as those of question banks do.

    Parameters
    ----------
    session
        Of an administrator. Nothing is committed.
    cartridge
        As its reader returned it.
    options
        `course` is needed. `week`, `weeks` and `without_week` are for new quizzes.

    Raises
    ------
    CourseNotFoundError
        There is no such course.
    InputError
        A week was given, and that quizzes are to be in none.
    QuizAmbiguousError, QuizUnreadableError, ImportFileError
        As `import_bank` raises them.
    NotPermittedError
        The signed-in person is not an administrator.
    """
    require_one_week(options)
    with importing(session, cartridge.format, cartridge.name, dry_run=options.dry_run) as run:
        course = course_by_code(session, options.course or "")
        weeks = put_weeks(session, course, cartridge.sections.weeks)
        put = [put_bank(session, course, each.bank, _for_bank(options, each)) for each in cartridge.banks]
        report = _report(cartridge, weeks, taken(session, course, put, dry_run=options.dry_run), dry_run=options.dry_run)
        session.execute(text("DROP TABLE import_rejection, import_warning"))
        if not options.dry_run:
            record(session, run, report)
    return report


def _for_bank(options: ImportOptions, each: CartridgeBank) -> ImportOptions:
    """Return the options for one of the banks of a cartridge, with the week of its quiz; a question bank makes no quiz."""
    title = each.bank.title
    if not each.is_quiz:
        return replace(options, week=None, weeks={}, without_week=False)
    if title in options.weeks:
        week = options.weeks[title]
        return replace(options, week=week, weeks={}, without_week=week is None)
    week = each.week or week_named(title) or options.week
    return replace(options, week=week, weeks={}, without_week=options.without_week and week is None)


def _report(cartridge: Cartridge, weeks: Sequence[Outcome], banks: Sequence[TakenBank], *, dry_run: bool) -> ImportReport:
    reports = [each.report for each in banks]
    states = Counter(outcome.state for outcome in weeks)
    quizzes: dict[int, str] = {}
    for each in banks:
        for quiz, state in each.quizzes.items():
            quizzes[quiz] = max(quizzes.get(quiz, STRONGEST[0]), state, key=STRONGEST.index)
    questions = [report.entity("questions") for report in reports]
    counts = FileCounts(MODULES, len(weeks), states["added"], states["changed"], states["unchanged"], 0)
    return ImportReport(
        format=cartridge.format,
        name=cartridge.name,
        sha256=cartridge.sha256,
        dry_run=dry_run,
        files=(counts, *(file for report in reports for file in report.files)),
        entities=(
            EntityCounts("weeks", states["added"], states["changed"], states["unchanged"]),
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
        notes=(*cartridge.notes, *dict.fromkeys(note for report in reports for note in report.notes)),
        touched=tuple(dict.fromkeys(key for report in reports for key in report.touched)),
        outcomes=(*weeks, *(outcome for report in reports for outcome in report.outcomes)),
    )
