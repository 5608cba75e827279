"""From a folder of files to what each of them would be as a material: its week and title, or why it is left out."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from pydantic import TypeAdapter, ValidationError

from lmskit.errors import MaterialFileError
from lmskit.limits import FIRST_WEEK, LARGEST_MATERIAL, LAST_WEEK
from lmskit.materials.manifest import ManifestEntry, manifest_of, read_manifest
from lmskit.schemas.material import MaterialDetails, RelativePath
from lmskit.schemas.mistakes import one_sentence

MOST_FILES = 10_000
"""Files of a folder, those that are left out included."""

_WEEK = re.compile(
    r"(?<![^\W_])(?:week|wk|w|woche|semaine|semana|settimana|veckan?|uge|uke)[ \t]*+(?:[-:#._][ \t]*+)?0*([0-9]{1,2})(?![^\W_])",
    re.IGNORECASE | re.ASCII,
)
_LEFT_OUT = {
    "a picture": ".avif .bmp .eps .gif .heic .ico .jpeg .jpg .png .svg .tif .tiff .webp",
    "a sound or video; its captions are read": ".aac .avi .flac .m4a .m4v .mkv .mov .mp3 .mp4 .mpeg .mpg .ogg .wav .webm .wmv",
    "data": ".csv .dat .db .feather .json .npy .npz .parquet .pickle .pkl .rda .rds .sav .sqlite .toml .tsv .xls .xlsx .xml .yaml .yml",
    "a style sheet, script or font of a page": ".css .js .map .mjs .otf .scss .ttf .woff .woff2",
    "an archive; unpack it to add what is in it": ".7z .bz2 .gz .imscc .mbz .rar .tar .tgz .xz .zip",
    "a program": ".bat .c .class .cpp .dll .exe .h .jar .java .m .o .py .pyc .r .rb .sh .so .sql .ts",
    "a working file of LaTeX": ".aux .bbl .bib .blg .cls .fls .log .out .sty .synctex .toc",
}
"""Why a file is not a material, by the ends of names."""
_REASONS = {suffix: reason for reason, suffixes in _LEFT_OUT.items() for suffix in suffixes.split()}
_ABOUT_THE_FOLDER = re.compile(r"(?i)(licen[cs]e|copying|notice|authors|contributing|code_of_conduct|makefile)(\.[a-z]{1,4})?\Z")
_FOLDERS_LEFT_OUT = {"__pycache__", "node_modules", "__MACOSX"}
_PATH: TypeAdapter[str] = TypeAdapter(RelativePath)


@dataclass(frozen=True, slots=True)
class FolderFile:
    """One file of a folder, or one link of its manifest."""

    name: str
    """Path within the folder, with slashes; of a link, its position in the manifest."""
    path: Path | None = None
    """Where to read it; None for a link without a file."""
    details: MaterialDetails = field(default_factory=MaterialDetails)
    """What the manifest says about it."""
    named_week: int | None = None
    """The week that its name or one of the folders names; it counts only if neither manifest nor file name one."""
    whole_course: bool = False
    """Whether it is for the whole course although it names a week."""
    skipped: str | None = None
    """Why it is not a material."""
    refused: str | None = None
    """What is wrong with it; a sentence with its position in the manifest, if that is where the mistake is."""


def week_in(name: str) -> int | None:
    """Return the week that a path names: its last part before those around it.

    >>> week_in("week-03/loops.pdf"), week_in("Woche 7/week08_slides.pptx"), week_in("10-defensive.md"), week_in("week-99.md")
    (3, 8, None, None)
    """
    for part in reversed(PurePosixPath(name).parts):
        weeks = [int(found) for found in _WEEK.findall(part)]
        for week in weeks:
            if FIRST_WEEK <= week <= LAST_WEEK:
                return week
    return None


def week_beyond(name: str) -> int | None:
    """Return the number that a path calls a week although no course can have it; None if it names a week, or none at all.

    >>> week_beyond("week-99_more.txt"), week_beyond("week-03/week99.md"), week_beyond("loops.md")
    (99, None, None)
    """
    if week_in(name) is not None:
        return None
    return next((int(week) for part in reversed(PurePosixPath(name).parts) for week in _WEEK.findall(part)), None)


def files_of(folder: Path) -> list[FolderFile]:
    """Return every file below a folder by its path, then the links of its manifest; none of them is read.

    Raises
    ------
    MaterialFileError
        The folder cannot be listed, has too many files, or its manifest cannot be read.
    """
    manifest = manifest_of(folder)
    entries = read_manifest(manifest) if manifest is not None else []
    by_file: dict[str, list[ManifestEntry]] = {}
    for entry in entries:
        if entry.file is not None:
            by_file.setdefault(entry.file, []).append(entry)
    found: list[FolderFile] = []
    for path in _paths(folder):
        name = path.relative_to(folder).as_posix()
        found.append(_file(path, _shown(name), by_file.pop(name, []), is_manifest=path == manifest))
        if len(found) > MOST_FILES:
            raise MaterialFileError(f"it has more than {MOST_FILES:,} files. Add its folders one by one.", name=str(folder))
    missing = [
        FolderFile(_shown(name), refused=f"{rows[0].position}: there is no such file in the folder. Correct the name, or remove the entry.")
        for name, rows in by_file.items()
    ]
    return [*found, *missing, *_links(entries)]


def file_alone(path: Path, *, name: str | None = None, details: MaterialDetails | None = None, typed: bool = False) -> FolderFile:
    """Return a file that a person named, by the rules for the files of a folder; it is not read.

    Parameters
    ----------
    path
        Where to read it.
    name
        Under which it is stored, and which decides whether it can be a material; by default that of the file.
    details
        What the person says about it.
    typed
        Whether the person typed the path, so that its folders may name the week; those of an upload are not the person's.
    """
    shown = _shown(name or path.name)
    last = PurePosixPath(shown).name
    kind = reason_by_name(last)
    refused = (
        _reason_to_refuse(path, shown)
        if kind is None
        else (f"by its name it is {kind}. If it is something to read all the same, give it another name, such as {last.lstrip('.~$')}.txt")
    )
    week = week_in(shown) or (week_in(path.as_posix()) if typed else None)
    return FolderFile(shown, path, details or MaterialDetails(), named_week=week, refused=refused)


def _paths(folder: Path) -> Iterator[Path]:
    def unreadable(error: OSError) -> None:
        raise MaterialFileError(
            f"it cannot be listed: {error.strerror}. Check the right to enter and to list it.", name=str(error.filename)
        ) from error

    for root, folders, names in os.walk(folder, onerror=unreadable):
        here = Path(root)
        yield from (here / name for name in sorted(names))
        links = [name for name in folders if (here / name).is_symlink()]
        yield from (here / name for name in sorted(links))
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _FOLDERS_LEFT_OUT and name not in links)


def _file(path: Path, name: str, entries: list[ManifestEntry], *, is_manifest: bool) -> FolderFile:
    skipped = _reason_to_skip(path, is_listed=bool(entries)) if not is_manifest else "the manifest"
    refused = None if skipped is not None else _mistake_of(entries) or _reason_to_refuse(path, name)
    details = entries[0].details if entries else MaterialDetails()
    return FolderFile(name, path, details, named_week=week_in(name), skipped=skipped, refused=refused)


def _mistake_of(entries: list[ManifestEntry]) -> str | None:
    if len(entries) > 1:
        return f"{entries[0].position} and {entries[1].position} are about this file. Keep one of them."
    return f"{entries[0].position}: {entries[0].mistake}" if entries and entries[0].mistake is not None else None


def _reason_to_refuse(path: Path, name: str) -> str | None:
    try:
        size = path.stat().st_size
        _PATH.validate_python(name)
    except OSError as error:
        return f"it cannot be read: {error.strerror}. Check the right to read it."
    except ValidationError as error:
        return f"its name cannot be stored: {_of_the_name(one_sentence(error))} Rename it, then try again."
    return f"it is larger than {LARGEST_MATERIAL // 1024**2:,} MiB, the most that is read. Split it." if size > LARGEST_MATERIAL else None


def _of_the_name(sentence: str) -> str:
    """What is said about a value, as the end of a sentence."""
    return f"it{sentence.removeprefix('This')}" if sentence.startswith("This ") else sentence[:1].lower() + sentence[1:]


def _reason_to_skip(path: Path, *, is_listed: bool) -> str | None:
    try:
        mode = path.lstat().st_mode
    except OSError:
        return None  # which is refused
    if not stat.S_ISREG(mode):
        return "a link; add what it leads to" if stat.S_ISLNK(mode) else "not a file"
    if is_listed:
        return None
    return reason_by_name(path.name)


def reason_by_name(name: str) -> str | None:
    """Return what a file is, by the last part of its name, if it is nothing to read; None if it may be a material."""
    if name.startswith((".", "~$")):
        return "a hidden file"
    return "about the folder, not a material" if _ABOUT_THE_FOLDER.match(name) else _REASONS.get(PurePosixPath(name).suffix.lower())


def _links(entries: Iterable[ManifestEntry]) -> list[FolderFile]:
    """The entries of a manifest without a file."""
    links, seen = [], set()
    for entry in entries:
        if entry.file is not None:
            continue
        mistake = entry.mistake or (
            f"The address {entry.details.url} is there twice. Keep one of them." if entry.details.url in seen else None
        )
        seen.add(entry.details.url)
        links.append(FolderFile(entry.position, details=entry.details, refused=mistake))
    return links


def _shown(name: str) -> str:
    """A name that can be printed: on Linux a file can have bytes that are not text."""
    return name.encode("utf-8", "replace").decode()
