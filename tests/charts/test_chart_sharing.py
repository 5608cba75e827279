"""plotly's offer to upload a chart is off however a figure is shown or exported, unless a call asks for it."""

import subprocess
import sys

import pytest

PROGRAM = """
import sys
from importlib import import_module
for name in {first}, {second}:
    import_module(name)
    if name == "lmskit.chart_sharing":
        sys.modules[name].keep_charts_here()
        sys.modules[name].keep_charts_here()
import plotly.express as px, plotly.graph_objects as go, plotly.io as pio
figure = px.bar(x=["Ada"], y=[1])
show = pio.renderers["plotly_mimetype"].to_mimebundle(figure.to_dict())["application/vnd.plotly.v1+json"]
print(show["config"], go.FigureWidget(figure)._config)
for page in figure.to_html(), figure.to_html(config={{"displaylogo": False}}), figure.to_html(config={{"showSendToCloud": True}}):
    print('"showSendToCloud": false' in page)
print([finder for finder in sys.meta_path if type(finder).__module__ == "lmskit.chart_sharing"])
"""


@pytest.mark.parametrize("order", [("lmskit.chart_sharing", "plotly.io"), ("plotly.io", "lmskit.chart_sharing")])
def test_no_figure_offers_an_upload_unless_it_is_asked_for(order):
    program = PROGRAM.format(first=repr(order[0]), second=repr(order[1]))
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.splitlines()
    assert found == ["{'showSendToCloud': False} {'showSendToCloud': False}", "True", "True", "False", "[]"]


def test_importing_it_does_not_import_plotly():
    program = "import lmskit.chart_sharing, sys; lmskit.chart_sharing.keep_charts_here(); print('plotly' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "False\n"
