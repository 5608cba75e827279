"""Moodle's functions over the network: one request each, refusals as sentences, missing functions and rights by name.

Source of the protocol: `webservice/rest` of Moodle. An error is an answer with the fields `exception`, `errorcode` and `message`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lmskit.errors import LmsError, LmsRightsError, LmsTokenError
from lmskit.importers.text_cell import one_line
from lmskit.importers.web_service.json_record import integer_of, records_of, text_of

if TYPE_CHECKING:
    import datetime as dt

    from lmskit.importers.web_service.client import ServiceAnswer, ServiceClient

ENDPOINT = "/webservice/rest/server.php"
SITE = "core_webservice_get_site_info"
COURSE = "core_course_get_courses_by_field"
CONTENTS = "core_course_get_contents"
PEOPLE = "core_enrol_get_enrolled_users"
GRADES = "gradereport_user_get_grade_items"
QUIZZES = "mod_quiz_get_quizzes_by_courses"
ATTEMPTS = "mod_quiz_get_user_attempts"
REVIEW = "mod_quiz_get_attempt_review"
UPDATES = "core_course_get_updates_since"
OWN_COURSES = "core_enrol_get_users_courses"
"""Not needed; with it Moodle says how many people the course has, without which nobody is withdrawn."""
NEEDED = (SITE, COURSE, CONTENTS, PEOPLE, GRADES, QUIZZES, ATTEMPTS, REVIEW, UPDATES)
LONGEST_SITE = 400
"""Characters of an address that fit into the id of a course."""
TOKEN_CODES = frozenset({
    "invalidtoken", "invalidtimedtoken", "wsaccessuserdeleted", "wsaccessuserexpired", "wsaccessusersuspended", "wsaccessuserunconfirmed",
})  # fmt: skip
RIGHTS_CODES = frozenset({"accessexception", "errorcoursecontextnotvalid", "nopermissions", "requireloginerror"})
GONE_CODES = frozenset({"invalidcoursemodule", "invalidrecord", "invalidrecordunknown"})
PASSING_CODES = frozenset({"dbconnectionfailed", "dmlreadexception", "sitemaintenance", "upgraderunning"})
"""Codes of errors: of the token, of what its user may not do, of what has been deleted, and of what passes."""


def is_passing(answer: ServiceAnswer) -> bool:
    """Whether Moodle says that it cannot answer now; it does so with a usual answer."""
    return isinstance(answer.document, dict) and answer.document.get("errorcode") in PASSING_CODES


@dataclass
class MoodleFunctions:
    """Calls the functions of one Moodle."""

    client: ServiceClient
    now: dt.datetime | None = field(default=None, init=False)
    """The moment of the first answer, by Moodle's clock."""
    has_count: bool = field(default=False, init=False)
    """Whether Moodle can say how many people a course has."""
    site: str = field(default="", init=False)
    """Moodle's own address, which may be another than that at which it is asked."""

    def call(self, function: str, **parameters: Any) -> Any:  # noqa: ANN401 - JSON
        """Call a function with its parameters, which may be lists and records.

        Raises
        ------
        LmsTokenError, LmsRightsError, LmsUnavailableError, LmsError
            As Moodle says, or as the client does.
        """
        form = {"wstoken": self.client.token.get_secret_value(), "wsfunction": function, "moodlewsrestformat": "json"} | _flat(parameters)
        answer = self.client.ask(ENDPOINT, form=form)
        if self.now is None:
            self.now = answer.at
        document = answer.document
        if isinstance(document, dict) and ("exception" in document or "errorcode" in document):
            raise self._refused(function, document)
        if answer.status != 200:  # noqa: PLR2004 - of HTTP
            raise LmsError(
                f"{self.client.name} answered {answer.status} to {function}. Check that the address is that of Moodle and that its web "
                "services, and the protocol REST, are switched on."
            )
        return document

    def require_functions(self) -> int:
        """Require that the token may call all functions that a sync needs, and return the number of the token's user.

        Raises
        ------
        LmsRightsError
            Functions are missing; they are named.
        """
        about = f"{self.client.name}, {SITE}"
        site = self.call(SITE)
        offered = {text_of(each, "name", about) for each in records_of(site.get("functions") if isinstance(site, dict) else None, about)}
        if missing := [function for function in NEEDED if function not in offered]:
            raise LmsRightsError(
                f"The service of the token at {self.client.name} lacks functions that a sync needs: {', '.join(missing)}. Nothing was "
                "written. An administrator of Moodle adds them: Site administration, Server, Web services, External services."
            )
        self.has_count = OWN_COURSES in offered
        self.site = one_line(text_of(site, "siteurl", about))[:LONGEST_SITE] or self.client.name
        return integer_of(site, "userid", about)

    def _refused(self, function: str, document: dict[str, Any]) -> LmsError:
        code, said = str(document.get("errorcode") or ""), self.client.shown(document.get("message") or "")
        name, reason = self.client.name, f"{self.client.shown(code)}: {said}"
        if code in TOKEN_CODES:
            return LmsTokenError(
                f"{name} does not accept the token ({reason}). It may have expired: make a new one in Moodle, under Preferences, Security "
                "keys, and put it where LMSKIT_MOODLE_TOKEN or LMSKIT_MOODLE_TOKEN_FILE says."
            )
        if code in RIGHTS_CODES:
            return LmsRightsError(f"{function} ({reason})")
        if code in GONE_CODES:
            return LmsError(
                f"{name} does not have what {function} was asked for any more ({reason}). Look whether the course is still there."
            )
        return LmsError(f"{name} refuses {function} ({reason}).")


def _flat(parameters: dict[str, Any], prefix: str = "") -> dict[str, str | int]:
    """Write lists and records as the keys that PHP reads.

    Examples
    --------
    >>> _flat({"courseid": 2, "options": [{"name": "limitfrom", "value": 0}]})
    {'courseid': 2, 'options[0][name]': 'limitfrom', 'options[0][value]': 0}
    """
    found: dict[str, str | int] = {}
    for name, value in parameters.items():
        key = f"{prefix}[{name}]" if prefix else name
        if isinstance(value, dict):
            found |= _flat(value, key)
        elif isinstance(value, list):
            found |= _flat({str(nth): each for nth, each in enumerate(value)}, key)
        else:
            found[key] = value
    return found
