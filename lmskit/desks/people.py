"""The desk for lecturers and their logins, wired to the database."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
from sqlalchemy.orm import Session

from lmskit.db import Opener, generate_password, snapshot, transaction
from lmskit.errors import ConflictError
from lmskit.forms.people import PeopleScreen, Told
from lmskit.queries.login import count_logins, logins, signed_in
from lmskit.schemas.login import ChooseLogin, CreateLogin
from lmskit.schemas.person import AddLecturer
from lmskit.services.login import close_login, create_login, end_sessions, give_password, open_login, sessions_ended
from lmskit.services.permission import require_administrator
from lmskit.services.person import add_lecturer


def people_desk(
    *, page: int = 1, begin: Opener = transaction, read: Opener = snapshot, new_password: Callable[[], str] = generate_password
) -> PeopleScreen:
    """Return the desk, wired to the database; it begins with this page of the list.

    A password is made here, shown once, and kept nowhere.
    """
    with read() as session:
        require_administrator(session)

    def listed(limit: int, offset: int) -> tuple[pd.DataFrame, int]:
        with read() as session:
            return logins(session, limit=limit, offset=offset), count_logins(session)

    def add(request: AddLecturer) -> Told:
        password = new_password()
        with begin() as session:
            add_lecturer(session, request, password=password)
        if not request.with_login:
            return Told(f"{request.email} was added as a lecturer, without a login.")
        return Told(f"{request.email} was added as a lecturer and can sign in.", request.email, password)

    def make(request: ChooseLogin) -> Told:
        password = new_password()
        with begin() as session:
            create_login(session, CreateLogin(email=request.email), password=password)
        return Told(f"{request.email} has a login now.", request.email, password)

    def renew(request: ChooseLogin) -> Told:
        password = new_password()
        with begin() as session:
            _require_another(session, request, "To give yourself a new password, type into a terminal: lmskit passwd")
            give_password(session, request.email, password=password)
        return Told(f"{request.email} has a new password.", request.email, password)

    def close(request: ChooseLogin) -> Told:
        with begin() as session:
            _require_another(session, request, "Ask another administrator to close it.")
            person = close_login(session, request.email)
        with begin() as session:
            ended = sessions_ended(end_sessions(session, person))
        return Told(f"The login of {request.email} is closed; nobody can sign in with it. {ended}")

    def reopen(request: ChooseLogin) -> Told:
        password = new_password()
        with begin() as session:
            open_login(session, request.email, password=password)
        return Told(f"The login of {request.email} is open again, with a new password.", request.email, password)

    return PeopleScreen(read=listed, page=page, on_add=add, on_make=make, on_renew=renew, on_close=close, on_open=reopen)


def _require_another(session: Session, request: ChooseLogin, advice: str) -> None:
    """Refuse to touch the login in use: this notebook could not go on with it."""
    if signed_in(session).email == request.email:
        raise ConflictError(f"That is the login you are using. {advice}")
