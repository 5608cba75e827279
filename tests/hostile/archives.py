"""Archives and XML files that are hostile."""

import io
import stat
import struct
import warnings
import zipfile
from collections.abc import Callable

from tests.hostile.entry import Entry, Refused, written

MANIFEST = "propertyName,value\nmanifest.version,1.0\noneroster.version,1.1\n"


ZEROS = b"0" * 1_000_000


def _zip(*files: tuple[str | zipfile.ZipInfo, str | bytes | int], change: Callable[[bytearray], object] = lambda _: None) -> bytes:
    stream = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        warnings.simplefilter("ignore")  # of names that are in it twice
        for name, content in files:
            if isinstance(content, int):
                with archive.open(name, "w") as entry:
                    for _ in range(content):
                        entry.write(ZEROS)
            else:
                archive.writestr(name, content)
    packed = bytearray(stream.getvalue())
    change(packed)
    return bytes(packed)


def _link() -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo("users.csv")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


def _encrypted(packed: bytearray) -> None:
    packed[6] |= 1
    packed[packed.find(b"PK\x01\x02") + 8] |= 1


def _broken_checksum(packed: bytearray) -> None:
    checksum = packed.find(b"PK\x01\x02") + 16
    packed[checksum] ^= 0xFF
    packed[14] ^= 0xFF


def _declared_small(packed: bytearray) -> None:
    struct.pack_into("<I", packed, packed.find(b"PK\x01\x02") + 24, 10)
    struct.pack_into("<I", packed, 22, 10)


def _overlapping(packed: bytearray) -> None:
    """Give the second entry the position of the first."""
    second = packed.find(b"PK\x01\x02", packed.find(b"PK\x01\x02") + 4)
    struct.pack_into("<I", packed, second + 42, 0)


def _zip_entry(name: str, content: bytes | Callable[[], bytes], sentence: str) -> Entry:
    return Entry(name, written(content, name="bundle.zip"), Refused(rf"bundle\.zip.*{sentence}"), form="oneroster")


MANY = tuple((f"{number}.csv", "") for number in range(1001))
ARCHIVES = (
    _zip_entry("a way out of the archive", _zip(("../manifest.csv", MANIFEST)), "is not a name within the archive"),
    _zip_entry("a way out in the middle of a name", _zip(("a/../../b.csv", MANIFEST)), "is not a name within the archive"),
    _zip_entry("an absolute name", _zip(("/etc/manifest.csv", MANIFEST)), "is not a name within the archive"),
    _zip_entry("a name on another drive", _zip(("C:\\manifest.csv", MANIFEST)), "is not a name within the archive"),
    _zip_entry("a line break in a name", _zip(("mani\nfest.csv", MANIFEST)), "is not a name within the archive"),
    _zip_entry("a link", _zip(("manifest.csv", MANIFEST), (_link(), "/etc/passwd")), "users.csv is a link"),
    _zip_entry("a bomb", lambda: _zip(("manifest.csv", MANIFEST), ("users.csv", 300)), "users.csv unpacks to more than is read"),
    _zip_entry("a bomb that declares a small size", _zip(("manifest.csv", 3), change=_declared_small), "manifest.csv"),
    _zip_entry(
        "entries that share their bytes",
        _zip(("manifest.csv", MANIFEST), ("users.csv", MANIFEST), change=_overlapping),
        "shares bytes|damaged",
    ),
    _zip_entry("one name twice", _zip(("manifest.csv", MANIFEST), ("manifest.csv", MANIFEST)), "manifest.csv is in it twice"),
    _zip_entry("one name in two spellings", _zip(("manifest.csv", MANIFEST), ("Manifest.csv", MANIFEST)), "is in it twice"),
    _zip_entry("a password", _zip(("manifest.csv", MANIFEST), change=_encrypted), "manifest.csv is encrypted"),
    _zip_entry("an archive that breaks off", _zip(("manifest.csv", MANIFEST))[:-30], "damaged or cut off"),
    _zip_entry("a checksum that is wrong", _zip(("manifest.csv", MANIFEST), change=_broken_checksum), "manifest.csv is damaged"),
    _zip_entry("1,001 files", lambda: _zip(*MANY), "has more than 1,000 files"),
    _zip_entry("no file", _zip(), "manifest.csv"),
    _zip_entry("an archive in an archive", _zip(("inner.zip", _zip(("manifest.csv", MANIFEST)))), "manifest.csv"),
    _zip_entry("no archive", b"PK\x03\x04" + b"\0" * 100, "damaged or cut off"),
)


def _xml_entry(name: str, content: str | Callable[[], str], sentence: str) -> Entry:
    return Entry(name, written(content, name="bank.xml"), Refused(rf"bank\.xml.*{sentence}"), form="moodle-xml")


def _question(text: str) -> str:
    return (
        '<question type="shortanswer"><name><text>Q</text></name><questiontext><text>'
        f'{text}</text></questiontext><answer fraction="100"><text>A</text></answer></question>'
    )


_DTD = "it has a document type or entities, which are not read"
_LAUGHS = "".join(f'<!ENTITY l{number} "{f"&l{number - 1};" * 10}">' for number in range(1, 12))
XML_FILES = (
    _xml_entry("an entity from a file", f'<!DOCTYPE quiz [<!ENTITY x SYSTEM "file:///etc/passwd">]><quiz>{_question("&x;")}</quiz>', _DTD),
    _xml_entry(
        "an entity from the net", f'<!DOCTYPE quiz [<!ENTITY % x SYSTEM "http://example.org/x"> %x;]><quiz>{_question("A")}</quiz>', _DTD
    ),
    _xml_entry("a billion laughs", f'<!DOCTYPE quiz [<!ENTITY l0 "ha">{_LAUGHS}]><quiz>{_question("&l11;")}</quiz>', _DTD),
    _xml_entry(
        "a document type from elsewhere", f'<!DOCTYPE quiz SYSTEM "http://example.org/quiz.dtd"><quiz>{_question("A")}</quiz>', _DTD
    ),
    _xml_entry("an entity that nobody explains", f"<quiz>{_question('&nbsp;')}</quiz>", "row 1: it is not well-formed XML"),
    _xml_entry("elements 10,000 deep", lambda: "<quiz>" + "<a>" * 10_000 + "</a>" * 10_000 + "</quiz>", "row 1: elements are nested"),
    _xml_entry(
        "more elements than a bank has", lambda: "<quiz>" + "<a/>" * 500_001 + "</quiz>", "row 1: there are more than 500,000 elements"
    ),
    _xml_entry("a text of 17 MiB", lambda: f"<quiz>{_question('x' * 17 * 1024**2)}</quiz>", "row 1: it has more than 16 MiB of text"),
    _xml_entry("a tag that is never closed", lambda: '<quiz a="' + "x" * 2 * 1024**2, "row 1: "),
    _xml_entry("a file that breaks off", "<quiz>\n<question>", "row 2: it is not well-formed XML"),
    _xml_entry("an encoding that nobody knows", '<?xml version="1.0" encoding="x-secret"?><quiz/>', "encod"),
    _xml_entry("a NUL character", "<quiz>\0</quiz>", "row 1: it is not well-formed XML"),
    _xml_entry("no XML", "::Q:: What? {=A}", "row 1: it is not well-formed XML"),
    _xml_entry("no questions", "<quiz></quiz>", "has no questions"),
)
