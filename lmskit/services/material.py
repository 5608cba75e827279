"""Materials of a course: one function adds a file or a link; others remove one, read it again, and sweep the store."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, insert, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lmskit.db import Opener, violated_constraint
from lmskit.errors import CourseNotFoundError, LmskitError, MaterialExistsError, MaterialNotFoundError, WeekNotFoundError
from lmskit.limits import LARGEST_FINDINGS, LONGEST_LICENCE, LONGEST_PROSE, LONGEST_TITLE, MOST_FINDINGS
from lmskit.materials.block import one_line
from lmskit.materials.material_text import MaterialText
from lmskit.materials.passages import Passage
from lmskit.materials.store import MaterialStore, checksum_of, store_name_of
from lmskit.models import Course, Material
from lmskit.queries.leading import led_course_by_code
from lmskit.schemas.material import AddMaterial
from lmskit.services.locked_material import locked_material
from lmskit.services.material_deletion import delete_material
from lmskit.services.material_passages import insert_passages, write_passages
from lmskit.vocabulary import MaterialKind, MaterialState


@dataclass(frozen=True)
class MaterialContent:
    """A file with its text, both read before the transaction began; without them, a material is a link only.

    Attributes
    ----------
    content
        The bytes of the file.
    text
        What was read from them.
    etag, last_modified, fetched_at
        As the web server sent them, and when, for what was fetched.
    """

    content: bytes | None = None
    text: MaterialText | None = None
    etag: str | None = None
    last_modified: str | None = None
    fetched_at: dt.datetime | None = None


@dataclass(frozen=True)
class AddedMaterial:
    """What adding did.

    Attributes
    ----------
    material_id
        Number of the material.
    outcome
        `added`, `changed` or `unchanged`.
    changes
        What has changed, in words such as `licence`; empty unless it is `changed`.
    same_as
        Of a new material: number and name of one of the course that has the same file already; None if there is none.
    title, week, n_passages
        As they are stored now.
    released
        Names of files in the store that this material does not need any more, for `sweep` after the transaction.
    """

    material_id: int
    outcome: str
    title: str
    week: int | None
    n_passages: int
    released: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    same_as: tuple[int, str] | None = None


@dataclass(frozen=True)
class RemovedMaterial:
    """A material that is gone; `released` as in `AddedMaterial`."""

    material_id: int
    title: str
    released: tuple[str, ...] = ()


def add_material(
    session: Session, store: MaterialStore, request: AddMaterial, content: MaterialContent, *, replacing: bool = True
) -> AddedMaterial:
    """Add a file or a link to a course, or bring it up to date.

    A material is recognised by its file name, or else by its address. What the request leaves open follows from the file; week, title,
    licence, language and address that neither names stay as they are stored.

    Parameters
    ----------
    session
        Of an administrator or of the course's lecturer.
    store
        Has the file already, as `store.add` puts it there before the transaction; it is written here only if a sweep removed it.
    request
        Course, week, title, address and file name.
    content
        The file and its text.
    replacing
        Whether another file may replace one of the same name that belongs to another week.

    Raises
    ------
    CourseNotFoundError
        The signed-in person can see no such course.
    WeekNotFoundError
        The syllabus of the course lacks the week.
    MaterialExistsError
        File name and address belong to two materials of the course, another file would be lost and `replacing` is False, or the file of
        a person would be replaced by a link or a page.
    MaterialStoreError
        The file is not in the store and cannot be written.
    """
    course = led_course_by_code(session, request.course)
    wanted = _columns(request, content)

    def add() -> AddedMaterial:
        with session.begin_nested():
            material = _existing(session, course, request)
            if material is not None and not replacing:
                _require_same(material, course, request, wanted)
            if material is not None and (content.content is None or content.fetched_at is not None):
                _require_no_own_file(material)
            if content.content is not None:
                _keep(session, store, content.content)
            passages = content.text.passages if content.text is not None else ()
            if material is None:
                return _new(session, course, request, wanted, passages)
            left_open = _left_open(request, content.text)
            kept = {name: value for name in left_open if (value := getattr(material, name)) is not None}
            return _change(session, material, wanted | kept, passages)

    try:
        return add()
    except IntegrityError as error:
        match violated_constraint(error):
            case "fk_materials_course_id_week_number":
                raise WeekNotFoundError(course=course.code, week=wanted["week_number"]) from error
            case "uq_materials_course_id_url" | "uq_materials_course_id_file_name":  # another session added it meanwhile
                return add()
            case "fk_materials_course_id":
                raise CourseNotFoundError(course=request.course) from error
            case _:
                raise


def remove_material(session: Session, material_id: int) -> RemovedMaterial:
    """Remove a material with its passages. Its file goes with the last material that has it, by `sweep` after the transaction.

    Raises
    ------
    MaterialNotFoundError
        The signed-in person can see no such material.
    """
    material = locked_material(session, material_id)
    if material is None:
        raise MaterialNotFoundError(material=material_id)
    removed = RemovedMaterial(material_id, material.title, _named(material.stored_as))
    delete_material(session, material_id)
    return removed


def refresh_material(session: Session, material_id: int, text: MaterialText, *, checksum: str) -> AddedMaterial:
    """Store what was read again from the file of a material; week, title, licence and language stay.

    Parameters
    ----------
    session
        Of an administrator or of the course's lecturer.
    material_id
        Number of the material.
    text
        What was read.
    checksum
        Of the file that was read; if the material has another one meanwhile, nothing is changed.

    Raises
    ------
    MaterialNotFoundError
        The signed-in person can see no such material.
    """
    material = locked_material(session, material_id)
    if material is None:
        raise MaterialNotFoundError(material=material_id)
    if material.checksum != checksum:
        return AddedMaterial(material.id, "unchanged", material.title, material.week_number, len(text.passages))
    return _change(session, material, {"length": text.length, "findings": _findings(text.findings)}, text.passages)


@contextmanager
def stored_if_added(opener: Opener, store: MaterialStore, content: bytes | None) -> Iterator[None]:
    """Have a file in the store while it is added; if the block is refused, it is removed again unless another material has it."""
    name = None if content is None else store.add(content)
    try:
        yield
    except LmskitError:
        if name is not None:
            with suppress(LmskitError), opener() as session:  # what cannot be removed now is left to a sweep of the store
                sweep(session, store, [name])
        raise


def sweep(session: Session, store: MaterialStore, names: Iterable[str]) -> int:
    """Remove those of these files from the store that no material of any course has; return how many that were.

    The caller commits afterwards: until then, a session that is adding one of these files waits, and then writes it again.
    """
    return sum(store.remove(name) for name in dict.fromkeys(names) if session.scalar(select(func.lms.release_material_file(name))))


def _keep(session: Session, store: MaterialStore, content: bytes) -> None:
    """Have a file in the store until the transaction ends, whatever sweeps do meanwhile."""
    stored_as = store_name_of(content)
    session.execute(select(func.lms.keep_material_file(stored_as)))
    if not store.has(stored_as):
        store.add(content)


def _new(session: Session, course: Course, request: AddMaterial, wanted: dict[str, Any], passages: Sequence[Passage]) -> AddedMaterial:
    columns = {name: value for name, value in wanted.items() if value is not None}
    statement = insert(Material).values(course_id=course.id, origin=request.origin, **columns).returning(Material.id)
    material_id = session.scalars(statement).one()
    insert_passages(session, course.id, material_id, passages, after=0)
    same_as = _same_as(session, course, material_id, wanted["checksum"])
    return AddedMaterial(material_id, "added", wanted["title"], wanted["week_number"], len(passages), same_as=same_as)


def _change(session: Session, material: Material, wanted: dict[str, Any], passages: Sequence[Passage]) -> AddedMaterial:
    before = material.stored_as
    columns = _assign(material, wanted)
    changes = [*dict.fromkeys(_WORDS.get(name, _AS_READ) for name in columns)]
    if write_passages(session, material, passages):
        changes.append("text")
    if changes:
        material.updated_at = _now(session)
    session.flush()
    if len(changes) > 1:
        changes = [change for change in changes if change != _AS_READ]
    outcome = "changed" if changes else "unchanged"
    released = _named(before) if before != material.stored_as else ()
    return AddedMaterial(material.id, outcome, material.title, material.week_number, len(passages), released, tuple(changes))


_WORDS = {
    "week_number": "week",
    "kind": "kind",
    "title": "title",
    "language": "language",
    "licence": "licence",
    "url": "address",
    "file_name": "name",
    "checksum": "file",
    "state": "state",
}
"""What changes of columns are called; of the others, `_AS_READ`."""
_AS_READ = "what is known of the file"


def _same_as(session: Session, course: Course, material_id: int, checksum: str | None) -> tuple[int, str] | None:
    """Another material of the course with the same file."""
    same = (Material.course_id == course.id, Material.checksum == checksum, Material.id != material_id)
    statement = select(Material.id, func.coalesce(Material.file_name, Material.url)).where(*same).order_by(Material.id).limit(1)
    found = session.execute(statement).one_or_none() if checksum is not None else None
    return None if found is None else (found[0], found[1])


def _left_open(request: AddMaterial, text: MaterialText | None) -> list[str]:
    """The columns about which neither the request nor the file says anything."""
    said = {
        "week_number": request.whole_course or request.week is not None or (text is not None and text.week is not None),
        "title": request.title is not None or (text is not None and text.names_title),
        "language": request.language is not None or (text is not None and text.names_language),
        "licence": request.licence is not None or (text is not None and _licence(text) is not None),
        "url": request.url is not None,
    }
    return [name for name, is_said in said.items() if not is_said]


def _existing(session: Session, course: Course, request: AddMaterial) -> Material | None:
    """The material that the request is about."""
    names = [
        column == value for column, value in ((Material.file_name, request.file_name), (Material.url, request.url)) if value is not None
    ]
    found = list(
        session.scalars(
            select(Material)
            .where(Material.course_id == course.id, or_(*names))
            .order_by(Material.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )
    if len(found) > 1:
        raise MaterialExistsError(
            f"{course.code} has the file {request.file_name} as material {_by_name(found, request).id} and the address {request.url} as "
            f"another one. Remove one of them: lmskit material remove {found[-1].id}"
        )
    return found[0] if found else None


def _by_name(found: Sequence[Material], request: AddMaterial) -> Material:
    return next((material for material in found if material.file_name == request.file_name), found[0])


def _require_same(material: Material, course: Course, request: AddMaterial, wanted: dict[str, Any]) -> None:
    other_week = request.week is not None and material.week_number not in {None, request.week}
    if other_week and material.checksum != wanted["checksum"] and request.file_name == material.file_name:
        raise MaterialExistsError(
            f"{course.code} has another file {material.file_name}, in week {material.week_number}. To keep both, give this one another "
            f"name: --name week-{request.week}/{material.file_name}; to replace that one: --week {material.week_number}"
        )


def _require_no_own_file(material: Material) -> None:
    """Refuse to replace the file that a person gave by the page at its address, or by nothing."""
    if material.checksum is not None and material.fetched_at is None:
        raise MaterialExistsError(
            f"Material {material.id}, {material.title}, has this address and was added from {material.file_name or 'a file'}"
            ", so it stays as it is. To bring it up to date, add the file again; to have the page or link instead, remove it first: "
            f"lmskit material remove {material.id}"
        )


def _columns(request: AddMaterial, content: MaterialContent) -> dict[str, Any]:
    """The columns of a material as the request and its file have them."""
    text, file = content.text, content.content
    kind = text.kind.material_kind if text is not None else request.kind or MaterialKind.PAGE
    if request.kind is MaterialKind.VIDEO and request.url is not None:
        kind = MaterialKind.VIDEO
    title = request.title or one_line(text.title if text is not None else "", LONGEST_TITLE) or request.file_name or request.url or ""
    return {
        "week_number": request.week if request.week is not None or request.whole_course or text is None else text.week,
        "kind": kind,
        "title": one_line(title, LONGEST_TITLE) or "Untitled",
        "language": request.language or (text.language if text is not None else None),
        "licence": request.licence or (_licence(text) if text is not None else None),
        "url": request.url,
        "file_name": request.file_name,
        "checksum": None if file is None else checksum_of(file),
        "stored_as": None if file is None else store_name_of(file),
        "media_type": text.kind.media_type if text is not None else None,
        "size": None if file is None else len(file),
        "length": text.length if text is not None else None,
        "state": MaterialState.CURRENT,
        "findings": _findings(text.findings) if text is not None else [],
        "etag": content.etag,
        "last_modified": content.last_modified,
        "fetched_at": content.fetched_at,
    }


def _licence(text: MaterialText) -> str | None:
    if not text.licence:
        return None
    line = one_line(text.licence, LONGEST_LICENCE)
    return (AddMaterial(course="-", file_name="-", licence=line).licence if line else None) or None


def _findings(findings: Sequence[str]) -> list[str]:
    """As many findings as the column takes; the last one says so if there are more."""
    kept: list[str] = []
    left = LARGEST_FINDINGS // 2
    for finding in findings:
        sentence = one_line(finding, LONGEST_PROSE // 10)
        left -= len(sentence.encode()) + 8
        if len(kept) == MOST_FINDINGS - 1 or left < 0:
            return [*kept, f"There are {len(findings) - len(kept):,} more findings."]
        kept.append(sentence)
    return kept


def _assign(material: Material, wanted: dict[str, Any]) -> list[str]:
    """Give a material these values; return the names of those that differ, apart from when and how it was fetched."""
    differ = [name for name, value in wanted.items() if getattr(material, name) != value]
    for name in differ:
        setattr(material, name, wanted[name])
    return [name for name in differ if name not in {"etag", "last_modified", "fetched_at"}]


def _now(session: Session) -> dt.datetime:
    return session.execute(select(func.now())).scalar_one()


def _named(stored_as: str | None) -> tuple[str, ...]:
    return () if stored_as is None else (stored_as,)
