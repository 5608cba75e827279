"""Canvas's REST API over the network: one request for a document, several for a list; refusals as sentences, missing rights by name.

Sources: the pages Pagination, Throttling and OAuth2 of Canvas's documentation. Ids are asked for as texts, since those of other sites
have more digits than a number of JSON is exact for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from lmskit.errors import AddressNotAllowedError, LmsAnswerError, LmsError, LmsRightsError, LmsTokenError
from lmskit.importers.web_service.json_record import object_in, records_of
from lmskit.limits import MOST_SERVICE_PAGES
from lmskit.web.address import WebAddress

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping, Sequence

    from lmskit.importers.web_service.client import ServiceAnswer, ServiceClient

API = "/api/v1/"
COURSES = "courses"
COURSE = "courses/:course_id"
SECTIONS = "courses/:course_id/sections"
ENROLLMENTS = "courses/:course_id/enrollments"
USERS = "courses/:course_id/users"
MODULES = "courses/:course_id/modules"
MODULE_ITEMS = "courses/:course_id/modules/:module_id/items"
ASSIGNMENTS = "courses/:course_id/assignments"
SUBMISSIONS = "courses/:course_id/students/submissions"
QUESTIONS = "courses/:course_id/quizzes/:quiz_id/questions"
"""What is asked for, as Canvas's documentation and the scopes of a token name it."""
KEPT_HEADERS = ("Link", "WWW-Authenticate", "X-Rate-Limit-Remaining")
PAGE = 100
LOW_QUOTA = 100.0
"""What may be left of the quota, which usually is 700, before requests become slower."""
SLOWER = 2.0
"""Seconds, in which Canvas gives back about as much as a request of average length takes."""
_THROTTLED = "Rate Limit Exceeded"
_LINK = re.compile(r"<([^<>]*)>([^<>]*)")
_NEXT = re.compile(r'\brel="?next\b')
_PLACE = re.compile(r":([a-z_]+)")


def is_passing(answer: ServiceAnswer) -> bool:
    """Whether Canvas says that it was asked too much; it does so with the status of what is forbidden."""
    return answer.status == HTTPStatus.FORBIDDEN and _THROTTLED in answer.text


@dataclass
class CanvasCalls:
    """Asks one Canvas."""

    client: ServiceClient
    now: dt.datetime | None = field(default=None, init=False)
    """The moment of the first answer, by Canvas's clock."""

    def one(self, endpoint: str, ids: Mapping[str, str], **parameters: str | Sequence[str]) -> dict[str, Any]:
        """Ask for one document.

        Raises
        ------
        LmsTokenError, LmsRightsError, LmsUnavailableError, LmsError
            As Canvas says, or as the client does.
        """
        return object_in(self._ask(endpoint, _path(endpoint, ids, parameters)).document, endpoint)

    def listed(self, endpoint: str, ids: Mapping[str, str], **parameters: str | Sequence[str]) -> Iterator[dict[str, Any]]:
        """Ask for a list, page after page, to its last one.

        Raises
        ------
        LmsTokenError, LmsRightsError, LmsUnavailableError, LmsError
            As Canvas says, or as the client does.
        """
        path: str | None = _path(endpoint, ids, {**parameters, "per_page": str(PAGE)})
        seen: set[str] = set()
        while path is not None:
            if path in seen or len(seen) >= MOST_SERVICE_PAGES:
                raise LmsAnswerError(f"{endpoint}: the pages of the list do not end.")
            seen.add(path)
            answer = self._ask(endpoint, path)
            yield from records_of(answer.document, endpoint)
            path = self._next(answer)

    def _ask(self, endpoint: str, path: str) -> ServiceAnswer:
        token = self.client.token.get_secret_value()
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json+canvas-string-ids"}
        answer = self.client.ask(path, headers=headers)
        if self.now is None:
            self.now = answer.at
        if answer.status != HTTPStatus.OK:
            raise self._refused(endpoint, answer)
        if _left(answer) < LOW_QUOTA:
            self.client.wait(SLOWER)
        return answer

    def _next(self, answer: ServiceAnswer) -> str | None:
        """The path of the next page, below the address of Canvas; None behind the last."""
        links = _LINK.findall(answer.headers.get("Link") or "")
        link = next((address for address, parameters in links if _NEXT.search(parameters)), None)
        if link is None:
            return None
        own = self.client.address
        try:
            found = WebAddress.parsed(link)
        except AddressNotAllowedError:
            found = None
        above = own.path.rstrip("/")
        if found is None or found.host_header != own.host_header or not found.target.startswith(f"{above}/"):
            raise LmsError(
                f"{self.client.name} has the next page of a list at another address, {self.client.shown(link)}, to which the token is not "
                "sent. Give the address that a browser shows once the start page has opened."
            )
        return found.target.removeprefix(above)

    def _refused(self, endpoint: str, answer: ServiceAnswer) -> LmsError:
        name, scope = self.client.name, f"url:GET|{API}{endpoint}"
        reason = f"{answer.status}: {self.client.shown(_message(answer))}"
        if answer.status == HTTPStatus.UNAUTHORIZED and answer.headers.get("WWW-Authenticate"):
            return LmsTokenError(
                f"{name} does not accept the token ({reason}). It may have expired: make a new one in Canvas, under Account, Settings, "
                "Approved Integrations, and put it where LMSKIT_CANVAS_TOKEN or LMSKIT_CANVAS_TOKEN_FILE says."
            )
        if answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            return LmsRightsError(f"{scope} ({reason})")
        if answer.status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
            return LmsError(
                f"{name} does not have what it was asked for ({scope}, {reason}). Check the address and the number of the course, and "
                "whether the course is still there."
            )
        return LmsError(f"{name} refuses {scope} ({reason}).")


def _path(endpoint: str, ids: Mapping[str, str], parameters: Mapping[str, str | Sequence[str]]) -> str:
    """Write an endpoint with its ids and parameters as a path.

    Examples
    --------
    >>> _path("courses/:course_id/users", {"course_id": "7"}, {"enrollment_type": ["teacher"], "per_page": "100"})
    '/api/v1/courses/7/users?enrollment_type%5B%5D=teacher&per_page=100'
    """
    pairs = [
        pair
        for name, value in parameters.items()
        for pair in ([(name, value)] if isinstance(value, str) else [(f"{name}[]", each) for each in value])
    ]
    query = f"?{urlencode(pairs)}" if pairs else ""
    return f"{API}{_PLACE.sub(lambda found: ids[found[1]], endpoint)}{query}"


def _left(answer: ServiceAnswer) -> float:
    """What is left of the quota; infinite where Canvas does not say."""
    try:
        return float(answer.headers.get("X-Rate-Limit-Remaining") or "inf")
    except ValueError:
        return float("inf")


def _message(answer: ServiceAnswer) -> str:
    """What Canvas says about a refusal: the messages of its errors, or its words."""
    document = answer.document
    errors = document.get("errors") if isinstance(document, dict) else None
    listed = errors if isinstance(errors, list) else []
    found = [str(each["message"]) for each in listed if isinstance(each, dict) and each.get("message")]
    return ", ".join(found) or answer.text or HTTPStatus(answer.status).phrase
