"""Write requirements.lock again from pyproject.toml, for all systems, with the hashes of all files."""

import subprocess
from pathlib import Path

from scripts.installer import SetupError, uv


def write_lock(root: Path, further: list[str]) -> int:
    """Resolve the dependencies in pyproject.toml; versions in the present lock stay unless `--upgrade` is among `further`."""
    found = uv()
    if found is None:
        message = "Writing requirements.lock needs uv (pip-tools locks for one system only). Install it, for example with: pipx install uv"
        raise SetupError(message)
    command = [found, "pip", "compile", "pyproject.toml", "--group", "dev", "--universal", "--python-version", "3.11", "--generate-hashes"]
    portable = ["--no-emit-index-url", "--no-emit-find-links", "--no-header"]
    return subprocess.run([*command, *portable, "--output-file", "requirements.lock", *further], check=False, cwd=root).returncode
