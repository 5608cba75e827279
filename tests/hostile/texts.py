"""Files whose form is hostile: encodings, quotes, rows and columns, and files that are not text."""

import codecs
import gzip
import io
import os
import struct
import zipfile
import zlib
from pathlib import Path

from tests.hostile.entry import ROSTER, Entry, Imported, Refused, in_lines, written

ZOE = ROSTER + "1,Müßig,Zoë,zoe@example.org\n"
ADA = "1,Ober,Ada,ada@example.org\n"


def _fifo(folder: Path) -> Path:
    path = folder / "stream.csv"
    os.mkfifo(path)
    return path


def _device(folder: Path) -> Path:
    path = folder / "zeros.csv"
    path.symlink_to("/dev/zero")
    return path


def _dangling(folder: Path) -> Path:
    path = folder / "gone.csv"
    path.symlink_to(folder / "nothing.csv")
    return path


def _loop(folder: Path) -> Path:
    path = folder / "loop.csv"
    path.symlink_to(path)
    return path


def _folder(folder: Path) -> Path:
    path = folder / "file.csv"
    path.mkdir()
    return path


def _sparse(folder: Path) -> Path:
    path = folder / "huge.csv"
    path.write_text(ROSTER, encoding="utf-8")
    os.truncate(path, 2 * 1024**3 + 1)
    return path


def _png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">2I5B", 1, 1, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0\xff\0\0")) + chunk(b"IEND", b"")


def _workbook() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", "<worksheet/>")
    return stream.getvalue()


NO_FORMAT = r"is not in a format that lmskit reads"
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF\n"

ENCODINGS = (
    Entry("UTF-8 with byte-order mark", written(codecs.BOM_UTF8 + ZOE.encode()), Imported(1, names=("Müßig, Zoë",))),
    Entry(
        "UTF-16, little end first",
        written(codecs.BOM_UTF16_LE + ZOE.encode("utf-16-le")),
        Imported(1, names=("Müßig, Zoë",), notes=("file.csv was read as UTF-16.",)),
    ),
    Entry(
        "UTF-16, big end first",
        written(codecs.BOM_UTF16_BE + ZOE.encode("utf-16-be")),
        Imported(1, names=("Müßig, Zoë",), notes=("file.csv was read as UTF-16.",)),
    ),
    Entry(
        "Windows-1252",
        written(ZOE, encoding="cp1252"),
        Imported(1, names=("Müßig, Zoë",), notes=("file.csv was read as Windows-1252.",)),
    ),
    Entry(
        "UTF-16 without byte-order mark", written(ZOE.encode("utf-16-le")), Refused("file.csv has NUL characters in its header"), form="csv"
    ),
    Entry("UTF-32", written(ZOE.encode("utf-32")), Refused(r"file\.csv"), form="csv"),
    Entry(
        "UTF-16 that breaks off",
        written(codecs.BOM_UTF16_LE + ZOE.encode("utf-16-le")[:-1]),
        Refused("file.csv ends in the middle"),
        form="csv",
    ),
    Entry(
        "half a surrogate pair", written(codecs.BOM_UTF16_LE + b"i\0d\0\x00\xdc\n\0"), Refused("file.csv is not valid UTF-16"), form="csv"
    ),
    Entry(
        "UTF-8 that breaks off",
        written(ZOE.encode() + b"2,\xc3\xa9\n3,\xc3"),
        Refused("file.csv ends in the middle of a character"),
        form="csv",
    ),
    Entry(
        "surrogates in UTF-8",
        written(ROSTER.encode() + b"1,\xed\xa0\xbdx,A,\n"),
        Imported(1, names=("í\xa0½x, A",), notes=("file.csv was read as Windows-1252.",)),
    ),
    Entry(
        "a byte of no encoding",
        written(ROSTER.encode() + b"1,\x81,A,\n"),
        Refused(r"file\.csv is neither UTF-8 nor Windows-1252: row 2"),
        form="csv",
    ),
    Entry(
        "NUL in a cell",
        written(ROSTER + "1,O\0ber,Ada,\n2,Tarn,Bo,\n"),
        Imported(2, ((2, "family_name", "contains a NUL character"),), ("Tarn, Bo",)),
    ),
    Entry("NUL in the header", written("i\0d,family_name\n1,A\n"), Refused("file.csv has NUL characters in its header"), form="csv"),
    Entry("line ends of old Macintoshes", written((ROSTER + ADA).replace("\n", "\r")), Imported(1, names=("Ober, Ada",))),
    Entry(
        "all kinds of line ends",
        written(ROSTER.strip() + "\r\n" + ADA.strip() + "\r2,Tarn,Bo,\n"),
        Imported(2, names=("Ober, Ada", "Tarn, Bo")),
    ),
)
ROWS = (
    Entry("an empty file", written(b""), Refused("file.csv is empty"), form="csv"),
    Entry("an empty file of unknown format", written(b""), Refused(NO_FORMAT)),
    Entry("blank lines", written("\n\n\n"), Refused(NO_FORMAT)),
    Entry("a header and nothing else", written(ROSTER), Imported(0)),
    Entry(
        "a quote that is never closed",
        written(ROSTER + '1,"Ober,Ada,\n'),
        Refused(r"file\.csv, row 2: a quoted cell is never closed"),
        form="csv",
    ),
    Entry(
        "a quote that is closed rows later",
        written(ROSTER + '1,"Ober,Ada,\n2,Tarn,"Bo",\n'),
        Refused(r"file\.csv, row 2: the quotation marks"),
        form="csv",
    ),
    Entry(
        "a quote inside a cell",
        written(ROSTER + '1,"O"ber,Ada,\n2,Tarn,Bo,\n'),
        Imported(2, ((2, None, "quotation mark inside a cell"),), ("Tarn, Bo",)),
    ),
    Entry(
        "rows of any length",
        written(ROSTER + "1\n2,Tarn,Bo,,,\n3,Lind,Nora,\n"),
        Imported(3, ((2, None, "has fewer cells than the header"), (3, None, "has more cells than the header")), ("Lind, Nora",)),
    ),
    Entry(
        "a file that breaks off in a row",
        written(ROSTER + ADA + "2,Tarn"),
        Refused(r"file\.csv, row 3: the file ends after 2 of 4 cells"),
        form="csv",
    ),
    Entry(
        "two columns of one name",
        written("id,email,email,family_name\n1,a@example.org,b@example.org,Ober\n"),
        Refused(r"file\.csv.*email"),
        form="csv",
    ),
    Entry(
        "line breaks in cells",
        written(ROSTER + '1,"Ober\nTarn",Ada,\n2,Tarn,Bo,\n'),
        Imported(2, ((2, "family_name", "is not a family name"),), ("Tarn, Bo",)),
    ),
    Entry(
        "line breaks in a header",
        written('Student,ID,Section,"Read\nme (11)"\n    Points Possible,,,10\n"Ober, Ada",1,x,7.5\n'),
        Imported(2, names=("Ober, Ada",), scores=(7.5,)),
    ),
    Entry(
        "tabs",
        written((ROSTER + ADA).replace(",", "\t")),
        Imported(1, names=("Ober, Ada",), notes=("file.csv was read with the tab between columns.",)),
    ),
    Entry(
        "a cell of more than 1 MiB",
        written(lambda: ROSTER + f"1,{'x' * (1024**2 + 1)},Ada,\n"),
        Refused(r"file\.csv, row 2: a cell is longer than 1 MiB"),
        form="csv",
    ),
    Entry(
        "a header of more than 1 MiB",
        written(lambda: "x" * (1024**2 + 1) + "\n1\n"),
        Refused(r"file\.csv, row 1: a cell is longer than 1 MiB"),
        form="csv",
    ),
    Entry(
        "more than 10,000 columns",
        written(ROSTER.strip() + ",x" * 10_000 + "\n"),
        Refused(r"file\.csv has 10,004 columns; at most 10,000"),
        form="csv",
    ),
    Entry(
        "a line of 20 MiB",
        written(lambda: ROSTER + ",".join(["x" * 1_000_000] * 20) + "\n"),
        Refused(r"file\.csv, row 2: the line is longer than"),
        form="csv",
    ),
    Entry(
        "more bad rows than a person reads",
        in_lines(ROSTER, lambda number: f"{number}\n", 250_001),
        Refused(r"More than 250,000 rows of file\.csv.*row 2"),
        form="csv",
    ),
    Entry("more than 2 GiB", _sparse, Refused("larger than 2 GiB"), form="csv"),
)
NOT_TEXT = (
    Entry("a stream that never ends", _fifo, Refused(NO_FORMAT)),
    Entry("a stream that should be a table", _fifo, Refused(r"stream\.csv is not a file"), form="csv"),
    Entry("a device", _device, Refused(r"zeros\.csv is not a file"), form="moodle-users"),
    Entry("a link to nothing", _dangling, Refused(r"There is no file or folder .*gone\.csv")),
    Entry("a link to itself", _loop, Refused(r"loop\.csv")),
    Entry("an empty folder", _folder, Refused(NO_FORMAT)),
    Entry("a folder that should be a table", _folder, Refused(r"file\.csv is not a file"), form="canvas-gradebook"),
    Entry("a picture", written(_png(), name="picture.csv"), Refused(NO_FORMAT)),
    Entry("a PDF", written(PDF, name="paper.csv"), Refused(NO_FORMAT)),
    Entry("a packed file", written(gzip.compress((ROSTER + ADA).encode()), name="roster.csv"), Refused(NO_FORMAT)),
    Entry(
        "a workbook that is called a table",
        written(_workbook(), name="book.csv"),
        Refused(r"book\.csv cannot be read: .* format of workbooks"),
    ),
    Entry("all bytes", written(bytes(range(256)) * 64), Refused(NO_FORMAT)),
)
TEXTS = (*ENCODINGS, *ROWS, *NOT_TEXT)
