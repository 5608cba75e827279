"""The sample in `oulad/`, and copies of it with other content in some files."""

import shutil
from pathlib import Path

SAMPLE = Path(__file__).parent / "oulad"
EXPECTED = Path(__file__).parent / "oulad_expected.json"
"""The report of an import of the sample into a database without it."""


def copy_of_sample(target: Path, **changed: str | bytes) -> Path:
    """The sample in another folder; `changed` names files without their ending and gives their whole content."""
    target.mkdir(parents=True, exist_ok=True)
    for file in SAMPLE.glob("*.csv"):
        shutil.copyfile(file, target / file.name)
    for name, content in changed.items():
        (target / f"{name}.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    return target


def sample(name: str) -> str:
    """The content of one file of the sample."""
    return (SAMPLE / f"{name}.csv").read_text(encoding="utf-8")
