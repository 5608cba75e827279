"""Which models have vectors of passages, and which passages have none yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, func, select, tuple_

from lmskit.listings import EMBEDDING_MODELS
from lmskit.models import EmbeddingModel, MaterialPassage, PassageVector
from lmskit.queries.course import course_by_code
from lmskit.queries.finding import note, well
from lmskit.queries.frame import rows
from lmskit.queries.leading import is_led
from lmskit.queries.page import DEFAULT_PAGE, paged
from lmskit.vocabulary import EmbeddingModelState

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd
    from sqlalchemy.orm import Session
    from sqlalchemy.sql.elements import ColumnElement

    from lmskit.queries.finding import Finding
    from lmskit.queries.frame import Rows

Key = tuple[int, int, int]
"""Course, material and ordinal of a passage."""
BEFORE_ALL: Key = (0, 0, 0)


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A model whose vectors the database has, or is getting."""

    name: str
    dimension: int
    checksum: str | None
    state: EmbeddingModelState
    probe: Sequence[float] | None
    """Its vector of a text of lmskit's own; None where it is not kept yet."""


@dataclass(frozen=True, slots=True)
class PassageToEmbed:
    """The text of a passage, as its vector depends on it."""

    key: Key
    headings: Sequence[str]
    body: str


def stored_model(session: Session, name: str) -> StoredModel | None:
    """The model with this name, if there is one."""
    return _model(session, EmbeddingModel.name == name)


def model_in_use(session: Session) -> StoredModel | None:
    """The model that search uses; None before the first vectors."""
    return _model(session, EmbeddingModel.state == EmbeddingModelState.IN_USE)


def filling_model(session: Session) -> StoredModel | None:
    """The model that search shall use when it has vectors of all passages; None if no change is under way."""
    return _model(session, EmbeddingModel.state == EmbeddingModelState.FILLING)


def _model(session: Session, condition: ColumnElement[bool]) -> StoredModel | None:
    statement = (
        select(EmbeddingModel.name, EmbeddingModel.dimension, EmbeddingModel.checksum, EmbeddingModel.state, EmbeddingModel.probe)
        .where(condition)
        .order_by(EmbeddingModel.name)
        .limit(1)
    )
    row = session.execute(statement).one_or_none()
    return None if row is None else StoredModel(*row)


def passages_without_vector(session: Session, model: str, *, after: Key = BEFORE_ALL, limit: int = DEFAULT_PAGE) -> list[PassageToEmbed]:
    """The next passages, by course, material and ordinal, of which the model has no vector, among those that the person may change."""
    key = (MaterialPassage.course_id, MaterialPassage.material_id, MaterialPassage.ordinal)
    statement = (
        select(*key, MaterialPassage.headings, MaterialPassage.body)
        .where(tuple_(*key) > tuple_(*after), _has_no_vector(model), is_led(MaterialPassage.course_id))
        .order_by(*key)
        .limit(limit)
    )
    return [PassageToEmbed((row[0], row[1], row[2]), row.headings, row.body) for row in session.execute(statement)]


def count_without_vector(session: Session, model: str) -> int:
    """How many passages that the person may change have no vector of the model."""
    without = select(func.count()).select_from(MaterialPassage).where(_has_no_vector(model), is_led(MaterialPassage.course_id))
    return session.execute(without).scalar_one()


def lacks_vectors(session: Session, course: str) -> bool:
    """Whether a passage of `course` has no vector of the model that search uses; without such a model, whether it has a passage.

    Raises
    ------
    CourseNotFoundError
        The signed-in person can see no such course.
    """
    used = model_in_use(session)
    passage = select(MaterialPassage.ordinal).where(MaterialPassage.course_id == course_by_code(session, course).id)
    return session.scalar((passage if used is None else passage.where(_has_no_vector(used.name))).limit(1)) is not None


@EMBEDDING_MODELS.documented
def embedding_models(session: Session, *, limit: int = DEFAULT_PAGE, offset: int = 0) -> pd.DataFrame:
    """The models with how many passages have a vector of theirs, among those that the person may see.

    {columns}
    """
    return EMBEDDING_MODELS.table(embedding_model_rows(session, limit=limit, offset=offset))


def embedding_model_rows(session: Session, *, limit: int = DEFAULT_PAGE, offset: int = 0) -> Rows:
    """The rows of `embedding_models`, for a list in the terminal."""
    n_vectors = select(func.count()).select_from(PassageVector).where(PassageVector.model == EmbeddingModel.name).correlate(EmbeddingModel)
    n_passages = select(func.count()).select_from(MaterialPassage)
    statement = select(
        EmbeddingModel.name,
        EmbeddingModel.state,
        EmbeddingModel.dimension,
        n_vectors.scalar_subquery().label("vectors"),
        (n_passages.scalar_subquery() - n_vectors.scalar_subquery()).label("missing"),
        EmbeddingModel.created_at,
        EmbeddingModel.checksum,
    ).order_by(EmbeddingModel.created_at, EmbeddingModel.name)
    return rows(session, paged(statement, limit, offset))


def count_embedding_models(session: Session) -> int:
    """How many models there are."""
    return session.execute(select(func.count()).select_from(EmbeddingModel)).scalar_one()


def embedding_findings(session: Session) -> Iterator[Finding]:
    """Check that search by meaning finds every passage, among those that the person may see."""
    n_passages = session.execute(select(func.count()).select_from(MaterialPassage)).scalar_one()
    used = model_in_use(session)
    if n_passages:
        n_without = n_passages if used is None else count_without_vector(session, used.name)
        if n_without:
            yield note(
                "vectors",
                f"{n_without:,} of {n_passages:,} passages of materials have no vector, so search finds them by their words only. "
                "To compute the vectors: lmskit material embed",
            )
        elif used is not None:
            yield well("vectors", f"All {n_passages:,} passages of materials have a vector of {used.name}.")
    filling = filling_model(session)
    if filling is not None:
        yield note(
            "vectors, unfinished",
            f"Search shall use {filling.name}, which does not have vectors of all passages yet. "
            f"Unless they are being computed now: lmskit material embed --model {filling.name}. The job vectors finishes it, too.",
        )


def _is_of_the_passage() -> ColumnElement[bool]:
    return and_(
        PassageVector.course_id == MaterialPassage.course_id,
        PassageVector.material_id == MaterialPassage.material_id,
        PassageVector.ordinal == MaterialPassage.ordinal,
    )


def _has_no_vector(model: str) -> ColumnElement[bool]:
    return ~select(PassageVector.model).where(_is_of_the_passage(), PassageVector.model == model).exists()
