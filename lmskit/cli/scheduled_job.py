"""The jobs that a server runs without a person: the one list that systemd units and cron lines are written from."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DailyAt:
    """A time of day, by the machine's clock.

    Examples
    --------
    >>> DailyAt(3, 30).cron, DailyAt(3, 30).calendar
    ('30 3 * * *', '*-*-* 03:30:00')
    """

    hour: int
    minute: int

    @property
    def cron(self) -> str:
        """As the first five fields of a line of cron."""
        return f"{self.minute} {self.hour} * * *"

    @property
    def calendar(self) -> str:
        """As `OnCalendar` of a timer of systemd."""
        return f"*-*-* {self.hour:02}:{self.minute:02}:00"


@dataclass(frozen=True)
class ScheduledJob:
    """A command that runs without a person.

    Attributes
    ----------
    name
        What files of the job are named by: `lmskit-NAME.service`, `NAME.env`.
    title
        What it does, as a sentence without its end.
    command
        The words after `lmskit`.
    at
        When it runs; None for one that goes on until it is stopped.
    watch
        The option with which it goes on; without it, it does once what is to be done.
    login
        The login of the database that can do this and nothing else; None if it takes a person, an administrator.
    login_alone
        Whether no person can do it, not even an administrator.
    sends_mail
        Whether it needs the settings of the mail server.
    needs
        Variables without which there is nothing for it to do.
    token
        The variable of a token that it needs.
    """

    name: str
    title: str
    command: tuple[str, ...]
    at: DailyAt | None = None
    watch: str | None = None
    login: str | None = None
    login_alone: bool = False
    sends_mail: bool = False
    needs: tuple[str, ...] = ()
    token: str | None = None


JOBS = (
    ScheduledJob("mail", "Send the messages that wait", ("mail", "deliver"), watch="--watch", login="lmskit_dispatcher", sends_mail=True),
    ScheduledJob(
        "backup",
        "Make a backup and verify it",
        ("backup", "create", "--verify", "--prune"),
        at=DailyAt(1, 30),
        login="lmskit_backup",
        login_alone=True,
    ),
    ScheduledJob("mastery", "Refresh mastery", ("mastery", "refresh"), at=DailyAt(3, 30)),
    ScheduledJob("vectors", "Compute vectors of passages that have none", ("material", "embed"), at=DailyAt(4, 30)),
    ScheduledJob(
        "sync",
        "Bring courses up to date with Moodle",
        ("sync", "moodle"),
        at=DailyAt(2, 30),
        needs=("LMSKIT_MOODLE_URL", "LMSKIT_MOODLE_COURSES"),
        token="LMSKIT_MOODLE_TOKEN",  # noqa: S106 - the name of a variable
    ),
    ScheduledJob(
        "sync-canvas",
        "Bring courses up to date with Canvas",
        ("sync", "canvas"),
        at=DailyAt(2, 45),
        needs=("LMSKIT_CANVAS_URL", "LMSKIT_CANVAS_COURSES"),
        token="LMSKIT_CANVAS_TOKEN",  # noqa: S106 - the name of a variable
    ),
)
"""A further job is one line here."""
