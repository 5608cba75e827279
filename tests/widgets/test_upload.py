import gc
import stat

import pytest

from lmskit.widgets import Upload


@pytest.fixture
def brought():
    return []


@pytest.fixture
def upload(brought):
    return Upload(on_file=lambda path: brought.append(path.read_bytes()), most=10)


def test_a_file_is_there_once_its_last_piece_is(upload, brought):
    upload.receive({"begin": "roster.csv", "size": 6}, [])
    upload.receive({"piece": 0}, [memoryview(b"abc")])
    assert (upload.path, brought) == (None, [])
    upload.receive({"piece": 3}, [memoryview(b"def")])
    assert brought == [b"abcdef"]
    assert upload.path.name == "roster.csv"


def test_an_empty_file_is_a_file(upload, brought):
    upload.receive({"begin": "roster.csv", "size": 0}, [])
    assert brought == [b""]


def test_a_piece_that_was_not_asked_for_is_not_taken(upload, brought):
    upload.receive({"piece": 0}, [b"abc"])
    upload.receive({"begin": "roster.csv", "size": 6}, [])
    upload.receive({"piece": 3}, [b"def"])
    upload.receive({"piece": 0}, [])
    upload.receive("piece", [b"abc"])
    assert (upload.path, brought) == (None, [])


def test_a_file_is_never_longer_than_it_was_said_to_be(upload, brought):
    upload.receive({"begin": "roster.csv", "size": 2}, [])
    upload.receive({"piece": 0}, [b"abc"])
    assert (upload.refusal, brought) == ("The file changed while it was brought here. Choose it again.", [])
    assert list(upload._folder.iterdir()) == []


def test_a_file_that_is_too_large_is_refused_before_it_is_sent(upload):
    upload.receive({"begin": "roster.csv", "size": 11}, [])
    assert "name its path" in upload.refusal
    assert list(upload._folder.iterdir()) == []


def test_a_name_from_elsewhere_stays_within_the_folder(upload):
    upload.receive({"begin": "../../etc/passwd", "size": 0}, [])
    assert upload.path.parent == upload._folder


def test_only_the_owner_sees_the_file_and_it_goes_with_the_next_one_and_with_the_widget(upload):
    upload.receive({"begin": "one.csv", "size": 0}, [])
    folder = upload._folder
    assert stat.S_IMODE(folder.stat().st_mode) & 0o077 == 0
    upload.receive({"begin": "two.csv", "size": 0}, [])
    assert [path.name for path in folder.iterdir()] == ["two.csv"]
    upload._cleaning()
    gc.collect()
    assert not folder.exists()
