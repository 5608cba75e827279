import json

import plotly.graph_objects as go
import pytest

from lmskit.dashboards import ClickFigure

BARS = go.Figure(go.Bar(x=["a", "b"], y=[1, 2]), layout={"title": "Which bar?"})


def test_a_figure_is_small_because_plotly_comes_once_for_all():
    assert len(ClickFigure(BARS).spec) < 20_000


def test_the_page_gets_plotly_when_it_asks_and_not_before():
    sent = []
    figure = ClickFigure(BARS)
    figure.send = lambda content, buffers=None: sent.append((content, buffers))
    figure._handle_custom_msg({"kind": "something else"}, [])
    assert sent == []
    figure._handle_custom_msg({"kind": "plotly.js"}, [])
    [(content, [source])] = sent
    assert content == {"kind": "plotly.js"}
    assert b"plotly.js v" in source[:200]


def test_nothing_in_the_widget_names_an_address_of_the_internet():
    assert "http" not in ClickFigure._esm
    assert "http" not in ClickFigure._css


def test_each_click_is_reported_also_a_second_one_on_the_same_point():
    seen = []
    figure = ClickFigure(BARS, on_click=lambda click: seen.append((click["x"], click["n"])))
    point = {"curve": 0, "point": 1, "x": "b", "y": 2, "customdata": None}
    figure.clicked = point | {"n": 1}
    figure.clicked = point | {"n": 2}
    assert seen == [("b", 1), ("b", 2)]


def test_another_figure_replaces_the_one_shown():
    figure = ClickFigure(BARS)
    figure.show(go.Figure(go.Scatter(y=[3])))
    assert [trace["type"] for trace in figure.shown["data"]] == ["scatter"]
    assert figure.shown == json.loads(figure.spec)


def test_a_click_without_a_point_is_not_reported():
    figure = ClickFigure(BARS, on_click=lambda _click: pytest.fail("nothing was to be done"))
    figure.clicked = {}
