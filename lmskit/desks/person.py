"""People, wired to the database: finding, correcting, merging and splitting them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, TypeVar

import pandas as pd

from lmskit.db import PATIENT, Opener, access, retried, snapshot, transaction
from lmskit.forms.person import PersonScreen, PersonShown, PersonWork
from lmskit.forms.person_merge import PersonPreview, TwiceWork
from lmskit.listings import CONFLICTS, PERSON_COURSES, PERSON_IDS, PERSON_MERGES, SPLIT_PARTS
from lmskit.queries.duplicates import count_duplicates, duplicates
from lmskit.queries.person import count_people, people
from lmskit.queries.person_merge import count_person_merges, person_merges
from lmskit.read_models.person import person_view
from lmskit.services.mastery import refresh
from lmskit.services.permission import require_administrator
from lmskit.services.person_change import change_person
from lmskit.services.person_merge import MergeReport, SplitReport, merge_people, split_person

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from lmskit.schemas.person import ChangePerson, MergePeople, SplitPerson
    from lmskit.vocabulary import Role

Report = TypeVar("Report", MergeReport, SplitReport)


def person_desk(search: str = "", *, begin: Opener = transaction, read: Opener = snapshot) -> PersonScreen:
    """Return the screen; it begins with those whom this search finds."""
    with read() as session:
        require_administrator(session)

    def page(*, search: str | None, role: Role | None, limit: int, offset: int) -> tuple[pd.DataFrame, int]:
        with read() as session:
            found = people(session, search=search, role=role, limit=limit, offset=offset)
            return found, count_people(session, search=search, role=role)

    def show(number: int) -> PersonShown:
        with read() as session:
            return _shown(session, number)

    def change(request: ChangePerson) -> str:
        def work() -> str:
            with access().server.moving_logins() as move, begin() as session:
                changed = change_person(session, request)
                move(*changed.address)
            return changed.sentence

        return retried(work, idempotent=False)

    return PersonScreen(PersonWork(page, show, change, _twice(begin, read)), search=search)


def _shown(session: Session, number: int) -> PersonShown:
    view = person_view(session, str(number))
    more = view.n_courses - len(view.courses)
    person, sentences = view.person, [*view.sentences, *([f"… and {more:,} more courses."] if more else [])]
    return PersonShown(
        " ".join(sentences),
        person.name,
        person.family_name,
        person.given_name,
        person.preferred_name,
        person.email or "",
        tuple(f"{row['source']}:{row['external_id']}" for row in view.ids),
        PERSON_IDS.shown(PERSON_IDS.table(view.ids)),
        PERSON_COURSES.shown(PERSON_COURSES.table(view.courses)),
        PERSON_MERGES.shown(PERSON_MERGES.table(view.merges)),
    )


def _twice(begin: Opener, read: Opener) -> TwiceWork:
    def pairs(limit: int, offset: int) -> tuple[pd.DataFrame, int]:
        with read() as session:
            return duplicates(session, limit=limit, offset=offset), count_duplicates(session)

    def merges(limit: int, offset: int) -> tuple[pd.DataFrame, int]:
        with read() as session:
            return person_merges(session, limit=limit, offset=offset), count_person_merges(session)

    def preview_merge(request: MergePeople) -> PersonPreview:
        with begin() as session:
            report = merge_people(session, request.kept, request.removed, dry_run=True)
        table = CONFLICTS.shown(pd.DataFrame([asdict(conflict) for conflict in report.conflicts], columns=[*CONFLICTS.names]))
        return PersonPreview(table, report.question, report.refusal, report)

    def merge(request: MergePeople, preview: PersonPreview) -> str:
        report, rest = _refreshed(begin, lambda session: merge_people(session, request.kept, request.removed, previewed=preview.report))
        return f"{report.sentence} Receipt {report.receipt}. {rest}".rstrip()

    def preview_split(request: SplitPerson) -> PersonPreview:
        with begin() as session:
            report = split_person(session, request.receipt, dry_run=True)
        table = SPLIT_PARTS.shown(pd.DataFrame([asdict(part) for part in report.parts], columns=[*SPLIT_PARTS.names]))
        return PersonPreview(table, report.question, report=report)

    def split(request: SplitPerson, preview: PersonPreview) -> str:
        report, rest = _refreshed(begin, lambda session: split_person(session, request.receipt, previewed=preview.report))
        return f"{report.sentence} {rest}".rstrip()

    return TwiceWork(pairs, merges, preview_merge, merge, preview_split, split)


def _refreshed(begin: Opener, change: Callable[[Session], Report]) -> tuple[Report, str]:
    """Do the work and estimate mastery again in one transaction; return also which courses could not be estimated."""

    def work() -> tuple[Report, str]:
        with begin() as session:
            report = change(session)
            skipped = refresh(session, touched=report.touched).skipped_sentences if report.touched else ()
        return report, " ".join(skipped)

    return retried(work, lock_attempts=PATIENT)
