"""A crawl: page after page of a site becomes a material of a course, until the site, or a limit, ends.

All it has to know is in the rows of `material_crawls` and `crawl_pages`. A page is chosen in one transaction, fetched and read in none,
and written in a second one: the material, the state of the address, and the addresses that it links to. So a crawl that was killed
goes on where it was, the page that was under way is fetched again, and nothing is written twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import ColumnElement, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_unless_there
from sqlalchemy.orm import Session

from lmskit.db import Opener
from lmskit.errors import (
    InputError,
    MaterialFileError,
    PageGoneError,
    SiteUnavailableError,
    WebPageError,
    WeekNotFoundError,
    WorkCancelledError,
)
from lmskit.limits import MOST_CRAWL_ADDRESSES, MOST_CRAWL_DEPTH
from lmskit.materials.folder import week_in
from lmskit.materials.reading import MaterialReader
from lmskit.materials.store import MaterialStore, checksum_of
from lmskit.materials.web.fetching import WebFetcher
from lmskit.materials.web.following import Scope, links_within, own_address, why_not_kept
from lmskit.models import CrawlPage, MaterialCrawl
from lmskit.progress import Progress, silent
from lmskit.queries.leading import led_course_by_code
from lmskit.queries.material_crawl import material_at, next_page, page_counts, same_content, unfinished_crawl, waiting_pages
from lmskit.readable import bounded
from lmskit.schemas.crawl import CrawlRequest, beyond_limit, stays_in_section
from lmskit.services.crawl_report import CrawlReport
from lmskit.services.crawled_material import crawled_material, material_with_own_file, weeks_of, why_left_alone
from lmskit.services.material import AddedMaterial, sweep
from lmskit.services.material_web import KnownPage, WebPage, fetched_page, in_transaction, keep_moved, mark_gone, write_page
from lmskit.vocabulary import CrawlPageState, CrawlState
from lmskit.web.address import WebAddress

P = ParamSpec("P")
T = TypeVar("T")

_WEEK_OF_LINK = re.compile(r"A link to it names week (\d{1,2})\.\Z")
_TRIES = 2
"""How often a page is asked for whose server does not answer."""
_LONGEST_RETRY = 30.0
"""Seconds after which a page is asked for again at most."""
_MOST_SILENT = 3
"""Pages of a site in a row without an answer, after which a crawl stops."""


def crawl_site(
    opener: Opener,
    store: MaterialStore,
    fetcher: WebFetcher,
    request: CrawlRequest,
    *,
    reader: MaterialReader | None = None,
    progress: Progress = silent,
) -> CrawlReport:
    """Make the pages of a site materials of a course; go on with an earlier crawl from the same address that has not come to its end.

    Parameters
    ----------
    opener
        Opens transactions; there is one for each page.
    store
        Where files are kept.
    fetcher
        Fetches pages.
    request
        The site and the limits.
    reader
        Reads pages; by default one of its own.
    progress
        Receives how many addresses have been asked.

    Raises
    ------
    CourseNotFoundError, WeekNotFoundError
        They do not exist, or the person may not see them.
    WebPageError
        The address of the start is not one that is fetched from.
    WorkCancelledError
        `progress` has raised it: the crawl is stopped, and what it has stored stays.
    """
    with nullcontext(reader) if reader is not None else MaterialReader() as used:
        run = _Run(request, opener=opener, store=store, fetcher=fetcher, reader=used, progress=progress)
        try:
            return run.to_its_end()
        except (KeyboardInterrupt, WorkCancelledError):
            run.stop()
            raise


@dataclass(frozen=True, slots=True)
class _Waiting:
    """An address that is asked next."""

    url: str
    depth: int
    week: int | None
    """That a link to it names."""
    known: KnownPage | None


class _Run:
    """One run of a crawl."""

    def __init__(
        self,
        request: CrawlRequest,
        *,
        opener: Opener,
        store: MaterialStore,
        fetcher: WebFetcher,
        reader: MaterialReader,
        progress: Progress,
    ) -> None:
        self._opener, self._store, self._fetcher, self._request, self._progress = opener, store, fetcher, request, progress
        self._reader = reader
        self._report = CrawlReport()
        self._crawl_id: int | None = None
        self._scope: Scope | None = None
        self._silent: dict[str, int] = {}
        """How often the server has not answered, by the address of a page that waits for another try."""
        self._silent_in_a_row = 0
        # By address, since a transaction whose connection was lost is done again.
        self._folded: set[str] = set()
        self._gone: dict[str, str] = {}
        self._refused: dict[str, str] = {}

    def to_its_end(self) -> CrawlReport:
        """Fetch page after page."""
        self._once(self._start)
        while self._report.stopped is None and (page := self._once(self._next)) is not None:
            self._visit(page)
        self._once(self._end)
        self._report.folded = len(self._folded)
        self._report.gone, self._report.refused = list(self._gone.items()), list(self._refused.items())
        return self._report

    def stop(self) -> None:
        """Note that a person stopped it; what is not noted is resumed all the same."""
        if self._crawl_id is not None:
            self._report.stopped = "it was stopped."
            self._once(self._end)

    def _once(self, work: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        return in_transaction(self._opener, work, *args, **kwargs)

    def _crawl(self, session: Session) -> MaterialCrawl:
        return session.get_one(MaterialCrawl, self._crawl_id)

    # Beginning and end ----------------------------------------------------------------------------

    def _start(self, session: Session) -> None:
        request = self._request
        course = led_course_by_code(session, request.course)
        if request.week is not None and request.week not in weeks_of(session, course.id):
            raise WeekNotFoundError(course=course.code, week=request.week)
        start = WebAddress.parsed(request.url)
        crawl = unfinished_crawl(session, course_id=course.id, start_url=str(start))
        wanted = request.model_dump(include={"week", "depth", "pages"})
        if crawl is not None:
            self._report.resumed = True
            self._crawl_id = crawl.id
            self._scope = Scope.kept(crawl.options) or Scope.around(start, section=request.section)
            self._change(session, options=crawl.options | wanted, state=CrawlState.RUNNING, ended_at=None)
            return
        self._scope = Scope.around(start, section=request.section)
        options = {"origin": self._scope.origin, "section": self._scope.section, "within_section": request.section} | wanted
        added = insert(MaterialCrawl).values(course_id=course.id, start_url=str(start), options=options).returning(MaterialCrawl.id)
        self._crawl_id = session.scalars(added).one()
        session.execute(insert(CrawlPage).values(course_id=course.id, crawl_id=self._crawl_id, url=str(start), depth=0))

    def _end(self, session: Session) -> None:
        crawl = self._crawl(session)
        left = waiting_pages(session, crawl, depth=self._request.depth)
        self._report.waiting = left
        state = CrawlState.STOPPED if left else CrawlState.DONE
        self._change(session, state=state, ended_at=func.now())

    def _change(self, session: Session, **values: object) -> None:
        session.execute(update(MaterialCrawl).where(MaterialCrawl.id == self._crawl_id).values(**values))

    # The next page --------------------------------------------------------------------------------

    def _next(self, session: Session) -> _Waiting | None:
        crawl = self._crawl(session)
        counts = page_counts(session, crawl)
        asked = sum(counts.values()) - counts[CrawlPageState.WAITING]
        page = next_page(session, crawl, depth=self._request.depth, without=self._silent)
        if page is None:  # those that did not answer have waited longest now
            page = next_page(session, crawl, depth=self._request.depth)
        if page is None:
            return None
        if asked >= self._request.pages:
            self._report.stopped = f"the limit of {self._request.pages:,} addresses is reached. {beyond_limit(asked)}"
            return None
        self._progress("Fetching", asked, min(self._request.pages, asked + counts[CrawlPageState.WAITING]))
        named = _WEEK_OF_LINK.match(page.finding or "")
        known = KnownPage.of(material_at(session, course_id=crawl.course_id, url=page.url))
        return _Waiting(page.url, page.depth, int(named[1]) if named else None, known)

    def _visit(self, waiting: _Waiting) -> None:
        """Fetch and read a page, and write the result."""
        try:
            page = fetched_page(
                self._fetcher,
                self._reader,
                self._store,
                waiting.url,
                known=waiting.known,
                may_follow=self._require_scope if waiting.depth else None,
            )
        except SiteUnavailableError as error:
            self._note_silence(waiting, error)
            return
        except PageGoneError as error:
            self._once(self._write_gone, waiting, error.reason)
        except (WebPageError, MaterialFileError) as error:
            self._once(self._write_refusal, waiting, _reason(error, waiting.url))
        else:
            self._write(waiting, page)
        self._silent.pop(waiting.url, None)
        self._silent_in_a_row = 0

    def _require_scope(self, address: WebAddress) -> None:
        if self._scope is None or not self._scope.holds(self._scope.own(address)):
            raise WebPageError(str(address), "a redirect leads to it, out of the site or section that is crawled.")

    def _note_silence(self, waiting: _Waiting, error: SiteUnavailableError) -> None:
        """Leave a page for later, give it up, or stop."""
        self._silent[waiting.url] = tries = self._silent.get(waiting.url, 0) + 1
        self._silent_in_a_row += tries == 1
        if (tries == 1 and self._silent_in_a_row >= _MOST_SILENT) or (error.retry_after or 0) > _LONGEST_RETRY:
            self._report.stopped = f"the server does not answer now ({error}) Later it goes on there."
        elif tries >= _TRIES:
            self._once(self._write_refusal, waiting, _reason(error, waiting.url))
            del self._silent[waiting.url]
        elif error.retry_after:
            self._fetcher.wait(error.retry_after)

    # Results --------------------------------------------------------------------------------------

    def _taken(self, session: Session, url: str) -> CrawlPage | None:
        """The row of an address, locked; None if another process has written its result meanwhile."""
        crawl = self._crawl(session)
        locked = select(CrawlPage).where(*_key(crawl, url), CrawlPage.state == CrawlPageState.WAITING).with_for_update()
        return session.scalars(locked).one_or_none()

    def _write_gone(self, session: Session, waiting: _Waiting, reason: str) -> None:
        row = self._taken(session, waiting.url)
        if row is not None:
            row.state, row.finding = CrawlPageState.GONE, bounded(reason)
            kept = mark_gone(session, row.course_id, waiting.url)
            _unfold(session, row)
            self._gone[waiting.url] = "it is gone; what was read before is kept." if kept else reason

    def _write_refusal(self, session: Session, waiting: _Waiting, reason: str) -> None:
        row = self._taken(session, waiting.url)
        if row is not None:
            row.state, row.finding = CrawlPageState.REFUSED, bounded(reason)
            _unfold(session, row)
            self._refused[waiting.url] = reason

    def _write(self, waiting: _Waiting, page: WebPage) -> None:
        """Write a page that was read; a value that the database does not take is a refusal."""
        stored_as = self._store.add(page.content)
        unneeded: tuple[str, ...] = (stored_as,)
        try:
            added = self._once(self._write_page, waiting, page)
        except InputError as error:
            self._once(self._write_refusal, waiting, str(error))
        else:
            if added is not None:
                setattr(self._report, added.outcome, getattr(self._report, added.outcome) + 1)
                unneeded = added.released
        if unneeded:
            self._once(sweep, self._store, unneeded)

    def _write_page(self, session: Session, waiting: _Waiting, page: WebPage) -> AddedMaterial | None:
        """Write the result of a page; None if it is not a material of its own."""
        row = self._taken(session, waiting.url)
        if row is None:
            return None
        crawl = self._crawl(session)
        scope = self._scope_after(session, crawl, waiting, page)
        self._note_links(session, crawl, waiting, page, scope)
        row.state, row.finding = CrawlPageState.DONE, None
        if (first := self._folded_into(session, crawl, row, page, scope)) is not None:
            row.finding, row.material_id = first
            self._folded.add(waiting.url)
            return None
        if (reason := why_not_kept(page.text, page.fetched)) is not None:
            row.state, row.finding = CrawlPageState.REFUSED, bounded(reason)
            _unfold(session, row)
            self._refused[waiting.url] = reason
            return None
        if (kept := material_with_own_file(session, crawl.course_id, waiting.url, page.own_url)) is not None:
            row.state, row.finding, row.material_id = CrawlPageState.REFUSED, why_left_alone(kept), kept.id
            self._refused[waiting.url] = row.finding
            return None
        keep_moved(session, crawl.course_id, waiting.url, page.own_url)
        request = crawled_material(session, crawl, self._request, page, named_by_link=waiting.week)
        added = write_page(session, self._store, page, request)
        row.material_id = added.material_id
        session.flush()
        for other in {page.fetched.url, page.own_url} - {waiting.url}:
            values = {"state": CrawlPageState.DONE, "finding": None, "material_id": added.material_id}
            same = insert_unless_there(CrawlPage).values(course_id=crawl.course_id, crawl_id=crawl.id, url=other, depth=row.depth, **values)
            session.execute(same.on_conflict_do_update(index_elements=["course_id", "crawl_id", "url"], set_=values))
        return added

    def _scope_after(self, session: Session, crawl: MaterialCrawl, waiting: _Waiting, page: WebPage) -> Scope:
        """The scope, which follows the start where that redirects to another site."""
        if self._scope is None or (waiting.depth == 0 and page.fetched.redirected):
            self._scope = Scope.around(WebAddress.parsed(page.fetched.url), section=stays_in_section(crawl.options))
            self._change(session, options=crawl.options | {"origin": self._scope.origin, "section": self._scope.section})
        return self._scope

    def _note_links(self, session: Session, crawl: MaterialCrawl, waiting: _Waiting, page: WebPage, scope: Scope) -> None:
        """Add the addresses that a page links to; those beyond the depth too, for a later run that goes deeper."""
        left = MOST_CRAWL_ADDRESSES - sum(page_counts(session, crawl).values())
        if waiting.depth >= MOST_CRAWL_DEPTH:
            return
        found = [
            {
                "course_id": crawl.course_id,
                "crawl_id": crawl.id,
                "url": link.url,
                "depth": waiting.depth + 1,
                "finding": f"A link to it names week {week}." if (week := week_in(link.text.replace("/", " "))) is not None else None,
            }
            for link in links_within(page.text, page.fetched, scope)
        ][: max(0, left)]
        if found:
            session.execute(insert_unless_there(CrawlPage).on_conflict_do_nothing(), sorted(found, key=lambda row: str(row["url"])))

    def _folded_into(
        self, session: Session, crawl: MaterialCrawl, row: CrawlPage, page: WebPage, scope: Scope
    ) -> tuple[str, int | None] | None:
        """The page that this one is the same as, as a finding and its material; None if it stands for itself."""
        final = page.fetched.url
        there = session.scalars(select(CrawlPage).where(*_key(crawl, final))).one_or_none()
        if final != row.url and there is not None and there.state is not CrawlPageState.WAITING:
            return f"It leads to {final}.", there.material_id
        own = own_address(page.text, page.fetched, scope)
        if own is not None and own != row.url:
            there = session.scalars(select(CrawlPage).where(*_key(crawl, own))).one_or_none()
            if there is None:
                values = {"course_id": crawl.course_id, "crawl_id": crawl.id, "url": own, "depth": row.depth}
                session.execute(insert_unless_there(CrawlPage).values(values).on_conflict_do_nothing())
            if there is None or there.state is CrawlPageState.WAITING or there.material_id is not None:
                return _same_as(own), None if there is None else there.material_id
        same = same_content(session, crawl, checksum=checksum_of(page.content), url=page.own_url)
        return None if same is None else (f"It has the content of {same.url}.", same.id)


def _same_as(url: str) -> str:
    return f"The page says that it is {url}."


def _unfold(session: Session, row: CrawlPage) -> None:
    """Let the pages that say that they are this one, which did not become a material, be fetched again and stand for themselves."""
    session.flush()
    folded = update(CrawlPage).where(
        CrawlPage.course_id == row.course_id, CrawlPage.crawl_id == row.crawl_id, CrawlPage.finding == _same_as(row.url)
    )
    session.execute(folded.values(state=CrawlPageState.WAITING, finding=None), execution_options={"synchronize_session": False})


def _key(crawl: MaterialCrawl, url: str) -> tuple[ColumnElement[bool], ...]:
    return CrawlPage.course_id == crawl.course_id, CrawlPage.crawl_id == crawl.id, CrawlPage.url == url


def _reason(error: WebPageError | MaterialFileError, url: str) -> str:
    """Why a page was refused, without its own address."""
    if isinstance(error, MaterialFileError):
        return f"{error.where}: {error.reason}" if error.where else error.reason
    return error.reason if error.url == url else str(error)
