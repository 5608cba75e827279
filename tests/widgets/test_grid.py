import pytest

from lmskit.widgets import Grid, GridColumn


@pytest.fixture
def grid():
    return Grid([GridColumn("text", "Text"), GridColumn("right", "Right", "check")], noun="option", most=3)


def typed(grid, *texts):
    grid.receive({"revision": grid.revision, "rows": [{"text": text, "right": False} for text in texts]})


def texts(grid):
    return [row["text"] for row in grid.rows]


def test_a_new_grid_has_one_blank_row(grid):
    assert grid.rows == [{"text": "", "right": False}]


def test_what_was_typed_before_python_changed_the_grid_does_not_undo_the_change(grid):
    before = grid.revision
    grid.rows = [{"text": "new"}]
    grid.receive({"revision": before, "rows": [{"text": "old", "right": False}]})
    assert texts(grid) == ["new"]


def test_what_a_page_sends_is_taken_only_if_it_is_rows(grid):
    for rows in (
        [{"text": 1, "right": False}],
        [{"text": "a"}],
        [{"text": "a", "right": "yes"}],
        ["a"],
        "a",
        [{"text": "", "right": True}] * 4,
    ):
        grid.receive({"revision": grid.revision, "rows": rows})
    grid.receive("rows")
    assert texts(grid) == [""]


def test_pasted_lines_take_the_place_of_blank_rows_and_push_the_others_down(grid):
    typed(grid, "one", "", "two")
    grid.receive({"revision": grid.revision, "paste": "a\nb", "row": 1})
    assert texts(grid) == ["one", "a", "b"]
    assert grid.problems[2] == {"text": "There is room for 3 rows; 1 were left out."}
    typed(grid, "one", "two")
    grid.receive({"revision": grid.revision, "paste": "a", "row": 0})
    assert texts(grid) == ["one", "a", "two"]


def test_a_mistake_stands_beside_its_cell_until_other_rows_are_put_in(grid):
    typed(grid, "one", "two")
    grid.point_out(1, "text", "wrong")
    assert grid.problems == [{}, {"text": "wrong"}]
    grid.rows = []
    assert grid.problems == []
