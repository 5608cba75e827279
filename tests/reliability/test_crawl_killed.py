"""A killed crawl goes on where it was: each page becomes one material, and none is lost."""

import math
import random
import time
from collections import Counter
from collections.abc import Iterator

import psutil
import pytest
from sqlalchemy import delete, func, select, text

from lmskit.db import transaction
from lmskit.materials.store import FolderStore
from lmskit.models import Course, CrawlPage, Material, MaterialCrawl, MaterialPassage, Term, User
from lmskit.vocabulary import CrawlPageState, CrawlState
from tests import factories
from tests.conftest import DEMO_LECTURER
from tests.materials.web_site import Answer, Site, page
from tests.reliability.crew import kill
from tests.reliability.forks import Forks

KILLS = 15
PAGES = 180
"""Pages of the site; each links to the next three."""
LONGEST_PAUSE = 0.15
"""Seconds from a request to the kill: while the page is sent, read or written."""
MOST_FURTHER = 4
"""Further requests to which the site answers in this time, so that no process comes to the end of the site, however fast the machine is."""
_TO_START = 60.0


class PatientSite(Site):
    """Answers to a request when it is not more than the most, of all that were made."""

    most = math.inf

    def _send(self, handler):
        while len(self.paths) > self.most:
            time.sleep(0.002)
        super()._send(handler)


def site() -> PatientSite:
    answers = {}
    for number in range(PAGES):
        links = "".join(f'<a href="/{number + further}">x</a>' for further in (1, 2, 3) if number + further < PAGES)
        sections = "".join(
            f"<h2>Part {part} of {number}</h2><p>{'Words of page ' + str(number) + '. '}{'text ' * 60}</p>" for part in range(5)
        )
        answers[f"/{number}"] = Answer(page(sections + links, title=f"Page {number}"))
    return PatientSite(answers)


def has_written(engine) -> bool:
    """Whether a transaction is open that has written materials."""
    with transaction(engine) as session:
        statement = "SELECT count(*) FROM pg_locks WHERE relation = CAST('materials' AS regclass) AND mode = 'RowExclusiveLock' AND granted"
        return bool(session.scalar(text(statement)))


@pytest.fixture
def courses(admin_engine, lecturer_engine) -> Iterator[list[Course]]:
    """Two courses of the demonstration lecturer: one whose crawl is killed, and one to compare with."""
    with transaction(admin_engine) as session:
        owner = session.scalars(select(User).where(User.email == DEMO_LECTURER)).one()
        made = [factories.course(session, taught_by=owner) for _ in range(2)]
    yield made
    with transaction(admin_engine) as session:
        session.execute(delete(Course).where(Course.id.in_([course.id for course in made])))
        session.execute(delete(Term).where(Term.id.in_([course.term_id for course in made])))


def stored(engine, course: Course) -> Counter[tuple[str | None, str | None, str, int]]:
    """The materials of a course: address, checksum, title and number of passages."""
    with transaction(engine) as session:
        statement = (
            select(Material.url, Material.checksum, Material.title, func.count(MaterialPassage.ordinal))
            .join(MaterialPassage, MaterialPassage.material_id == Material.id)
            .where(Material.course_id == course.id)
            .group_by(Material.id)
        )
        return Counter((url, checksum, title, passages) for url, checksum, title, passages in session.execute(statement))


@pytest.mark.long
def test_a_killed_crawl_goes_on_and_writes_nothing_twice(say, admin_engine, courses, tmp_path):
    chance = random.Random(13)
    killed, compared = courses
    folder = tmp_path / "store"
    folder.mkdir(mode=0o700)
    n_half_written = 0
    crawled = site()
    with crawled.served() as served, Forks("tests.reliability.crawling", f"{served.url}/0", str(folder), DEMO_LECTURER) as crawler:
        for nth in range(KILLS):
            awaited, until = len(served.paths) + 1 + nth % 4, time.monotonic() + _TO_START
            crawled.most = awaited + MOST_FURTHER if nth % 3 else math.inf
            process = crawler.start(killed.code)
            while len(served.paths) < awaited:
                assert time.monotonic() < until
                assert psutil.pid_exists(process)
                time.sleep(0.002)
            if nth % 3:
                time.sleep(chance.uniform(0, LONGEST_PAUSE))
            else:
                while not has_written(admin_engine):
                    assert time.monotonic() < until
            n_half_written += has_written(admin_engine)
            kill(process)
        crawled.most = math.inf
        n_done = len(stored(admin_engine, killed))
        for course in (killed, compared):
            crawler.start(course.code)
            assert crawler.line() == "Done"
        asked = Counter(served.paths)
    found = stored(admin_engine, killed)
    assert found == stored(admin_engine, compared)
    assert set(found.values()) == {1}
    assert len(found) == PAGES
    assert KILLS < n_done < PAGES, "it was killed at one page after the other"
    with transaction(admin_engine) as session:
        assert list(session.scalars(select(MaterialCrawl.state).where(MaterialCrawl.course_id == killed.id))) == [CrawlState.DONE]
        states = Counter(session.scalars(select(CrawlPage.state).where(CrawlPage.course_id == killed.id)))
        names = set(session.scalars(select(Material.stored_as).where(Material.course_id == killed.id)))
    assert states == {CrawlPageState.DONE: PAGES}
    assert names <= set(FolderStore(folder).names())
    again = sum(asked.values()) - 2 * PAGES
    assert 0 < again <= KILLS, "only the page that was under way is fetched again"
    say(
        f"crawling process killed {KILLS} times, {n_half_written} of them with rows not yet committed: {len(found)} pages, "
        f"each one material, {again} fetched again"
    )
