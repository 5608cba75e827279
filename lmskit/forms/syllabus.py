"""A syllabus as an administrator pastes it: one week a line."""

from __future__ import annotations

import re

NUMBERED = re.compile(r"(?:week\s*)?(\d{1,3})(?:[.):](?:\s+|$)|\t\s*)(.*)", re.IGNORECASE)
"""`3. Loops`, `3) Loops`, `Week 3: Loops`, or a first column `3` copied from a spreadsheet; but not `3D graphics` or `2.5 dimensions`."""


def parse_weeks(text: str) -> list[dict[str, object]]:
    r"""Read one week from each line that is not blank.

    A line is a topic, and after `|` or a tab its objectives. A number before the topic is the week's number; a line without one
    is the week after the line before it. What is wrong with the weeks is said by the request they are put into.

    Returns
    -------
    list of dict
        `week_number`, `topic` and `objectives`, in the order of the lines.

    Examples
    --------
    >>> for week in parse_weeks("Numbers | Count to ten\n3. Fractions\nDecimals"):
    ...     print(*week.values(), sep="; ")
    1; Numbers; Count to ten
    3; Fractions;
    4; Decimals;
    """
    weeks: list[dict[str, object]] = []
    number = 0
    for line in filter(None, (line.strip() for line in text.splitlines())):
        numbered = NUMBERED.fullmatch(line)
        number = int(numbered[1]) if numbered else number + 1
        topic, _, objectives = (numbered[2] if numbered else line).replace("\t", "|").partition("|")
        weeks.append({"week_number": number, "topic": topic.strip(), "objectives": objectives.replace("|", " ").strip()})
    return weeks
