"""Everything lmskit can refuse, as one tree; each message is a sentence for a person.

::

    LmskitError
     ├── InputError                 what a person typed cannot be right
     │    ├── PageLimitError
     │    ├── ColumnsMissingError
     │    ├── UnknownRuleError
     │    ├── RuleParameterError
     │    └── ImportFileError       a file as a whole cannot be read
     ├── NotFoundError              what a person named does not exist, or is not theirs to see
     │    ├── CourseNotFoundError
     │    ├── TermNotFoundError
     │    └── StudentNotFoundError
     ├── ConflictError              it clashes with what is there
     │    ├── AlreadyEnrolledError
     │    ├── CourseExistsError
     │    └── NotEnrolledError
     ├── NotPermittedError          the signed-in person may not do this
     └── DatabaseError              the database cannot be used as it is
          ├── UnreachableError
          ├── ClusterError          the embedded server
          ├── BootstrapError
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
            f"{subject} needs the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}; the table has {', '.join(present) or 'none'}."
        )


class UnknownRuleError(InputError):
    """No mastery rule has this name."""


class RuleParameterError(InputError):
    """A mastery rule was given a parameter it does not have, or one out of range."""


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


class StudentNotFoundError(NotFoundError):
    """No student has this address or id."""

    def __init__(self, *, student: str) -> None:
        self.student = student
        super().__init__(f"There is no student {student!r}.")


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


class NotPermittedError(LmskitError):
    """The signed-in person may not do this."""


class DatabaseError(LmskitError):
    """The database cannot be used as it is."""


class UnreachableError(DatabaseError):
    """No server answers, or it refuses this login."""


class ClusterError(DatabaseError):
    """The embedded server cannot be started, used or stopped."""


class BootstrapError(DatabaseError):
    """A server cannot be prepared for lmskit."""


class RevisionError(DatabaseError):
    """The database is at another revision than this lmskit needs."""
