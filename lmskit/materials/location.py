"""Where in a material a passage is: the page, slide or cell, the second of a video, and the headings above it."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Location:
    """Where in a material something is. At most one of page, slide, cell and seconds is set; headings may stand beside each.

    >>> str(Location(page=12, headings=("Regression", "Residuals")))
    'page 12, Regression > Residuals'
    >>> str(Location(seconds=3725.5))
    '1:02:05'
    """

    page: int | None = None
    """Of a PDF, from 1."""
    slide: int | None = None
    """Of a presentation, from 1; hidden slides count."""
    cell: int | None = None
    """Of a notebook, from 1; cells of all kinds count."""
    seconds: float | None = None
    """Of a video, from its start."""
    headings: tuple[str, ...] = ()
    """From the outermost heading to the nearest one."""

    def __str__(self) -> str:
        """The location as it is shown."""
        numbered = [f"{what} {number}" for what in ("page", "slide", "cell") if (number := getattr(self, what)) is not None]
        at = [minute_and_second(self.seconds)] if self.seconds is not None else []
        return ", ".join([*numbered, *at, *([" > ".join(self.headings)] if self.headings else [])])

    def within(self, title: str) -> str:
        """The location as it is shown beside the title of its material, which the outermost heading often repeats.

        >>> Location(headings=("Loops", "Off by one")).within("Loops"), Location(headings=("Loops",)).within("Loops")
        ('Off by one', '')
        """
        repeated = self.headings[:1] == (title,)
        return str(replace(self, headings=self.headings[1:]) if repeated else self)

    @property
    def order(self) -> tuple[int, float]:
        """What grows, or stays, from passage to passage of one material."""
        return (self.page or self.slide or self.cell or 0, self.seconds or 0.0)


def minute_and_second(seconds: float) -> str:
    """Return a time of a video as players show it.

    >>> minute_and_second(65.9)
    '1:05'
    """
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
