"""Everything lmskit can refuse, as one tree; each message is a sentence for a person.

::

    LmskitError
     ├── InputError                 what a person typed cannot be right
     │    ├── PageLimitError
     │    ├── ColumnsMissingError
     │    ├── UnknownRuleError
     │    ├── RuleParameterError
     │    ├── NameNeededError       a person who is not known yet needs a name
     │    ├── AddressError          no message can reach the student
     │    ├── FamilyNameNeededError the same, of a person with a login
     │    └── ImportFileError       a file as a whole cannot be read
     ├── NotFoundError              what a person named does not exist, or is not theirs to see
     │    ├── CourseNotFoundError
     │    ├── TermNotFoundError
     │    ├── NewTermNeededError    a course's term does not exist and was not described
     │    ├── LecturerNotFoundError
     │    ├── StudentNotFoundError
     │    ├── PersonNotFoundError   no lecturer or administrator has the address
     │    └── DatabaseSessionNotFoundError
     ├── ConflictError              it clashes with what is there
     │    ├── AlreadyEnrolledError
     │    ├── CourseExistsError
     │    ├── TermExistsError
     │    ├── PersonExistsError
     │    ├── LoginExistsError
     │    ├── NoLoginError
     │    ├── LoginClosedError
     │    ├── OwnLoginError         nobody renames the login they are using
     │    ├── LastAdministratorError
     │    ├── OtherRoleError        the person is something else than was said
     │    ├── NotAStudentError      lecturers and administrators cannot be enrolled
     │    ├── CourseCompletedError  a completed place can be neither left nor asked for again
     │    ├── DemonstrationError    the demonstration's codes are taken
     │    └── NotEnrolledError
     ├── ReportError                a report could not be built
     ├── NotPermittedError          the signed-in person may not do this
     ├── DeliveryError              a message was not accepted
     │    ├── MessageRefusedError   for good
     │    └── MessagePostponedError for now; it will be tried again
     └── DatabaseError              the database cannot be used as it is
          ├── UnreachableError
          │    └── SignInRefusedError    the server answers, and refuses login or password
          ├── NotSignedInError      someone has to sign in first
          ├── ClusterError          the embedded server
          ├── BootstrapError
          ├── LoginMissingError     this machine holds no login for the person
          ├── LoginLostError        a login exists, and its password is lost
          ├── BusyError             a lock or a time limit ended the work; nothing was changed
          └── RevisionError
"""

from __future__ import annotations


class LmskitError(Exception):
    """The root: its text can be shown to a person as it is."""


class InputError(LmskitError):
    """What a person typed cannot be right."""


class PageLimitError(InputError):
    """A list was asked for with a page that lists do not have."""


class ColumnsMissingError(InputError):
    """A table lacks columns that a calculation or a chart needs."""

    def __init__(self, *, subject: str, missing: list[str], present: list[str]) -> None:
        self.subject, self.missing, self.present = subject, missing, present
        super().__init__(
            f"{subject} needs the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}; "
            f"the table has {', '.join(present) or 'none'}."
        )


class UnknownRuleError(InputError):
    """No mastery rule has this name."""


class RuleParameterError(InputError):
    """A mastery rule was given a parameter it does not have, or one out of range."""


class NameNeededError(InputError):
    """Someone who is not known yet can only be added with a name."""

    def __init__(self, *, email: str) -> None:
        self.email = email
        super().__init__(f"Nobody here has the address {email} yet. To add this person as a student, give the family name too.")


class AddressError(InputError):
    """No message can reach the student, so the enrollment cannot be confirmed."""

    def __init__(self, *, student: str) -> None:
        self.student = student
        super().__init__(
            f"{student} has no e-mail address that receives mail, so the enrollment cannot be confirmed. Give the student one first."
        )


class FamilyNameNeededError(InputError):
    """Someone who is not known yet can only be given a login together with a name."""

    def __init__(self, *, email: str) -> None:
        self.email = email
        super().__init__(f"Nobody here has the address {email} yet. To add this person with a login, give the family name: --family NAME")


class ImportFileError(InputError):
    """A file or folder cannot be imported at all; nothing was written."""


class NotFoundError(LmskitError):
    """What a person named does not exist, or is not theirs to see."""


class CourseNotFoundError(NotFoundError):
    """No course has this code among those the signed-in person can see."""

    def __init__(self, *, course: str) -> None:
        self.course = course
        super().__init__(f"There is no course {course!r} among those you can see. To list them: lmskit course list")


class TermNotFoundError(NotFoundError):
    """No term has this code."""

    def __init__(self, *, term: str) -> None:
        self.term = term
        super().__init__(f"There is no term {term!r} with courses you can see. To list the courses: lmskit course list")


class NewTermNeededError(NotFoundError):
    """The term of a new course does not exist, and the request does not describe it."""

    def __init__(self, *, term: str) -> None:
        self.term = term
        super().__init__(f"There is no term {term} yet. To create it together with the course, give its name, first day and last day.")


class LecturerNotFoundError(NotFoundError):
    """No lecturer has this address."""

    def __init__(self, *, email: str) -> None:
        self.email = email
        super().__init__(f"There is no lecturer with the address {email}. A course belongs to a lecturer; check the address.")


class StudentNotFoundError(NotFoundError):
    """No student has this address or id."""

    def __init__(self, *, student: str) -> None:
        self.student = student
        super().__init__(f"There is no student {student!r}.")


class PersonNotFoundError(NotFoundError):
    """No lecturer or administrator has this address."""

    def __init__(self, *, email: str) -> None:
        self.email = email
        super().__init__(f"There is no lecturer or administrator with the address {email}. To list them: lmskit login list")


class DatabaseSessionNotFoundError(NotFoundError):
    """Nobody is connected to the database with this process number, or it is one's own connection."""

    def __init__(self, *, pid: int) -> None:
        self.pid = pid
        super().__init__(f"The database has no session {pid} of somebody else, or no longer. To list them: lmskit doctor")


class ConflictError(LmskitError):
    """It clashes with what is there."""


class AlreadyEnrolledError(ConflictError):
    """A student has one place per course."""

    def __init__(self, *, student: str, course: str, status: str) -> None:
        self.student, self.course, self.status = student, course, status
        super().__init__(f"{student} is already enrolled in {course} (status: {status}). Nothing was changed.")


class NotEnrolledError(ConflictError):
    """The student has no place in the course that could be left."""

    def __init__(self, *, student: str, course: str) -> None:
        self.student, self.course = student, course
        super().__init__(f"{student} is not enrolled in {course}. Nothing was changed.")


class CourseExistsError(ConflictError):
    """A course code is used once."""

    def __init__(self, *, course: str) -> None:
        self.course = course
        super().__init__(f"There is already a course with the code {course}. Choose another code, or another term in it.")


class TermExistsError(ConflictError):
    """A term of this code exists, with another name or other days."""

    def __init__(self, *, term: str) -> None:
        self.term = term
        super().__init__(
            f"There is already a term {term}, with another name or other days. Leave its name and days out, or choose another code."
        )


class PersonExistsError(ConflictError):
    """An address belongs to one person."""

    def __init__(self, *, email: str) -> None:
        self.email = email
        super().__init__(f"There is already a person with the address {email}. Nothing was changed.")


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
    """The login is closed, so nobody can sign in with it."""

    def __init__(self, *, email: str) -> None:
        self.email = email
        super().__init__(f"The login of {email} is closed. To open it with a new password: lmskit login enable {email}")


class OwnLoginError(ConflictError):
    """The server does not let people rename or remove the login they are using."""

    def __init__(self, *, email: str) -> None:
        self.email = email
        super().__init__(f"You are signed in as {email}, and nobody can rename the login in use. Ask another administrator to do it.")


class LastAdministratorError(ConflictError):
    """Without an administrator nobody could make logins any more."""

    def __init__(self, *, email: str) -> None:
        self.email = email
        super().__init__(
            f"{email} is the only administrator with an open login, so it stays open. Make another one first: "
            "lmskit login create EMAIL --role super_admin"
        )


class OtherRoleError(ConflictError):
    """The person is there, and is something else than was said."""

    def __init__(self, *, email: str, role: str) -> None:
        self.email, self.role = email, role
        advice = "Students have no login; use another address." if role == "student" else "Leave --role out to make the login."
        super().__init__(f"{email} belongs to a person with the role {role}. {advice}")


class NotAStudentError(ConflictError):
    """Only students can be enrolled; everybody has exactly one role."""

    def __init__(self, *, email: str) -> None:
        self.email = email
        super().__init__(f"{email} belongs to a lecturer or an administrator, and only students can be enrolled. Use another address.")


class CourseCompletedError(ConflictError):
    """A student who has completed a course can no longer leave it."""

    def __init__(self, *, student: str, course: str) -> None:
        self.student, self.course = student, course
        super().__init__(f"{student} has completed {course}, so there is nothing to withdraw from. Nothing was changed.")


class DemonstrationError(ConflictError):
    """The demonstration cannot be added to what is there."""


class DeliveryError(LmskitError):
    """A message was not accepted."""


class MessageRefusedError(DeliveryError):
    """The message was refused for good: trying again will not help."""


class MessagePostponedError(DeliveryError):
    """The message was not accepted now; it will be tried again."""


class ReportError(LmskitError):
    """A report could not be built; what was there before is as it was."""


class NotPermittedError(LmskitError):
    """The signed-in person may not do this."""

    def _render_traceback_(self) -> list[str]:
        """Show a notebook's reader the sentence alone: nothing went wrong in the code."""
        return [str(self)]


class DatabaseError(LmskitError):
    """The database cannot be used as it is."""


class UnreachableError(DatabaseError):
    """No server answers, or it refuses this login."""


class SignInRefusedError(UnreachableError):
    """The server answers, and does not accept the login with this password."""


class NotSignedInError(DatabaseError):
    """Someone has to sign in before the database can be used."""

    def _render_traceback_(self) -> list[str]:
        """Show a notebook's reader the sentence alone: nothing went wrong in the code."""
        return [str(self)]


class ClusterError(DatabaseError):
    """The embedded server cannot be started, used or stopped."""


class BootstrapError(DatabaseError):
    """A server cannot be prepared for lmskit."""


class LoginMissingError(DatabaseError):
    """The machine keeps no login for the person."""

    def __init__(self, *, person: str, where: str) -> None:
        self.person = person
        super().__init__(f"There is no login for {person} on {where}. To make the demonstration people: lmskit seed")


class LoginLostError(DatabaseError):
    """A login exists, and this machine does not have its password."""

    def __init__(self, *, person: str) -> None:
        self.person = person
        super().__init__(
            f"The administrator {person} cannot be signed in: the database has its administrators already, and this machine does not have "
            "the password. To set new passwords for the demonstration people: lmskit seed --reset-passwords"
        )


class BusyError(DatabaseError):
    """A lock or a time limit ended the work; nothing was changed."""


class RevisionError(DatabaseError):
    """The database is at another revision than this lmskit needs."""
