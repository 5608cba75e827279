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


def test_an_edit_made_before_python_set_the_rows_does_not_undo_the_change(grid):
    before = grid.revision
    grid.rows = [{"text": "new"}]
    grid.receive({"revision": before, "rows": [{"text": "old", "right": False}]})
    assert texts(grid) == ["new"]


def test_only_valid_rows_are_accepted_from_the_page(grid):
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


def test_pasted_lines_replace_blank_rows_and_push_the_others_down(grid):
    typed(grid, "one", "", "two")
    grid.receive({"revision": grid.revision, "paste": "a\nb", "row": 1})
    assert texts(grid) == ["one", "a", "b"]
    assert grid.problems[2] == {"text": "At most 3 rows fit; 1 were left out."}
    typed(grid, "one", "two")
    grid.receive({"revision": grid.revision, "paste": "a", "row": 0})
    assert texts(grid) == ["one", "a", "two"]


def test_a_mistake_is_shown_beside_its_cell_until_other_rows_are_set(grid):
    typed(grid, "one", "two")
    grid.point_out(1, "text", "wrong")
    assert grid.problems == [{}, {"text": "wrong"}]
    grid.rows = []
    assert grid.problems == []


def test_a_fixed_grid_takes_no_pasted_rows():
    grid = Grid([GridColumn("file", "File", "shown"), GridColumn("title", "Title")], noun="file", most=5, fixed=True)
    grid.rows = [{"file": "a.md", "title": "A"}]
    grid.receive({"revision": grid.revision, "paste": "one\ntwo", "row": 0})
    assert [row["title"] for row in grid.rows] == ["A"]
