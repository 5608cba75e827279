"""Lecturers and their logins, wired to the database."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
from sqlalchemy.orm import Session

from lmskit.db import Opener, generate_password, snapshot, transaction
from lmskit.desks.options import found_lecturers
from lmskit.errors import ConflictError
from lmskit.forms.finder import Options
from lmskit.forms.people import LoginResult, PeopleScreen
from lmskit.queries.login import count_logins, courses_in_open_terms, logins, signed_in
from lmskit.queries.person import person_by_email
from lmskit.schemas.login import ChooseLogin, CloseLogin, CreateLogin
from lmskit.schemas.person import AddLecturer
from lmskit.services.login import (
    asked_before_closing,
    close_login,
    create_login,
    end_sessions,
    give_password,
    open_login,
    sessions_ended,
)
from lmskit.services.permission import require_administrator
from lmskit.services.person import add_lecturer


def people_desk(
    *, page: int = 1, begin: Opener = transaction, read: Opener = snapshot, new_password: Callable[[], str] = generate_password
) -> PeopleScreen:
    """Return the screen; it begins with this page of the list.

    A password is created here, shown once, and stored only as verifier and hash.
    """
    with read() as session:
        require_administrator(session)

    def listed(search: str, limit: int, offset: int) -> tuple[pd.DataFrame, int]:
        with read() as session:
            return logins(session, search=search, limit=limit, offset=offset), count_logins(session, search=search)

    def led(email: str) -> list[str]:
        with read() as session:
            person = person_by_email(session, email)
            return [] if person is None else courses_in_open_terms(session, person)

    def lecturers(search: str) -> tuple[Options, int]:
        with read() as session:
            return found_lecturers(session, search)

    def add(request: AddLecturer) -> LoginResult:
        password = new_password()
        with begin() as session:
            add_lecturer(session, request, password=password)
        if not request.with_login:
            return LoginResult(f"{request.email} was added as a lecturer, without a login.")
        return LoginResult(f"{request.email} was added as a lecturer and can sign in.", request.email, password)

    def create(request: ChooseLogin) -> LoginResult:
        password = new_password()
        with begin() as session:
            create_login(session, CreateLogin(email=request.email), password=password)
        return LoginResult(f"{request.email} has a login now.", request.email, password)

    def renew(request: ChooseLogin) -> LoginResult:
        password = new_password()
        with begin() as session:
            _refuse_own_login(session, request, "To set your own password, type into a terminal: lmskit passwd")
            give_password(session, request.email, password=password)
        return LoginResult(f"{request.email} has a new password.", request.email, password)

    def reopen(request: ChooseLogin) -> LoginResult:
        password = new_password()
        with begin() as session:
            open_login(session, request.email, password=password)
        return LoginResult(f"The login of {request.email} is open again, with a new password.", request.email, password)

    ask_to_close, close = _closing(begin, read)
    return PeopleScreen(
        read=listed,
        read_courses=led,
        find_lecturers=lecturers,
        ask_to_close=ask_to_close,
        page=page,
        on_add=add,
        on_create=create,
        on_renew=renew,
        on_close=close,
        on_open=reopen,
    )


def _closing(begin: Opener, read: Opener) -> tuple[Callable[[CloseLogin], str], Callable[[CloseLogin], LoginResult]]:
    """What asks before a login is closed, and what closes it as long as the question would be the same."""
    asked: dict[CloseLogin, str] = {}

    def ask_to_close(request: CloseLogin) -> str:
        asked.clear()
        with read() as session:
            asked[request] = asked_before_closing(session, request)
        return asked[request]

    def close(request: CloseLogin) -> LoginResult:
        with begin() as session:
            _refuse_own_login(session, request, "Ask another administrator to close it.")
            person = close_login(session, request.email, **request.model_dump(exclude={"email"}), asked=asked.get(request))
        with begin() as session:
            ended = sessions_ended(end_sessions(session, person))
        return LoginResult(f"The login of {request.email} is closed; it cannot be used to sign in any more. {ended}")

    return ask_to_close, close


def _refuse_own_login(session: Session, request: ChooseLogin, advice: str) -> None:
    """Refuse to change the login that this notebook uses."""
    if signed_in(session).email == request.email:
        raise ConflictError(f"That is the login you are using. {advice}")
