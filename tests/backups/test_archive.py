"""A backup that was changed, cut off, or is of another version is refused, each with its own sentence; nothing of it is restored."""

import json
import os
import shutil
import zipfile
from io import BytesIO
from pathlib import Path

import pyrage
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmskit.backups.archive import BackupArchive, new_archive
from lmskit.backups.encryption import decrypt, encrypted, require_recipients
from lmskit.backups.manifest import DUMP, LOGINS, MANIFEST, BackupManifest
from lmskit.backups.repository import FolderRepository
from lmskit.backups.restoration import read_backed_up_logins
from lmskit.backups.verification import verify_backup
from lmskit.errors import BackupError, BackupRefusedError
from tests.backups.conftest import CONTENT

CHANGED = "was changed since it was written"
CUT_OFF = "ends too early"


def rewritten(archive: BackupArchive, target: Path, *, without: str | None = None, **changes: object) -> Path:
    """A backup with another manifest, or without a part, and a seal that fits: as another program, or another lmskit, would write it."""
    manifest = json.loads(archive.manifest.model_dump_json()) | changes
    if without is not None:
        del manifest["parts"][without]
    with target.open("wb") as file, new_archive(file) as writer:
        for name in archive.manifest.parts:
            if name != without:
                writer.add(name, archive.read(name))
        writer.add(MANIFEST, json.dumps(manifest).encode())
    return target


def test_it_is_a_zip_file_that_any_program_reads_and_only_its_owner(saved, made, archive):
    path = saved.folder / made.name
    assert path.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(path) as file:
        assert file.testzip() is None
        assert {DUMP, LOGINS, MANIFEST} <= set(file.namelist())
        assert file.read(DUMP).startswith(b"PGDMP")
    assert [archive.read(f"materials/{name}") for name in archive.material_names] == [CONTENT]


@given(st.data())
def test_one_flipped_bit_anywhere_is_refused(saved, made, data):
    content = bytearray((saved.folder / made.name).read_bytes())
    position = data.draw(st.integers(0, len(content) - 1) | st.sampled_from([0, 3, len(content) - 70, len(content) - 1]))
    content[position] ^= 1 << data.draw(st.integers(0, 7))
    damaged = saved.folder.parent / "flipped"
    damaged.write_bytes(content)
    with pytest.raises(BackupRefusedError, match=f"{CHANGED}|{CUT_OFF}|its beginning is damaged"):
        BackupArchive(damaged, "flipped")


@given(st.data())
def test_one_that_was_cut_off_or_continued_is_refused(saved, made, data):
    content = (saved.folder / made.name).read_bytes()
    damaged = saved.folder.parent / "cut"
    damaged.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    with pytest.raises(BackupRefusedError, match=CUT_OFF):
        BackupArchive(damaged, "cut")
    damaged.write_bytes(content + b"\0")
    with pytest.raises(BackupRefusedError, match=CUT_OFF):
        BackupArchive(damaged, "cut")


REFUSED: dict[str, tuple[str, dict[str, object]]] = {
    "flipped": (CHANGED, {}),
    "cut": (CUT_OFF, {}),
    "form": ("is of form 2, and this lmskit reads form 1: another version of lmskit made it", {"format": 2}),
    "server": ("is of PostgreSQL 19.1: another version", {"server": 190001, "dumped_by": "19.1"}),
    "dump": ("its manifest says 15: another version", {"server": 150004, "dumped_by": "15.4"}),
    "revision": ("is of revision 9999, made by lmskit 9.9: another version", {"revision": "9999", "lmskit": "9.9"}),
    "parts": ("does not have the parts that its manifest names", {"parts": {}}),
    "roles": ("has no logins: nobody could sign in", {}),
}


@pytest.fixture(params=[pytest.param(kind, marks=pytest.mark.long if kind == "dump" else ()) for kind in REFUSED])
def refused(request, saved, made, archive, tmp_path) -> tuple[str, str]:
    """A backup that is wrong in one way, and what is said about it."""
    sentence, changes = REFUSED[request.param]
    path = tmp_path / "lmskit.zip"
    if request.param in {"flipped", "cut"}:
        content = bytearray((saved.folder / made.name).read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content if request.param == "flipped" else content[: len(content) // 2])
    elif request.param == "parts":
        rewritten(archive, path, parts={LOGINS: json.loads(archive.manifest.parts[LOGINS].model_dump_json())})
    else:
        rewritten(archive, path, without=LOGINS if request.param == "roles" else None, **changes)
    return path.name, sentence


def test_verify_refuses_it_with_a_sentence_of_its_own(refused, own_settings, tmp_path):
    name, sentence = refused
    with pytest.raises(BackupRefusedError, match=sentence):
        verify_backup(FolderRepository(tmp_path), name, settings=own_settings)
    assert [file.name for file in tmp_path.iterdir()] == [name], "no record says that it was verified"
    assert sorted(path.name for path in own_settings.home.iterdir() if path.is_dir()) == []


def test_logins_of_nobody_or_with_more_than_a_login_are_refused(archive, tmp_path):
    path, manifest = tmp_path / "lmskit.zip", archive.manifest
    for content, sentence in (
        (b'{"roles": [], "memberships": []}', "has no logins"),
        (b'{"roles": [{"name": "a", "login": true, "connection_limit": -1, "superuser": true}], "memberships": []}', "roles.0.superuser"),
        (b'{"roles": [{"name": "a", "login": true, "connection_limit": -1, "verifier": "plain"}], "memberships": []}', "roles.0.verifier"),
    ):
        with path.open("wb") as file, new_archive(file) as writer:
            writer.add(DUMP, archive.read(DUMP))
            writer.add(LOGINS, content)
            writer.finish(BackupManifest.model_validate(manifest.model_dump() | {"parts": writer.parts}))
        with pytest.raises(BackupRefusedError, match=sentence):
            read_backed_up_logins(BackupArchive(path, "forged"))


def test_a_path_out_of_the_backup_is_not_a_part(archive, tmp_path):
    path = tmp_path / "lmskit.zip"
    with path.open("wb") as file, new_archive(file) as writer:
        for name in (DUMP, LOGINS, "materials/../../../etc/cron.d/evil"):
            writer.add(name, b"x")
        writer.finish(BackupManifest.model_validate(archive.manifest.model_dump() | {"parts": writer.parts}))
    with pytest.raises(BackupRefusedError, match="does not have the parts"):
        BackupArchive(path, "forged")


# Encrypted -------------------------------------------------------------------------------------------------------


@pytest.fixture
def keys(tmp_path):
    """A key of age: the public part, and the file with the private one."""
    identity = pyrage.x25519.Identity.generate()
    (file := tmp_path / "key").write_text(f"# made for a test\n{identity}\n")
    return str(identity.to_public()), file


def test_an_encrypted_one_opens_with_the_key_alone(saved, keys, own_settings, tmp_path):
    public, private = keys
    made = saved.backup(tmp_path, recipients=[public])
    path = tmp_path / made.name
    assert made.name.endswith(".lmskit.zip.age")
    assert path.stat().st_mode & 0o777 == 0o600
    assert b"PGDMP" not in path.read_bytes()
    with (target := BytesIO()):
        decrypt(path, target, private, name=made.name)
        (plain := tmp_path / "plain").write_bytes(target.getvalue())
    assert BackupArchive(plain, "plain").manifest == made.manifest
    with pytest.raises(BackupError, match=r"is encrypted\. Set LMSKIT_BACKUP_IDENTITY_FILE"):
        verify_backup(FolderRepository(tmp_path), made.name, settings=own_settings)
    private.write_text(f"{pyrage.x25519.Identity.generate()}\n")
    with pytest.raises(BackupError, match="is encrypted for other keys"):
        decrypt(path, BytesIO(), private, name=made.name)
    private.write_text("no key\n")
    with pytest.raises(BackupError, match="has no private key of age"):
        decrypt(path, BytesIO(), private, name=made.name)
    with pytest.raises(BackupError, match="is not a public key of age"):
        require_recipients(["age1nonsense"])


def test_an_encrypted_one_that_was_changed_or_cut_off_is_refused(keys, tmp_path):
    public, private = keys
    path, damaged = tmp_path / "whole.age", tmp_path / "damaged.age"
    with path.open("wb") as file, encrypted(file, require_recipients([public])) as plain:
        plain.write(os.urandom(200_000))
    content = path.read_bytes()
    changed = bytearray(content)
    changed[150_000] ^= 1
    for wrong in (changed, content[:100_000], content[:-1]):
        damaged.write_bytes(wrong)
        with pytest.raises(BackupRefusedError, match="cannot be decrypted: it was changed or cut off"):
            decrypt(damaged, BytesIO(), private, name="damaged")
    shutil.copy(path, damaged)
    decrypt(damaged, (whole := BytesIO()), private, name="whole")
    assert len(whole.getvalue()) == 200_000
