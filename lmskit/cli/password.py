"""How commands get a new password, and show it once."""

import sys

import typer
from pydantic import SecretStr

from lmskit.cli.printing import print_line
from lmskit.db import access, generate_password
from lmskit.schemas.login import ChoosePassword


def new_password(*, prompt: bool) -> str:
    """A password that the person types twice, or a random one."""
    if not prompt:
        return generate_password()
    typed = typer.prompt("New password", hide_input=True, confirmation_prompt=True)
    return ChoosePassword(password=typed).password.get_secret_value()


def typed_password(label: str, *, stdin: bool, new: bool = False) -> str:
    """A password that the person types, twice if it is new, or that standard input has in its first line."""
    typed = sys.stdin.readline().rstrip("\r\n") if stdin else typer.prompt(label, hide_input=True, confirmation_prompt=new)
    return ChoosePassword(password=SecretStr(typed)).password.get_secret_value() if new else str(typed)


def show_password(email: str, password: str, *, generated: bool, kept: bool) -> None:
    """Print a generated password this once, and where a password is kept."""
    if generated:
        print_line(f"{email}  password: {password}")
        print_line("It is shown this once. Its owner can change it: lmskit passwd")
    if kept:
        print_line(f"For this machine it is kept in {access().settings.passfile}")
