"""xAPI statements, as a learning record store gives them out: in a list, one in each line, or as the answer to a query.

Source: Experience API 1.0.3 (statements, actors), the ADL vocabulary of verbs and the xAPI video profile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lmskit.importers.activity import ActivityFormat, ActorKey, resource_title
from lmskit.importers.events.event_file import EventFile, object_of, text_of
from lmskit.importers.formats import detect_by_opening
from lmskit.vocabulary import ActivityKind, ActivitySource

if TYPE_CHECKING:
    from collections.abc import Mapping

VERBS: Mapping[str, ActivityKind] = {
    "adlnet.gov/expapi/verbs/answered": ActivityKind.ANSWERED,
    "adlnet.gov/expapi/verbs/completed": ActivityKind.COMPLETED,
    "activitystrea.ms/schema/1.0/complete": ActivityKind.COMPLETED,
    "adlnet.gov/expapi/verbs/scored": ActivityKind.SCORED,
    "w3id.org/xapi/video/verbs/played": ActivityKind.WATCHED,
    "activitystrea.ms/schema/1.0/play": ActivityKind.WATCHED,
    "activitystrea.ms/schema/1.0/watch": ActivityKind.WATCHED,
    "adlnet.gov/expapi/verbs/experienced": ActivityKind.VIEWED,
    "id.tincanapi.com/verb/viewed": ActivityKind.VIEWED,
}
"""The verbs that are taken, by their addresses without what is before the name of the server."""
SCHEMES = ("https://", "http://")
LANGUAGE = "en"
"""The language of a title that has several; otherwise the first one."""


class XapiStatements(EventFile):
    """An opened file of statements."""

    source = ActivitySource.XAPI
    counted = "statements"
    wrapped_in = "statements"
    time = ("timestamp", "stored")

    def is_event(self, event: Mapping[str, Any]) -> bool:
        """Whether an object is a statement."""
        return bool(object_of(event, "actor") and text_of(event, "verb", "id") and object_of(event, "object"))

    def kind_of(self, event: Mapping[str, Any]) -> tuple[ActivityKind | None, str]:
        """Return what a statement is taken as, by its verb."""
        verb = text_of(event, "verb", "id")
        return VERBS.get(_without_scheme(verb)), verb

    def actor_of(self, event: Mapping[str, Any]) -> ActorKey | None:
        """Return the agent; None for a group."""
        actor = object_of(event, "actor")
        if text_of(actor, "objectType") == "Group":
            return None
        address = text_of(actor, "mbox").lower().removeprefix("mailto:")
        ids = tuple(filter(None, (text_of(actor, "account", "name"), text_of(actor, "openid"))))
        return ActorKey(ids, address, text_of(actor, "mbox_sha1sum").lower(), text_of(actor, "name"))

    def resource_of(self, event: Mapping[str, Any]) -> str:
        """Return the title of the object, else its address."""
        names = object_of(event, "object", "definition", "name")
        titles = {language: text_of(names, language) for language in names if text_of(names, language)}
        title = next((titles[each] for each in titles if each.lower().split("-")[0] == LANGUAGE), next(iter(titles.values()), ""))
        return resource_title(title or text_of(event, "object", "id"))


def _without_scheme(address: str) -> str:
    for scheme in SCHEMES:
        address = address.removeprefix(scheme)
    return address.removeprefix("www.").rstrip("/")


FORMAT = ActivityFormat(str(ActivitySource.XAPI), "xAPI statements", detect_by_opening(XapiStatements), XapiStatements)
