"""Importing analytics is quick: SciPy and Numba are imported when something is computed."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["mastery", "rules", "bkt", "items", "what_if", "class_levels", "interval_study"])
def test_importing_analytics_does_not_import_what_only_computing_needs(module):
    code = f"import lmskit.analytics.{module}, sys; print(*sorted({{'numba', 'scipy', 'jinja2'}} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip() == ""
