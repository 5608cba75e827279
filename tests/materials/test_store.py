"""The store of materials' files: each once, whole, and only for those who know its name."""

import contextlib
import os
import re
import resource
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from fsspec.registry import _registry

from lmskit.errors import MaterialStoreError, StoredFileError
from lmskit.materials.chosen_store import store_of
from lmskit.materials.object_store import ObjectStore
from lmskit.materials.store import FolderStore, MaterialStore, checksum_of, store_name_of
from lmskit.settings import Settings
from lmskit.whole_file import PART, STALE

CONTENT = b"# Vectors\n\nA vector has a length and a direction.\n"
needs_root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become another account")
STRANGER, OTHER_STRANGER = 65534, 65533


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "materials"
    path.mkdir(mode=0o700)
    return path


@pytest.fixture(params=["folder", "objects"])
def store(request, folder) -> MaterialStore:
    return FolderStore(folder) if request.param == "folder" else ObjectStore(f"memory://{uuid.uuid4()}/materials")


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A folder that all accounts may enter and write into, and only its owner lists; not below pytest's, which others cannot enter."""
    path = Path(tempfile.mkdtemp())
    path.chmod(0o1733)
    yield path
    shutil.rmtree(path)


@contextlib.contextmanager
def as_account(number: int) -> Iterator[None]:
    os.setegid(number)
    os.seteuid(number)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def test_a_file_is_given_back_under_the_name_that_it_got(store):
    stored_as = store.add(CONTENT)
    assert store.has(stored_as)
    assert store.read(stored_as) == CONTENT


def test_a_name_is_not_the_checksum_that_the_database_shows(store):
    store.add(CONTENT)
    assert not store.has(checksum_of(CONTENT))
    with pytest.raises(StoredFileError, match="is not in the store of materials"):
        store.read(checksum_of(CONTENT))


def test_the_same_file_twice_is_one_file(store):
    assert store.add(CONTENT) == store.add(CONTENT)
    assert list(store.names()) == [store_name_of(CONTENT)]


def test_a_file_that_is_there_is_not_written_again(folder):
    path = folder / FolderStore(folder).add(CONTENT)
    before = path.stat()
    FolderStore(folder).add(CONTENT)
    assert path.stat() == before


def test_a_removed_file_is_gone_and_is_not_removed_twice(store):
    stored_as = store.add(CONTENT)
    other = store.add(b"another")
    assert [store.remove(stored_as), store.remove(stored_as)] == [True, False]
    assert list(store.names()) == [other]


@pytest.mark.parametrize("name", ["../settings", "", "a" * 63, "A" * 64, "a" * 64 + "\n", "/etc/passwd"])
def test_what_is_not_a_name_in_a_store_is_refused(store, name):
    for use in (store.read, store.has, store.remove):
        with pytest.raises(StoredFileError, match="64 hexadecimal digits"):
            use(name)


def test_a_damaged_file_is_not_given_out_and_adding_it_again_mends_it(folder):
    store = FolderStore(folder)
    path = folder / store.add(CONTENT)
    path.write_bytes(CONTENT[:-1] + b"?")
    with pytest.raises(StoredFileError, match=r"it is damaged, or was replaced\. Add the material again"):
        store.read(path.name)
    store.add(CONTENT)
    assert store.read(path.name) == CONTENT


@pytest.mark.skipif(os.name == "nt", reason="links and pipes of POSIX")
def test_a_link_or_a_pipe_in_the_folder_is_not_read(folder, tmp_path):
    (tmp_path / "secret").write_bytes(CONTENT)
    (folder / store_name_of(CONTENT)).symlink_to(tmp_path / "secret")
    os.mkfifo(folder / store_name_of(b"pipe"))
    for content in (CONTENT, b"pipe"):
        with pytest.raises(StoredFileError, match="is not what was stored there"):
            FolderStore(folder).read(store_name_of(content))


def test_only_the_account_itself_reads_the_files_of_its_folder(folder):
    assert stat.S_IMODE((folder / FolderStore(folder).add(CONTENT)).stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o755, 0o744, 0o750])
def test_a_folder_that_others_can_list_is_refused(folder, mode):
    folder.chmod(mode)
    with pytest.raises(MaterialStoreError, match=re.escape(f"Other accounts can list the files in the store of materials, {folder}")):
        FolderStore(folder).add(CONTENT)
    folder.chmod(mode & ~0o044)  # what the message says
    FolderStore(folder).add(CONTENT)


@needs_root
def test_accounts_share_a_folder_that_they_cannot_list(shared_folder):
    store = FolderStore(shared_folder)
    with as_account(STRANGER):
        stored_as = store.add(CONTENT)
    with as_account(OTHER_STRANGER):
        assert store.read(stored_as) == CONTENT
        assert store.add(CONTENT) == stored_as
        with pytest.raises(MaterialStoreError, match="cannot be listed by this account"):
            list(store.names())
        assert not store.remove(stored_as), "it belongs to another account"
    assert list(store.names()) == [stored_as]
    with as_account(STRANGER):
        assert store.remove(stored_as)


@needs_root
def test_an_account_that_may_not_write_gets_a_sentence(shared_folder):
    shared_folder.chmod(0o711)
    with as_account(STRANGER), pytest.raises(MaterialStoreError, match="cannot be used by this account: Permission denied"):
        FolderStore(shared_folder).add(CONTENT)


@needs_root
def test_an_account_cannot_put_another_file_under_a_name(shared_folder):
    store = FolderStore(shared_folder)
    with as_account(STRANGER):
        (shared_folder / store_name_of(CONTENT)).write_bytes(b"another text")
    with pytest.raises(StoredFileError, match="was replaced"):
        store.read(store_name_of(CONTENT))


def test_a_folder_that_a_person_named_is_not_made(tmp_path):
    missing = tmp_path / "not mounted"
    with pytest.raises(MaterialStoreError, match=re.escape(f"{missing}, does not exist. Is its disk or file server connected?")):
        FolderStore(missing).add(CONTENT)
    assert not missing.exists()


def test_a_file_is_not_a_folder(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(MaterialStoreError, match="is not a folder"):
        FolderStore(tmp_path / "file").add(CONTENT)


def test_the_default_folder_is_made_for_this_account_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("LMSKIT_HOME", str(tmp_path / "home"))
    store_of(Settings()).add(CONTENT)
    assert stat.S_IMODE((tmp_path / "home" / "materials").stat().st_mode) == 0o700


def test_a_full_disk_leaves_no_file(folder):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(MaterialStoreError, match=r"cannot be written into the store of materials.*Free some space there"):
            FolderStore(folder).add(b"x" * 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not list(folder.iterdir())


WRITER = """
import os, sys
from pathlib import Path
from lmskit.materials.store import FolderStore
store = FolderStore(Path(sys.argv[1]))
print("ready", flush=True)
while True:
    store.add(os.urandom(500_000))
"""


@pytest.mark.skipif(os.name == "nt", reason="kill -9")
def test_a_process_that_is_killed_leaves_whole_files(folder):
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE)
    assert writer.stdout is not None
    writer.stdout.readline()
    while len(list(folder.iterdir())) < 5:
        assert writer.poll() is None
    writer.send_signal(signal.SIGKILL)
    writer.communicate()
    left = folder / f".left-behind{PART}"
    left.touch()
    os.utime(left, (0, left.stat().st_mtime - 2 * STALE))
    store = FolderStore(folder)
    names = list(store.names())
    assert len([store.read(name) for name in names]) >= 3
    assert not left.exists()


def test_only_known_kinds_of_stores_are_used():
    with pytest.raises(MaterialStoreError, match=r"kind that lmskit does not use, ftp://. Set it to a folder, or to s3://BUCKET"):
        ObjectStore("ftp://example.org/materials")


@pytest.mark.parametrize("address", ["s3://", "s3:///part"])
def test_a_store_without_a_bucket_is_refused(address):
    with pytest.raises(MaterialStoreError, match=re.escape(f"names no bucket: {address}. Set it to s3://BUCKET, or s3://BUCKET/PART.")):
        ObjectStore(address)


def test_a_package_that_is_missing_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "s3fs", None)
    monkeypatch.delitem(_registry, "s3", raising=False)  # if another test has used it
    with pytest.raises(MaterialStoreError, match=re.escape("pip install 'lmskit[s3]'")):
        ObjectStore("s3://bucket/materials")


@pytest.mark.parametrize(("address", "shown"), [("s3://bucket/part", "s3://bucket/part"), ("~/materials", str(Path.home() / "materials"))])
def test_the_setting_is_a_folder_or_an_address(address, shown, monkeypatch):
    monkeypatch.setenv("LMSKIT_MATERIAL_STORE", address)
    assert Settings().material_store == shown
