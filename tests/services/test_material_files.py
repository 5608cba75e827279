"""A file leaves the store with the last material that has it, and never while it is added: with real connections and a real store."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete, func, select, text

from lmskit.db import transaction
from lmskit.materials.store import FolderStore, store_name_of
from lmskit.models import Course, Material, MaterialFile, Term, User
from lmskit.vocabulary import MaterialKind
from tests import factories

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

CONTENT = b"a script"
NAME = store_name_of(CONTENT)


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store", make=True)


@pytest.fixture
def course_id(admin_engine: Engine) -> Iterator[int]:
    with transaction(admin_engine) as session:
        course = factories.course(session)
    yield course.id
    with transaction(admin_engine) as session:
        session.execute(delete(Material).where(Material.course_id == course.id))
        session.execute(delete(MaterialFile).where(MaterialFile.stored_as == NAME))
        session.execute(delete(Course).where(Course.id == course.id))
        session.execute(delete(Term).where(Term.id == course.term_id))
        session.execute(delete(User).where(User.id == course.lecturer_id))


@contextmanager
def adding(engine: Engine, store: FolderStore, course_id: int) -> Iterator[None]:
    """A transaction in which a material with the file is added; it ends with the block."""
    with transaction(engine) as session:
        session.execute(select(func.lms.keep_material_file(NAME)))
        store.add(CONTENT)
        session.add(
            Material(
                course_id=course_id,
                kind=MaterialKind.PDF,
                title="Script",
                file_name=factories.unique("f"),
                checksum="0" * 64,
                stored_as=NAME,
            )
        )
        session.flush()
        yield


@contextmanager
def releasing(engine: Engine, store: FolderStore) -> Iterator[bool]:
    """A transaction in which the file is deleted if no material needs it; whether it was. It ends with the block."""
    with transaction(engine) as session:
        free = bool(session.scalar(select(func.lms.release_material_file(NAME))))
        if free:
            store.remove(NAME)
        yield free


def materials(engine: Engine, course_id: int) -> list[int]:
    with transaction(engine) as session:
        return list(session.scalars(select(Material.id).where(Material.course_id == course_id).order_by(Material.id)))


def wait_until_one_waits(engine: Engine) -> None:
    """Return as soon as a session of the database waits for a lock of another."""
    waiting = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
    deadline = time.monotonic() + 20
    with engine.connect() as connection:
        while not connection.scalar(waiting):
            connection.rollback()
            assert time.monotonic() < deadline, "nothing waits"
            time.sleep(0.01)


def remove(engine: Engine, material: int) -> None:
    with transaction(engine) as session:
        session.execute(delete(Material).where(Material.id == material))


def add_whole(engine: Engine, store: FolderStore, course_id: int) -> None:
    with adding(engine, store, course_id):
        pass


def release_whole(engine: Engine, store: FolderStore) -> bool:
    with releasing(engine, store) as free:
        return free


def test_a_file_goes_with_its_last_material_and_not_before(admin_engine: Engine, store: FolderStore, course_id: int) -> None:
    add_whole(admin_engine, store, course_id)
    add_whole(admin_engine, store, course_id)
    for material, gone in zip(materials(admin_engine, course_id), (False, True), strict=True):
        remove(admin_engine, material)
        assert release_whole(admin_engine, store) is gone
        assert store.has(NAME) is not gone


def test_a_file_that_a_crash_left_behind_is_released_too(admin_engine: Engine, store: FolderStore, course_id: int) -> None:
    store.add(CONTENT)
    assert release_whole(admin_engine, store)
    assert not store.has(NAME)
    with releasing(admin_engine, store) as free:
        assert free


@pytest.mark.parametrize("is_known", [False, True])
def test_a_file_that_is_being_added_is_not_released(admin_engine: Engine, store: FolderStore, course_id: int, *, is_known: bool) -> None:
    if is_known:
        with transaction(admin_engine) as session:
            session.execute(select(func.lms.keep_material_file(NAME)))
    with ThreadPoolExecutor(1) as other:
        with adding(admin_engine, store, course_id):
            released = other.submit(release_whole, admin_engine, store)
            if is_known:
                assert released.result(20) is False
            else:  # whether there will be a row is not known before the other transaction ends
                wait_until_one_waits(admin_engine)
        assert released.result(20) is False
    assert store.has(NAME)


def test_who_adds_a_file_that_is_being_deleted_waits_and_writes_it_again(admin_engine: Engine, store: FolderStore, course_id: int) -> None:
    add_whole(admin_engine, store, course_id)
    remove(admin_engine, *materials(admin_engine, course_id))
    with ThreadPoolExecutor(1) as other:
        with releasing(admin_engine, store) as free:
            assert free
            assert not store.has(NAME)
            added = other.submit(add_whole, admin_engine, store, course_id)
            wait_until_one_waits(admin_engine)
            assert not store.has(NAME)
        added.result(20)
    assert store.has(NAME)
    assert not release_whole(admin_engine, store)


def test_a_sweep_that_breaks_off_keeps_the_file_s_row_and_the_next_add_mends_it(
    admin_engine: Engine, store: FolderStore, course_id: int
) -> None:
    add_whole(admin_engine, store, course_id)
    remove(admin_engine, *materials(admin_engine, course_id))

    def broken_off() -> None:
        with releasing(admin_engine, store) as free:
            assert free
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        broken_off()
    assert not store.has(NAME)
    add_whole(admin_engine, store, course_id)
    assert store.has(NAME)


def test_whatever_two_people_do_at_once_each_material_has_its_file(admin_engine: Engine, store: FolderStore, course_id: int) -> None:
    """Both add, remove and sweep the same file, in an order that changes from round to round."""

    def at_work(seed: int) -> int:
        dice, n_released = random.Random(seed), 0
        for _ in range(40):
            add_whole(admin_engine, store, course_id)
            if dice.random() < 0.8:
                for material in materials(admin_engine, course_id):
                    remove(admin_engine, material)
                n_released += release_whole(admin_engine, store)
            with transaction(admin_engine) as session:
                # Nobody can release the file as long as this transaction sees a material that has it, and has locked its row.
                needed = session.scalars(select(Material.id).where(Material.stored_as == NAME).with_for_update().limit(1)).first()
                assert needed is None or store.has(NAME)
        return n_released

    with ThreadPoolExecutor(2) as pool:
        n_released = sum(pool.map(at_work, (1, 2)))
    assert n_released > 10
    for material in materials(admin_engine, course_id):
        assert store.has(NAME)
        remove(admin_engine, material)
    release_whole(admin_engine, store)
    assert list(store.names()) == []
