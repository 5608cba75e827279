"""Pages and files of the web as materials: fetched and read outside of transactions, written within one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Concatenate, ParamSpec, Self, TypeVar

from sqlalchemy import func, update
from sqlalchemy.orm import Session

from lmskit.db import Opener, retried
from lmskit.errors import StoredFileError
from lmskit.materials.material_text import MaterialText
from lmskit.materials.reading import MaterialReader
from lmskit.materials.store import MaterialStore
from lmskit.materials.web.answer import Fetched, require_no_login
from lmskit.materials.web.fetching import MayFollow, WebFetcher
from lmskit.models import Material
from lmskit.queries.leading import led_course_by_code
from lmskit.queries.material_crawl import material_at
from lmskit.schemas.material import AddMaterial
from lmskit.services.material import AddedMaterial, MaterialContent, add_material, stored_if_added, sweep
from lmskit.vocabulary import MaterialState
from lmskit.web.address import WebAddress

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class KnownPage:
    """What is stored of a page that was fetched before."""

    etag: str | None
    last_modified: str | None
    stored_as: str | None

    @classmethod
    def of(cls, material: Material | None) -> Self | None:
        """Of a material that was fetched from its address; None for another one."""
        if material is None or material.fetched_at is None:
            return None
        return cls(material.etag, material.last_modified, material.stored_as)


@dataclass(frozen=True, slots=True)
class WebPage:
    """A page or file that was fetched and read."""

    url: str
    """The address that was asked for, in its one spelling."""
    fetched: Fetched
    content: bytes
    text: MaterialText

    @property
    def own_url(self) -> str:
        """The address that it is kept under: that to which it has moved for good, otherwise the one that was asked for."""
        return self.fetched.moved_to or self.url


def in_transaction(opener: Opener, work: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do work in a transaction of its own, and again if the connection is lost or a deadlock ends it."""

    def attempt() -> T:
        with opener() as session:
            return work(session, *args, **kwargs)

    return retried(attempt)


def fetched_page(
    fetcher: WebFetcher,
    reader: MaterialReader,
    store: MaterialStore,
    url: str,
    *,
    known: KnownPage | None = None,
    may_follow: MayFollow | None = None,
) -> WebPage:
    """Fetch a page or file and read its text; if it has not changed since it was stored, the stored file is read.

    Raises
    ------
    WebPageError
        It cannot be fetched, or is the door before a page that asks for a password.
    MaterialFileError
        It cannot be read.
    """
    url = str(WebAddress.parsed(url))
    validators = known if known is not None and known.stored_as is not None else None
    fetched = fetcher.fetch(
        url,
        etag=validators.etag if validators is not None else None,
        last_modified=validators.last_modified if validators is not None else None,
        may_follow=may_follow,
    )
    content = fetched.content
    if content is None and validators is not None and validators.stored_as is not None:
        try:
            content = store.read(validators.stored_as)
        except StoredFileError:  # lost meanwhile: it is fetched again
            fetched = fetcher.fetch(url, may_follow=may_follow)
            content = fetched.content
    text = reader.read(content or b"", name=fetched.name)
    require_no_login(url, fetched, text)
    return WebPage(url, fetched, content or b"", text)


def write_page(session: Session, store: MaterialStore, page: WebPage, request: AddMaterial) -> AddedMaterial:
    """Add or renew the material of a page, with what recognises this version of it."""
    content = MaterialContent(page.content, page.text, page.fetched.etag, page.fetched.last_modified, dt.datetime.now(dt.UTC))
    return add_material(session, store, request, content)


def keep_moved(session: Session, course_id: int, old: str, new: str) -> None:
    """Give the material of an address that has moved for good its new one; where the new one has a material, the old one is gone."""
    if old == new:
        return
    there = material_at(session, course_id=course_id, url=new)
    values = {"url": new} if there is None else {"state": MaterialState.GONE}
    session.execute(update(Material).where(Material.course_id == course_id, Material.url == old).values(values))


def mark_gone(session: Session, course_id: int, url: str) -> bool:
    """Mark the material of an address as gone, and keep it; whether there is one."""
    gone = (
        update(Material)
        .where(Material.course_id == course_id, Material.url == url, Material.fetched_at.is_not(None))
        .values(state=MaterialState.GONE, fetched_at=func.now())
        .returning(Material.id)
    )
    return session.scalars(gone).one_or_none() is not None


def add_web_material(opener: Opener, store: MaterialStore, fetcher: WebFetcher, request: AddMaterial) -> AddedMaterial:
    """Fetch the page or file at the address of a request, and add it.

    Raises
    ------
    WebPageError
        It cannot be fetched.
    MaterialFileError
        It cannot be read.
    CourseNotFoundError, WeekNotFoundError
        They do not exist.
    """
    url = str(WebAddress.parsed(request.url or ""))
    course_id, known = in_transaction(opener, _known, request.course, url)
    with MaterialReader() as reader:
        page = fetched_page(fetcher, reader, store, url, known=known)
    with stored_if_added(opener, store, page.content):
        added = in_transaction(opener, _add_page, store, page, request, course_id)
    if added.released:
        in_transaction(opener, sweep, store, added.released)
    return added


def _known(session: Session, course: str, url: str) -> tuple[int, KnownPage | None]:
    course_id = led_course_by_code(session, course).id
    return course_id, KnownPage.of(material_at(session, course_id=course_id, url=url))


def _add_page(session: Session, store: MaterialStore, page: WebPage, request: AddMaterial, course_id: int) -> AddedMaterial:
    keep_moved(session, course_id, page.url, page.own_url)
    return write_page(session, store, page, request.model_copy(update={"url": page.own_url}))
