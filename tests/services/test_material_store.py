"""The store of materials is swept, and compared with the database."""

from pathlib import Path

import pytest
from sqlalchemy import delete, func, select

from lmskit.db import transaction
from lmskit.materials.store import FolderStore, store_name_of
from lmskit.models import Material, MaterialFile
from lmskit.queries.material_file import sees_all_files, unneeded_files
from lmskit.services import material_store
from lmskit.services.material_store import SweptStore, store_findings, sweep_all
from tests import factories

CONTENTS = [f"file {number}".encode() for number in range(3)]
NAMES = [store_name_of(content) for content in CONTENTS]
LEFT = b"left by a crash"


@pytest.fixture
def store(tmp_path):
    return FolderStore(tmp_path / "store", make=True)


@pytest.fixture
def materials(session, store):
    """The numbers of three materials with a file each, the only ones."""
    session.execute(delete(Material))
    session.execute(delete(MaterialFile))
    course = factories.course(session)
    numbers = []
    for content in CONTENTS:
        session.execute(select(func.lms.keep_material_file(store.add(content))))
        made = factories.material(session, course, week_number=None, checksum="0" * 64, stored_as=store_name_of(content))
        numbers.append(made.id)
    return numbers


class UnlistedStore(FolderStore):
    """A folder as an account has it that may not list it."""

    def names(self):
        return FolderStore(Path("/nowhere")).names()


def found(begin, store):
    return {finding.name: finding for finding in store_findings(begin, store)}


def test_a_sweep_removes_files_without_a_row_and_rows_without_a_file(session, begin, store, materials):
    store.add(LEFT)
    session.execute(select(func.lms.keep_material_file("f" * 64)))
    assert sweep_all(begin, store) == SweptStore(looked_at=4, files=1, rows=1)
    assert sorted(store.names()) == sorted(NAMES)
    assert sorted(session.scalars(select(MaterialFile.stored_as))) == sorted(NAMES)
    assert sweep_all(begin, store) == SweptStore(looked_at=3, files=0, rows=0)


def test_a_file_that_a_material_needs_is_not_forgotten_where_it_is_missing(session, begin, store, materials):
    store.remove(NAMES[0])
    assert sweep_all(begin, store) == SweptStore(looked_at=2, files=0, rows=0)
    assert sorted(session.scalars(select(MaterialFile.stored_as))) == sorted(NAMES)


def test_a_lecturer_forgets_no_file(lecturer_engine):
    with transaction(lecturer_engine) as session:
        assert not sees_all_files(session)
        assert unneeded_files(session) == []


def test_a_store_that_has_everything_is_well(begin, store, materials):
    findings = found(begin, store)
    assert [finding.is_well for finding in findings.values()] == [True, True]
    assert findings["store of materials"].sentence == f"This account can write to {store.address}."
    assert findings["files of materials"].sentence == "All 3 files of materials are in the store."
    assert sorted(store.names()) == sorted(NAMES), "the file that was written to try is gone"


def test_missing_files_and_files_without_a_material_are_counted(begin, store, materials):
    for name in NAMES[:2]:
        store.remove(name)
    store.add(LEFT)
    findings = found(begin, store)
    missing = findings["files of materials"]
    assert not missing.is_well
    assert missing.sentence.startswith(
        "2 of 3 files of materials that were looked for are not in the store, such as those of the materials "
        f"{materials[0]}, {materials[1]}."
    )
    assert findings["store of materials, swept"].is_note
    assert findings["store of materials, swept"].sentence.startswith("1 file in the store belongs to no material")


def test_where_the_store_cannot_be_listed_some_files_are_looked_for(begin, tmp_path, store, materials, monkeypatch):
    monkeypatch.setattr(material_store, "_LOOKED_AT", 2)
    unlisted = UnlistedStore(tmp_path / "store")
    assert found(begin, unlisted)["files of materials"].sentence == "2 of 3 files of materials, chosen at random, are in the store."
    assert found(begin, unlisted)["store of materials, unlisted"].is_note
    for name in NAMES:
        store.remove(name)
    assert found(begin, unlisted)["files of materials"].sentence.startswith("2 of 2 files of materials that were looked for are not")


def test_what_is_added_or_removed_while_the_store_is_listed_is_not_missing(session, begin, store, materials):
    class Changing(FolderStore):
        def names(self):
            names = [name for name in super().names() if name != NAMES[0]]  # one was added a moment later
            self.remove(NAMES[1])
            return [name for name in names if name != NAMES[1]]

        def has(self, name):
            session.execute(delete(Material).where(Material.stored_as == NAMES[1]))
            return super().has(name)

    changing = Changing(store._folder)
    assert found(begin, changing)["files of materials"].is_well


def test_a_store_that_cannot_be_used_is_wrong(begin, tmp_path):
    assert [(finding.name, finding.is_well) for finding in store_findings(begin, FolderStore(tmp_path / "none"))] == [
        ("store of materials", False)
    ]
