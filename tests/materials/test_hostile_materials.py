"""Files made to break, mislead or take over who reads them: a located refusal or the right text; nothing is run and nothing fetched."""

import re
import socket

import pytest

from lmskit.errors import MaterialFileError
from lmskit.limits import LONGEST_PROSE, LONGEST_TITLE
from lmskit.materials.reading import MaterialReader
from tests.materials.hostile_files import HostileFile, hostile_files

FILES = list(hostile_files("127.0.0.1:1"))


@pytest.fixture(scope="module")
def listener():
    """Where the files want to connect to."""
    with socket.create_server(("127.0.0.1", 0)) as opened:
        yield opened


@pytest.fixture(scope="module")
def files(listener):
    """The files by id, with the listener's address."""
    return {file.id: file for file in hostile_files("{}:{}".format(*listener.getsockname()))}


def cases(*, slow: bool):
    return pytest.mark.parametrize("which", [file.id for file in FILES if file.is_slow is slow])


def check(reader: MaterialReader, file: HostileFile) -> None:
    try:
        material = reader.read(file.make(), name=file.name)
    except MaterialFileError as error:
        message = str(error)
        assert file.refused, message
        assert re.search(file.refused, message), message
        assert file.never not in message
        return
    assert file.refused is None, material.passages[:1]
    read = "\n".join(passage.body for passage in material.passages)
    assert (file.text or "") in read
    assert file.never not in read + material.title
    assert file.finding is None or any(file.finding in finding for finding in material.findings), material.findings
    assert 0 < len(material.title) <= LONGEST_TITLE
    assert all(0 < len(passage.body) <= LONGEST_PROSE and "\0" not in passage.body for passage in material.passages)


def test_there_are_enough_of_them():
    assert len({file.id for file in FILES}) == len(FILES) >= 50


@cases(slow=False)
def test_it_is_refused_in_words_or_read_rightly(reader, files, which):
    check(reader, files[which])


@pytest.mark.long
@cases(slow=True)
def test_what_takes_long_ends_at_a_limit(reader, files, which):
    check(reader, files[which])


def test_nothing_was_fetched(listener):
    listener.settimeout(0.05)
    with pytest.raises(TimeoutError):
        listener.accept()
