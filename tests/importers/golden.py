"""What a reader makes of a file, in a form that stands beside the sample as JSON."""

from dataclasses import fields
from pathlib import Path
from typing import Any

from lmskit.importers.record import PersonKey, Position, Source

SAMPLES = Path(__file__).parent / "samples"
"""Made for these tests: a folder per format with the files and, in `expected.json`, what becomes of them."""


def told_by(source: Source) -> dict[str, Any]:
    """All that a source tells; of records only what differs from a field's default."""
    records = [_told(record) for record in source.records()]
    return {
        "records": records,
        "parts": {
            part.name: {
                "rows_in": part.rows_in,
                "rejections": [str(rejection) for rejection in part.rejections],
                "skipped_columns": list(part.skipped_columns),
            }
            for part in source.parts
        },
        "warnings": [str(warning) for warning in source.warnings],
        "notes": list(source.notes),
    }


def units(source: Source) -> dict[str, tuple[int, int, int]]:
    """By part: what was read, the places of records, and the rejections; the first is the sum of the others."""
    places = {record.position for record in source.records() if type(record).__name__ != "QuizRecord"}
    return {part.name: (part.rows_in, sum(place.part == part.name for place in places), len(part.rejections)) for part in source.parts}


def _told(record: Any) -> dict[str, Any]:
    told = {"": type(record).__name__.removesuffix("Record").lower()}
    for each in fields(record):
        value = getattr(record, each.name)
        if value is None or value == each.default or value in ((), {}, []):
            continue
        told[each.name] = _shown(value)
    return told


def _shown(value: Any) -> Any:
    match value:
        case Position():
            return f"{value.part}, row {value.row}" + (f", {value.column}" if value.column else "")
        case PersonKey():
            return {each.name: getattr(value, each.name) for each in fields(value) if getattr(value, each.name) is not None}
        case int() | float() | str() | list() | dict():
            return value
        case _:
            return str(value)
