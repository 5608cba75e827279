"""Work that could not be done: delivery, reports, permission, the database."""

from lmskit.errors.base import LmskitError


class DeliveryError(LmskitError):
    """A message was not accepted."""


class MessageRefusedError(DeliveryError):
    """The message was refused for good: trying again will not help."""


class MessagePostponedError(DeliveryError):
    """The message was not accepted now; it will be tried again."""


class WorkCancelledError(LmskitError):
    """The person who started the work cancelled it."""

    def __init__(self) -> None:
        super().__init__("Cancelled. Nothing was changed.")


class DeliveryInDoubtError(MessagePostponedError):
    """The connection was lost while the message was sent, so it may have been accepted; it will be sent again."""


class NoMailServerError(MessagePostponedError):
    """No message can be sent now: the mail server cannot be reached, or does not accept the settings."""


class ReportError(LmskitError):
    """A report could not be built; an earlier report is unchanged."""


class SecretFileError(LmskitError):
    """A file that should have a password has none, or cannot be read."""


class NotebookCopyError(LmskitError):
    """The notebooks could not be copied; what the person changed is as it was."""


class HubError(LmskitError):
    """A JupyterHub cannot start a server of lmskit, or is configured so that others could read its passwords."""


class ReadingProcessError(LmskitError):
    """The process that reads materials cannot start."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The process that reads materials cannot start: {reason}. No material was read. lmskit may have to be installed again."
        )


class ArchiveError(LmskitError):
    """The files of an archive cannot be written, are missing, or are not those that were archived; the sentence says what to do."""


class MaterialStoreError(LmskitError):
    """The store of materials' files cannot be used."""


class StoredFileError(MaterialStoreError):
    """One file of the store of materials is missing, damaged, or cannot be read."""


class BackupError(LmskitError):
    """A backup could not be made, found or restored; data and earlier backups are as they were."""


class BackupRefusedError(BackupError):
    """A backup is damaged or incomplete, or of a version that cannot be restored."""


class EmbedderError(LmskitError):
    """Texts could not be turned into vectors, or what was answered is not vectors."""


class EmbedderUnavailableError(EmbedderError):
    """A model cannot be used by this process, or not now."""


class ModelChangedError(EmbedderError):
    """A model has the name of a stored one, and other vectors."""


class NotPermittedError(LmskitError):
    """The signed-in person may not do this."""

    def _render_traceback_(self) -> list[str]:
        """Show only the message in a notebook: this is not a bug."""
        return [str(self)]


class NotLeadingError(NotPermittedError):
    """An assistant reads a course, and changes nothing in it."""

    def __init__(self, *, course: str, responsible: str) -> None:
        self.course, self.responsible = course, responsible
        super().__init__(
            f"You are an assistant of {course}, who sees it and changes nothing in it. Nothing was changed. "
            f"{responsible} is responsible for {course} and can change it; an administrator can make you co-lecturer."
        )


class DatabaseError(LmskitError):
    """The database cannot be used in its present state."""


class EmptyDatabaseError(DatabaseError):
    """A server is empty where this machine had prepared or filled it: its data may be elsewhere."""


class UnreachableError(DatabaseError):
    """No server answers, or it refuses this login."""


class SignInRefusedError(UnreachableError):
    """The server answers, and does not accept the login with this password."""


class NotSignedInError(DatabaseError):
    """Someone has to sign in before the database can be used."""

    def _render_traceback_(self) -> list[str]:
        """Show only the message in a notebook: this is not a bug."""
        return [str(self)]


class ClusterError(DatabaseError):
    """The embedded server cannot be started, used or stopped."""


class BootstrapError(DatabaseError):
    """A server cannot be prepared for lmskit."""


class VectorRefusedError(BootstrapError):
    """Only a superuser can make the extension pgvector on a server, and the login is not one."""


class LoginMissingError(DatabaseError):
    """No login of the person is kept on this machine."""

    def __init__(self, *, person: str, where: str) -> None:
        self.person = person
        super().__init__(
            f"There is no login for {person} on {where}. To sign in with address and password: lmskit sign-in {person}; "
            f"to set the password with the code of an invitation: lmskit invitation accept {person}"
        )


class LoginLostError(DatabaseError):
    """The login exists, and its password is not kept on this machine."""

    def __init__(self, *, person: str) -> None:
        self.person = person
        super().__init__(
            f"The administrator {person} cannot be signed in: the database has its administrators already, and this machine does not have "
            "the password. To set new passwords for the demonstration people: lmskit seed --reset-passwords"
        )


class BusyError(DatabaseError):
    """A lock or a time limit ended the work; nothing was changed."""


class LockedError(BusyError):
    """Another session kept locked what the work needs for longer than `LMSKIT_LOCK_TIMEOUT`; nothing was changed.

    Attributes
    ----------
    pids
        Numbers of the sessions that hold it, and do not wait for others themselves; empty if they could not be found out in time,
        or for a login that may not know.
    """

    def __init__(self, sentence: str, *, pids: tuple[int, ...] = ()) -> None:
        self.pids = pids
        super().__init__(sentence)


class RevisionError(DatabaseError):
    """The database is at another revision than this lmskit needs."""


class UpgradedMeanwhileError(RevisionError):
    """Database and lmskit were upgraded while this process, which has the code of before, ran."""

    def __init__(self, *, began_with: str, found: str) -> None:
        super().__init__(
            f"The database went from revision {began_with} to {found} and lmskit was upgraded while this command ran. Start it again."
        )


class MigratedMeanwhileError(RevisionError):
    """Another process migrated the database while this one did."""

    def __init__(self, *, expected: str | None, found: str | None) -> None:
        super().__init__(
            f"Another process brought the database from revision {expected or 'none'} to {found or 'none'} while this one migrated it. "
            "Nothing was changed since; to go on from there: lmskit db upgrade"
        )


class DataWouldBeLostError(RevisionError):
    """Going back to an older revision would lose rows."""


class SeveralHeadsError(RevisionError):
    """Two migrations follow the same one, so none is the newest."""
