"""The form that sets a course's mastery rule, wired to the database."""

from __future__ import annotations

from collections.abc import Mapping

from lmskit.db import Opener, snapshot, transaction
from lmskit.desks.options import course_options
from lmskit.forms.mastery_rule import MasteryRuleForm
from lmskit.queries.mastery import course_rule
from lmskit.schemas.mastery_rule import ChooseRule
from lmskit.services.mastery_rule import choose_rule
from lmskit.services.permission import require_administrator


def mastery_rule_desk(course: str = "", *, begin: Opener = transaction, read: Opener = snapshot) -> MasteryRuleForm:
    """Return the form; it begins with `course`, or with the newest one."""
    with read() as session:
        require_administrator(session)
        known_courses = course_options(session)

    def choose(request: ChooseRule) -> str:
        with begin() as session:
            chosen = choose_rule(session, request.course, request.rule, request.parameters)
        return f"{chosen.sentence()} {chosen.from_when()}"

    def stored(code: str) -> tuple[str, Mapping[str, object]]:
        with read() as session:
            return course_rule(session, code)

    return MasteryRuleForm(choose, courses=known_courses, read=stored, course=course)
