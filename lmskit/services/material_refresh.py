"""Bringing materials from the web up to date: only what has changed is sent again, and only that is read."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from sqlalchemy import update
from sqlalchemy.orm import Session

from lmskit.db import Opener
from lmskit.errors import MaterialFileError, PageGoneError, WebPageError
from lmskit.materials.reading import MaterialReader
from lmskit.materials.store import MaterialStore, store_name_of
from lmskit.materials.web.answer import require_no_login
from lmskit.materials.web.fetching import WebFetcher
from lmskit.materials.web.following import why_not_kept
from lmskit.models import Material
from lmskit.progress import Progress, silent
from lmskit.queries.leading import led_course_by_code
from lmskit.queries.material_crawl import FetchedMaterial, fetched_materials, material_at
from lmskit.schemas.material import AddMaterial
from lmskit.services.material import AddedMaterial, sweep
from lmskit.services.material_web import WebPage, in_transaction, keep_moved, mark_gone, write_page
from lmskit.vocabulary import MaterialState


@dataclass
class WebRefreshReport:
    """Result of asking again for materials that were fetched."""

    changed: int = 0
    unchanged: int = 0
    moved: list[tuple[str, str]] = field(default_factory=list)
    """Old and new address of those that have moved for good."""
    gone: list[str] = field(default_factory=list)
    """Addresses behind which there is nothing any more; what was read before is kept."""
    refused: list[tuple[str, str]] = field(default_factory=list)
    """Address and reason of those that could not be fetched or read; they are as they were."""

    @property
    def asked(self) -> int:
        """How many materials were asked for."""
        return self.changed + self.unchanged + len(self.moved) + len(self.gone) + len(self.refused)

    @property
    def sentence(self) -> str:
        """The counts in one sentence."""
        others = {"moved": len(self.moved), "gone": len(self.gone), "not fetched": len(self.refused)}
        return (
            ", ".join(
                [
                    f"{self.changed:,} changed",
                    f"{self.unchanged:,} unchanged",
                    *(f"{number:,} {what}" for what, number in others.items() if number),
                ]
            )
            + "."
        )


def refresh_from_web(
    opener: Opener,
    store: MaterialStore,
    fetcher: WebFetcher,
    course: str,
    *,
    material_id: int | None = None,
    reader: MaterialReader,
    progress: Progress = silent,
) -> WebRefreshReport:
    """Ask for every material of a course that was fetched from the web, or for one, whether it has changed.

    Week, title and licence stay. A page that has moved for good keeps its material, and one that is gone is marked and kept.

    Parameters
    ----------
    opener
        Opens transactions; there are two for each material.
    store
        Where files are kept.
    fetcher
        Fetches pages.
    course
        Code of the course.
    material_id
        Number of the only material.
    reader
        Reads what has changed.
    progress
        Receives how many materials have been asked for.

    Raises
    ------
    CourseNotFoundError
        The signed-in person can see no such course.
    """
    in_transaction(opener, led_course_by_code, course)
    report = WebRefreshReport()
    materials = in_transaction(opener, fetched_materials, course, material_id=material_id)
    for done, material in enumerate(materials):
        progress("Fetching", done, len(materials))
        try:
            page = _changed_page(fetcher, reader, material)
        except PageGoneError:
            in_transaction(opener, mark_gone, material.course_id, material.url)
            report.gone.append(material.url)
        except (WebPageError, MaterialFileError) as error:
            report.refused.append((material.url, str(error)))
        else:
            if page is None:
                in_transaction(opener, _note_unchanged, material)
                report.unchanged += 1
                continue
            _count(report, material, page, _renewed(opener, store, course, material, page), course)
    progress("Fetching", len(materials), len(materials))
    return report


def _changed_page(fetcher: WebFetcher, reader: MaterialReader, material: FetchedMaterial) -> WebPage | None:
    """The page as it is now; None if it is as it was."""
    fetched = fetcher.fetch(material.url, etag=material.etag, last_modified=material.last_modified)
    if fetched.content is None:
        return None
    text = reader.read(fetched.content, name=fetched.name)
    require_no_login(material.url, fetched, text)
    if (reason := why_not_kept(text, fetched)) is not None:
        raise WebPageError(material.url, f"{reason} What was read before is kept.")
    return WebPage(material.url, fetched, fetched.content, text)


def _renewed(opener: Opener, store: MaterialStore, course: str, material: FetchedMaterial, page: WebPage) -> AddedMaterial | None:
    """Write what is new about a material; None if it is not at its address any more."""
    stored_as = store.add(page.content)
    added = in_transaction(opener, _renew, store, course, material, page)
    unneeded = (stored_as,) if added is None else added.released
    if unneeded:
        in_transaction(opener, sweep, store, unneeded)
    return added


def _count(report: WebRefreshReport, material: FetchedMaterial, page: WebPage, added: AddedMaterial | None, course: str) -> None:
    if added is None:
        reason = f"its material was removed or got another address meanwhile. To see what is there: lmskit material list --course {course}"
        report.refused.append((material.url, f"{material.url}: {reason}"))
    elif page.own_url != material.url:
        report.moved.append((material.url, page.own_url))
    elif added.outcome == "changed":
        report.changed += 1
    else:
        report.unchanged += 1


def _note_unchanged(session: Session, material: FetchedMaterial) -> None:
    values = {"fetched_at": dt.datetime.now(dt.UTC), "state": MaterialState.CURRENT}
    session.execute(update(Material).where(Material.id == material.material_id).values(values))


def _renew(session: Session, store: MaterialStore, course: str, material: FetchedMaterial, page: WebPage) -> AddedMaterial | None:
    """Write a page with week, title and licence as they are now: a person may have changed them since the refresh began."""
    own = session.get(Material, material.material_id, with_for_update=True)
    if own is None or own.url != material.url:
        return None
    there = material_at(session, course_id=material.course_id, url=page.own_url) if page.own_url != material.url else None
    if there is not None and there.fetched_at is None and there.checksum is not None:  # a person gave its file
        keep_moved(session, material.course_id, material.url, page.own_url)
        return AddedMaterial(there.id, "unchanged", there.title, there.week_number, 0, released=(store_name_of(page.content),))
    kept = there or own
    request = AddMaterial(
        course=course, url=page.own_url, week=kept.week_number, title=kept.title, licence=kept.licence, file_name=kept.file_name
    )
    keep_moved(session, material.course_id, material.url, page.own_url)
    return write_page(session, store, page, request)
