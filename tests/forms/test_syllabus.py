import pytest

from lmskit.forms.syllabus import parse_weeks


@pytest.mark.parametrize(
    ("line", "week_number", "topic", "objectives"),
    [
        ("Loops", 1, "Loops", ""),
        ("Loops | Trace a loop by hand", 1, "Loops", "Trace a loop by hand"),
        ("Loops\tTrace a loop by hand", 1, "Loops", "Trace a loop by hand"),
        ("4\tLoops\tTrace a loop by hand", 4, "Loops", "Trace a loop by hand"),
        ("4. Loops", 4, "Loops", ""),
        ("4) Loops", 4, "Loops", ""),
        ("Week 4: Loops | Trace | by hand", 4, "Loops", "Trace   by hand"),
        ("3D graphics", 1, "3D graphics", ""),
        ("2.5 dimensions", 1, "2.5 dimensions", ""),
        ("10 ways to sort", 1, "10 ways to sort", ""),
    ],
)
def test_a_line_is_a_week(line, week_number, topic, objectives):
    assert parse_weeks(line) == [{"week_number": week_number, "topic": topic, "objectives": objectives}]


def test_weeks_count_on_from_the_line_before_and_blank_lines_are_none():
    weeks = parse_weeks("Numbers\n\n  \n5. Fractions\nDecimals\n")
    assert [(week["week_number"], week["topic"]) for week in weeks] == [(1, "Numbers"), (5, "Fractions"), (6, "Decimals")]


def test_nothing_is_no_week():
    assert parse_weeks(" \n\n") == []
