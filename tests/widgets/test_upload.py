import gc
import stat

import pytest

from lmskit.widgets import Upload


@pytest.fixture
def received():
    return []


@pytest.fixture
def upload(received):
    return Upload(on_file=lambda path: received.append(path.read_bytes()), most=10)


def test_a_file_is_complete_with_its_last_piece(upload, received):
    upload.receive({"begin": "roster.csv", "size": 6}, [])
    upload.receive({"piece": 0}, [memoryview(b"abc")])
    assert (upload.path, received) == (None, [])
    upload.receive({"piece": 3}, [memoryview(b"def")])
    assert received == [b"abcdef"]
    assert upload.path.name == "roster.csv"


def test_an_empty_file_is_a_file(upload, received):
    upload.receive({"begin": "roster.csv", "size": 0}, [])
    assert received == [b""]


def test_a_piece_that_was_not_asked_for_is_ignored(upload, received):
    upload.receive({"piece": 0}, [b"abc"])
    upload.receive({"begin": "roster.csv", "size": 6}, [])
    upload.receive({"piece": 3}, [b"def"])
    upload.receive({"piece": 0}, [])
    upload.receive("piece", [b"abc"])
    assert (upload.path, received) == (None, [])


def test_a_file_longer_than_announced_is_refused(upload, received):
    upload.receive({"begin": "roster.csv", "size": 2}, [])
    upload.receive({"piece": 0}, [b"abc"])
    assert (upload.refusal, received) == ("The file changed during the upload. Choose it again.", [])
    assert list(upload._folder.iterdir()) == []


def test_a_file_that_is_too_large_is_refused_before_it_is_sent(upload):
    upload.receive({"begin": "roster.csv", "size": 11}, [])
    assert "enter its path" in upload.refusal
    assert list(upload._folder.iterdir()) == []


def test_a_name_with_a_path_stays_within_the_folder(upload):
    upload.receive({"begin": "../../etc/passwd", "size": 0}, [])
    assert upload.path.parent == upload._folder


def test_only_the_owner_can_read_the_file_and_the_next_file_or_the_end_of_the_widget_deletes_it(upload):
    upload.receive({"begin": "first.csv", "size": 0}, [])
    folder = upload._folder
    assert stat.S_IMODE(folder.stat().st_mode) & 0o077 == 0
    upload.receive({"begin": "second.csv", "size": 0}, [])
    assert [path.name for path in folder.iterdir()] == ["second.csv"]
    upload._cleaning()
    gc.collect()
    assert not folder.exists()


def test_several_files_are_kept_together_also_of_one_name_and_a_refused_one_is_left_out():
    ended = []
    several = Upload(most=10, most_files=3, on_end=lambda: ended.append([path.read_bytes() for path in several.files]))
    for number, (name, content) in enumerate([("a.md", b"1"), ("a.md", b"2"), ("big.md", bytes(11)), ("c.md", b"3"), ("d.md", b"4")]):
        several.receive({"begin": name, "size": len(content), "first": number == 0}, [])
        several.receive({"piece": 0}, [content])
    several.receive({"end": True}, [])
    assert ended == [[b"1", b"2", b"3"]]
    assert [name for name, _ in several.refusals] == ["big.md", "d.md"]
    assert "At most 3 files" in several.refusals[1][1]
    several.receive({"begin": "next.md", "size": 0, "first": True}, [])
    assert [path.name for path in several.files] == ["next.md"]
    assert [path.name for path in several._folder.rglob("*.md")] == ["next.md"]


def test_a_file_of_several_that_is_longer_than_announced_is_dropped_alone():
    several = Upload(most_files=3)
    several.receive({"begin": "a.md", "size": 1}, [])
    several.receive({"piece": 0}, [b"1"])
    several.receive({"begin": "b.md", "size": 1, "first": False}, [])
    several.receive({"piece": 0}, [b"22"])
    assert [path.read_bytes() for path in several.files] == [b"1"]
    assert several.refusals == [("b.md", "The file changed during the upload. Choose it again.")]
