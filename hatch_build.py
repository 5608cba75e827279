"""What the wheel needs beyond pyproject.toml: a single file is put into the package, which hatchling's `sources` does for folders only."""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ProjectFiles(BuildHookInterface[Any]):
    """Add alembic.ini to a wheel that is to be installed; an editable installation reads the checkout's."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Change what hatchling is about to build."""
        if version == "standard":
            build_data["force_include"]["alembic.ini"] = "lmskit/project/alembic.ini"
