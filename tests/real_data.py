"""Where the real data are that some tests read: files of other projects, which are not ours to distribute.

Tests that need them are skipped without them.
"""

import os
from pathlib import Path

BESIDE_THE_CHECKOUT = Path(__file__).resolve().parents[2] / "shared" / "data"

REAL_DATA = Path(os.environ.get("LMSKIT_TEST_DATA", BESIDE_THE_CHECKOUT)).expanduser().resolve()
"""The folder; `LMSKIT_TEST_DATA` names another."""
