"""Question banks that tests read: the golden samples, and files that a test writes."""

from pathlib import Path

from lmskit.importers.formats import ReadOptions
from lmskit.importers.question_banks import aiken, gift, moodle_xml, qti
from lmskit.importers.question_banks.bank import Bank
from tests.importers.golden import SAMPLES

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
