"""All formats that lmskit reads, and how the format of a path is detected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from lmskit.errors import FileFormatError, ImportFileError, InputError
from lmskit.importers import advice, blackboard, gradescope, nbgrader, oulad, plain_csv
from lmskit.importers.activity import ActivityFormat
from lmskit.importers.canvas import gradebook as canvas_gradebook
from lmskit.importers.canvas import quiz as canvas_quiz
from lmskit.importers.canvas import sis as canvas_sis
from lmskit.importers.cartridge import package as cartridge
from lmskit.importers.cartridge.package import CartridgeFormat
from lmskit.importers.events import caliper, xapi
from lmskit.importers.formats import Format, ReadOptions
from lmskit.importers.moodle import completion as moodle_completion
from lmskit.importers.moodle import gradebook as moodle_gradebook
from lmskit.importers.moodle import log as moodle_log
from lmskit.importers.moodle import participants as moodle_participants
from lmskit.importers.moodle import quiz as moodle_quiz
from lmskit.importers.moodle import users as moodle_users
from lmskit.importers.moodle.backup import source as moodle_backup
from lmskit.importers.oneroster import bundle as oneroster
from lmskit.importers.question_banks import aiken, gift, moodle_xml, qti
from lmskit.importers.question_banks.bank import BankFormat
from lmskit.importers.recognition import kind_of_table, refusal
from lmskit.importers.table_kinds import RESULTS, DistinctiveColumns
from lmskit.importers.tables.opened import refuse_damaged_table
from lmskit.importers.text_file import scanned_once

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class DataSet:
    """A published data set with an import of its own."""

    name: str
    title: str
    detect: Callable[[Path], bool]
    open: Callable[[Path], oulad.OuladFolder]
    needs_course: bool = False


AnyFormat: TypeAlias = Format | BankFormat | CartridgeFormat | ActivityFormat | DataSet

SPECIAL: tuple[AnyFormat, ...] = (
    canvas_gradebook.FORMAT,
    canvas_quiz.FORMAT,
    canvas_sis.FORMAT,
    blackboard.FORMAT,
    moodle_gradebook.FORMAT,
    *moodle_quiz.FORMATS,
    moodle_participants.FORMAT,
    moodle_users.FORMAT,
    moodle_backup.FORMAT,
    oneroster.FORMAT,
    gradescope.FORMAT,
    nbgrader.FORMAT,
    gift.FORMAT,
    aiken.FORMAT,
    moodle_xml.FORMAT,
    qti.FORMAT,
    cartridge.FORMAT,
    moodle_log.FORMAT,
    moodle_completion.FORMAT,
    xapi.FORMAT,
    caliper.FORMAT,
    DataSet("oulad", "Open University Learning Analytics Dataset", oulad.detect, oulad.read),
)
"""Formats of systems; no file is in two of them."""
FORMATS: tuple[AnyFormat, ...] = (*SPECIAL, plain_csv.FORMAT)
"""All formats. Plain CSV is last: it is detected only if no other format is."""


def format_named(name: str) -> AnyFormat:
    """Return a format by its name on the command line.

    Raises
    ------
    InputError
        There is no format with this name.
    """
    for known in FORMATS:
        if known.name == name:
            return known
    raise InputError(f"There is no format {name!r}. Formats are {', '.join(known.name for known in FORMATS)}.")


def detected(path: Path, reading: ReadOptions | None = None) -> AnyFormat:
    """Return the format of a file, folder or archive, detected by its content.

    Parameters
    ----------
    path
        The file, folder or archive.
    reading
        How it is to be read: the columns that a person gave make a table a plain one, unless it is in another format.

    Raises
    ------
    ImportFileError
        There is no file or folder at the path, it could be in two formats, it is a workbook or JSON that cannot be read, or its
        format is not known; then the refusal says what it seems to be, and what to do.
    """
    if not path.exists():
        raise ImportFileError(f"There is no file or folder {path}. Check the path.")
    with scanned_once():
        return _detected(path, reading or ReadOptions())


def _detected(path: Path, reading: ReadOptions) -> AnyFormat:
    found = [known for known in SPECIAL if known.detect(path)]
    if not found:
        refuse_damaged_table(path)
    if len(found) > 1:
        names = " or ".join(f"{known.title} ({known.name})" for known in found)
        raise FileFormatError(f"{path.name} could be {names}. {advice.ONE_FORMAT.about(found[0].name)}", is_mappable=False)
    if found and found[0] is not moodle_participants.FORMAT:
        return found[0]
    kind = kind_of_table(path, all_students=reading.all_students)
    if found and kind is None:
        return found[0]
    if kind is not None and _says_how_to_read(path, kind, reading):
        kind = None
    if kind is None and plain_csv.fits(path, reading):
        return plain_csv.FORMAT
    if kind is None and reading.columns:
        plain_csv.FORMAT.open(path, reading)  # or says what is wrong with the columns that were given
        return plain_csv.FORMAT
    formats = ", ".join(f"{known.title} ({known.name})" for known in FORMATS)
    raise refusal(path, kind, _reason(path, kind), formats)


def _says_how_to_read(path: Path, kind: DistinctiveColumns, reading: ReadOptions) -> bool:
    """Whether a person said of a table with columns of scores which of them is read, and as which quiz, or that none is."""
    is_said = "score" in reading.columns or (kind.name == RESULTS and bool(reading.title or reading.columns))
    return kind.is_of_scores and is_said and plain_csv.decides_on_scores(path, reading)


def _reason(path: Path, kind: DistinctiveColumns | None) -> str | None:
    """Return what the reader of the kind of table, or of plain tables, says is wrong with a table."""
    name = plain_csv.FORMAT.name if kind is None else kind.format
    reader = next((known for known in FORMATS if isinstance(known, Format | ActivityFormat) and known.name == name), None)
    if reader is None:
        return None
    try:
        reader.open(path, ReadOptions())
    except ImportFileError as error:
        return str(error)
    return None
