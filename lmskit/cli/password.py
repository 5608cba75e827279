"""How commands come by a new password, and show it once."""

import typer


def chosen_or_generated(*, prompt: bool) -> str:
    """A password that somebody types twice, or one that nobody can guess."""
    from lmskit.db import generate_password
    from lmskit.schemas.login import ChoosePassword

    if not prompt:
        return generate_password()
    typed = typer.prompt("New password", hide_input=True, confirmation_prompt=True)
    return ChoosePassword(password=typed).password.get_secret_value()


def tell_password(email: str, password: str, *, generated: bool, kept: bool) -> None:
    """Print a generated password this once, and where a password is kept."""
    from lmskit.cli.printing import say
    from lmskit.db import access

    if generated:
        say(f"{email}  password: {password}")
        say("It is shown this once. Its owner can change it: lmskit passwd")
    if kept:
        say(f"For this machine it is kept in {access().settings.passfile}")
