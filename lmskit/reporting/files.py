"""Names of report files, which every file system takes."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable

PLAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?|index", re.IGNORECASE)
"""Names that Windows reserves for devices, and the name of the page that lists the reports."""


def file_names(codes: Iterable[str]) -> dict[str, str]:
    """Give each code the name of its file, without a suffix.

    A plain code is its own name. A code with other characters, or one that differs from another only in capitals, ends with a tilde
    and a hash. No plain code contains a tilde, so two codes never share a file.

    Examples
    --------
    >>> file_names(["AAA-2013J", "Logic & sets", "abc", "ABC"])
    {'AAA-2013J': 'AAA-2013J', 'Logic & sets': 'Logic-sets~239783d1', 'abc': 'abc~ba7816bf', 'ABC': 'ABC~b5d4045c'}
    """
    distinct = sorted(set(codes))
    shared = Counter(code.casefold() for code in distinct)
    return {code: code if _is_plain(code) and shared[code.casefold()] == 1 else _hashed(code) for code in codes}


def _is_plain(code: str) -> bool:
    return PLAIN.fullmatch(code) is not None and RESERVED.fullmatch(code) is None


def _hashed(code: str) -> str:
    words = re.sub(r"[^A-Za-z0-9._-]+", "-", code).strip("-._")[:60]
    return f"{words}~{hashlib.sha256(code.encode()).hexdigest()[:8]}"
