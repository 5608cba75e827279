"""The settings of syncs: which learning management systems are asked, for which courses, and with which token."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

from lmskit.setting_values import read_secret


class SyncSettings(BaseSettings):
    """Settings of syncs, which `lmskit.settings.Settings` has beside the others."""

    moodle_url: str | None = Field(
        default=None, description="`LMSKIT_MOODLE_URL`: the Moodle that `lmskit sync moodle` asks, such as `https://moodle.example.org`"
    )
    moodle_courses: str = Field(
        default="",
        description="`LMSKIT_MOODLE_COURSES`: the courses that it syncs, with commas: `CS101,CS102=CS-102-2026`, where the second one has "
        "another short name in Moodle",
    )
    moodle_token: SecretStr | None = Field(
        default=None, description="`LMSKIT_MOODLE_TOKEN`: the token of Moodle's web services, never shown in a message"
    )
    moodle_token_file: Path | None = Field(
        default=None, description="`LMSKIT_MOODLE_TOKEN_FILE`: a file with it, instead of `LMSKIT_MOODLE_TOKEN`"
    )

    canvas_url: str | None = Field(
        default=None, description="`LMSKIT_CANVAS_URL`: the Canvas that `lmskit sync canvas` asks, such as `https://canvas.example.org`"
    )
    canvas_courses: str = Field(
        default="",
        description="`LMSKIT_CANVAS_COURSES`: the courses that it syncs, with commas: `CS101,CS102=4711`, where the second one has another "
        "code in Canvas, and this number in its address",
    )
    canvas_token: SecretStr | None = Field(
        default=None, description="`LMSKIT_CANVAS_TOKEN`: the token of Canvas's REST API, never shown in a message"
    )
    canvas_token_file: Path | None = Field(
        default=None, description="`LMSKIT_CANVAS_TOKEN_FILE`: a file with it, instead of `LMSKIT_CANVAS_TOKEN`"
    )

    @property
    def token_for_moodle(self) -> str | None:
        """The token of Moodle's web services, from the file or the variable."""
        return _secret(self.moodle_token, self.moodle_token_file, "LMSKIT_MOODLE_TOKEN_FILE")

    @property
    def token_for_canvas(self) -> str | None:
        """The token of Canvas's REST API, from the file or the variable."""
        return _secret(self.canvas_token, self.canvas_token_file, "LMSKIT_CANVAS_TOKEN_FILE")


def _secret(value: SecretStr | None, file: Path | None, name: str) -> str | None:
    if file is not None:
        return read_secret(file, name=name)
    return None if value is None else value.get_secret_value()
