"""All formats that lmskit reads, and which of them a path is in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from lmskit.errors import ImportFileError, InputError
from lmskit.importers import oulad, plain_csv
from lmskit.importers.canvas import gradebook as canvas_gradebook
from lmskit.importers.canvas import quiz as canvas_quiz
from lmskit.importers.canvas import sis as canvas_sis
from lmskit.importers.formats import Format
from lmskit.importers.moodle import gradebook as moodle_gradebook
from lmskit.importers.moodle import quiz as moodle_quiz
from lmskit.importers.moodle import users as moodle_users
from lmskit.importers.oneroster import bundle as oneroster
from lmskit.importers.question_banks import aiken, gift, moodle_xml, qti
from lmskit.importers.question_banks.bank import BankFormat

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class DataSet:
    """A published data set, which has an import of its own."""

    name: str
    title: str
    detect: Callable[[Path], bool]
    open: Callable[[Path], oulad.OuladFolder]
    needs_course: bool = False


AnyFormat: TypeAlias = Format | BankFormat | DataSet

SPECIAL: tuple[AnyFormat, ...] = (
    canvas_gradebook.FORMAT,
    canvas_quiz.FORMAT,
    canvas_sis.FORMAT,
    moodle_gradebook.FORMAT,
    *moodle_quiz.FORMATS,
    moodle_users.FORMAT,
    oneroster.FORMAT,
    gift.FORMAT,
    aiken.FORMAT,
    moodle_xml.FORMAT,
    qti.FORMAT,
    DataSet("oulad", "Open University Learning Analytics Dataset", oulad.detect, oulad.read),
)
"""Formats of systems: no file is in two of them."""
FORMATS: tuple[AnyFormat, ...] = (*SPECIAL, plain_csv.FORMAT)
"""All of them; a plain CSV file is what is none of the others."""


def format_named(name: str) -> AnyFormat:
    """Return a format by its name on the command line.

    Raises
    ------
    InputError
        There is none of this name.
    """
    for one in FORMATS:
        if one.name == name:
            return one
    raise InputError(f"There is no format {name!r}. Formats are {', '.join(one.name for one in FORMATS)}.")


def detected(path: Path) -> AnyFormat:
    """Return the format that a file, folder or archive is in, judged by its content.

    Raises
    ------
    ImportFileError
        There is nothing at the path, or it is in no known format, or could be in two.
    """
    if not path.exists():
        raise ImportFileError(f"There is no file or folder {path}. Check the path.")
    found = [one for one in SPECIAL if one.detect(path)]
    if len(found) > 1:
        names = " or ".join(f"{one.title} ({one.name})" for one in found)
        raise ImportFileError(f"{path.name} could be {names}. Say which: lmskit import {found[0].name} {path}")
    if found:
        return found[0]
    if plain_csv.FORMAT.detect(path):
        return plain_csv.FORMAT
    formats = ", ".join(f"{one.title} ({one.name})" for one in FORMATS)
    raise ImportFileError(
        f"{path.name} is in none of the formats that are read: {formats}. If you know which one it is: lmskit import FORMAT PATH"
    )
