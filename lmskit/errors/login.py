"""Logins that cannot be made or closed in their present state."""

from collections.abc import Sequence

from lmskit.errors.conflict import FIRST_MISTAKES, ConflictError


class InvitationRefusedError(ConflictError):
    """The code of an invitation cannot be used, or not any more; one sentence for all reasons, since a stranger must not learn which."""

    def __init__(self) -> None:
        super().__init__(
            "This code cannot be used: it has been used, has expired, was revoked or replaced, or was typed wrongly. Nothing was changed. "
            "Check it against the newest message; an administrator can make a new one: lmskit invitation create EMAIL"
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
