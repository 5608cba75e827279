"""The whole corpus, and a long file, in little memory."""

import json
import subprocess
import sys

import pytest

from lmskit.db import access
from tests.hostile.corpus import CORPUS
from tests.hostile.measure import LONG, MANY_ROWS

MOST_MEGABYTES = 300


@pytest.mark.long
def test_the_corpus_is_imported_in_less_than_300_megabytes(admin_engine):
    done = subprocess.run(
        [sys.executable, "-m", "tests.hostile.measure"],
        cwd=access().settings.project_root,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    results = json.loads(done.stdout)
    assert results.keys() >= {entry.name for entry in CORPUS}
    assert results[LONG.name][0].startswith(f"{MANY_ROWS} in = {MANY_ROWS} added")
    most = max(results, key=lambda name: results[name][1])
    assert results[most][1] < MOST_MEGABYTES, (most, results[most])
