"""How files of a source are read, as a person chose the last time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from lmskit.importers.remembered_choices import RememberedChoices, choices_of
from lmskit.models import ImportChoice
from lmskit.services.permission import administrators_only

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lmskit.importers.formats import ReadOptions


def remembered_choices(session: Session, key: str) -> RememberedChoices | None:
    """Return what was chosen for a source the last time; None if nothing was."""
    found = session.execute(select(ImportChoice.choices, ImportChoice.chosen_at).where(ImportChoice.source_key == key)).one_or_none()
    return None if found is None else RememberedChoices(dict(found.choices), found.chosen_at)


@administrators_only("change how files are read")
def remember_choices(session: Session, key: str, reading: ReadOptions) -> None:
    """Remember how a file of a source was read; options that were not given are forgotten.

    Raises
    ------
    NotPermittedError
        The signed-in person is not an administrator.
    """
    chosen = choices_of(reading)
    if not chosen:
        forget_choices(session, key)
        return
    new = insert(ImportChoice).values(source_key=key, choices=chosen)
    session.execute(
        new.on_conflict_do_update(
            index_elements=["source_key"],
            set_={"choices": new.excluded.choices, "chosen_at": func.now()},
            where=ImportChoice.choices != new.excluded.choices,
        )
    )


@administrators_only("change how files are read")
def forget_choices(session: Session, key: str) -> bool:
    """Forget what was chosen for a source; return whether there was anything.

    Raises
    ------
    NotPermittedError
        The signed-in person is not an administrator.
    """
    statement = delete(ImportChoice).where(ImportChoice.source_key == key).returning(ImportChoice.id)
    return session.execute(statement).first() is not None
