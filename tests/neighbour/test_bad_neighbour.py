"""A lecturer tries to stop the others, while an administrator imports, refreshes, enrols, reads a report and asks the doctor."""

import pytest

from tests.neighbour.measure import beside
from tests.neighbour.ways import ways

SAMPLE = (
    "changes its courses twice and does not commit, which locks its own row of people and its term",
    "a hash table as large as the client allows",
    "begins to sign in on every connection of the server, and never finishes",
    "parameters of no sense",
    "fills the server's log",
)
"""Ways by every means but the processor, for the quick run."""
HELD_UP = 10.0
"""Times as long as alone: who takes longer was held up. How much later each task ends is measured by `benchmarks.bad_neighbour`."""
WAYS = {way.name: way for way in ways()}
KINDS = {(way.means, way.how, way.sessions > 1): way.name for way in reversed(ways()) if not way.refused}
TWO_MINUTES = {"opens a subtransaction within the other, tens of thousands of them"}
FURTHER = sorted(set(KINDS.values()) - set(SAMPLE) - TWO_MINUTES)
"""The first way of each kind, by means, by how it is done and by one session or several; the benchmark tries all."""


def test_there_are_more_than_sixty_ways_and_no_two_of_one_name():
    names = [way.name for way in ways()]
    assert len(names) == len(set(names)) > 100
    assert set(SAMPLE) <= set(names)


@pytest.mark.long
def test_what_the_database_refuses_is_refused(made):
    refused = [beside(made, way, (), {}) for way in ways() if way.refused]
    assert [(result.way.name, result.faults) for result in refused if result.faults] == []


@pytest.mark.long
@pytest.mark.parametrize("name", SAMPLE)
def test_the_work_of_others_goes_on(name, made, work, usual):
    result = beside(made, WAYS[name], work, usual, bound=HELD_UP)
    assert result.faults == []


@pytest.mark.long
@pytest.mark.parametrize("name", FURTHER)
def test_the_work_of_others_goes_on_beside_one_way_of_each_kind(name, made, work, usual, say):
    result = beside(made, WAYS[name], work, usual, bound=HELD_UP)
    say(result.line(usual))
    assert result.faults == []
