"""Archives whose content differs from what they declare."""

import contextlib
import gc
import io
import os
import signal
import stat
import struct
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmskit.errors import ImportFileError
from lmskit.importers import archive, tar_archive
from lmskit.importers.archive import opened


def packed(path, entries, method=zipfile.ZIP_DEFLATED):
    """An archive of names (or `ZipInfo`s) and contents."""
    with zipfile.ZipFile(path, "w", method) as target:
        for name, content in entries:
            target.writestr(name, content)
    return path


def special(name, mode):
    entry = zipfile.ZipInfo(name)
    entry.create_system = 3
    entry.external_attr = mode << 16
    return entry


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    """Where archives are unpacked; nothing is left there."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    yield folder
    gc.collect()
    assert list(folder.iterdir()) == []


UNPACK = """
import pathlib, sys
from lmskit.importers.archive import opened
folder = opened(pathlib.Path(sys.argv[1]))
print(folder["users.csv"], flush=True)
sys.stdin.read()
"""


def test_what_a_killed_process_has_unpacked_is_removed_by_the_next_command_and_what_is_in_use_is_not(tmp_path, temporary):
    archived = packed(tmp_path / "bundle.zip", [("users.csv", "id\n")])
    environment = os.environ | {"TMPDIR": str(temporary)}

    def left_by(command):
        subprocess.run([sys.executable, "-m", "lmskit", *command], check=True, env=environment, capture_output=True)
        return list(temporary.iterdir())

    unpacking = [sys.executable, "-c", UNPACK, str(archived)]
    with subprocess.Popen(unpacking, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        unpacked = Path(process.stdout.readline().strip())
        assert left_by(["--version"]) == [unpacked.parents[1]]
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert unpacked.read_text() == "id\n"
    assert left_by(["--version"]) == []


def test_what_only_has_the_name_of_an_unpacked_archive_is_left_alone(tmp_path, temporary):
    kept = tmp_path / "kept"
    kept.mkdir()
    link, file = temporary / "lmskit-link.held", temporary / "lmskit-file.held"
    link.symlink_to(kept)
    file.touch()
    opened(packed(tmp_path / "bundle.zip", [("users.csv", "id\n")])).close()
    assert sorted(temporary.iterdir()) == [file, link]
    assert kept.is_dir()
    for each in (link, file):
        each.unlink()


def test_a_folder_and_an_archive_of_it_give_the_same_files(tmp_path):
    folder = tmp_path / "bundle"
    (folder / "inner").mkdir(parents=True)
    (folder / "users.csv").write_text("id\n")
    (folder / "inner" / "more.csv").write_text("id\n1\n")
    (folder / ".DS_Store").write_text("what a file manager leaves")
    archived = packed(tmp_path / "bundle.zip", [(name, (folder / name).read_text()) for name in ("users.csv", "inner/more.csv")])
    with opened(folder) as here, opened(archived) as there:
        assert list(here) == list(there) == ["inner/more.csv", "users.csv"]
        assert [path.read_text() for path in here.values()] == [path.read_text() for path in there.values()]
        assert [path.name for path in there.values()] == ["more.csv", "users.csv"]
    assert folder.is_dir()


def test_a_folder_around_all_files_is_left_out_and_so_are_files_that_a_system_adds(tmp_path):
    entries = [("export/users.csv", "id\n"), ("export/a/b.csv", "id\n"), ("__MACOSX/export/._users.csv", "x"), ("export/.DS_Store", "x")]
    with opened(packed(tmp_path / "a.zip", entries)) as folder:
        assert list(folder) == ["a/b.csv", "users.csv"]


def test_only_requested_files_are_unpacked(tmp_path, temporary):
    with opened(packed(tmp_path / "a.zip", [("users.csv", "id\n"), ("secrets.csv", "x")]), names={"users.csv"}) as folder:
        assert (list(folder), folder.others) == (["users.csv"], ("secrets.csv",))
        assert [path.name for path in temporary.rglob("*.csv")] == ["users.csv"]


def test_unpacked_files_exist_as_long_as_the_folder_is_kept(tmp_path):
    folder = opened(packed(tmp_path / "a.zip", [("users.csv", "id\n")]))
    path = folder["users.csv"]
    gc.collect()
    assert path.is_file()
    del folder
    gc.collect()
    assert not path.exists()


@pytest.mark.parametrize(
    "name",
    [
        "../escape.csv",
        "a/../../escape.csv",
        "/etc/escape.csv",
        "C:/escape.csv",
        "C:escape.csv",
        "..\\escape.csv",
        "a//b.csv",
        "./a.csv",
        "a\n.csv",
        "..",
    ],
)
def test_an_entry_outside_the_archive_is_refused(tmp_path, name):
    with pytest.raises(ImportFileError, match=r"evil\.zip: .*is not a name within the archive"):
        opened(packed(tmp_path / "evil.zip", [("users.csv", "id\n"), (name, "x")]))


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK])
def test_a_link_or_device_is_refused(tmp_path, kind):
    with pytest.raises(ImportFileError, match=r"users\.csv is a link or not an ordinary file"):
        opened(packed(tmp_path / "a.zip", [(special("users.csv", kind | 0o777), "/etc/passwd")]))


def test_a_link_in_a_folder_is_refused(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "users.csv").symlink_to("/etc/passwd")
    with pytest.raises(ImportFileError, match="is a link"):
        opened(folder)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("names", [("users.csv", "users.csv"), ("users.csv", "Users.CSV")])
def test_two_entries_of_one_name_are_refused(tmp_path, names):
    with pytest.raises(ImportFileError, match="is in it twice"):
        opened(packed(tmp_path / "a.zip", [(name, "x") for name in names]))


def test_a_thousand_entries_are_read_and_one_more_is_not(tmp_path):
    with opened(packed(tmp_path / "a.zip", [(f"{number}.csv", "") for number in range(1000)])) as folder:
        assert len(folder) == 1000
    with pytest.raises(ImportFileError, match="more than 1,000 files"):
        opened(packed(tmp_path / "b.zip", [(f"{number}.csv", "") for number in range(1001)]))
    many = tmp_path / "many"
    many.mkdir()
    for number in range(1001):
        (many / str(number)).touch()
    with pytest.raises(ImportFileError, match="more than 1,000 files"):
        opened(many)


def test_an_entry_that_unpacks_to_far_more_than_its_packed_size_is_refused(tmp_path):
    with opened(packed(tmp_path / "small.zip", [("a.csv", "0" * 1_000_000)])) as folder:
        assert folder["a.csv"].stat().st_size == 1_000_000
    with pytest.raises(ImportFileError, match=r"a\.csv unpacks to more than is read"):
        opened(packed(tmp_path / "bomb.zip", [("a.csv", "0" * 20_000_000)]))


def test_many_small_bombs_are_refused_like_a_large_one(tmp_path):
    with pytest.raises(ImportFileError, match="unpacks to more than is read"):
        opened(packed(tmp_path / "bombs.zip", [(f"{number}.csv", "0" * 1_000_000) for number in range(100)]))


def test_no_more_than_the_limit_is_unpacked_in_all(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MAX_UNPACKED", 5000)
    content = [os.urandom(20) * 100 for _ in range(3)]
    with opened(packed(tmp_path / "a.zip", [(f"{number}.csv", each) for number, each in enumerate(content[:2])])) as folder:
        assert len(folder) == 2
    with pytest.raises(ImportFileError, match=r"2\.csv unpacks to more than is read"):
        opened(packed(tmp_path / "b.zip", [(f"{number}.csv", each) for number, each in enumerate(content)]))


def test_entries_that_share_bytes_are_refused(tmp_path):
    path = packed(tmp_path / "overlap.zip", [("a.csv", b"1" * 5000), ("b.csv", b"2" * 5000)], zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    second = content.rfind(b"PK\x01\x02")
    content[second + 42 : second + 46] = struct.pack("<L", 0)  # the second entry begins where the first does
    path.write_bytes(content)
    with pytest.raises(ImportFileError, match="shares bytes with what follows it"):
        opened(path)


def test_an_encrypted_entry_is_refused(tmp_path):
    path = packed(tmp_path / "a.zip", [("users.csv", "id\n")])
    content = bytearray(path.read_bytes())
    content[6] |= 1
    content[content.rfind(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(ImportFileError, match=r"users\.csv is encrypted"):
        opened(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_rare_method_of_packing_is_refused(tmp_path, method):
    with pytest.raises(ImportFileError, match="packed by a method that is not read"):
        opened(packed(tmp_path / "a.zip", [("users.csv", "id\n")], method))


def test_an_entry_that_is_larger_than_its_header_declares_is_refused(tmp_path):
    path = packed(tmp_path / "a.zip", [("users.csv", "0123456789" * 100)])
    content = bytearray(path.read_bytes())
    size = content.rfind(b"PK\x01\x02") + 24
    content[size : size + 4] = struct.pack("<L", 10)
    path.write_bytes(content)
    with pytest.raises(ImportFileError, match=r"a\.zip: users\.csv is damaged"):
        opened(path)


def test_a_changed_byte_is_detected_by_the_checksum(tmp_path):
    path = packed(tmp_path / "a.zip", [("users.csv", "0123456789" * 100)], zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    content[60] ^= 1
    path.write_bytes(content)
    with pytest.raises(ImportFileError, match=r"a\.zip: users\.csv is damaged or cut off: Bad CRC-32"):
        opened(path)


def test_zip64_is_refused_before_its_table_of_contents_is_read(tmp_path):
    path = packed(tmp_path / "a.zip", [("users.csv", "id\n")])
    content = path.read_bytes()
    end = content.rfind(b"PK\x05\x06")
    path.write_bytes(content[:end] + b"PK\x06\x07" + bytes(16) + content[end:])
    with pytest.raises(ImportFileError, match="ZIP64"):
        opened(path)


def test_a_path_that_is_neither_folder_nor_archive_is_refused_with_one_sentence(tmp_path):
    (tmp_path / "users.csv").write_text("id\n")
    with pytest.raises(ImportFileError, match=r"is neither a folder nor a zip archive"):
        opened(tmp_path / "users.csv")
    with pytest.raises(ImportFileError, match="There is no file or folder"):
        opened(tmp_path / "nowhere")


def sound():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr("manifest.csv", "propertyName,value\noneroster.version,1.1\n")
        target.writestr("inner/users.csv", "sourcedId\n" * 20)
    return stream.getvalue()


SOUND = sound()


@given(st.integers(0, len(SOUND)))
def test_a_cut_off_archive_is_refused_wherever_it_was_cut(tmp_path_factory, length):
    path = tmp_path_factory.getbasetemp() / "cut.zip"
    path.write_bytes(SOUND[:length])
    if length < len(SOUND):
        with pytest.raises(ImportFileError):
            opened(path)


@given(st.lists(st.tuples(st.integers(0, len(SOUND) - 1), st.integers(0, 255)), min_size=1, max_size=4))
def test_an_archive_with_changed_bytes_is_read_or_refused_and_nothing_else_happens(tmp_path_factory, changes):
    content = bytearray(SOUND)
    for position, byte in changes:
        content[position] = byte
    path = Path(tmp_path_factory.getbasetemp() / "changed.zip")
    path.write_bytes(content)
    with contextlib.suppress(ImportFileError):
        opened(path).close()


def tarred(path, entries):
    """A gzipped tar archive of names (or `TarInfo`s) and contents."""
    with tarfile.open(path, "w:gz") as target:
        for name, content in entries:
            entry = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            entry.size = len(content)
            target.addfile(entry, io.BytesIO(content))
    return path


def linked(name, kind, to):
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = kind, to
    return entry


def test_a_gzipped_tar_archive_gives_the_wanted_files_and_names_the_others(tmp_path):
    path = tarred(tmp_path / "backup.mbz", [("users.xml", b"<users/>"), ("course/course.xml", b"<course/>"), ("files/ab/abc", b"x" * 99)])
    with opened(path, names={"users.xml", "course/course.xml"}, tar=True) as folder:
        assert {name: file.read_bytes() for name, file in folder.items()} == {"course/course.xml": b"<course/>", "users.xml": b"<users/>"}
        assert folder.others == ("files/ab/abc",)


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        ([("../users.xml", b"x")], "is not a name within the archive"),
        ([("/etc/passwd", b"x")], "is not a name within the archive"),
        ([(linked("users.xml", tarfile.SYMTYPE, "/etc/passwd"), b"")], "is a link or not an ordinary file"),
        ([(linked("users.xml", tarfile.LNKTYPE, "other.xml"), b"")], "is a link or not an ordinary file"),
        ([("users.xml", b"x"), ("Users.xml", b"y")], "is in it twice"),
        ([(f"{number}.xml", b"x") for number in range(4)], "has more than 3 files"),
        ([("users.xml", bytes(3 * 1024**2))], "unpacks to more than"),
    ],
    ids=["above", "absolute", "symbolic link", "hard link", "twice", "many", "bomb"],
)
def test_a_tar_archive_with_an_unusual_entry_is_refused(tmp_path, monkeypatch, entries, sentence):
    monkeypatch.setattr(tar_archive, "RATIO_FLOOR", 1024**2)
    with pytest.raises(ImportFileError, match=sentence):
        opened(tarred(tmp_path / "backup.mbz", entries), most=3, tar=True)


def test_a_tar_archive_that_is_cut_off_is_refused(tmp_path):
    path = tarred(tmp_path / "backup.mbz", [("users.xml", os.urandom(50_000))])
    for size in (3, 100, 30_000):
        (tmp_path / "cut.mbz").write_bytes(path.read_bytes()[:size])
        with pytest.raises(ImportFileError, match="damaged or cut off"):
            opened(tmp_path / "cut.mbz", tar=True)
