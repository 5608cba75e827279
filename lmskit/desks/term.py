"""The terms, wired to the database and to the stores of archives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
from sqlalchemy.orm import Session

from lmskit.archives.store import FOLDER, store_of
from lmskit.db import Opener, access, retried, snapshot, transaction
from lmskit.db.transaction import interrupter
from lmskit.db.vacuum import vacuum
from lmskit.desks.options import term_options
from lmskit.forms.background_work import Task
from lmskit.forms.term import TermScreen, TermStatus, TermWork
from lmskit.queries.archive import MOVED_BETWEEN, archives, earlier_archives
from lmskit.queries.page import MAX_PAGE
from lmskit.queries.term import TERMS, TermCounts, count_terms, term_by_code, term_counts, terms
from lmskit.queries.term_closing import open_enrollments
from lmskit.rounding import count_text, size_text
from lmskit.schemas.term import TakeTermStep
from lmskit.services.archive import create_archive, known_archive, prune_archives, require_archivable
from lmskit.services.archive_report import pruned
from lmskit.services.archive_restore import restore_archive, verify_archive
from lmskit.services.permission import require_administrator
from lmskit.services.term import STEPS, close_term, open_term, require_state, today
from lmskit.vocabulary import TermState, TermStep


def term_desk(term: str = "", *, begin: Opener = transaction, read: Opener = snapshot) -> TermScreen:
    """Return the terms; it begins with the one of this code, or with the newest.

    Each step is what the command does; one that is cancelled leaves the term as it was, and no files.
    """
    with read() as session:
        require_administrator(session)
    desk = _Desk(begin, read)
    work = TermWork(page=desk.page, options=desk.options, status=desk.status, ask=desk.ask, take=desk.take)
    return TermScreen(work, folder=str(desk.folder), term=term)


class _Desk:
    """What the screen does."""

    def __init__(self, begin: Opener, read: Opener) -> None:
        self._begin, self._read = begin, read

    @property
    def folder(self) -> Path:
        return access().settings.home / FOLDER

    def page(self, limit: int, offset: int) -> tuple[pd.DataFrame, int]:
        with self._read() as session:
            page, total = terms(session, limit=limit, offset=offset), count_terms(session)
            found = archives(session, terms=list(page["code"]), limit=MAX_PAGE)
        current = found[found["ended_at"].isna()].set_index("term")
        when = {
            heading: page["code"].map(current[name]).astype("object")
            for name, heading in (("created_at", "Archived"), ("verified_at", "Verified"))
        }
        return TERMS.shown(page).assign(**when), total

    def options(self) -> list[tuple[str, str]]:
        with self._read() as session:
            return term_options(session)

    def status(self, code: str) -> TermStatus:
        with self._read() as session:
            term = term_by_code(session, code)
            counts = term_counts(session, term.id)
            found = archives(session, terms=[code], limit=MAX_PAGE)
            earlier = earlier_archives(session, term.id)
        sentence = f"{term.code} is {term.state}; its last day is {term.ends_on}. It has {counts.kept}; {counts.moved}."
        return TermStatus(sentence, (*STEPS[term.state], *((TermStep.PRUNE,) if earlier else ())), found)

    # Questions: the services refuse here what they would refuse later --------------------------------------

    def ask(self, request: TakeTermStep) -> str:
        with self._read() as session:
            counts = term_counts(session, term_by_code(session, request.term).id)
            return self._questions[request.step](session, request, counts)

    @property
    def _questions(self) -> dict[TermStep, Callable[[Session, TakeTermStep, TermCounts], str]]:
        return {
            TermStep.CLOSE: self._ask_to_close,
            TermStep.OPEN: self._ask_to_open,
            TermStep.ARCHIVE: self._ask_to_archive,
            TermStep.VERIFY: self._ask_to_verify,
            TermStep.RESTORE: self._ask_to_restore,
            TermStep.PRUNE: self._ask_to_prune,
        }

    def _ask_to_close(self, session: Session, request: TakeTermStep, counts: TermCounts) -> str:
        term = term_by_code(session, request.term)
        require_state(term, TermState.OPEN)
        enrollments = open_enrollments(session, term)
        pending = f" ({'; '.join(enrollments.named)})" if enrollments.n_pending else ""
        return (
            f"Close {request.term}? Its {counts.kept}, {counts.moved} stay as they are until it is opened again: "
            "forms, imports and the refresh of mastery change nothing of them. Dashboards and reports read them as before. "
            f"{' '.join(enrollments.sentences(term, today()))}{pending}"
        )

    def _ask_to_open(self, session: Session, request: TakeTermStep, counts: TermCounts) -> str:
        require_state(term_by_code(session, request.term), TermState.CLOSED)
        return (
            f"Open {request.term} again? Its {counts.kept}, {counts.moved} can be changed then. "
            "Enrollments that closing it completed are active again."
        )

    def _ask_to_archive(self, session: Session, request: TakeTermStep, counts: TermCounts) -> str:
        require_archivable(session, request.term)
        return (
            f"Archive {request.term} to {request.to or self.folder}? Its {counts.moved} are written to files, read back and compared, and "
            f"then moved to the archived rows. Its {counts.kept} stay where they are, and are in the files too. "
            "Dashboards and reports read all of it as before."
        )

    def _ask_to_verify(self, session: Session, request: TakeTermStep, counts: TermCounts) -> str:
        known = known_archive(session, request.term)
        files, size = count_text(len(known.manifest.files), "file"), size_text(sum(file.size for file in known.manifest.files.values()))
        return (
            f"Verify the archive of {request.term}? Its {files} ({size}) in {known.location} are read, and compared with "
            f"{counts.moved} in the database. Nothing is changed."
        )

    def _ask_to_restore(self, session: Session, request: TakeTermStep, counts: TermCounts) -> str:
        known = known_archive(session, request.term)
        source = f"are read from the files in {known.location}" if request.from_files else "move back from the archived rows"
        return (
            f"Restore {request.term}? {counts.moved} {source}, and are compared with what was archived. "
            "The term is closed then, and the files stay."
        )

    def _ask_to_prune(self, session: Session, request: TakeTermStep, _counts: TermCounts) -> str:
        found = archives(session, terms=[request.term], limit=MAX_PAGE)
        earlier = found[found["ended_at"].notna()]
        number, size = count_text(len(earlier), "earlier archive"), size_text(int(earlier["size"].sum()))
        return f"Remove {number} of {request.term} ({size}) for ever? The rows in the database and the archive in use stay as they are."

    # Steps -------------------------------------------------------------------------------------------------

    def take(self, task: Task, request: TakeTermStep) -> str:
        code, begin, read = request.term, _cancellable(self._begin, task), _cancellable(self._read, task)
        match request.step:
            case TermStep.CLOSE | TermStep.OPEN:
                task.report("Waiting for those who write in the term", 0, None)
                return retried(lambda: self._close_or_open(task, request), idempotent=False)
            case TermStep.ARCHIVE:
                store = store_of(request.to or str(self.folder), default=self.folder)
                archived = create_archive(begin, read, store, code, progress=task.report)
                _clean_up(task)
                return archived.archived
            case TermStep.VERIFY:
                return verify_archive(begin, code, self.folder, progress=task.report).verified
            case TermStep.RESTORE:
                restored = restore_archive(begin, code, self.folder, from_files=request.from_files, progress=task.report)
                _clean_up(task)
                return restored.restored
            case TermStep.PRUNE:
                task.settle()  # what was removed would not come back
                return pruned(code, prune_archives(self._begin, code, self.folder))

    def _close_or_open(self, task: Task, request: TakeTermStep) -> str:
        with self._begin() as session, task.interruptible(interrupter(session)):
            if request.step is TermStep.CLOSE:
                return close_term(session, request.term).sentence
            return open_term(session, request.term).sentence


def _clean_up(task: Task) -> None:
    """Clean up after rows have moved: that is done and said, whatever becomes of this."""
    task.finish("Cleaning up")
    vacuum(MOVED_BETWEEN)


def _cancellable(opener: Opener, task: Task) -> Opener:
    """The opener, whose sessions end what they are running when the task is cancelled."""

    @contextmanager
    def opened() -> Iterator[Session]:
        with opener() as session, task.interruptible_step(interrupter(session)):
            yield session

    return opened
