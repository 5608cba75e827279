"""What the pipeline consists of: stages, each with steps that are statements or Python functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from lmskit.services.file_import.context import ImportContext
    from lmskit.services.importing import ImportOptions

Findings: TypeAlias = Literal["rejections", "warnings"]
"""What a step may report about rows."""


@dataclass(frozen=True, slots=True)
class Sql:
    """A statement: a part of a `.sql` file of this package."""

    file: str
    part: str
    needs: tuple[str, ...]
    """Temporary tables that it reads or changes."""
    makes: str | None = None
    """The temporary table that it creates; statistics of it are collected."""
    reports: Findings | None = None
    analyzes: tuple[str, ...] = ()
    """Further tables whose statistics are collected afterwards."""


@dataclass(frozen=True, slots=True)
class Code:
    """A Python function."""

    run: Callable[[ImportContext], None]
    needs: tuple[str, ...] = ()
    makes: tuple[str, ...] = ()
    reports: tuple[Findings, ...] = ()
    queries: tuple[str, ...] = ()
    """Parts of `.sql` files whose rows it reads: "people.shared_keys"."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """Statements that are run in turn until none of them writes a row."""

    steps: tuple[Sql, ...]
    only_after_rejections: bool = False
    """Whether they are left out if the step before rejected no row."""


Step: TypeAlias = Sql | Code | Repeat


def _always(_options: ImportOptions) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Stage:
    """Steps under one title of the progress display; without a title a step reports its progress itself."""

    title: str | None
    steps: tuple[Step, ...]
    when: Callable[[ImportOptions], bool] = _always
    """Whether the options ask for these steps."""
