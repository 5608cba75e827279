"""Write lmskit/queries/access_manifest.txt from what the migrations make: `python -m scripts.access_manifest`.

The migrations run on a new cluster, which is removed afterwards.
"""

import os
import shutil
import tempfile
from pathlib import Path


def main() -> None:
    """Write the manifest again, and print how many lines it has."""
    home = Path(tempfile.mkdtemp(prefix="lmskit-manifest-"))
    for name in [name for name in os.environ if name.startswith(("PG", "LMSKIT_"))]:
        del os.environ[name]
    os.environ["LMSKIT_HOME"] = str(home)
    # The settings are read once, so the home has to be there before anything of lmskit is used.
    from lmskit.db import access, migrator_engine, revision
    from lmskit.queries import access_manifest

    try:
        revision.upgrade()
        with migrator_engine().connect() as connection:
            lines = access_manifest.manifest(connection)
        Path(access_manifest.__file__).with_name(access_manifest.FILE).write_text("\n".join(lines) + "\n", encoding="utf-8")
    finally:
        access().dispose()
        access().server.cluster.stop()
        shutil.rmtree(home, ignore_errors=True)
    print(f"{access_manifest.FILE} is what the migrations make at {lines[0]}: {len(lines) - 1} lines.")


if __name__ == "__main__":
    main()
