"""Units of systemd, lines of cron, and the files with the variables of both. They contain no password."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import URL

from lmskit.cli.scheduled_job import JOBS, ScheduledJob
from lmskit.db.address import shown, without_login

FOLDER_OF_SYSTEM = Path("/etc/lmskit")
"""What `%E/lmskit` means in units of the system."""
LOOK = "*/5 * * * *"
"""When cron runs what a unit goes on with."""
STOP_LIMIT = 300
"""Seconds to end in: a message that is being sent is settled first, and a mail server may take long to answer."""
HARDENING_OF_ALL = (
    "NoNewPrivileges=yes",
    "LockPersonality=yes",
    "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes",
    "RestrictNamespaces=yes",
    "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
    "SystemCallArchitectures=native",
    "UMask=0077",
)
"""What a person's own units may ask for as well."""
HARDENING_OF_SYSTEM = (
    "DynamicUser=yes",
    "CapabilityBoundingSet=",
    "AmbientCapabilities=",
    "PrivateDevices=yes",
    "PrivateTmp=yes",
    "ProtectClock=yes",
    "ProtectControlGroups=yes",
    "ProtectHome=yes",
    "ProtectHostname=yes",
    "ProtectKernelLogs=yes",
    "ProtectKernelModules=yes",
    "ProtectKernelTunables=yes",
    "ProtectProc=invisible",
    "ProtectSystem=strict",
    "RemoveIPC=yes",
    "SystemCallFilter=@system-service",
    "SystemCallErrorNumber=EPERM",
)


@dataclass(frozen=True)
class Installation:
    """What the files have to name.

    Attributes
    ----------
    program
        The words that call lmskit, with absolute paths.
    folder
        Where the files with variables and passwords are.
    of_system
        Whether the units are those of the system, not a person's own.
    server
        The address of the server; None for the embedded one.
    password_needed
        Whether a job needs the password of its login in a file.
    person
        The administrator as whom jobs act that have no login of their own; None if not known.
    variables
        The further variables, without passwords.
    """

    program: tuple[str, ...]
    folder: Path
    of_system: bool
    server: URL | None
    password_needed: bool
    person: str | None
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def embedded(self) -> bool:
        """Whether the server is the embedded one."""
        return self.server is None

    def login_of(self, job: ScheduledJob) -> str | None:
        """The login that the job's address names; None where it acts as a person, or as the owner of the embedded server."""
        return job.login if self.of_system or (job.login_alone and not self.embedded) else None

    def password_file(self, job: ScheduledJob) -> Path:
        """The file with the password of the job's login."""
        return self.folder / f"{job.name}.password"

    @property
    def mail_password_file(self) -> Path:
        """The file with the password of the login at the mail server."""
        return self.folder / "smtp.password"

    def mail_login(self, job: ScheduledJob) -> bool:
        """Whether the job needs the password of the login at the mail server in a file."""
        return job.sends_mail and "LMSKIT_SMTP_USER" in self.variables and "LMSKIT_SMTP_PASSWORD_FILE" not in self.variables

    def token_file(self, job: ScheduledJob) -> Path | None:
        """The file with the token that the job needs; None if it needs none, or its variables say where it is."""
        return None if job.token is None or f"{job.token}_FILE" in self.variables else self.folder / f"{job.name}.token"

    def in_units(self, file: str) -> str:
        """Return the path of a file in the folder as units name it."""
        return f"%E/lmskit/{file}" if self.of_system else str(self.folder / file).replace("%", "%%")


def unit_command(words: Sequence[str]) -> str:
    """Return a command for a line of a unit: no blank, percent or dollar sign in it has a meaning.

    Examples
    --------
    >>> print(unit_command(["/opt/lms kit/$100%/lmskit", "$HOME", "mail"]))
    "/opt/lms kit/$100%%/lmskit" "$$HOME" mail
    """
    program, *rest = words
    # systemd looks for variables in the arguments, and not in the path of the program.
    return " ".join([_unit_word(program), *(_unit_word(word, {"$": "$$"}) for word in rest)])


def _unit_word(text: str, further: Mapping[str, str] | None = None) -> str:
    escapes = {"\\": "\\\\", '"': '\\"', "%": "%%", **(further or {})}
    escaped = "".join(escapes.get(character, character) for character in text)
    plain = escaped == text and not any(character.isspace() or character in "';$" for character in text)
    return escaped if plain else f'"{escaped}"'


def units(job: ScheduledJob, here: Installation) -> dict[str, str]:
    """Return the unit of a job and, for one that runs at a time, its timer, by the names of their files."""
    found = {f"lmskit-{job.name}.service": _text(_unit_section(job, here), _service_section(job, here), _install_section(job, here))}
    if job.at is not None:
        found[f"lmskit-{job.name}.timer"] = _text(
            ["[Unit]", f"Description=lmskit: {job.title.lower()}, when it is time"],
            ["[Timer]", f"OnCalendar={job.at.calendar}", "RandomizedDelaySec=10min", "Persistent=yes"],
            ["[Install]", "WantedBy=timers.target"],
        )
    return found


def database_unit(names: list[str], here: Installation) -> dict[str, str]:
    """Return the unit of the embedded server, without which a job would start it as a part of itself and take it along at its end."""
    start, stop = (unit_command([*here.program, "db", word]) for word in ("start", "stop"))
    lines = ["Type=oneshot", "RemainAfterExit=yes", f"ExecStart={start}", f"ExecStop={stop}"]
    lines += [f"EnvironmentFile=-{here.in_units(f'{name}.env')}" for name in names]
    return {
        "lmskit-database.service": _text(
            ["[Unit]", "Description=lmskit: the embedded database server"],
            ["[Service]", *lines, f"TimeoutStopSec={STOP_LIMIT}"],
            ["[Install]", "WantedBy=default.target"],
        )
    }


def variables_file(job: ScheduledJob, here: Installation) -> str:
    """Return the variables of a job, as both systemd and a shell read them."""
    of_other_systems = {each.token.removesuffix("TOKEN") for each in JOBS if each.token is not None and each.token != job.token}
    of_others = (*(() if job.sends_mail else ("LMSKIT_SMTP_", "LMSKIT_MAIL_")), *of_other_systems)
    variables = {name: value for name, value in here.variables.items() if not name.startswith(of_others)}
    who = here.login_of(job)
    if here.server is not None:
        server = without_login(here.server) if here.of_system or who is not None else here.server
        variables["LMSKIT_DATABASE_URL"] = shown(server if who is None else server.set(username=who))
    if who is not None:
        variables.pop("LMSKIT_PERSON", None)
    elif here.of_system or here.person is not None:
        variables["LMSKIT_PERSON"] = here.person or ""
    files = _secret_files(job, here, variables)
    head = [f"# {job.title}: the variables of the job. Keep it in {here.folder / f'{job.name}.env'}"]
    if files:
        head += ["# Passwords and tokens are in files of their own, each of one line, with mode 0600:", *files]
    return "\n".join([*head, *(f"{name}={shlex.quote(value)}" for name, value in sorted(variables.items()))]) + "\n"


def _secret_files(job: ScheduledJob, here: Installation, variables: dict[str, str]) -> list[str]:
    """Return comments on the files with passwords and tokens of a job, and name them in its variables where its unit does not."""
    found = []
    who = here.login_of(job)
    if here.password_needed or who is not None:
        whose = who or ("LMSKIT_PERSON, an administrator" if "LMSKIT_PERSON" in variables else "the login in the address")
        found.append(("LMSKIT_PASSWORD_FILE", here.password_file(job), f"of {whose}"))
    if here.mail_login(job):
        found.append(("LMSKIT_SMTP_PASSWORD_FILE", here.mail_password_file, f"of {variables['LMSKIT_SMTP_USER']} at the mail server"))
    if (token := here.token_file(job)) is not None:
        found.append((f"{job.token}_FILE", token, f"the token at {variables.get(job.needs[0], 'the system')}"))
    if not here.of_system:
        variables |= {name: str(path) for name, path, _ in found}
    return [f"#   {path}: {what}" for _, path, what in found]


def cron_line(job: ScheduledJob, here: Installation) -> str:
    r"""Return the line for `crontab -e`. It prints nothing unless the job fails, so that cron sends mail only then."""
    command = shlex.join([*here.program, *job.command])
    variables = shlex.quote(str(here.folder / f"{job.name}.env"))
    line = f"""out=$(set -a; . {variables} && exec {command} 2>&1) || printf '%s\\n' "$out\""""
    return f"# {job.title}\n{LOOK if job.at is None else job.at.cron} {line.replace('%', chr(92) + '%')}\n"


def _text(*sections: list[str]) -> str:
    return "\n\n".join("\n".join(section) for section in sections) + "\n"


def _unit_section(job: ScheduledJob, here: Installation) -> list[str]:
    lines = ["[Unit]", f"Description=lmskit: {job.title.lower()}"]
    if here.embedded:
        lines += ["Requires=lmskit-database.service", "After=lmskit-database.service"]
    elif here.of_system:
        lines += ["Wants=network-online.target", "After=network-online.target postgresql.service"]
    # One that goes on is started again without end; one that runs at a time, three times.
    return [*lines, "StartLimitIntervalSec=0"] if job.at is None else [*lines, "StartLimitIntervalSec=4h", "StartLimitBurst=3"]


def _service_section(job: ScheduledJob, here: Installation) -> list[str]:
    words = [*here.program, *job.command, *([job.watch] if job.watch is not None and job.at is None else [])]
    lines = [
        "[Service]",
        "Type=exec" if job.at is None else "Type=oneshot",
        f"ExecStart={unit_command(words)}",
        f"EnvironmentFile={here.in_units(f'{job.name}.env')}",
        "Environment=PYTHONUNBUFFERED=1",
    ]
    lines += ["Restart=always", "RestartSec=30"] if job.at is None else ["Restart=on-failure", "RestartSec=15min"]
    lines.append(f"TimeoutStopSec={STOP_LIMIT}")
    if here.of_system:
        lines += [
            f"StateDirectory=lmskit/{job.name}",
            f"CacheDirectory=lmskit/{job.name}",
            f"Environment=LMSKIT_HOME=%S/lmskit/{job.name} NUMBA_CACHE_DIR=%C/lmskit/{job.name}",
            f"LoadCredential=password:{here.in_units(f'{job.name}.password')}",
            "Environment=LMSKIT_PASSWORD_FILE=%d/password",
        ]
        if here.mail_login(job):
            lines += [
                f"LoadCredential=smtp-password:{here.in_units('smtp.password')}",
                "Environment=LMSKIT_SMTP_PASSWORD_FILE=%d/smtp-password",
            ]
        if (token := here.token_file(job)) is not None:
            lines += [f"LoadCredential=token:{here.in_units(token.name)}", f"Environment={job.token}_FILE=%d/token"]
    return [*lines, *HARDENING_OF_ALL, *(HARDENING_OF_SYSTEM if here.of_system else ())]


def _install_section(job: ScheduledJob, here: Installation) -> list[str]:
    if job.at is not None:
        return ["# Started by its timer."]
    return ["[Install]", f"WantedBy={'multi-user' if here.of_system else 'default'}.target"]
