"""The form for the welcome message, wired to the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmskit.forms.welcome import WelcomeNow, WelcomeWork
from lmskit.queries.course import course_by_code
from lmskit.queries.welcome import welcome_text
from lmskit.services.message_preview import preview_message, shown
from lmskit.services.welcome import clear_welcome, set_welcome, welcome_source

if TYPE_CHECKING:
    from lmskit.db import Opener
    from lmskit.schemas.written_message import OfWelcome, SetWelcome


def welcome_work(begin: Opener, read: Opener) -> WelcomeWork:
    """What the form of the welcome message does."""

    def now(request: OfWelcome) -> WelcomeNow:
        with read() as session:
            source = welcome_source(session, request)
            course_id = None if request.course is None else course_by_code(session, request.course).id
            text = welcome_text(session, course_id)
        if text is None:
            return WelcomeNow(source)
        return WelcomeNow(source, text.language, text.subject, text.body, is_own=text.course_id == course_id)

    def preview(request: OfWelcome) -> str:
        with read() as session:
            return shown(preview_message(session, request))

    def write(request: SetWelcome) -> str:
        with begin() as session:
            return set_welcome(session, request)

    def clear(request: OfWelcome) -> str:
        with begin() as session:
            return clear_welcome(session, request)

    return WelcomeWork(now, preview, write, clear)
