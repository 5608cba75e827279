"""Desks: each opens a form that is wired to the database and to the mail server.

A desk checks that the signed-in person is an administrator, unless lecturers may use it too (`material_desk`), reads the options that
the form offers, and opens one transaction for each request. A desk is imported when it is first used, so that `lmskit.connect`, which
needs none of them, waits for none.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lmskit.desks.course import course_change_desk, course_desk
    from lmskit.desks.enrollment import enrollment_desk
    from lmskit.desks.invitation import invitation_desk
    from lmskit.desks.mastery_rule import mastery_rule_desk
    from lmskit.desks.material import material_desk
    from lmskit.desks.next_term import next_term_desk
    from lmskit.desks.outbox import outbox_desk
    from lmskit.desks.password import password_desk
    from lmskit.desks.people import people_desk
    from lmskit.desks.person import person_desk
    from lmskit.desks.privacy import privacy_desk
    from lmskit.desks.quiz import quiz_desk
    from lmskit.desks.roster_import import roster_import_desk
    from lmskit.desks.staff import staff_desk
    from lmskit.desks.taking_back import taking_back_desk
    from lmskit.desks.term import term_desk

__all__ = [
    "course_change_desk",
    "course_desk",
    "enrollment_desk",
    "invitation_desk",
    "mastery_rule_desk",
    "material_desk",
    "next_term_desk",
    "outbox_desk",
    "password_desk",
    "people_desk",
    "person_desk",
    "privacy_desk",
    "quiz_desk",
    "roster_import_desk",
    "staff_desk",
    "taking_back_desk",
    "term_desk",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - one type for each desk; a type checker reads it from the imports above
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = "course" if name == "course_change_desk" else name.removesuffix("_desk")
    return getattr(importlib.import_module(f"{__name__}.{module}"), name)
