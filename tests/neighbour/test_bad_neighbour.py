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


def test_there_are_more_than_sixty_ways_and_no_two_of_one_name():
    names = [way.name for way in ways()]
    assert len(names) == len(set(names)) > 100
    assert set(SAMPLE) <= set(names)


def test_what_the_database_refuses_is_refused(made):
    refused = [beside(made, way, (), {}) for way in ways() if way.refused]
    assert [(result.way.name, result.faults) for result in refused if result.faults] == []


@pytest.mark.parametrize("name", SAMPLE)
def test_the_work_of_others_goes_on(name, made, work, usual):
    result = beside(made, next(way for way in ways() if way.name == name), work, usual)
    assert result.faults == []


@pytest.mark.long
@pytest.mark.parametrize("way", [way for way in ways() if not way.refused and way.name not in SAMPLE], ids=lambda way: way.name)
def test_the_work_of_others_goes_on_beside_every_way(way, made, work, usual, say):
    result = beside(made, way, work, usual)
    say(result.line(usual))
    assert result.faults == []
