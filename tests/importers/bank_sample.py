"""Question banks of our own to read, and what should come of them."""

import json
from dataclasses import asdict
from pathlib import Path

from lmskit.importers.formats import ReadOptions
from lmskit.importers.question_banks import aiken, gift, moodle_xml, qti
from lmskit.importers.question_banks.bank import Bank

SAMPLES = Path(__file__).parent / "samples"
FORMATS = {form.name: form for form in (gift.FORMAT, aiken.FORMAT, moodle_xml.FORMAT, qti.FORMAT)}
BANKS = {
    "gift": SAMPLES / "gift" / "arrays.gift",
    "aiken": SAMPLES / "aiken" / "loops.txt",
    "moodle-xml": SAMPLES / "moodle-xml" / "trees.xml",
    "qti": SAMPLES / "qti" / "items",
}


def read(form: str, path: Path) -> Bank:
    return FORMATS[form].open(path, ReadOptions())


def read_text(form: str, path: Path, text: str | bytes) -> Bank:
    """Write a file, and read it."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read(form, path)


def expected(form: str) -> Path:
    sample = BANKS[form]
    return sample.parent / f"{sample.name}.expected.json"


def as_json(bank: Bank) -> object:
    """Everything about a bank but its SHA-256, in a form that a person can check."""
    return json.loads(
        json.dumps(
            {
                "questions": [
                    {
                        "file": one.file,
                        "row": one.row,
                        "question": one.question.model_dump(mode="json", exclude_defaults=True),
                        "key": None if one.key is None else one.key.model_dump(mode="json", exclude_none=True),
                    }
                    for one in bank.questions
                ],
                "rejections": [asdict(one) for one in bank.rejections],
                "warnings": [asdict(one) for one in bank.warnings],
                "notes": bank.notes,
                "skipped": bank.skipped,
            }
        )
    )
