import pytest

from lmskit.forms.syllabus import Weeks, parse_weeks


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


def test_a_line_without_a_number_is_the_next_week_and_blank_lines_are_ignored():
    weeks = parse_weeks("Numbers\n\n  \n5. Fractions\nDecimals\n")
    assert [(week["week_number"], week["topic"]) for week in weeks] == [(1, "Numbers"), (5, "Fractions"), (6, "Decimals")]


def test_blank_text_has_no_week():
    assert parse_weeks(" \n\n") == []


def test_a_cell_with_line_breaks_copied_from_a_spreadsheet_is_one_cell():
    assert parse_weeks('4\tLoops\t"Trace a loop\nby ""hand"""\nConditions') == [
        {"week_number": 4, "topic": "Loops", "objectives": 'Trace a loop by "hand"'},
        {"week_number": 5, "topic": "Conditions", "objectives": ""},
    ]


def test_pasted_weeks_continue_after_the_week_above():
    weeks = Weeks()
    weeks.show([{"week_number": 4, "topic": "Numbers", "objectives": ""}])
    weeks.grid.paste("Loops\nRecursion\tCalls itself", 0)
    assert [(week["week_number"], week["topic"], week["objectives"]) for week in weeks.read()] == [
        (4, "Numbers", ""),
        (5, "Loops", ""),
        (6, "Recursion", "Calls itself"),
    ]


def test_a_week_without_a_number_follows_the_one_above_and_blank_rows_are_ignored():
    weeks = Weeks()
    weeks.grid.rows = [{"week_number": "3", "topic": "Numbers"}, {"topic": " "}, {"topic": "Loops"}]
    assert [(week["week_number"], week["topic"]) for week in weeks.read()] == [(3, "Numbers"), (4, "Loops")]
    assert weeks.show_problem("1.topic", "wrong") == "row 3, topic: wrong"
    assert weeks.grid.problems == [{}, {}, {"topic": "wrong"}]
