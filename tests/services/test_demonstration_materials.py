"""The demonstration has materials of its own, and leaves weak topics without any."""

import contextlib

import pytest

from lmskit.materials.store import FolderStore
from lmskit.queries.material import materials_of_course
from lmskit.services.demonstration import build
from lmskit.services.demonstration_materials import add_demonstration_materials
from tests import factories
from tests.services.test_demonstration import seed_lecturers

GAPS = {"PROG": {3, 11}, "STAT": {6, 7}, "LINA": {11}}
"""Weeks in which the simulated classes are weakest, left without a material."""


@pytest.fixture
def store(tmp_path):
    (tmp_path / "store").mkdir(mode=0o700)
    return FolderStore(tmp_path / "store")


@pytest.mark.long
def test_each_course_gets_them_once_and_weak_topics_stay_without(session, store):
    @contextlib.contextmanager
    def opener():
        yield session

    seed_lecturers(session)
    codes = build(session, students=5).courses_of_current_term
    made = {code.split("-")[1]: code for code in codes}
    assert add_demonstration_materials(opener, store, codes) == 14
    assert add_demonstration_materials(opener, store, codes) == 0
    listed = {module: materials_of_course(session, code) for module, code in made.items()}
    for module, weak in GAPS.items():
        table = listed[module]
        assert not weak & set(table["week_number"])
        assert set(table["origin"]) == {"simulation"}
        assert (table["n_passages"] > 0).all()
        assert table["findings"].map(len).sum() == 0
    programming = listed["PROG"]
    assert set(programming["week_number"]) == {1, 2, 4, 5, 6, 8, 10}
    assert set(programming["kind"]) == {"markdown", "page", "notebook", "video"}
    assert set(programming["language"]) == {"en", "de"}
    assert set(programming["licence"]) == {"CC0-1.0"}


@pytest.mark.long
def test_a_real_course_gets_none(session, store):
    course = factories.course(session, module_code="SIM-PROG", weeks=12)

    @contextlib.contextmanager
    def opener():
        yield session

    assert add_demonstration_materials(opener, store, (course.code,)) == 0
