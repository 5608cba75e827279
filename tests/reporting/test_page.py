"""The page of a report: escaped, without scripts in the data, the same for the same notebook."""

import base64
import hashlib
import json
import re

import nbformat.v4
import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from lmskit.reporting.display import PLOTLY, Picture, folded, heading, note, table
from lmskit.reporting.export import page, policy, term_page

EVIL = "</script><img src=x onerror=alert(1)>\u2028"


def notebook(*bundles):
    cells = [
        nbformat.v4.new_code_cell("secret_source()", outputs=[nbformat.v4.new_output("display_data", data=data)], id=f"cell-{number}")
        for number, data in enumerate(bundles)
    ]
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})


def picture():
    figure = go.Figure(go.Bar(x=[EVIL], y=np.array([1.5])))
    figure.update_layout(title=EVIL, height=300)
    return Picture(figure)._repr_mimebundle_()


def test_a_figure_is_data_that_no_browser_runs():
    html = page(notebook(picture()), title=EVIL)
    block = re.search(r'<script type="application/json">(.*?)</script>', html, re.DOTALL)
    assert block
    assert json.loads(block[1])["data"][0]["x"] == [EVIL]
    assert EVIL not in html
    assert "<img" not in html


def test_the_page_contains_no_source_and_nothing_from_standard_error():
    written = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("secret_source()", outputs=[nbformat.v4.new_output("stream", name="stderr", text="a warning")])]
    )
    html = page(written, title="A course")
    assert "secret_source" not in html
    assert "a warning" not in html


def test_a_cell_for_readers_of_the_notebook_is_not_on_the_page():
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("For who runs it", metadata={"tags": ["notebook-only"]})])
    assert "For who runs it" not in page(book, title="A course")


def test_the_same_notebook_gives_the_same_page():
    assert page(notebook(picture()), title="A") == page(notebook(picture()), title="A")


def test_scripts_run_by_their_hash_only_and_nothing_is_loaded_from_another_address():
    html = page(notebook(picture()), title="A")
    policy_given = re.search(r'<meta content="([^"]*)" http-equiv="Content-Security-Policy"', html)
    assert policy_given
    assert "default-src 'none'" in policy_given[1]
    assert "unsafe-inline" not in policy_given[1].split("style-src")[0]
    assert "unsafe-eval" not in policy_given[1]
    script = re.search(r"<script>(.*?)</script>", html, re.DOTALL)
    assert script
    assert base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode() in policy_given[1]
    assert re.findall(r'(?:src|href)="([^"]*)"', html) == ["plotly.min.js", "index.html"]
    assert "http" not in re.sub(r"http-equiv|http://www\.w3\.org/\S+", "", html)
    assert policy(None).split(";")[1].strip() == "script-src 'none'"


@pytest.mark.parametrize(
    "make", [lambda text: heading(text, text, text), lambda text: note(text, kind=text), lambda text: folded(text, note(""))]
)
def test_every_text_is_escaped(make):
    assert "<img" not in make(EVIL).markup


def test_a_table_escapes_names_and_headings_and_shows_gaps_as_dashes():
    rows = pd.DataFrame({EVIL: [EVIL, None], "n": [1234, 5], "share": [None, 0.5]})
    markup = table(rows, caption=EVIL, left=(EVIL,)).markup
    assert "<img" not in markup
    assert "<td>1,234</td>" in markup
    assert markup.count("–") == 2


def test_an_empty_table_says_so():
    assert "None." in table(pd.DataFrame(columns=["a", "b"]), caption="No rows").markup


def test_a_picture_that_cannot_be_drawn_shows_its_title():
    figure = go.Figure(layout={"title": {"text": "Who &amp; what?"}})
    bundle = Picture(figure)._repr_mimebundle_()
    assert bundle["text/plain"] == "Figure: Who & what?"
    assert bundle.keys() == {PLOTLY, "text/plain"}


def test_the_list_of_reports_escapes_what_it_lists():
    about = {"course": EVIL, "title": EVIL, "lecturer": EVIL, "simulated": True, "n_students": 1, "n_to_help": 0, "week": None}
    reports = [about | {"n_assessed": 0, "mean": "–", "read_at": "now", "href": "x.html"}]
    html = term_page(term=EVIL, term_name=EVIL, first="2026-01-01", last="2026-02-01", reports=reports)
    assert "<img" not in html
    assert "<script" not in html
