"""Logins that cannot be made or closed in their present state."""

from collections.abc import Sequence

from lmskit.errors.conflict import FIRST_MISTAKES, ConflictError


class LoginExistsError(ConflictError):
    """A person has one login."""

    def __init__(self, *, email: str) -> None:
        self.email = email
        super().__init__(f"{email} has a login already. To set a new password: lmskit passwd {email}")


class NoLoginError(ConflictError):
    """The person has no login that could be changed."""

    def __init__(self, *, email: str) -> None:
        self.email = email
        super().__init__(f"{email} has no login. To make one: lmskit login create {email}")


class LoginClosedError(ConflictError):
    """The login is closed, so it cannot be used to sign in."""

    def __init__(self, *, email: str) -> None:
        self.email = email
        super().__init__(f"The login of {email} is closed. To open it with a new password: lmskit login enable {email}")


class OwnLoginError(ConflictError):
    """PostgreSQL does not let people rename or remove the login they use."""

    def __init__(self, *, email: str) -> None:
        self.email = email
        super().__init__(
            f"You are signed in as {email}, and a login cannot be renamed while it is in use. Ask another administrator to do it."
        )


class LastAdministratorError(ConflictError):
    """Without an administrator no more logins could be made."""

    def __init__(self, *, email: str) -> None:
        self.email = email
        super().__init__(
            f"{email} is the only administrator with an open login, so it stays open. Make another one first: "
            "lmskit login create EMAIL --role super_admin"
        )


class InvitationRefusedError(ConflictError):
    """The code of an invitation cannot be used, or not any more; one sentence for all reasons, since a stranger must not learn which."""

    def __init__(self) -> None:
        super().__init__(
            "This code cannot be used: it has been used, has expired, was revoked or replaced, is another person's, or was typed wrongly. "
            "Nothing was changed. Check it against the newest message, or ask an administrator for a new code: "
            "lmskit invitation create EMAIL"
        )


class NoInvitationError(ConflictError):
    """The person has no open invitation that could be revoked."""

    def __init__(self, *, email: str) -> None:
        self.email = email
        super().__init__(f"{email} has no open invitation. To see all: lmskit invitation list")


class LeadsCoursesError(ConflictError):
    """A lecturer whose login is to be closed is responsible for courses of terms that are open."""

    options = "all to one lecturer: --courses-to EMAIL; to close it all the same: --keep-courses"

    def __init__(self, *, email: str, courses: Sequence[str]) -> None:
        self.email, self.courses = email, tuple(courses)
        named = ", ".join(courses[:FIRST_MISTAKES])
        more = f" and {len(courses) - FIRST_MISTAKES:,} more" if len(courses) > FIRST_MISTAKES else ""
        super().__init__(
            f"{email} is responsible for {named}{more}. Nothing was changed. Give each course to another lecturer first: "
            f"lmskit course hand-over {courses[0]} EMAIL"
        )
