"""Golden samples: files to read and, beside each, the result that its reader should give.

A sample is a file or folder in `samples/<name of its format>/`, and its result is in `<sample>.expected.json`. After a
change that is meant, and for a new sample, `make golden` writes the results again; a reviewer reads the difference.
"""

import json
from dataclasses import MISSING, asdict, fields, is_dataclass
from pathlib import Path
from typing import Any

from lmskit.importers.activity import ActivityFile, ActivityFormat
from lmskit.importers.cartridge.package import Cartridge, CartridgeFormat
from lmskit.importers.described_course import CourseSource, DescribedCourse, PlacedSections
from lmskit.importers.formats import Format, ReadOptions
from lmskit.importers.question_banks.bank import Bank, BankFormat
from lmskit.importers.record import PersonKey, Position, ReportedSlot, Source
from lmskit.importers.registry import format_named

SAMPLES = Path(__file__).parent / "samples"
ENDING = ".expected.json"


def samples(folder: Path = SAMPLES) -> dict[str, Path]:
    """All samples by format and name, such as `gift/arrays.gift`."""
    paths = sorted(path for path in folder.glob("*/*") if not path.name.endswith(ENDING))
    return {path.relative_to(folder).as_posix(): path for path in paths}


def format_of(sample: Path) -> Format | BankFormat | CartridgeFormat | ActivityFormat:
    """The format that a sample is in, by the folder in which it is."""
    form = format_named(sample.parent.name)
    assert isinstance(form, Format | BankFormat | CartridgeFormat | ActivityFormat)
    return form


def opened(sample: Path) -> Source | Bank | Cartridge | ActivityFile:
    return format_of(sample).open(sample, ReadOptions())


def expected_file(sample: Path) -> Path:
    return sample.with_name(sample.name + ENDING)


def expected(sample: Path) -> Any:
    return json.loads(expected_file(sample).read_text(encoding="utf-8"))


def result(read: Source | Bank | Cartridge | ActivityFile) -> dict[str, Any]:
    """All that a reader gives, in a form that a person can check; of records only what differs from a field's default."""
    if isinstance(read, ActivityFile):
        return _activity_result(read)
    if isinstance(read, Cartridge):
        return _cartridge_result(read)
    return _bank_result(read) if isinstance(read, Bank) else _source_result(read)


def row_counts(source: Source) -> dict[str, tuple[int, int, int]]:
    """By part: rows or cells that were read, those of which there is a record, and the rejected; the first is the sum of the others."""
    positions = {record.position for record in source.records() if type(record).__name__ not in {"QuizRecord", "AbsentScore"}}
    return {
        part.name: (part.rows_in, sum(position.part == part.name for position in positions), len(part.rejections)) for part in source.parts
    }


def renew(folder: Path = SAMPLES) -> list[str]:
    """Write the result of every sample beside it; return the names of the samples whose result changed."""
    changed = []
    for name, sample in samples(folder).items():
        text = json.dumps(result(opened(sample)), indent=1, ensure_ascii=False) + "\n"
        file = expected_file(sample)
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
            changed.append(name)
    return changed


def _source_result(source: Source) -> dict[str, Any]:
    records = [_record(record) for record in source.records()]
    course = {"course": _course(source.described_course)} if isinstance(source, CourseSource) else {}
    return course | {
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


def _course(course: DescribedCourse) -> dict[str, Any]:
    return {
        "position": _value(course.position),
        "id": course.external_id,
        "code": course.code,
        "title": course.title,
    } | _sections(course.sections)


def _sections(sections: PlacedSections) -> dict[str, Any]:
    return {
        "weeks": {str(week.number): {"topic": week.topic, "objectives": week.objectives} for week in sections.weeks},
        "left_out": {left.section.title: left.reason for left in sections.left_out},
    }


def _cartridge_result(cartridge: Cartridge) -> dict[str, Any]:
    return {
        "course": _course(cartridge.described_course),
        "banks": [
            {"title": each.bank.title, "is_quiz": each.is_quiz, "week": each.week} | _bank_result(each.bank) for each in cartridge.banks
        ],
        "files": [_record(file) for file in cartridge.files],
        "notes": list(cartridge.notes),
    }


def _activity_result(file: ActivityFile) -> dict[str, Any]:
    records = [_record(record) | {"actor": _record(record.actor)} for record in file.records()]
    return {
        "records": records,
        "rows_in": file.tally.rows_in,
        "left_out": dict(file.tally.left_out),
        "rejections": [str(rejection) for rejection in file.tally.rejections],
        "notes": file.notes,
    }


def _bank_result(bank: Bank) -> dict[str, Any]:
    return {
        "questions": [
            {
                "file": found.file,
                "row": found.row,
                "question": found.question.model_dump(mode="json", exclude_defaults=True),
                "key": None if found.key is None else found.key.model_dump(mode="json", exclude_none=True),
            }
            for found in bank.questions
        ],
        "rejections": [asdict(rejection) for rejection in bank.rejections],
        "warnings": [asdict(warning) for warning in bank.warnings],
        "notes": list(bank.notes),
        "skipped": list(bank.skipped),
    }


def _record(record: Any) -> dict[str, Any]:
    shown = {"": type(record).__name__.removesuffix("Record").lower()}
    for name, default in _fields(record).items():
        value = getattr(record, name)
        if value is None or value == default or value in ((), {}, []):
            continue
        shown[name] = _value(value)
    return shown


def _fields(record: Any) -> dict[str, Any]:
    """The fields of a dataclass or named tuple with their defaults."""
    if is_dataclass(record):
        return {field.name: field.default for field in fields(record)}
    return {name: record._field_defaults.get(name, MISSING) for name in record._fields}


def _value(value: Any) -> Any:
    match value:
        case Position():
            return f"{value.part}, row {value.row}" + (f", {value.column}" if value.column else "")
        case PersonKey():
            return {name: part for name, part in value._asdict().items() if part is not None}
        case list() if value and isinstance(value[0], ReportedSlot):
            return [_record(slot) | {"": "slot"} for slot in value]
        case tuple():
            return list(value)
        case int() | float() | str() | list() | dict():
            return value
        case _:
            return str(value)


if __name__ == "__main__":
    renewed = renew()
    print("\n".join(renewed) if renewed else "No result changed.")  # noqa: T201 - a command
