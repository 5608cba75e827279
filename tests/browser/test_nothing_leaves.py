"""Nothing leaves the machine unasked: what a lecturer draws, exports and builds; each window and each process is recorded (`open_lab`)."""

from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell
from playwright.sync_api import expect

from tests.browser.conftest import lmskit

pytestmark = pytest.mark.browser

expect.set_options(timeout=30_000)

LECTURER = "demo.lecturer@example.org"
OWN_NOTEBOOK = [
    new_markdown_cell("The mean is $\\bar{x} = \\frac{1}{n} \\sum x_i$."),
    new_code_cell("import plotly.express as px\n\nfigure = px.bar(x=['Ada', 'Ben'], y=[0.4, 0.9])\nfigure"),
    new_code_cell("figure.show(config={'displaylogo': False})"),
    new_code_cell("from ipywidgets import interact\n\ninteract(lambda n: px.bar(x=['Cho'], y=[n]).show(), n=(1, 3));"),
    new_code_cell("figure.write_html('figure.html')"),
]
"""A notebook that does without lmskit."""
SHARE = ".modebar-btn[data-title^='Share chart']"
DOWNLOAD = ".modebar-btn[data-title^='Download plot']"
BLOCKED_IMAGE = """() => new Promise((blocked) => {
    document.addEventListener('securitypolicyviolation', (event) => blocked(event.blockedURI));
    const image = new Image();
    image.onload = image.onerror = () => setTimeout(() => blocked('the request left'), 1000);
    image.src = 'https://images.example.org/pixel.png';
})"""


@pytest.fixture
def own(open_lab):
    lab = open_lab(LECTURER, "own.ipynb", cells=OWN_NOTEBOOK)
    lab.run_all()
    expect(lab.page.locator(DOWNLOAD)).to_have_count(3)
    return lab


def test_a_lecturers_own_figures_offer_no_upload(own, environment):
    expect(own.page.locator(SHARE)).to_have_count(0)
    own.page.goto((Path(environment["LMSKIT_PROJECT_ROOT"]) / "notebooks" / "figure.html").as_uri())
    expect(own.page.locator(DOWNLOAD)).to_have_count(1)
    expect(own.page.locator(SHARE)).to_have_count(0)


def test_jupyterlab_asks_for_no_news_updates_or_extensions(own):
    for question in ("news", "update", "extensions?refresh=1&query=plotly"):
        answer = own.page.request.get(f"{own.server}/lab/api/{question}", headers={"Authorization": f"token {own.token}"})
        assert answer.ok, f"{question}: {answer.text()}"


def test_a_notebook_saved_as_html_and_a_report_load_nothing(own, environment, tmp_path):
    saved = own.page.request.get(f"{own.server}/nbconvert/html/own.ipynb", headers={"Authorization": f"token {own.token}"})
    (tmp_path / "saved.html").write_bytes(saved.body())
    own.page.goto((tmp_path / "saved.html").as_uri(), wait_until="networkidle")
    expect(own.page.get_by_text("figure.write_html")).to_be_visible()
    built = lmskit(environment, "report", "build", "--term", "2026B", "--course", "SIM-PROG-2026B", "--output", str(tmp_path))
    assert built.returncode == 0, built.stderr
    own.page.goto((tmp_path / "2026B" / "SIM-PROG-2026B.html").as_uri(), wait_until="networkidle")
    expect(own.page.locator("figure.chart .main-svg").first).to_be_visible()


def test_the_page_of_a_notebook_may_not_load_from_elsewhere(own):
    assert own.page.evaluate(BLOCKED_IMAGE) == "https://images.example.org/pixel.png"
    own.window.foreign_requests.clear()  # the browser reports what it refused
    own.window.errors.clear()
