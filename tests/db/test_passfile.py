"""A passfile that cannot be read is reported in a sentence: what it is, where, and what to do."""

import os
import stat

import pytest

from lmskit.cli.doctor import passfile
from lmskit.db.passfile import keep_password, read_entries
from lmskit.errors import DatabaseError


@pytest.fixture(params=["bytes", "folder", "loop", "pipe"])
def unreadable(request, tmp_path):
    """A path and what its sentence says."""
    path = tmp_path / "pgpass"
    if request.param == "bytes":
        path.write_bytes(b"localhost:5432:lmskit:u_1:caf\xe9\n")
        path.chmod(stat.S_IRUSR | stat.S_IWUSR)
        return path, "are not text in UTF-8"
    if request.param == "folder":
        path.mkdir(mode=0o700)
        return path, "cannot be read: Is a directory"
    if request.param == "pipe":
        os.mkfifo(path, 0o600)
        return path, "cannot be read: Not a file"
    path.symlink_to(path)
    return path, "cannot be read: Too many levels of symbolic links"


@pytest.mark.skipif(os.name == "nt", reason="the system's words are those of POSIX")
def test_a_passfile_that_cannot_be_read_is_a_sentence_for_readers_and_writers(unreadable):
    path, sentence = unreadable
    for use in (lambda: read_entries(path), lambda: keep_password(path, host="h", port=5432, database="lmskit", user="u", password="p")):
        with pytest.raises(DatabaseError, match=sentence) as refused:
            use()
        assert str(path) in str(refused.value)
        assert "lmskit passwd EMAIL" in str(refused.value)


def test_the_doctor_says_so_too(tmp_path):
    path = tmp_path / "pgpass"
    path.write_bytes(b"\xff")
    path.chmod(stat.S_IRUSR | stat.S_IWUSR)
    assert not passfile(path).is_well
    assert "are not text in UTF-8" in passfile(path).sentence
