"""Real course materials imported whole, twice: every file is accounted for, and the second time nothing is changed."""

import contextlib
from collections import Counter

import pytest

from lmskit.materials.folder import files_of
from lmskit.materials.store import FolderStore
from lmskit.queries.material import materials_of_course
from lmskit.services.material_folder import add_files, counts_of
from tests import factories
from tests.real_data import REAL_DATA

FOLDER = REAL_DATA / "materials"
pytestmark = [pytest.mark.long, pytest.mark.skipif(not FOLDER.is_dir(), reason=f"{FOLDER} is not on this machine")]


def test_all_of_them_are_imported_and_a_second_time_changes_nothing(session, tmp_path):
    @contextlib.contextmanager
    def opener():
        yield session

    (tmp_path / "store").mkdir(mode=0o700)
    store, course = FolderStore(tmp_path / "store"), factories.course(session, weeks=12)
    files = files_of(FOLDER)
    first = list(add_files(opener, store, course.code, files))
    assert counts_of(first) == "65 files: 63 added, 0 changed, 0 unchanged, 2 skipped, 0 refused"
    table = materials_of_course(session, course.code, limit=1000)
    assert Counter(table["kind"]) == {"page": 40, "markdown": 12, "pdf": 6, "video": 5}
    assert table.loc[table["kind"] == "pdf", "length"].sum() == 17  # pages
    assert table.loc[table["kind"] == "video", "length"].sum() // 60 == 59  # minutes
    names, n_passages = list(store.names()), int(table["n_passages"].sum())
    assert len(names) == len(table)
    assert n_passages == sum(result.n_passages for result in first)
    second = list(add_files(opener, store, course.code, files))
    assert counts_of(second) == "65 files: 0 added, 0 changed, 63 unchanged, 2 skipped, 0 refused"
    assert list(store.names()) == names
    assert materials_of_course(session, course.code, limit=1000).equals(table)
    assert n_passages == 406
