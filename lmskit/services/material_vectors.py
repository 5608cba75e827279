"""Vectors of passages: computed in no transaction, stored in short ones, so that nothing is lost or done twice after a crash.

A change of model fills the vectors of the new one beside those of the old one, with which search goes on; when no passage is without
a new one, one transaction switches, and the old vectors are deleted after it. Each step can be done again from what is stored.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import delete, func, insert, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert as insert_once

from lmskit.db import PATIENT, Opener, retried
from lmskit.errors import EmbedderError, EmbedderUnavailableError, ModelChangedError
from lmskit.materials.vectors.choice import chosen_embedder, embedder_named
from lmskit.materials.vectors.embedder import check_embedder, passage_text, vector_of, vectors_of
from lmskit.models import EmbeddingModel, Material, MaterialPassage, PassageVector
from lmskit.progress import Progress, silent
from lmskit.queries.material_vectors import (
    BEFORE_ALL,
    PassageToEmbed,
    count_without_vector,
    filling_model,
    model_in_use,
    passages_without_vector,
    stored_model,
)
from lmskit.services.permission import administrators_only
from lmskit.vocabulary import EmbeddingModelState

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeVar

    from sqlalchemy.orm import Session

    from lmskit.materials.vectors.embedder import Embedder, Vectors
    from lmskit.queries.material_vectors import Key, StoredModel
    from lmskit.settings import Settings

    T = TypeVar("T")

_BATCH = 32
"""Passages that are embedded and stored together: seconds of work, which a crash loses at most."""
_DELETED_AT_ONCE = 2_000
_PROBE = "A loop repeats its lines as long as a condition is true. Ein Test vergleicht, was eine Stichprobe zeigt, mit dem Zufall."
"""A text whose vector is kept with a model, and compared before others are added."""
_SAME = 0.98
"""The cosine of two vectors of one text by one model: half precision and other processors change the fourth digit."""
_ROUNDS = 5
"""How often passages are looked for that were added meanwhile."""


@dataclass(frozen=True, slots=True)
class EmbeddingReport:
    """What embedding did."""

    model: str
    stored: int
    """Vectors that were stored."""
    without: int
    """Passages that have none yet, since they were added or changed meanwhile."""
    replaced: str | None = None
    """The model that search used before."""
    unfinished: str | None = None
    """Why a change of the model that was interrupted could not be finished, and what to do."""

    @property
    def sentence(self) -> str:
        """The report in one or two sentences."""
        vectors = "1 vector" if self.stored == 1 else f"{self.stored:,} vectors"
        left = f" {self.without:,} passages were added meanwhile and have none yet." if self.without else ""
        switched = f" Search uses them now, instead of those of {self.replaced}." if self.replaced else ""
        unfinished = f" {self.unfinished}" if self.unfinished else ""
        return f"{vectors} of {self.model} stored.{left}{switched}{unfinished}"


def embed_passages(begin: Opener, settings: Settings, *, model: str | None = None, progress: Progress = silent) -> EmbeddingReport:
    """Give every passage that has none a vector; with another model than the one in use, of that model, and let search use it then.

    Without a model, an administrator's call also finishes a change of the model that was interrupted. With a model, it ends a change to
    another one.

    Parameters
    ----------
    begin
        See `lmskit.db.transaction.Opener`.
    settings
        They say which embedders this process has.
    model
        The name of the model that search shall use from now on; None for the one in use, or the first one.
    progress
        Called after each batch.

    Raises
    ------
    EmbedderError
        The model cannot be used, or answers something else than vectors. What is stored stays.
    ModelChangedError
        The model has the name of the one whose vectors are stored, and is another one.
    NotPermittedError
        Only an administrator can choose a model.
    """
    report = _embed(begin, settings, model, progress)
    filling = _read(begin, filling_model) if model is None else None
    if filling is None or not _read(begin, lambda session: session.execute(_MAY_DELETE).scalar_one()):
        return report
    try:
        finished = _embed(begin, settings, filling.name, progress)
    except EmbedderError as error:
        advice = f"To use it: lmskit material embed --model {filling.name}; to stay: lmskit material embed --model {report.model}"
        return replace(report, unfinished=f"The change to {filling.name} is not finished: {error} {advice}")
    return replace(finished, stored=report.stored + finished.stored)


def _embed(begin: Opener, settings: Settings, model: str | None, progress: Progress) -> EmbeddingReport:
    """Do it for one model."""
    used = _read(begin, model_in_use)
    if model is not None:
        embedder = embedder_named(model, settings, stored=False)
    elif used is not None:
        embedder = embedder_named(used.name, settings)
    else:
        embedder = chosen_embedder(settings).embedder
    check_embedder(embedder, said=f"The model {embedder.name}")
    if used is None and model is None and _read(begin, lambda session: _can_wait(session, embedder.name)):
        return EmbeddingReport(embedder.name, 0, 0)
    if used is None or used.name != embedder.name:
        _write(begin, lambda session: _register(session, embedder))
    else:
        _require_same(used, embedder)
        if model is not None and _read(begin, filling_model) is not None:
            _write(begin, lambda session: _end_other_changes(session, model))
    _recognise(begin, embedder)
    stored, replaced = 0, None
    for _ in range(_ROUNDS):
        added = _fill(begin, embedder, progress)
        stored += added
        replaced = _write(begin, lambda session: _switch(session, embedder)) or replaced
        if added == 0 or _read(begin, lambda session: count_without_vector(session, embedder.name)) == 0:
            break
    _keep_probe(begin, embedder)
    _delete_retired(begin, progress)
    return EmbeddingReport(embedder.name, stored, _read(begin, lambda session: count_without_vector(session, embedder.name)), replaced)


def _read(begin: Opener, question: Callable[[Session], T]) -> T:
    with begin() as session:
        return question(session)


def _write(begin: Opener, work: Callable[[Session], T]) -> T:
    return retried(lambda: _read(begin, work), lock_attempts=PATIENT)


# Models ---------------------------------------------------------------------------------------------------


def _register(session: Session, embedder: Embedder) -> None:
    """Let there be vectors of a model; the first model is used at once."""
    with administrators_only("choose the model that search uses"):
        _lock_models(session)
        stored = stored_model(session, embedder.name)
        state = EmbeddingModelState.FILLING if model_in_use(session) is not None else EmbeddingModelState.IN_USE
        values = {"dimension": embedder.dimension, "checksum": embedder.checksum, "state": state}
        if stored is None:
            session.execute(insert(EmbeddingModel).values(name=embedder.name, **values))
        elif (stored.dimension, stored.checksum) == (embedder.dimension, embedder.checksum):
            if stored.state is not EmbeddingModelState.IN_USE:
                session.execute(update(EmbeddingModel).where(EmbeddingModel.name == embedder.name).values(state=state))
        elif stored.state is EmbeddingModelState.IN_USE:
            _require_same(stored, embedder)
        else:  # search does not use it: its vectors are those of another model of this name
            session.execute(delete(PassageVector).where(PassageVector.model == embedder.name))
            session.execute(update(EmbeddingModel).where(EmbeddingModel.name == embedder.name).values(**values, probe=None))
        _end_other_changes(session, embedder.name)


def _can_wait(session: Session, name: str) -> bool:
    """Whether no model has to be chosen yet: there are no passages, and not because all have a vector of a model that is not in use."""
    stored = stored_model(session, name)
    return (stored is None or stored.state is not EmbeddingModelState.FILLING) and not count_without_vector(session, name)


def _switch(session: Session, embedder: Embedder) -> str | None:
    """Let search use a model, if every passage has a vector of it; return the name of the one before."""
    used = model_in_use(session)
    if used is None or used.name == embedder.name:
        return None
    with administrators_only("choose the model that search uses"):
        _lock_models(session)
        used = model_in_use(session)
        filling = stored_model(session, embedder.name)
        if used is None or used.name == embedder.name or filling is None or filling.state is not EmbeddingModelState.FILLING:
            return None
        _require_same(filling, embedder)
        if count_without_vector(session, embedder.name):
            return None
        for name, state in ((used.name, EmbeddingModelState.RETIRED), (embedder.name, EmbeddingModelState.IN_USE)):
            session.execute(update(EmbeddingModel).where(EmbeddingModel.name == name).values(state=state))
    return used.name


def _end_other_changes(session: Session, name: str) -> None:
    """Let search use no other model than this one in the end."""
    with administrators_only("choose the model that search uses"):
        _lock_models(session)
        other = (EmbeddingModel.state == EmbeddingModelState.FILLING) & (EmbeddingModel.name != name)
        session.execute(update(EmbeddingModel).where(other).values(state=EmbeddingModelState.RETIRED))


def _lock_models(session: Session) -> None:
    """Let no other session choose a model until the transaction ends, so that one at most is in use."""
    session.execute(text("LOCK TABLE lms.embedding_models IN SHARE ROW EXCLUSIVE MODE"))


def _require_same(stored: StoredModel, embedder: Embedder) -> None:
    if (stored.dimension, stored.checksum) != (embedder.dimension, embedder.checksum):
        raise ModelChangedError(
            f"The stored vectors of {stored.name} are those of another model of this name: its checksum begins with "
            f"{(stored.checksum or 'nothing')[:12]}, and that of the model here with {embedder.checksum[:12]}. Nothing was changed. {_MEND}"
        )


_MEND = (
    "Use the model of before again; or let search use another one meanwhile (lmskit material embed --model character-hash-384), "
    "and then this one (--model NAME), which computes all vectors anew."
)


def _recognise(begin: Opener, embedder: Embedder) -> None:
    """Refuse a model that answers otherwise than when its vectors were stored, such as another one behind a server's name.

    Lecturers may write vectors of passages, so these say nothing about the model.
    """
    if not _read(begin, lambda session: count_without_vector(session, embedder.name)):
        return
    stored = _read(begin, lambda session: stored_model(session, embedder.name))
    if stored is None or stored.probe is None:
        return
    now = vector_of(embedder, _PROBE)
    before = np.array(stored.probe)
    cosine = float(now @ before) / float(np.linalg.norm(before))
    if cosine < _SAME:
        raise ModelChangedError(
            f"The model {embedder.name} answers otherwise than when its stored vectors were computed (cosine {cosine:.2f} instead of 1). "
            f"Nothing was changed. {_MEND}"
        )


def _keep_probe(begin: Opener, embedder: Embedder) -> None:
    """Keep the vector by which a model is recognised; for administrators, since a lecturer's would be believed by all."""
    if not _read(begin, lambda session: session.execute(_TO_RECOGNISE, {"name": embedder.name}).scalar_one()):
        return
    probe = vector_of(embedder, _PROBE).tolist()
    of_model = (EmbeddingModel.name == embedder.name) & EmbeddingModel.probe.is_(None)
    _write(begin, lambda session: session.execute(update(EmbeddingModel).where(of_model).values(probe=probe)))


_TO_RECOGNISE = text(
    "SELECT has_table_privilege('lms.embedding_models', 'UPDATE')"
    " AND EXISTS (SELECT FROM lms.embedding_models WHERE name = :name AND probe IS NULL)"
)


# Vectors --------------------------------------------------------------------------------------------------


def _fill(begin: Opener, embedder: Embedder, progress: Progress) -> int:
    """Go once through the passages without a vector; return how many were stored."""
    total = _read(begin, lambda session: count_without_vector(session, embedder.name))
    step = f"Computing vectors of {embedder.name}"
    progress(step, 0, total)
    after, done, stored = BEFORE_ALL, 0, 0
    while passages := _next(begin, embedder.name, after):
        stored += store_vectors(begin, embedder, passages)
        after, done = passages[-1].key, done + len(passages)
        progress(step, min(done, total), total)
    return stored


def _next(begin: Opener, model: str, after: Key) -> list[PassageToEmbed]:
    return _read(begin, lambda session: passages_without_vector(session, model, after=after, limit=_BATCH))


def store_vectors(begin: Opener, embedder: Embedder, passages: Sequence[PassageToEmbed]) -> int:
    """Embed passages, and store the vectors of those that are still there with the same text; return how many were stored."""
    vectors = _embedded(embedder, passages)
    return _write(begin, lambda session: _store(session, embedder, passages, vectors))


def _embedded(embedder: Embedder, passages: Sequence[PassageToEmbed]) -> Vectors:
    return vectors_of(embedder, [passage_text(passage.headings, passage.body) for passage in passages])


def _store(session: Session, embedder: Embedder, passages: Sequence[PassageToEmbed], vectors: Vectors) -> int:
    model = stored_model(session, embedder.name)
    if model is None or model.state is EmbeddingModelState.RETIRED:
        raise EmbedderUnavailableError(
            f"Search uses another model than {embedder.name} since a moment ago. Embed again: lmskit material embed"
        )
    _require_same(model, embedder)
    # Who reads a material again locks its row before its passages are replaced, so they stay as they are until this transaction ends.
    materials = {passage.key[1] for passage in passages}
    session.execute(select(Material.id).where(Material.id.in_(materials)).order_by(Material.id).with_for_update(read=True))
    key = (MaterialPassage.course_id, MaterialPassage.material_id, MaterialPassage.ordinal)
    still = {
        (row[0], row[1], row[2]): (row.headings, row.body)
        for row in session.execute(
            select(*key, MaterialPassage.headings, MaterialPassage.body).where(tuple_(*key).in_([passage.key for passage in passages]))
        )
    }
    rows = [
        dict(zip(("course_id", "material_id", "ordinal"), passage.key, strict=True))
        | {"model": embedder.name, "dimension": embedder.dimension, "embedding": vector.tolist()}
        for passage, vector in zip(passages, vectors, strict=True)
        if still.get(passage.key) == (passage.headings, passage.body)
    ]
    if not rows:
        return 0
    # another process may have embedded the same passages meanwhile
    statement = insert_once(PassageVector).values(rows).on_conflict_do_nothing().returning(PassageVector.ordinal)
    return len(session.execute(statement).all())


def _delete_retired(begin: Opener, progress: Progress) -> None:
    """Delete the vectors of models that search does not use any more, as far as the signed-in person may."""
    if not _read(begin, lambda session: session.execute(_MAY_DELETE).scalar_one()):
        return
    left = _read(begin, lambda session: session.execute(select(func.count()).select_from(PassageVector).where(_OF_RETIRED)).scalar_one())
    done = 0
    while deleted := _write(begin, _delete_some):
        done += deleted
        progress("Deleting vectors of retired models", min(done, left), left)


_MAY_DELETE = text("SELECT has_table_privilege('lms.passage_vectors', 'DELETE')")
_OF_RETIRED = PassageVector.model.in_(select(EmbeddingModel.name).where(EmbeddingModel.state == EmbeddingModelState.RETIRED))


def _delete_some(session: Session) -> int:
    key = (PassageVector.course_id, PassageVector.material_id, PassageVector.ordinal, PassageVector.model)
    some = select(*key).where(_OF_RETIRED).limit(_DELETED_AT_ONCE)
    return len(session.execute(delete(PassageVector).where(tuple_(*key).in_(some)).returning(PassageVector.ordinal)).all())
