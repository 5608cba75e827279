"""What this machine and this JupyterLab have of a password that was changed."""

from __future__ import annotations

from lmskit.db.access import access


def renew_password(email: str, password: str, *, keep: bool = False) -> bool:
    """Let what acts as a person go on with their new password; return whether the passfile of this machine has it.

    The passfile gets it if it had an earlier one, or with `keep`; sign-ins of the terminal and of this JupyterLab, if they had one.
    """
    server = access().server
    is_kept = keep or server.has_login(email)
    if is_kept:
        server.keep_login(email, password)
    for file in filter(None, (access().shared, access().terminal)):
        file.renew(server.name, server.login_of(email), password)
    return is_kept
