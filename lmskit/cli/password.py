"""How commands get a new password, and show it once."""

import sys

from pydantic import SecretStr

from lmskit.cli.asking import asked
from lmskit.cli.printing import print_line
from lmskit.db import access, generate_password
from lmskit.schemas.login import ChoosePassword


def new_password(*, prompt: bool) -> str:
    """A password that the person types twice, or a random one."""
    if not prompt:
        return generate_password()
    typed = asked("New password", instead="leave --password-prompt out, and one is made", hidden=True, twice=True)
    return ChoosePassword(password=SecretStr(typed)).password.get_secret_value()


def typed_password(label: str, *, stdin: bool, new: bool = False) -> str:
    """A password that the person types, twice if it is new, or that standard input has in its first line."""
    typed = sys.stdin.readline().rstrip("\r\n") if stdin else asked(label, instead="--password-stdin", hidden=True, twice=new)
    return ChoosePassword(password=SecretStr(typed)).password.get_secret_value() if new else typed


def operators_password(label: str) -> str:
    """The password of the login that prepares a server, which the person types."""
    return asked(label, instead="PGPASSWORD, ~/.pgpass or a connection service", hidden=True)


def show_password(email: str, password: str, *, generated: bool, kept: bool) -> None:
    """Print a generated password this once, and where a password is kept."""
    if generated:
        print_line(f"{email}  password: {password}")
        print_line("It is shown this once. Its owner can change it: lmskit passwd")
    if kept:
        print_line(f"For this machine it is kept in {access().settings.passfile}")
