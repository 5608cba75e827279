"""What every command that prints a list has in common: its options, and how the rows that they ask for are read and printed."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lmskit.cli.printing import print_error, print_line, rows_of, visible
from lmskit.cli.row_output import Output, print_rows
from lmskit.cli.typed_number import limit_typed, offset_typed
from lmskit.columns import Columns
from lmskit.queries.page import DEFAULT_PAGE, MAX_PAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd

    Rows = Sequence[Mapping[str, Any]] | pd.DataFrame

Limit = Annotated[int, typer.Option("--limit", help="Rows to show, 1 to 1000.", callback=limit_typed)]
Offset = Annotated[int, typer.Option("--offset", help="Rows to skip.", callback=offset_typed)]
All = Annotated[bool, typer.Option("--all", help="Show all rows; --limit does not count then.")]
Format = Annotated[
    Output | None,
    typer.Option(
        "--format",
        help="How to print the rows; by default a table, and lines with tabs where the output is not a terminal.",
        show_default=False,
    ),
]
AfterCode = Annotated[str | None, typer.Option("--after", metavar="CODE", help="Begin after the row with this code.", show_default=False)]
AfterEmail = Annotated[str | None, typer.Option("--after", metavar="EMAIL", help="Begin after this person.", show_default=False)]
AfterNumber = Annotated[int | None, typer.Option("--after", metavar="NUMBER", help="Begin after this row.", show_default=False)]


@dataclass(frozen=True)
class ListPage:
    """The rows of a list that were asked for, and how they are to be printed.

    Attributes
    ----------
    limit, offset, after
        As queries take them; `after` is None for a list that has no such option.
    everything
        Whether all rows are wanted, from there on.
    output
        How to print them; None: as it suits the output.
    named_by
        The column by which `after` names a row; None for a list that has no such option.
    """

    limit: int
    offset: int
    after: int | str | None = None
    everything: bool = False
    output: Output | None = None
    named_by: str | None = None

    @property
    def is_for_a_program(self) -> bool:
        """Whether nothing but the rows may be on standard output."""
        return self.output in {Output.CSV, Output.JSON}

    def say(self, sentence: str) -> None:
        """Print a sentence about the rows; on standard error if the rows are for a program."""
        (print_error if self.is_for_a_program else print_line)(sentence)

    def show(
        self,
        read: Callable[..., Rows],
        columns: Columns | Mapping[str, str] | Sequence[str],
        *,
        total: int | None = None,
        nothing: str,
        headings: Mapping[str, str] | None = None,
        worded: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None,
    ) -> list[Mapping[str, Any]]:
        """Read the rows and print them; how many there are is said on standard error. Call it while the session is open.

        Parameters
        ----------
        read
            Returns a page; it takes `limit` and `offset` by name, and `after` too if the list has that option.
        columns
            The columns of the list, or their names. Programs get all of them by their names, which stay as they are.
        total
            The number of rows on all pages, if it is known.
        nothing
            What to say if there are no rows at all.
        headings
            The heading of each column that people see, by its name; by default those of `columns`.
        worded
            Turns a row into what people see of it; by default the row itself.

        Returns
        -------
        The rows of the last page that was read.
        """
        names = columns.names if isinstance(columns, Columns) else tuple(columns)
        if headings is None:
            headings = columns.headings if isinstance(columns, Columns) else dict(columns) if isinstance(columns, Mapping) else {}
        n_shown, last = 0, list[Mapping[str, Any]]()

        def pages() -> Iterator[Sequence[Mapping[str, Any]]]:
            nonlocal n_shown, last
            for page in self._pages(read):
                n_shown, last = n_shown + len(page), page
                yield page

        print_rows(pages(), names, headings, self.output, worded)
        print_error(self._said(n_shown, last, total, nothing))
        return last

    def _pages(self, read: Callable[..., Rows]) -> Iterator[list[Mapping[str, Any]]]:
        limit, where = MAX_PAGE if self.everything else self.limit, self._from(self.offset, self.after)
        while True:
            found = read(limit=limit, **where)
            page: list[Mapping[str, Any]] = list(found) if isinstance(found, Sequence) else list(rows_of(found))
            if page:
                yield page
            if not self.everything or len(page) < limit:
                return
            where = self._from(where["offset"] + limit, None) if self.named_by is None else self._from(0, page[-1][self.named_by])

    def _from(self, offset: int, after: int | str | None) -> dict[str, Any]:
        return {"offset": offset} if self.named_by is None else {"offset": offset, "after": after}

    def _said(self, n_shown: int, page: Sequence[Mapping[str, Any]], total: int | None, nothing: str) -> str:
        """Which rows were shown of how many, and how to see the next ones."""
        after = None if self.after is None else visible(self.after)
        if not n_shown:
            if total == 0 or (self.offset == 0 and after is None):
                return nothing
            return f"There is nothing from row {self.offset + 1} on." if after is None else f"There is nothing after {after}."
        last_named = None if self.named_by is None else visible(page[-1][self.named_by])
        if after is not None:
            is_last = self.everything or n_shown < self.limit
            return f"Rows after {after}: {n_shown}.{'' if is_last else f' For the next ones: --after {last_named}'}"
        last = self.offset + n_shown
        of = "" if total is None else f" of {total}"
        number = ""
        if total is not None and total > self.limit and not self.everything and self.offset % self.limit == 0:
            number = f", page {self.offset // self.limit + 1} of {-(-total // self.limit)}"
        named = "" if last_named is None else f", or --after {last_named}"
        more = f" For the next ones: --offset {last}{named}" if total is not None and last < total else ""
        return f"Rows {self.offset + 1} to {last}{of}{number}.{more}"


def part_of(rows: Sequence[Mapping[str, Any]]) -> Callable[..., Rows]:
    """Return what reads a page of rows that are all in memory."""
    return lambda *, limit, offset: rows[offset : offset + limit]


def paged(
    *,
    after: Any = None,  # noqa: ANN401 - the type of an option
    named_by: str | None = None,
    limit: int = DEFAULT_PAGE,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options of a list; its function has a parameter `page` that they become.

    Parameters
    ----------
    after
        The type of the option `--after`, such as `AfterCode`, for a list in which a page can begin after a row.
    named_by
        The column by which that option names a row.
    limit
        The number of rows that are shown by default.
    """
    own = [
        ("limit", Limit, limit),
        ("offset", Offset, 0),
        *([("after", after, None)] if named_by is not None else []),
        ("everything", All, False),
        ("output", Format, None),
    ]

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        signature = inspect.signature(command)

        @functools.wraps(command)
        def with_page(**given: Any) -> None:
            asked = {name: given.pop(name) for name, _, _ in own}
            command(**given, page=ListPage(**asked, named_by=named_by))

        parameters = [
            *(parameter.replace(kind=parameter.KEYWORD_ONLY) for name, parameter in signature.parameters.items() if name != "page"),
            *(
                inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
                for name, annotation, default in own
            ),
        ]
        with_page.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        with_page.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        del with_page.__wrapped__  # Typer would read the parameters of the function itself
        return with_page

    return decorate
