"""Texts that commands read from a file or from standard input."""

from __future__ import annotations

import sys
from pathlib import Path

from lmskit.errors import InputError

STANDARD_INPUT = "-"


def text_in(file: str, *, option: str, longest: int) -> str:
    """Return the text of a file, in whatever encoding it is, or of standard input.

    Raises
    ------
    InputError
        It cannot be read, or it is longer than it may be; the error names the option.
    """
    try:
        if file == STANDARD_INPUT:
            text = sys.stdin.read(longest + 1)
        else:
            from lmskit.importers.text_file import scan  # noqa: PLC0415 - most commands need no file

            with scan(Path(file)).open() as opened:
                text = opened.read(longest + 1)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is not text"
        raise InputError(f"{option} {file} cannot be read: {reason}. Nothing was changed.") from error
    if len(text) > longest:
        raise InputError(f"{option} {file} is longer than {longest:,} characters. Nothing was changed.")
    return text
