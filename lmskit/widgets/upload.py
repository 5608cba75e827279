"""Upload of a file through the browser, in pieces."""

from __future__ import annotations

import shutil
import tempfile
import unicodedata
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, Any, ClassVar

import anywidget
import traitlets

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
    disabled = traitlets.Bool(default_value=False).tag(sync=True)

    def __init__(self, *, on_file: Callable[[Path], None], accept: str = "", most: int = LARGEST_FILE) -> None:
        super().__init__(accept=accept)
        self.path: Path | None = None
        self.refusal = ""
        self._on_file, self._most = on_file, most
        self._folder = Path(tempfile.mkdtemp(prefix="lmskit-upload-"))  # only its owner may read it
        self._part: IO[bytes] | None = None
        self._name, self._size = "", 0
        self._cleaning = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        self.on_msg(lambda _widget, content, buffers: self.receive(content, buffers))

    def receive(self, message: Any, buffers: Sequence[bytes | memoryview]) -> None:  # noqa: ANN401 - a page can send anything
        """Accept the start of an upload, or the next piece of the file."""
        if not isinstance(message, dict) or self.disabled:
            return
        if isinstance(message.get("begin"), str) and isinstance(message.get("size"), int):
            self._begin(message["begin"], message["size"])
        elif self._part is not None and message.get("piece") == self._part.tell() and len(buffers) == 1:
            self._take(self._part, bytes(buffers[0]))

    def forget(self) -> None:
        """Delete the uploaded file."""
        self.path, self.refusal = None, ""
        if self._part is not None:
            self._part.close()
            self._part = None
        for file in self._folder.iterdir():
            file.unlink()

    def _begin(self, name: str, size: int) -> None:
        self.forget()
        if size > self._most:
            self._refuse(
                f"The file has {size / 1024**2:,.0f} MB; at most {self._most / 1024**2:,.0f} MB can be uploaded. "
                "Copy it to the machine that runs JupyterLab and enter its path."
            )
            return
        self._name, self._size = safe_name(name), size
        self._part = (self._folder / self._name).open("wb")
        self._continue(self._part)

    def _take(self, part: IO[bytes], piece: bytes) -> None:
        if part.tell() + len(piece) > self._size:
            self.forget()
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
            self.path = self._folder / self._name
            self._on_file(self.path)

    def _refuse(self, sentence: str) -> None:
        self.refusal = sentence
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
