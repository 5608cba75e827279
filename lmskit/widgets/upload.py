"""Upload of a file through the browser, in pieces."""

from __future__ import annotations

import shutil
import unicodedata
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, Any, ClassVar

import anywidget
import traitlets

from lmskit.held_folder import temporary_folder

HERE = Path(__file__).parent
LARGEST_FILE = 512 * 1024**2
"""Bytes of the largest file that can be uploaded; a larger file has to be named by its path."""
PIECE = 1024**2
"""Bytes of one message: a tenth of what JupyterLab's connection accepts."""
LONGEST_FILE = 150


class Upload(anywidget.AnyWidget):
    r"""A button to choose a file, which is kept in a private folder until another file is chosen or this object is deleted.

    The content is written to a file and not into a property of the widget: properties are kept in memory, and in notebooks that
    save the state of their widgets.

    Parameters
    ----------
    on_file
        Called with the path once the file is complete.
    accept
        File name extensions that the browser offers first, such as ".csv,.zip".
    most
        Bytes of the largest file that is accepted.
    most_files
        How many files can be chosen at once. With several, each is refused or kept on its own.
    on_end
        Called when the last of the chosen files has been kept or refused.

    Attributes
    ----------
    path
        The last complete file.
    files, refusals
        All complete files of the choice; names and reasons of those that were refused.

    Examples
    --------
    >>> upload = Upload(on_file=lambda path: print(path.name, path.read_bytes()))
    >>> upload.receive({"begin": "roster.csv", "size": 4}, [])
    >>> upload.receive({"piece": 0}, [b"a,b\n"])
    roster.csv b'a,b\n'
    """

    _esm: ClassVar[str] = (HERE / "upload.js").read_text(encoding="utf-8")
    _css: ClassVar[str] = (HERE / "upload.css").read_text(encoding="utf-8")

    accept = traitlets.Unicode().tag(sync=True)
    piece = traitlets.Int(PIECE).tag(sync=True)
    several = traitlets.Bool(default_value=False).tag(sync=True)
    disabled = traitlets.Bool(default_value=False).tag(sync=True)

    def __init__(
        self,
        *,
        on_file: Callable[[Path], None] = lambda _path: None,
        accept: str = "",
        most: int = LARGEST_FILE,
        most_files: int = 1,
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(accept=accept, several=most_files > 1)
        self.path: Path | None = None
        self.files: list[Path] = []
        self.refusals: list[tuple[str, str]] = []
        self.refusal = ""
        self._on_file, self._on_end, self._most, self._most_files = on_file, on_end, most, most_files
        held = temporary_folder()
        self._folder = held.path
        self._part: IO[bytes] | None = None
        self._name, self._size = "", 0
        self._cleaning = weakref.finalize(self, held.remove)
        self.on_msg(lambda _widget, content, buffers: self.receive(content, buffers))

    def receive(self, message: Any, buffers: Sequence[bytes | memoryview]) -> None:  # noqa: ANN401 - a page can send anything
        """Accept the start of an upload, or the next piece of the file."""
        if not isinstance(message, dict) or self.disabled:
            return
        if isinstance(message.get("begin"), str) and isinstance(message.get("size"), int):
            self._begin(message["begin"], message["size"], is_first=message.get("first", True) is not False)
        elif message.get("end") is True:
            self._on_end()
        elif self._part is not None and message.get("piece") == self._part.tell() and len(buffers) == 1:
            self._take(self._part, bytes(buffers[0]))

    def forget(self) -> None:
        """Delete what was uploaded."""
        self.path, self.refusal = None, ""
        self.files, self.refusals = [], []
        self._drop_part()
        for entry in self._folder.iterdir():
            if entry.is_dir():
                shutil.rmtree(entry)
            else:
                entry.unlink()

    def _drop_part(self) -> None:
        if self._part is not None:
            self._part.close()
            Path(self._part.name).unlink()
            self._part = None

    def _begin(self, name: str, size: int, *, is_first: bool) -> None:
        if is_first or not self.several:
            self.forget()
        self._drop_part()
        self._name, self._size = safe_name(name), size
        if (reason := self._reason_to_refuse(size)) is not None:
            self._refuse(reason)
            return
        folder = self._folder
        if self.several:  # two files can have the same name
            folder /= str(len(self.files))
            folder.mkdir()
        self._part = (folder / self._name).open("wb")
        self._continue(self._part)

    def _reason_to_refuse(self, size: int) -> str | None:
        path = "" if self.several else "Copy it to the machine that runs JupyterLab and enter its path."
        if size > self._most:
            return f"The file has {size / 1024**2:,.0f} MB; at most {self._most / 1024**2:,.0f} MB can be uploaded. {path}".strip()
        if len(self.files) >= self._most_files or len(self.refusals) >= self._most_files:
            return f"At most {self._most_files:,} files can be chosen at once. Choose the others afterwards."
        if size + sum(file.stat().st_size for file in self.files) > max(LARGEST_FILE, self._most):
            return f"All files together may have {LARGEST_FILE / 1024**2:,.0f} MB. Choose the others afterwards."
        return None

    def _take(self, part: IO[bytes], piece: bytes) -> None:
        if part.tell() + len(piece) > self._size:
            self._drop_part()
            self._refuse("The file changed during the upload. Choose it again.")
            return
        part.write(piece)
        self._continue(part)

    def _continue(self, part: IO[bytes]) -> None:
        """Ask for the next piece, or finish the upload."""
        self.send({"next": part.tell(), "size": self._size})
        if part.tell() == self._size:
            self._part = None
            part.close()
            self.path = Path(part.name)
            self.files.append(self.path)
            self._on_file(self.path)

    def _refuse(self, sentence: str) -> None:
        self.refusal = sentence
        self.refusals.append((self._name, sentence))
        self.send({"refused": sentence})


def safe_name(name: str) -> str:
    r"""Return the file name of an upload as a name that is safe in a folder of ours.

    Examples
    --------
    >>> safe_name("C:\\grades\\week 1.csv"), safe_name("../../.profile"), safe_name("a\n.csv"), safe_name("..")
    ('week 1.csv', 'profile', 'a.csv', 'file')
    """
    last = PurePosixPath(PureWindowsPath(name).name).name
    visible = "".join(character for character in last if unicodedata.category(character)[0] != "C").strip().lstrip(".")
    stem, dot, ending = visible.rpartition(".")
    short = f"{stem[: LONGEST_FILE - len(ending) - 1]}{dot}{ending}" if dot and len(ending) < LONGEST_FILE else visible[:LONGEST_FILE]
    return short or "file"
