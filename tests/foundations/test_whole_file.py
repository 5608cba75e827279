"""Files that are written whole or not at all."""

import os
import signal
import stat
import subprocess
import sys
import textwrap
import time

import pytest

from lmskit.whole_file import PART, remove_stale_parts, whole_file, whole_text_file, write_whole


def test_a_file_is_replaced_by_its_new_content(tmp_path):
    path = tmp_path / "page.html"
    write_whole(path, "old")
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("open_file", [whole_file, whole_text_file])
def test_a_block_that_raises_leaves_the_old_file_and_no_part(tmp_path, open_file):
    path = tmp_path / "page.html"
    write_whole(path, "old")

    def stop_half_way():
        with open_file(path) as file:
            file.write(b"half" if open_file is whole_file else "half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        stop_half_way()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_leaves_the_old_file_and_no_part(tmp_path, monkeypatch):
    path = tmp_path / "page.html"
    write_whole(path, "old")

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_text_is_encoded_and_its_line_ends_are_kept(tmp_path):
    path = tmp_path / "report.csv"
    with whole_text_file(path, encoding="utf-8-sig") as file:
        file.write("name\r\nGrüße\n")
    assert path.read_bytes() == b"\xef\xbb\xbfname\r\nGr\xc3\xbc\xc3\x9fe\n"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_only_its_writer_can_read_a_file_unless_it_is_opened_to_others(tmp_path):
    write_whole(tmp_path / "private", b"")
    write_whole(tmp_path / "shared", b"", before_rename=lambda part: part.chmod(0o640))
    assert stat.S_IMODE((tmp_path / "private").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "shared").stat().st_mode) == 0o640


def test_a_killed_writer_leaves_the_old_file_or_the_new_one(tmp_path):
    path = tmp_path / "report.html"
    program = textwrap.dedent(f"""
        from pathlib import Path
        from lmskit.whole_file import write_whole
        path = Path({str(path)!r})
        write_whole(path, b"0" * 3_000_000)
        print("ready", flush=True)
        while True:
            for digit in b"123456789":
                write_whole(path, bytes([digit]) * 3_000_000)
    """)
    for pause in (0.01, 0.05, 0.09):
        with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            time.sleep(pause)
            writer.send_signal(signal.SIGKILL)
        content = path.read_bytes()
        assert len(content) == 3_000_000
        assert len(set(content)) == 1


def test_parts_that_were_left_behind_are_removed_once_they_are_old(tmp_path):
    old, new, other = tmp_path / f".a.x{PART}", tmp_path / f".b.x{PART}", tmp_path / "c.html"
    for path in (old, new, other):
        path.touch()
    yesterday = time.time() - 86_400
    for path in (old, other):
        os.utime(path, (yesterday, yesterday))
    remove_stale_parts(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted([new, other])


@pytest.mark.skipif(os.name == "nt", reason="Windows itself keeps an open file from being removed")
def test_a_file_that_is_being_written_is_not_removed_when_the_clock_jumps(tmp_path):
    yesterday = time.time() - 86_400
    with whole_file(tmp_path / "report.html") as file:
        file.write(b"first half, ")
        file.flush()
        (part,) = tmp_path.iterdir()
        os.utime(part, (yesterday, yesterday))
        remover = (
            "import sys; from pathlib import Path; from lmskit.whole_file import remove_stale_parts; remove_stale_parts(Path(sys.argv[1]))"
        )
        subprocess.run([sys.executable, "-c", remover, str(tmp_path)], check=True)
        file.write(b"second half")
    assert (tmp_path / "report.html").read_bytes() == b"first half, second half"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit of the size of files")
def test_a_write_that_fails_names_its_file_and_leaves_the_old_one(tmp_path):
    path = tmp_path / "page.html"
    path.write_text("old", encoding="utf-8")
    program = (
        "import resource, sys; from pathlib import Path; from lmskit.cli.messages import message_for\n"
        "from lmskit.whole_file import write_whole\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"  # as a full disk does, it lets a write fail half-way
        f"try:\n    write_whole(Path({str(path)!r}), 'x' * 5000)\nexcept OSError as error:\n    sys.exit(message_for(error))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stderr == f"{path} cannot be written: File too large. Free some space there, or choose another folder, then try again.\n"
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_file_replaces_none_that_was_made_meanwhile(tmp_path):
    path = tmp_path / "export.csv"

    def replace_one_made_meanwhile():
        with whole_file(path, is_new=True) as file:
            file.write(b"ours")
            path.write_bytes(b"another's")

    with pytest.raises(FileExistsError):
        replace_one_made_meanwhile()
    assert [(found.name, found.read_bytes()) for found in tmp_path.iterdir()] == [("export.csv", b"another's")]
    path.unlink()
    with whole_file(path, is_new=True) as file:
        file.write(b"ours")
    assert [(found.name, found.read_bytes()) for found in tmp_path.iterdir()] == [("export.csv", b"ours")]
