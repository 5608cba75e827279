"""Caliper events: in envelopes, in a list, or one in each line.

Source: 1EdTech Caliper Analytics 1.1 and 1.2 (events, entities, envelope); how Canvas and Blackboard name people in them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lmskit.importers.activity import ActivityFormat, ActorKey, resource_title
from lmskit.importers.events.event_file import EventFile, object_of, text_of
from lmskit.importers.formats import detect_by_opening
from lmskit.vocabulary import ActivityKind, ActivitySource

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TAKEN: Mapping[tuple[str, str], ActivityKind] = {
    ("AssessmentItemEvent", "Completed"): ActivityKind.ANSWERED,
    ("AssessmentItemEvent", "Submitted"): ActivityKind.ANSWERED,
    ("AssessmentEvent", "Submitted"): ActivityKind.ANSWERED,
    ("AssessmentEvent", "Completed"): ActivityKind.ANSWERED,
    ("AssignableEvent", "Submitted"): ActivityKind.ANSWERED,
    ("AssignableEvent", "Completed"): ActivityKind.COMPLETED,
    ("GradeEvent", "Graded"): ActivityKind.SCORED,
    ("MediaEvent", "Started"): ActivityKind.WATCHED,
    ("ViewEvent", "Viewed"): ActivityKind.VIEWED,
    ("NavigationEvent", "NavigatedTo"): ActivityKind.VIEWED,
}
"""What is taken, by the type of an event and its action."""
EXTENSIONS = (
    ("bb:user.externalId",),
    ("com.instructure.canvas", "user_login"),
    ("com.instructure.canvas", "user_sis_id"),
    ("com.instructure.canvas", "entity_id"),
)
"""Where Blackboard and Canvas keep further ids of a person."""


class CaliperEvents(EventFile):
    """An opened file of events."""

    source = ActivitySource.CALIPER
    counted = "events"
    wrapped_in = "data"
    time = ("eventTime",)

    def is_event(self, event: Mapping[str, Any]) -> bool:
        """Whether an object is an event; an envelope may have described entities, too."""
        return bool(text_of(event, "type").endswith("Event") and text_of(event, "action") and text_of(event, "eventTime"))

    def kind_of(self, event: Mapping[str, Any]) -> tuple[ActivityKind | None, str]:
        """Return what an event is taken as, by its type and action."""
        kind, action = text_of(event, "type").rsplit("/", 1)[-1], text_of(event, "action").rsplit("#", 1)[-1]
        return TAKEN.get((kind, action)), f"{kind} {action}"

    def actor_of(self, event: Mapping[str, Any]) -> ActorKey | None:
        """Return the person who acts; of a grade, the one whose attempt it is, since another person or a program gives it."""
        is_grade = text_of(event, "type").endswith("GradeEvent")
        actor = event.get("object", {}) if is_grade else event
        key = "assignee" if is_grade else "actor"
        person = actor.get(key) if isinstance(actor, dict) else None
        ids = tuple(dict.fromkeys(filter(None, _ids_of(person, event))))
        address = next((value.lower().removeprefix("mailto:") for value in ids if "@" in value and "/" not in value), "")
        return ActorKey(ids, address, name=text_of(person, "name")) if ids else None

    def resource_of(self, event: Mapping[str, Any]) -> str:
        """Return the name of the object, or of what an attempt is at; else its address."""
        found = event.get("object")
        titles = (
            text_of(found, "name"),
            text_of(found, "assignable", "name"),
            text_of(found, "assignable"),
            text_of(found, "assignable", "id"),
        )
        address = found if isinstance(found, str) else text_of(found, "id")
        return resource_title(next(filter(None, titles), address))


def _ids_of(person: object, event: Mapping[str, Any]) -> Iterator[str]:
    """Give out the ids of a person: the address of the entity, what is behind its last stroke, and those that systems add."""
    address = text_of({"id": person}, "id") if isinstance(person, str) else text_of(person, "id")
    yield address
    yield address.rstrip("/").rsplit("/", 1)[-1].rsplit(":", 1)[-1] if "@" not in address else ""
    others = person.get("otherIdentifiers") if isinstance(person, dict) else None
    for other in others if isinstance(others, list) else ():
        yield text_of(other, "identifier")
    for path in EXTENSIONS:
        yield text_of(object_of(person, "extensions"), *path)
        yield text_of(object_of(event, "extensions"), *path) if not text_of(event, "type").endswith("GradeEvent") else ""


FORMAT = ActivityFormat(str(ActivitySource.CALIPER), "Caliper events", detect_by_opening(CaliperEvents), CaliperEvents)
