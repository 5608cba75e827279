"""Everything that is kept of one person, wired to the database, to the files of this machine and to the memory of erasures."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from lmskit.archives.store import FOLDER
from lmskit.backups.erasures import begin_to_remember, remember
from lmskit.db import Opener, access, snapshot, transaction
from lmskit.forms.privacy import ErasureResult, PrivacyScreen
from lmskit.queries.erasure import remembered_erasures
from lmskit.queries.person import lecturer_by_email
from lmskit.queries.personal_data import addresses_of, naming_pattern, person_id_of
from lmskit.queries.retention import due
from lmskit.read_models.personal_data import personal_data
from lmskit.schemas.privacy import ChooseAnyPerson, ErasePerson
from lmskit.services.archive_renewal import renew_archives
from lmskit.services.erasure import ErasureReceipt, erase_person
from lmskit.services.erasure_receipt import receipt_lines, renewal_sentences
from lmskit.services.permission import require_administrator
from lmskit.services.personal_files import files_naming
from lmskit.settings import variable_of


def privacy_desk(person: int | None = None, *, begin: Opener = transaction, read: Opener = snapshot) -> PrivacyScreen:
    """Return the screen; it begins with the person of this number."""
    with read() as session:
        require_administrator(session)

    def export(request: ChooseAnyPerson) -> tuple[str, bytes]:
        with read() as session:
            person_id = person_id_of(session, request.person)
            document = personal_data(session, person_id)
        return f"person-{person_id}.json", (json.dumps(document, ensure_ascii=False, indent=2, default=str) + "\n").encode()

    def periods() -> pd.DataFrame:
        with read() as session:
            found = due(session, access().settings)
        return pd.DataFrame(
            [
                {
                    "What": period.what,
                    "Kept": "for ever" if period.days is None else f"{period.days} days",
                    "Due": period.n_due,
                    "Oldest": "" if period.oldest is None else f"{period.oldest:%Y-%m-%d}",
                    "Set by": variable_of(f"retention_{period.kind}"),
                }
                for period in found
            ]
        )

    def rehearse(request: ErasePerson) -> ErasureResult:
        return _done(request, dry_run=True, begin=begin, read=read)

    def erase(request: ErasePerson) -> ErasureResult:
        return _done(request, dry_run=False, begin=begin, read=read)

    number = "" if person is None else str(person)
    return PrivacyScreen(on_export=export, on_rehearse=rehearse, on_erase=erase, read_periods=periods, person=number)


def _done(request: ErasePerson, *, dry_run: bool, begin: Opener, read: Opener) -> ErasureResult:
    settings = access().settings
    with read() as session:
        person_id = person_id_of(session, request.person)
        pattern = naming_pattern(session, person_id, family_alone=request.family_alone)
        addresses = addresses_of(session, person_id)
        taker = None if request.courses_to is None else lecturer_by_email(session, request.courses_to)
    naming, unread = files_naming((settings.reports_dir, settings.mail_dir), pattern) if pattern is not None else ([], [])
    # Files first: reports can be built again, and who is asked to erase the person again still knows whom to look for.
    if request.remove_files and not dry_run:
        for path in naming:
            path.unlink(missing_ok=True)
    with begin() as session:
        erased = erase_person(session, person_id, courses_to=taker, family_alone=request.family_alone, dry_run=dry_run)
        if not dry_run:
            begin_to_remember(settings, access().server.database, remembered_erasures(session), {person_id, *erased.former_ids})
    if not dry_run:
        for address in addresses:
            access().server.forget_login(address)
        with read() as session:
            remember(settings, access().server.database, remembered_erasures(session))
    archives = () if dry_run else tuple(renewal_sentences(renew_archives(begin, read, settings.home / FOLDER)))
    lines = [*receipt_lines(erased, naming=naming, unread=unread, removed=request.remove_files, dry_run=dry_run), *archives]
    sentence = f"Nothing was changed. This is what erasing person {person_id} would do." if dry_run else f"Person {person_id} is erased."
    remains = (*archives, *erased.remains, *(f"{path} could not be read, and may name the person." for path in unread))
    return ErasureResult(sentence, _rows(erased, naming, removed=request.remove_files), remains, "" if dry_run else "\n".join(lines) + "\n")


def _rows(erased: ErasureReceipt, naming: list[Path], *, removed: bool) -> pd.DataFrame:
    rows = [
        *(("Rows removed", table, n) for table, n in sorted(erased.removed.items())),
        *(("Names replaced", column, n) for column, n in sorted(erased.replaced.items())),
        ("Entries changed", "audit_log", erased.audit_entries),
        *(("File removed" if removed else "File that stays", str(path), 1) for path in naming),
    ]
    return pd.DataFrame(rows, columns=["What", "In", "Rows"])
