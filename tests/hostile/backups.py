"""Backups of Moodle courses that are hostile: as gzipped tar, as zip and as folder."""

import gzip
import html
import io
import re
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.hostile.entry import Entry, Imported, Make, Refused, written
from tests.importers.golden import SAMPLES

SAMPLE = SAMPLES / "moodle-backup" / "course"
QUIZ = "activities/quiz_7/quiz.xml"
ZEROS = bytes(1024**2)
Change = Callable[[bytes], bytes] | bytes | None
"""What becomes of a file: what it is made to, its content, or None if it is left out."""


def files(changes: Mapping[str, Change]) -> dict[str, bytes]:
    """The files of the sample after some changes."""
    found = {path.relative_to(SAMPLE).as_posix(): path.read_bytes() for path in sorted(SAMPLE.rglob("*")) if path.is_file()}
    for name, change in changes.items():
        content = change(found[name]) if callable(change) else change
        found.pop(name, None)
        if content is not None:
            found[name] = content
    return found


def tarred(*entries: tuple[str | tarfile.TarInfo, bytes], form: int = tarfile.GNU_FORMAT) -> bytes:
    """A gzipped tar archive, as Moodle writes it."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz", format=form, compresslevel=1) as archive:
        for name, content in entries:
            entry = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


def zipped(content: Mapping[str, bytes]) -> bytes:
    """A zip archive, as older versions of Moodle write it."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in content.items():
            archive.writestr(name, text)
    return stream.getvalue()


def as_tar(changes: Mapping[str, Change]) -> Make:
    return written(lambda: tarred(*files(changes).items()), name="backup.mbz")


def as_zip(changes: Mapping[str, Change]) -> Make:
    return written(lambda: zipped(files(changes)), name="backup.mbz")


def as_folder(changes: Mapping[str, Change]) -> Make:
    def make(folder: Path) -> Path:
        target = folder / "backup"
        shutil.copytree(SAMPLE, target)
        for name, change in changes.items():
            content = files({name: change}).get(name)
            (target / name).unlink() if content is None else (target / name).write_bytes(content)
        return target

    return make


def replaced(*pairs: tuple[str, str]) -> Callable[[bytes], bytes]:
    """Replace texts of a file, each of which it has."""

    def change(content: bytes) -> bytes:
        text = content.decode()
        for old, new in pairs:
            assert old in text, old
            text = text.replace(old, new)
        return text.encode()

    return change


def special(name: str, kind: bytes, link: str = "") -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = kind, link
    return entry


def _described(size: int) -> bytes:
    """An archive whose first file is described by so many bytes."""
    entry = tarfile.TarInfo("users.xml")
    entry.pax_headers = {"comment": "x" * size}
    return tarred((entry, b""), form=tarfile.PAX_FORMAT)


def _holes() -> bytes:
    """A file of 1 GiB of which nothing is stored."""
    entry = tarfile.TarInfo("users.xml")
    entry.pax_headers = {
        "GNU.sparse.major": "1",
        "GNU.sparse.minor": "0",
        "GNU.sparse.name": "users.xml",
        "GNU.sparse.realsize": str(1024**3),
    }
    return tarred((entry, b"0\n".ljust(512, b"\0")), form=tarfile.PAX_FORMAT)


def _with_bad_header() -> bytes:
    """An archive with a damaged header in its middle, which some programs take for its end."""
    plain = bytearray(gzip.decompress(tarred(*files({}).items())))
    plain[plain.find(b"users.xml") + 148] ^= 1
    return gzip.compress(bytes(plain))


def _archive(name: str, content: bytes | Callable[[], bytes], sentence: str) -> Entry:
    return Entry(name, written(content, name="backup.mbz"), Refused(rf"backup\.mbz.*{sentence}"), form="moodle-backup")


WHOLE = tuple(files({}).items())
PACKED = (
    _archive("a backup with a way out of it", lambda: tarred(*WHOLE, ("../users.xml", b"")), "is not a name within the archive"),
    _archive("a backup with an absolute name", lambda: tarred(*WHOLE, ("/etc/users.xml", b"")), "is not a name within the archive"),
    _archive("a backup with a link", lambda: tarred((special("a.xml", tarfile.SYMTYPE, "/etc/passwd"), b"")), "a.xml is a link"),
    _archive("a backup with a hard link", lambda: tarred((special("a.xml", tarfile.LNKTYPE, "users.xml"), b"")), "a.xml is a link"),
    _archive("a backup with a device", lambda: tarred((special("a.xml", tarfile.CHRTYPE), b"")), "a.xml is a link or not an ordinary"),
    _archive("a backup with a pipe", lambda: tarred((special("a.xml", tarfile.FIFOTYPE), b"")), "a.xml is a link or not an ordinary"),
    _archive("a backup of holes", _holes, "users.xml is a link or not an ordinary"),
    _archive("a backup with a file twice", lambda: tarred(*WHOLE, ("Users.xml", b"")), "Users.xml is in it twice"),
    _archive("a gzip bomb", lambda: tarred(("users.xml", ZEROS * 9)), "unpacks to more than 200 times its size"),
    _archive("a backup with a name of 2 MiB", lambda: tarred(("a" * 2 * 1024**2, b"")), "describes a file by more than 1 MiB"),
    _archive("a backup with a long description", lambda: _described(2 * 1024**2), "describes a file by more than 1 MiB"),
    _archive("a backup with a damaged header", _with_bad_header, "is damaged or cut off"),
    _archive("a backup without its end", lambda: gzip.compress(gzip.decompress(tarred(*WHOLE))[:2048]), "is damaged or cut off"),
    _archive("a backup that breaks off", lambda: tarred(*WHOLE)[:-40], "is damaged or cut off"),
    _archive("a backup with a wrong checksum", lambda: tarred(*WHOLE)[:-8] + bytes(8), "is damaged or cut off"),
    _archive("a backup in a backup", lambda: tarred(("backup.mbz", tarred(*WHOLE))), "has no moodle_backup.xml"),
    _archive("a zip bomb in a backup", lambda: zipped({**files({}), "users.xml": ZEROS * 9}), "users.xml unpacks to more than is read"),
    _archive("a backup in zip with a way out", lambda: zipped({**files({}), "../a.xml": b""}), "is not a name within the archive"),
)


def _damaged(name: str, make: Make, sentence: str) -> Entry:
    return Entry(name, make, Refused(sentence), form="moodle-backup")


_LAUGHS = "".join(f'<!ENTITY l{number} "{f"&l{number - 1};" * 10}">' for number in range(1, 12))
_BILLION = f'<!DOCTYPE users [<!ENTITY l0 "ha">{_LAUGHS}]><users><user id="1"><lastname>&l11;</lastname></user></users>'.encode()
_EXTERNAL = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><question_categories>&x;</question_categories>'
_DTD = "it has a document type or entities, which are not read"
_INFORMATION = "moodle_backup.xml"
DAMAGED = (
    _damaged("a billion laughs in a backup", as_tar({"users.xml": _BILLION}), rf"users\.xml, row 1: {_DTD}"),
    _damaged("an entity from a file in a backup", as_zip({"questions.xml": _EXTERNAL}), rf"questions\.xml, row 1: {_DTD}"),
    _damaged("a backup with an empty file", as_folder({"users.xml": b""}), r"users\.xml is empty"),
    _damaged(
        "a backup with a part of a file", as_tar({QUIZ: lambda content: content[:3000]}), r"quiz\.xml, row \d+: it is not well-formed"
    ),
    _damaged("a backup with NUL characters", as_tar({"groups.xml": b"<groups>\0</groups>"}), r"groups\.xml, row 1: it is not well-formed"),
    _damaged("a backup in an unknown encoding", as_zip({"roles.xml": b'<?xml version="1.0" encoding="x-secret"?><a/>'}), "encod"),
    _damaged("a backup in broken UTF-8", as_zip({"users.xml": b"<users><user>\xff\xfe</user></users>"}), r"users\.xml, row 1"),
    _damaged("a backup whose contents say nothing", as_folder({_INFORMATION: b"<moodle_backup/>"}), "says nothing about the backup"),
    _damaged(
        "a backup with 10,000 elements in each other",
        as_tar({"gradebook.xml": b"<a>" * 10_000 + b"</a>" * 10_000}),
        r"gradebook\.xml, row 1: elements are nested",
    ),
    _damaged(
        "a backup that was made before 1970",
        as_tar({_INFORMATION: replaced(("<original_course_id>", "<backup_date>-1</backup_date><original_course_id>"))}),
        r"moodle_backup\.xml: backup_date -1 is not a time",
    ),
)

SCRIPT = "<script>alert(1)</script>"
_TEXTS = re.compile(
    rb"<(original_course_fullname|original_course_shortname|name|title|questiontext|answertext|feedback|generalfeedback|responsesummary|summary|itemname|lastname)>(?!\$@|_|-)[^<>]+<"
)
_STATES = re.compile(rb"<name>(answer|sub\d|choice\d|p\d|users|anonymize)<")


def with_scripts(content: bytes) -> bytes:
    """A script in front of every text that people write."""
    script = html.escape(SCRIPT).encode()
    return _TEXTS.sub(lambda found: found[0] if _STATES.match(found[0]) else found[0].replace(b">", b">" + script, 1), content)


def _users(*users: str) -> bytes:
    return "\n".join(("<users>", *users, "</users>")).encode()


def _user(number: int | str, family: str, login: str) -> str:
    ids = f"<username>{login}</username><idnumber></idnumber><email>{login}@example.org</email>"
    return f'<user id="{number}">{ids}<firstname>Ada</firstname><lastname>{family}</lastname><deleted>0</deleted></user>'


def _imported(name: str, make: Make, expected: Imported) -> Entry:
    return Entry(name, make, expected, form="moodle-backup")


GONE = (5, "deleted", "is deleted in Moodle")
ABSENT = "is of a person who is not in the backup"
NAMES = ("Lovelace, Ada", "Babbage, Ben", "Suspended, Sue")
IMPORTED = (
    _imported(
        "a backup with scripts in every text",
        as_tar(dict.fromkeys(files({}), with_scripts)),
        Imported(
            15,
            (GONE, (43, "userid", ABSENT)),
            tuple(SCRIPT + name for name in NAMES),
            (3.0, 7.5, 11.0),
            (f"backup.mbz: backup of {SCRIPT}LOGIC ({SCRIPT}Logic & sets) by Moodle 4.5.6.",),
        ),
    ),
    _imported(
        "a backup with users that cannot be",
        as_zip(
            {
                "users.xml": _users(
                    _user(11, "=1+1", "ada"),
                    _user(11, "Tarn", "twice"),
                    _user(12, "x" * 400, "ben"),
                    _user(16, "Sun", "\N{RIGHT-TO-LEFT OVERRIDE}sue"),
                    _user("9" * 5000, "Huge", "huge"),
                    "<user><username>nobody</username><lastname>Nobody</lastname></user>",
                )
            }
        ),
        Imported(
            14,
            (
                (3, "id", "is the id of another user of the backup"),
                (4, "lastname", "is not a family name"),
                (5, "username", "contains characters that cannot be seen"),
                (28, "userid", ABSENT),
                (43, "userid", ABSENT),
                (3, "userid", ABSENT),
                (2, "userid", ABSENT),
            ),
            ("=1+1, Ada",),
            (3.0, 11.0),
        ),
    ),
    _imported(
        "a backup with numbers and times that cannot be",
        as_folder(
            {
                QUIZ: replaced(
                    ("<sumgrades>5.50000", "<sumgrades>1e9999"),
                    ("1789380060</timefinish>", "253402300800</timefinish>"),
                    ("<attemptnum>2", "<attemptnum>--2"),
                ),
                "gradebook.xml": replaced(("<finalgrade>7.50000", "<finalgrade>-NaN")),
                "activities/assign_8/grades.xml": replaced(
                    ("<finalgrade>4.00000", "<finalgrade>1_0"), ("<grademax>5", "<grademax>9999999")
                ),
            }
        ),
        Imported(
            16,
            (
                GONE,
                (23, "sumgrades", "is not a number"),
                (28, "timefinish", "is not a time"),
                (33, "attemptnum", "is not a whole number"),
                (43, "userid", ABSENT),
                (2, "finalgrade", "is not a number"),
                (2, "finalgrade", "is not a number"),
            ),
            NAMES,
        ),
    ),
    _imported(
        "a backup with references in circles and to nothing",
        as_tar(
            {
                "questions.xml": replaced(
                    ('<question_category id="1">', '<question_category id="1"><parent>1</parent>'),
                    ("<parent>0</parent>", "<parent>101</parent>"),
                ),
                QUIZ: replaced(
                    ("<questionbankentryid>1<", "<questionbankentryid>404<"),
                    ("<questionid>104<", "<questionid>404<"),
                    ("<value>5,3,4<", "<value>404,-1,x<"),
                ),
                "groups.xml": replaced(("<userid>11<", "<userid>404<")),
                "course/roles.xml": replaced(("<roleid>3<", "<roleid>404<")),
            }
        ),
        Imported(14, (GONE, (43, "userid", ABSENT)), NAMES, (3.0, 7.5, 11.0)),
    ),
)
BACKUPS = (*PACKED, *DAMAGED, *IMPORTED)
