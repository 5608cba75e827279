"""Logs, reports on completion and events that are damaged, or whose cells are hostile."""

import json
from typing import Any

from tests.hostile.entry import Entry, Imported, Make, Refused, written

ADA = ("Vale, Ada",)
LOG = "Time,User full name,Affected user,Event context,Component,Event name,Description,Origin,IP address\n"
COMPLETION = ",Username,Quiz 1,,Essay,\n"
TIME = "2026-09-28T10:00:00Z"
PLAYED = "https://w3id.org/xapi/video/verbs/played"


def _row(time: str = "2026-09-28 16:00:02", *, name: str = "Ada Vale", context: str = "Page: Reading", number: str = "3") -> str:
    description = f"The user with id '{number}' viewed the 'page' activity with course module id '7'."
    return ",".join(f'"{cell}"' for cell in (time, name, "-", context, "Page", "Course module viewed", description, "web", "")) + "\n"


def _statement(**fields: object) -> dict[str, Any]:
    actor = {"mbox": "mailto:ada@example.org", "name": "Ada Vale"}
    return {"id": "1", "actor": actor, "verb": {"id": PLAYED}, "object": {"id": "https://x.example"}, "timestamp": TIME, **fields}


def _event(**fields: object) -> dict[str, Any]:
    return {"id": "1", "type": "ViewEvent", "action": "Viewed", "actor": {"id": "mailto:ada@example.org"}, "eventTime": TIME, **fields}


def _lines(*objects: object) -> Make:
    return written("\n".join(map(json.dumps, objects)), name="events.jsonl")


LOGS = (
    Entry("a log of strangers", written(LOG + _row()), Refused(r"file\.csv is about 1 person, none of whom is a student of")),
    Entry(
        "a log with a formula, HTML, SQL and 5,000 characters in its titles",
        written(LOG + "".join(_row(context=title) for title in ("=1+1", "<b>", "'; DROP TABLE users; --", "T" * 5000, ""))),
        Imported(5),
        students=ADA,
    ),
    Entry(
        "a log with times that do not exist",
        written(LOG + _row() + _row("2026-02-30 10:00:00") + _row("99999-01-01 10:00") + _row("") + _row("0001-01-01 00:00:00")),
        Imported(
            5,
            ((3, "Time", "is not a date and time"), (4, "Time", "is not a date and time"), (5, "Time", "has no time"), (6, "Time", "")),
        ),
        students=ADA,
    ),
    Entry(
        "a log with rows that do not fit its header",
        written(LOG + _row() + _row().strip() + ",further\n" + "short,Ada Vale\n"),
        Imported(3, ((3, None, ""), (4, None, ""))),
        students=ADA,
    ),
    Entry(
        "a log with a number of 5,000 digits",
        written(LOG + _row() + _row(number="9" * 5000)),
        Imported(1, notes=("Left out of kinds that are not taken: Course module viewed (1).",)),
        students=ADA,
    ),
    Entry(
        "a log with two people of one name",
        written(LOG + _row() + _row(number="4")),
        Refused(r"file\.csv is about 2 people, none of whom is a student of"),
        students=ADA,
    ),
)
REPORTS = (
    Entry(
        "a report on completion with cells of other kinds",
        written(COMPLETION + "Ada Vale,,Completed,2026-09-28 17:06:50,=1+1,\nAda Vale,,Completed,yesterday,Completed,\n"),
        Imported(4, ((2, "Essay", "is neither a word for"), (3, "Quiz 1", "is not a date and time"), (3, "Essay", "without a time"))),
        students=ADA,
    ),
)
EVENTS = (
    Entry("statements that are cut off", written(json.dumps([_statement()])[:-20], name="events.json"), Refused("is cut off"), "xapi"),
    Entry(
        "statements that are nested too deeply",
        written(lambda: json.dumps(_statement()) + '{"id": ' + "[" * 200_000, name="events.json"),
        Refused("nested too deeply"),
        "xapi",
    ),
    Entry(
        "a statement of 10 million characters",
        written(lambda: json.dumps(_statement()) + json.dumps(_statement(result="x" * 10_000_000)), name="events.json"),
        Refused("has an object of more than 8 MiB"),
        "xapi",
    ),
    Entry(
        "statements with characters that no database has",
        _lines(_statement(object={"id": "\ud800", "definition": {"name": {"en": "\x00\ud800"}}}), _statement(id="\x00")),
        Imported(2, ((2, "id", "has no id"),)),
        students=ADA,
    ),
    Entry(
        "statements whose parts are of another type",
        _lines(_statement(), _statement(actor="ada"), _statement(verb=[]), _statement(id=[7]), _statement(timestamp=None), [], 1, None),
        Imported(3, ((4, "id", "has no id"), (5, None, "has no time"))),
        students=ADA,
    ),
    Entry(
        "statements with an id of 5,000 characters and a time of the year 99999",
        _lines(_statement(), _statement(id="x" * 5000), _statement(id="3", timestamp="99999-01-01T00:00:00Z")),
        Imported(3, ((2, "id", "has no id"), (3, None, ""))),
        students=ADA,
    ),
    Entry(
        "events whose parts are of another type",
        _lines(_event(), _event(actor=["x"]), _event(object=[{}]), _event(id={}), _event(actor={"id": 1, "otherIdentifiers": {}})),
        Imported(
            3, ((4, "id", "has no id"),), notes=("Left out of kinds that are not taken: ViewEvent Viewed of a group, or of nobody (1).",)
        ),
        students=ADA,
    ),
)
ACTIVITY = (*LOGS, *REPORTS, *EVENTS)
