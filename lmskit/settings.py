"""What can be set from outside, and its defaults; nothing else in lmskit reads the environment."""

import functools
import os
from pathlib import Path
from typing import Annotated, Literal

import platformdirs
from pydantic import BeforeValidator, Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT_ROOT = Path(__file__).resolve().parent.parent
"""The checkout: beside the package lie `notebooks/`, `migrations/` and `reports/`."""


def default_home() -> Path:
    """The folder for the embedded cluster, the passfile and delivered mail.

    The server of root runs as an unprivileged system user, which cannot enter root's home.
    """
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return Path("/var/lib/lmskit")
    return platformdirs.user_data_path("lmskit")


def _number(value: object) -> object:
    """Read a number from the environment, where everything is text."""
    return int(value) if isinstance(value, str) and value.isdecimal() else value


class Settings(BaseSettings):
    """Settings of one process; each field says which variable sets it."""

    model_config = SettingsConfigDict(env_prefix="LMSKIT_", env_ignore_empty=True, extra="ignore", frozen=True)

    database_url: str | None = Field(default=None, description="`LMSKIT_DATABASE_URL`: a PostgreSQL server instead of the embedded one")
    person: str | None = Field(default=None, description="`LMSKIT_PERSON`: the e-mail address of whoever this process acts as")
    home: Path = Field(default_factory=default_home, description="`LMSKIT_HOME`: cluster, passfile and delivered mail")
    postgres_version: Annotated[Literal[16, 18], BeforeValidator(_number)] = Field(
        default=18, description="`LMSKIT_POSTGRES_VERSION`: major version of the embedded server"
    )
    leakproof_builtins: Literal["keep", "remove"] = Field(
        default="remove",
        description="`LMSKIT_LEAKPROOF_BUILTINS`: `keep` makes a lecturer's queries on the embedded server faster and lets "
        "EXPLAIN tell of others' rows",
    )
    pgservice: str | None = Field(default=None, validation_alias="PGSERVICE", description="`PGSERVICE`: a libpq connection service")
    project_root: Path = Field(default=PROJECT_ROOT, description="`LMSKIT_PROJECT_ROOT`: where notebooks/, migrations/ and reports/ lie")
    reports_dir: Path = Field(
        default_factory=lambda validated: validated["project_root"] / "reports",
        description="`LMSKIT_REPORTS_DIR`: where term reports are written",
    )
    mail_dir: Path = Field(
        default_factory=lambda validated: validated["home"] / "mail",
        description="`LMSKIT_MAIL_DIR`: where messages are written as .eml files when no mail server is set",
    )

    @field_validator("home", "project_root", "reports_dir", "mail_dir")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        """A notebook's kernel works in another folder than the command that started it."""
        return path.expanduser().absolute()

    @property
    def passfile(self) -> Path:
        """The 0600 file with the passwords of the logins that lmskit made for this user."""
        return self.home / "pgpass"


@functools.cache
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
