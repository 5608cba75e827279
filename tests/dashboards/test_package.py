"""The package of dashboards imports each of them when it is first used."""

import subprocess
import sys

import pytest

from lmskit import dashboards

LATER = ("pandas", "sqlalchemy", "plotly", "scipy", "ipywidgets")


def test_importing_the_package_imports_no_dashboard_and_nothing_that_a_dashboard_needs():
    program = f"import sys, lmskit.dashboards; print([name for name in {LATER} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize("name", dashboards.__all__)
def test_every_public_name_is_imported_on_first_use_and_offered_to_tab_completion(name):
    assert getattr(dashboards, name).__name__ == name
    assert name in dir(dashboards)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'Dashbord'"):
        _ = dashboards.Dashbord
