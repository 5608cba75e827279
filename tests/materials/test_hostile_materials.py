"""Files made to break, mislead or take over who reads them: a located refusal or the right text; nothing is run and nothing fetched."""

import re
import socket

import pytest

from lmskit.errors import MaterialFileError
from lmskit.limits import LONGEST_PROSE, LONGEST_TITLE
from lmskit.materials.reading import MaterialReader
from tests.materials.hostile_files import HostileFile, hostile_files

LISTENER = socket.create_server(("127.0.0.1", 0))
"""Where the files want to connect to."""
ADDRESS = "{}:{}".format(*LISTENER.getsockname())
FILES = list(hostile_files(ADDRESS))


def cases(*, slow: bool):
    return pytest.mark.parametrize("file", [file for file in FILES if file.is_slow is slow], ids=lambda file: file.id)


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
    assert len(FILES) >= 50


@cases(slow=False)
def test_it_is_refused_in_words_or_read_rightly(reader, file):
    check(reader, file)


@pytest.mark.long
@cases(slow=True)
def test_what_takes_long_ends_at_a_limit(reader, file):
    check(reader, file)


def test_nothing_was_fetched():
    with LISTENER:
        LISTENER.settimeout(0.05)
        with pytest.raises(TimeoutError):
            LISTENER.accept()
