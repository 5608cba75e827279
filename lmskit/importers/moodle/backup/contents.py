"""What a backup says about itself: its course, its sections and activities, and whether it has people in it.

Source of the format: `backup/moodle2/backup_stepslib.php` of Moodle, `backup_main_structure_step`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from lmskit.errors import ImportFileError
from lmskit.importers.moodle.backup.values import integer, moment, text
from lmskit.importers.report import shortened
from lmskit.importers.row import RejectedRowError
from lmskit.importers.xml_file import parsed

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from lmskit.importers.xml_file import XmlElement

CONTENTS = "moodle_backup.xml"
OLDEST = 4
"""The first Moodle whose backups are read: since then quizzes name entries of the question bank, which have versions."""
ANONYMOUS = "anonymize"
"""The setting of a backup in which Moodle has replaced names and addresses."""


@dataclass(frozen=True, slots=True)
class Activity:
    """A quiz, an assignment or something else in a section of the course."""

    kind: str
    title: str
    section: int
    folder: str


@dataclass(frozen=True, slots=True)
class CourseSection:
    """A section of the course; its number in the course, and its name and summary, are in its own file."""

    id: int
    folder: str
    line: int


Part = TypeVar("Part", Activity, CourseSection)


@dataclass(frozen=True, slots=True)
class Contents:
    """What is in a backup."""

    release: str
    """Of the Moodle that wrote it, such as `4.5.6`."""
    site: str
    """The address of the Moodle."""
    made_at: dt.datetime | None
    course_id: int
    line: int
    """Where the backup names its course."""
    short_name: str
    full_name: str
    course_format: str
    has_users: bool
    sections: tuple[CourseSection, ...]
    activities: tuple[Activity, ...]


def contents_of(files: Mapping[str, Path], name: str) -> Contents:
    """Read what is in a backup.

    Raises
    ------
    ImportFileError
        It is not a backup of a course.
    """
    if CONTENTS not in files:
        raise ImportFileError(f"{name} has no {CONTENTS}: it is not a backup of Moodle.")
    information = parsed(files[CONTENTS]).root.child("information")
    if information is None:
        raise ImportFileError(f"{name}: {CONTENTS} says nothing about the backup. Make it again.")
    kind = text(information, "details", "detail", "type")
    if kind != "course":
        raise ImportFileError(f"{name} is a backup of {'an activity' if kind == 'activity' else 'a part of a course'}, not of a course.")
    settings = {
        text(setting, "name"): text(setting, "value")
        for listed in information.below("settings")
        for setting in listed.below("setting")
        if text(setting, "level") == "root"
    }
    if settings.get("users") == settings.get(ANONYMOUS) == "1":
        raise ImportFileError(
            f"{name} is anonymised: Moodle has numbered its people, in every course anew, so lmskit would take people of different courses "
            "for one person. Make the backup without “Anonymize user information”, or without users for the course and its questions alone."
        )
    release = text(information, "moodle_release").partition(" ")[0]
    if (first := release.partition(".")[0]).isdecimal() and int(first[:4]) < OLDEST:
        raise ImportFileError(
            f"{name} is of Moodle {shortened(release)}, whose backups keep questions in another form; those of Moodle {OLDEST}.0 and later "
            "are read. Restore it in such a Moodle and back it up there, or import the gradebook and the reports of its quizzes."
        )
    try:
        return _contents(information, has_users=settings.get("users") == "1")
    except RejectedRowError as error:
        raise ImportFileError(f"{name}: {CONTENTS}: {error.column} {error.cell} {error.reason}. Make the backup again.") from error


def _contents(information: XmlElement, *, has_users: bool) -> Contents:
    listed = information.child("contents")
    sections = [] if listed is None else [each for group in listed.below("sections") for each in group.below("section")]
    activities = [] if listed is None else [each for group in listed.below("activities") for each in group.below("activity")]
    return Contents(
        release=text(information, "moodle_release").partition(" ")[0],
        site=text(information, "original_wwwroot"),
        made_at=moment(information, "backup_date"),
        course_id=integer(information, "original_course_id") or 0,
        line=information.line,
        short_name=text(information, "original_course_shortname"),
        full_name=text(information, "original_course_fullname"),
        course_format=text(information, "original_course_format"),
        has_users=has_users,
        sections=_of_each_folder(CourseSection(integer(each, "sectionid") or 0, text(each, "directory"), each.line) for each in sections),
        activities=_of_each_folder(
            Activity(text(each, "modulename"), text(each, "title"), integer(each, "sectionid") or 0, text(each, "directory"))
            for each in activities
        ),
    )


def _of_each_folder(listed: Iterable[Part]) -> tuple[Part, ...]:
    """Return what is listed without what names a folder again, so that no file is read twice."""
    found: dict[str, Part] = {}
    for part in listed:
        found.setdefault(part.folder, part)
    return tuple(found.values())
