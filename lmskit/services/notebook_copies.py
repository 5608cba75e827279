"""A person's own copies of the notebooks: an update brings the new originals and never replaces what the person changed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from lmskit.errors import NotebookCopyError
from lmskit.whole_file import write_whole

RECORD = ".lmskit-notebooks.json"
"""The file in the folder of copies with a hash of each original as it was copied."""
NEW = ".new"
"""How a new original is named if the person has changed the copy: `course_setup.new.ipynb` beside `course_setup.ipynb`."""


@dataclass(frozen=True, slots=True)
class NotebookCopies:
    """What one call of `copy_notebooks` did; names are relative to the folder, such as `admin/people.ipynb`."""

    folder: Path
    added: tuple[str, ...] = ()
    """Copied for the first time, or again after the person had deleted them."""
    updated: tuple[str, ...] = ()
    """Replaced by the new original; the person had changed nothing in their cells."""
    unchanged: tuple[str, ...] = ()
    """Equal to the original already, apart from outputs."""
    kept: tuple[str, ...] = ()
    """Changed by the person, while the original stayed as it was."""
    beside: tuple[tuple[str, str], ...] = ()
    """Changed by the person and in the original: the copy stays, and the new original has the second name."""

    def lines(self) -> list[str]:
        """Return what was done, one sentence a line."""
        counts = [f"{len(names)} {what}" for names, what in ((self.added, "copied"), (self.updated, "updated")) if names]
        changed = [f"Kept your changes in {name}." for name in self.kept]
        changed += [f"Kept your changes in {name}; the new version is {new}." for name, new in self.beside]
        return [f"Notebooks in {self.folder}: {', '.join(counts) or 'up to date'}.", *changed]


def copy_notebooks(originals: Path, folder: Path) -> NotebookCopies:
    """Copy the notebooks to `folder`, or bring the copies there up to date.

    A copy whose cells are as they were copied is replaced by the new original. A copy that the person changed stays; if the
    original changed as well, the new one is written beside it. Outputs and metadata are not changes: running a notebook makes them.

    Raises
    ------
    NotebookCopyError
        The folder is the originals' own, is a file, or cannot be written to. What was copied before is recorded.
    """
    if folder.resolve().is_relative_to(originals.resolve()):
        message = f"{folder} contains the originals. Choose another folder for your copies."
        raise NotebookCopyError(message)
    try:
        return _copy_all(originals, folder)
    except OSError as error:
        where, why = error.filename or folder, error.strerror or error
        message = f"The notebooks cannot be copied to {where}: {why}. Choose a folder that you can write to."
        raise NotebookCopyError(message) from error


def _copy_all(originals: Path, folder: Path) -> NotebookCopies:
    folder.mkdir(parents=True, exist_ok=True)
    record = _read_record(folder)
    done: dict[str, list[str]] = {"added": [], "updated": [], "unchanged": [], "kept": []}
    beside: list[tuple[str, str]] = []
    try:
        for path in sorted(originals.rglob("*.ipynb")):
            name = path.relative_to(originals).as_posix()
            if any(part.startswith(".") for part in path.relative_to(originals).parts):
                continue
            content = path.read_bytes()
            action = _action(folder / name, content, record.get(name))
            if action == "beside":
                new = _new_name(folder, name, content, record)
                _write(folder / new, content)
                record[name] = record[new] = _hash(content)
                beside.append((name, new))
                continue
            if action in {"added", "updated"}:
                _write(folder / name, content)
            record[name] = _hash(content)
            done[action].append(name)
    finally:
        write_whole(folder / RECORD, json.dumps(record, indent=2, sort_keys=True) + "\n")
    return NotebookCopies(folder=folder, beside=tuple(beside), **{action: tuple(names) for action, names in done.items()})


def _action(copy: Path, original: bytes, recorded: str | None) -> str:
    """Name what is to be done with one copy, as the fields of `NotebookCopies` are named."""
    if not copy.exists():
        return "added"
    present, wanted = _hash(copy.read_bytes()), _hash(original)
    if present == wanted:
        return "unchanged"
    if present == recorded:
        return "updated"
    return "kept" if recorded == wanted else "beside"


def _new_name(folder: Path, name: str, original: bytes, record: dict[str, str]) -> str:
    """Return the name for a new original beside a changed copy: one that is free, or that holds a version the person left as it was."""
    stem = name.removesuffix(".ipynb")
    for number in range(1, 1000):
        new = f"{stem}{NEW}{'' if number == 1 else number}.ipynb"
        if not (folder / new).exists() or _hash((folder / new).read_bytes()) in {record.get(new), _hash(original)}:
            return new
    message = f"{folder / stem} has a thousand changed copies. Remove those that you no longer need."
    raise NotebookCopyError(message)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, content)


def _hash(content: bytes) -> str:
    """Return a hash of the cells' types and sources; of all bytes if they are not a notebook."""
    try:
        cells = [(cell["cell_type"], "".join(cell["source"])) for cell in json.loads(content)["cells"]]
        text = json.dumps(cells).encode()
    except (ValueError, TypeError, KeyError, RecursionError):
        text = content
    return hashlib.sha256(text).hexdigest()


def _read_record(folder: Path) -> dict[str, str]:
    """Read what was copied before; an unreadable record counts as empty, so that every copy that differs is kept."""
    try:
        content = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return {str(name): str(value) for name, value in content.items()} if isinstance(content, dict) else {}
