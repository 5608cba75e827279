"""A folder that is added by processes that are killed: every file becomes one material, and the store has no file too many."""

import functools
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from sqlalchemy import delete, func, select

from lmskit.db import transaction
from lmskit.materials.folder import files_of
from lmskit.materials.store import FolderStore, store_name_of
from lmskit.models import Course, Material, MaterialFile, MaterialPassage, Term, User
from lmskit.services.material_folder import add_files
from lmskit.services.material_store import sweep_all
from tests import factories
from tests.conftest import DEMO_LECTURER
from tests.reliability.crew import kill
from tests.reliability.forks import Forks

FILES = 90
CHANGED = 5
"""Files that are written anew in the end, so that the earlier ones have to leave the store."""
MOMENTS = ("stored 1", "committed 1", "stored 3", "committed 2", "stored 2", "committed 3", "none", "none", "none", "none", "none")
"""When the processes end themselves; those with none are killed at any moment."""
LONGEST_PAUSE = 0.05
"""Seconds from the moment at which a file is in the store to the kill."""
_TO_START = 60.0


def write(folder: Path, numbers: range, words: str) -> set[str]:
    """Write files; return their names in a store."""
    contents = {number: f"# File {number}\n\n{words} of file {number}.\n".encode() for number in numbers}
    for number, content in contents.items():
        (folder / f"{number:03}.md").write_bytes(content)
    return {store_name_of(content) for content in contents.values()}


@pytest.fixture
def course(admin_engine, lecturer_engine) -> Iterator[Course]:
    """A course of the demonstration lecturer."""
    with transaction(admin_engine) as session:
        made = factories.course(session, taught_by=session.scalars(select(User).where(User.email == DEMO_LECTURER)).one())
    yield made
    with transaction(admin_engine) as session:
        names = list(session.scalars(select(Material.stored_as).where(Material.course_id == made.id)))
        session.execute(delete(Course).where(Course.id == made.id))
        session.execute(delete(Term).where(Term.id == made.term_id))
        session.execute(delete(MaterialFile).where(MaterialFile.stored_as.in_(names)))


def materials(engine, course: Course) -> dict[str, tuple[str, int]]:
    """The file in the store of each material, and the number of its passages."""
    with transaction(engine) as session:
        statement = (
            select(Material.file_name, Material.stored_as, func.count(MaterialPassage.ordinal))
            .outerjoin(MaterialPassage, MaterialPassage.material_id == Material.id)
            .where(Material.course_id == course.id)
            .group_by(Material.id)
        )
        found = session.execute(statement).all()
    assert set(Counter(name for name, _, _ in found).values()) <= {1}, "a file has become two materials"
    return {str(name): (str(stored_as), passages) for name, stored_as, passages in found}


def end(process: int, last: str, store: Path) -> None:
    """Wait until the process has ended itself, or kill it soon after a further file is in the store."""
    before, until = len(list(store.iterdir())), time.monotonic() + _TO_START
    while psutil.pid_exists(process) and (last != "none" or len(list(store.iterdir())) == before):
        assert time.monotonic() < until
        time.sleep(0.002)
    if last == "none":
        time.sleep(chance.uniform(0, LONGEST_PAUSE))
        kill(process)


chance = random.Random(13)


@pytest.mark.long
def test_a_killed_folder_goes_on_and_leaves_no_file_too_many(say, admin_engine, lecturer_engine, course, tmp_path):
    folder, store = tmp_path / "folder", tmp_path / "store"
    folder.mkdir()
    store.mkdir(mode=0o700)
    first = write(folder, range(FILES), "Words")
    left: Counter[str] = Counter()
    done = 0
    with Forks("tests.reliability.adding", str(folder), str(store), DEMO_LECTURER, course.code) as adder:
        for last in MOMENTS:
            end(adder.start(last), last, store)
            found = materials(admin_engine, course)
            without = set(FolderStore(store).names()) - {stored_as for stored_as, _ in found.values()}
            assert len(without) <= 1, "of a process that was killed, at most the file that was under way is left"
            assert done <= len(found) < FILES, "there was work left when it was killed"
            if last != "none":
                assert len(without) == last.startswith("stored"), last
                assert len(found) > done or last == "stored 1"
            left["a file without a material" if without else "no such file"] += 1
            done = len(found)
        adder.start("none")
        assert adder.line() == "Done"
        assert len(materials(admin_engine, course)) == FILES
        old = {store_name_of((folder / f"{number:03}.md").read_bytes()) for number in range(CHANGED)}
        second = write(folder, range(CHANGED), "Other words")
        end(adder.start(f"committed {CHANGED}"), "committed", store)
    found = materials(admin_engine, course)
    needed = {stored_as for stored_as, _ in found.values()}
    assert needed == first - old | second
    assert set(FolderStore(store).names()) == needed | old, "it was killed before the sweep of the earlier files"
    begin, shop = functools.partial(transaction, admin_engine), FolderStore(store)
    assert sweep_all(begin, shop).files == CHANGED
    assert set(shop.names()) == needed
    with transaction(admin_engine) as session:
        rows = session.scalars(select(MaterialFile.stored_as).where(MaterialFile.stored_as.in_(first | second)))
        assert set(rows) == needed
    assert {passages for _, passages in found.values()} == {1}
    for name, (stored_as, _) in found.items():
        assert shop.read(stored_as) == (folder / name).read_bytes()
    again = add_files(functools.partial(transaction, lecturer_engine), shop, course.code, files_of(folder))
    assert Counter(result.outcome for result in again) == {"unchanged": FILES}
    say(
        f"process that adds a folder killed {len(MOMENTS) + 1} times, {dict(left)} left, {CHANGED} earlier files swept: "
        f"{FILES} files, each one material"
    )
