"""The request conflicts with data in lmskit."""

from collections.abc import Mapping, Sequence

from lmskit.errors.base import LmskitError

FIRST_MISTAKES = 3
"""Mistakes in a quiz that a sentence names."""
FIRST_STAFF = 10
"""Members of the staff that a sentence names."""


class ConflictError(LmskitError):
    """The request conflicts with data in lmskit."""


class AlreadyEnrolledError(ConflictError):
    """A student has one enrollment per course."""

    def __init__(self, *, student: str, course: str, status: str) -> None:
        self.student, self.course, self.status = student, course, status
        super().__init__(f"{student} is already enrolled in {course} (status: {status}). Nothing was changed.")


class NotEnrolledError(ConflictError):
    """The student is not enrolled in the course."""

    def __init__(self, *, student: str, course: str) -> None:
        self.student, self.course = student, course
        super().__init__(f"{student} is not enrolled in {course}. Nothing was changed.")


class NoQuizExceptionError(ConflictError):
    """A quiz holds for a student as it does for others."""

    def __init__(self, *, student: str, quiz: str, course: str) -> None:
        self.student, self.quiz, self.course = student, quiz, course
        super().__init__(
            f"{student} is not excused from {quiz!r} and has no other day for it. Nothing was changed. "
            f"To list who is: lmskit exception list {course}"
        )


class NotRecordedError(ConflictError):
    """What an import wrote is not known, so it cannot be taken back."""

    def __init__(self, *, number: int, why: str) -> None:
        self.number = number
        super().__init__(f"Import {number} cannot be taken back: {why}. Nothing was changed.")


class UndoneImportError(ConflictError):
    """An undo cannot be undone."""

    def __init__(self, *, number: int, undoes: int) -> None:
        self.number, self.undoes = number, undoes
        super().__init__(f"Run {number} took import {undoes} back, and imported nothing. To have its rows again: import the file again.")


class CourseExistsError(ConflictError):
    """A course code is used once."""

    def __init__(self, *, course: str) -> None:
        self.course = course
        super().__init__(f"There is already a course with the code {course}. Choose another code, or another term in it.")


class CopiedAlreadyError(ConflictError):
    """A term has the copy of a course already."""

    options = "--code"

    def __init__(self, *, course: str, code: str, term: str) -> None:
        self.course, self.code, self.term = course, code, term
        super().__init__(
            f"There is already a course with the code {code}, which the copy of {course} into {term} would have. Nothing was changed. "
            "For another copy choose another code."
        )


class CodeOfCopyError(ConflictError):
    """The code that is made for the copy of a course is too long."""

    options = "--code"

    def __init__(self, *, course: str, code: str, longest: int) -> None:
        self.course, self.code = course, code
        self.reason = f"its code would have {len(code):,} characters, and at most {longest} are possible."
        super().__init__(f"{course} cannot be copied under a code made from course and term: {self.reason} Choose a code for the copy.")


class StaffNotChosenError(ConflictError):
    """Rights do not follow a copied course of themselves."""

    options = "--staff all, --staff none, or --staff ADDRESS,ADDRESS"

    def __init__(self, *, what: str, staff: Sequence[str]) -> None:
        more = f" and {len(staff) - FIRST_STAFF:,} more" if len(staff) > FIRST_STAFF else ""
        super().__init__(
            f"People work in {what} beside the responsible lecturer: {', '.join(staff[:FIRST_STAFF])}{more}. Nothing was changed. "
            "Say which of them come along into the copy."
        )


class TermExistsError(ConflictError):
    """A term of this code exists, with another name or other days."""

    options = "--term-name, --term-starts and --term-ends; --term CODE"

    def __init__(self, *, term: str) -> None:
        self.term = term
        super().__init__(
            f"There is already a term {term}, with another name or other days. Leave its name and days out, or choose another code."
        )


class TermCodeInUseError(ConflictError):
    """A term code is used once."""

    def __init__(self, *, term: str) -> None:
        self.term = term
        super().__init__(f"There is already a term with the code {term}. Nothing was changed; choose another code, or use that term.")


class TermClosedError(ConflictError):
    """What the mastery of a closed or archived term rests on stays as it is."""

    def __init__(self, *, term: str, state: str) -> None:
        self.term, self.state = term, state
        super().__init__(
            f"The term {term} is {state}, so its enrollments, weeks, quizzes, attempts and mastery stay as they are. Nothing was changed. "
            f"If it has to be changed after all, an administrator can open it: lmskit term open {term}"
            + (f", after lmskit archive restore {term}" if state == "archived" else "")
        )


class TermStateError(ConflictError):
    """A term goes from open to closed to archived, and back, one step at a time; the sentence says what is missing."""


class PersonExistsError(ConflictError):
    """An address belongs to one person."""

    def __init__(self, *, email: str) -> None:
        self.email = email
        super().__init__(f"There is already a person with the address {email}. Nothing was changed.")


class ExternalIdExistsError(ConflictError):
    """An id of another system belongs to one person."""

    def __init__(self, *, external_id: str) -> None:
        self.external_id = external_id
        super().__init__(
            f"The id {external_id} belongs to another person. Nothing was changed. To see who it is: lmskit person show {external_id}. "
            "Two who are one person are merged: lmskit person merge"
        )


class TeachesCoursesError(ConflictError):
    """A lecturer who is to be erased teaches courses, which need a lecturer."""

    def __init__(self, *, courses: Sequence[str]) -> None:
        self.courses = tuple(courses)
        super().__init__(
            f"The person teaches {', '.join(courses)}. Nothing was erased. Name the lecturer who takes over: --courses-to EMAIL"
        )


class AlreadyOnStaffError(ConflictError):
    """A person has one role in a course."""

    def __init__(self, *, person: str, course: str, role: str) -> None:
        self.person, self.course, self.role = person, course, role
        super().__init__(f"{person} is already {role} of {course}. Nothing was changed.")


class NotOnStaffError(ConflictError):
    """A person is not on the staff of a course."""

    def __init__(self, *, person: str, course: str | None = None, term: str | None = None) -> None:
        self.person, self.course, self.term = person, course, term
        what, listed = (course, course) if course is not None else (f"any course of {term}", "COURSE")
        super().__init__(f"{person} is not on the staff of {what}. Nothing was changed. To list the staff: lmskit staff list {listed}")


class IsResponsibleError(ConflictError):
    """The lecturer who is responsible for a course has every right to it, and cannot leave it to no one."""

    def __init__(self, *, person: str, course: str) -> None:
        self.person, self.course = person, course
        super().__init__(
            f"{person} is responsible for {course}. Nothing was changed. To hand the course over: lmskit course hand-over {course} EMAIL"
        )


class OwnErasureError(ConflictError):
    """People do not erase themselves: their own session would lose its rights midway."""

    def __init__(self) -> None:
        super().__init__("You are signed in as the person who is to be erased. Nothing was erased. Ask another administrator to do it.")


class MessageOnItsWayError(ConflictError):
    """A message to a person who is to be erased, changed or merged is being sent."""

    def __init__(self, *, nothing_was: str = "erased") -> None:
        super().__init__(f"A message to the person is being sent at this moment. Nothing was {nothing_was}. Try again in a few minutes.")


class CannotMergeError(ConflictError):
    """Two people cannot become one; the sentence says why, and what to do."""


class CannotSplitError(ConflictError):
    """One person cannot become two again; the sentence names what was changed since."""


class AdministratorExistsError(ConflictError):
    """Only the first administrator is made without another one."""

    def __init__(self, *, email: str) -> None:
        self.email = email
        super().__init__(
            f"The database has an administrator already, so {email} was not made one. To sign in: lmskit sign-in. "
            "If the password of every administrator is lost: lmskit login recover EMAIL"
        )


class OtherRoleError(ConflictError):
    """The person exists and has another role than the request says."""

    options = "--role"

    def __init__(self, *, email: str, role: str) -> None:
        self.email, self.role = email, role
        advice = "Students have no login; use another address." if role == "student" else "Leave the role out to make the login."
        super().__init__(f"{email} belongs to a person with the role {role}. {advice}")


class NotAStudentError(ConflictError):
    """Only students can be enrolled; each person has exactly one role."""

    def __init__(self, *, email: str) -> None:
        self.email = email
        super().__init__(f"{email} belongs to a lecturer or an administrator, and only students can be enrolled. Use another address.")


class ManyWithdrawalsError(ConflictError):
    """So many students are withdrawn only if a person confirms their number."""

    options = "--withdraw-at-most N"

    def __init__(self, *, course: str, count: int, reasons: Sequence[str]) -> None:
        self.course, self.count = course, count
        who = "1 student" if count == 1 else f"{count:,} students"
        super().__init__(
            f"{who} of {course} would be withdrawn, and their number has to be confirmed: {', and '.join(reasons)}. Nothing was changed."
        )


class CourseCompletedError(ConflictError):
    """A student who has completed a course can no longer leave it."""

    def __init__(self, *, student: str, course: str) -> None:
        self.student, self.course = student, course
        super().__init__(f"{student} has completed {course}, so there is nothing to withdraw from. Nothing was changed.")


class DemonstrationError(ConflictError):
    """The codes of the demonstration belong to real terms or courses."""


class WeekInUseError(ConflictError):
    """A week can be removed from a syllabus only if no quiz and no material belongs to it."""

    def __init__(self, *, course: str, week: int, belongings: str) -> None:
        self.course, self.week = course, week
        super().__init__(
            f"Week {week} of {course} cannot be removed: {belongings} to it. "
            "Its topic can be changed. Nothing was changed; put the week back."
        )


class ChangedMeanwhileError(ConflictError):
    """The stored data are no longer those that a form or a preview has shown."""

    def __init__(self, *, what: str) -> None:
        self.what = what
        super().__init__(f"Another person changed {what} since you looked at it. Nothing was changed; look at it again.")


class MoreWouldGoError(ConflictError):
    """More would be deleted than a person saw."""

    def __init__(self, *, what: str, more: str) -> None:
        super().__init__(f"More would go with {what} than was shown: {more}. Nothing was deleted. Look at it again first.")


class MaterialExistsError(ConflictError):
    """The course has another material of this file name or address; the sentence says which, and what to do."""


class QuizExistsError(ConflictError):
    """A title is used once among the quizzes of a course."""

    def __init__(self, *, title: str, course: str) -> None:
        self.title, self.course = title, course
        super().__init__(f"{course} already has a quiz {title!r}. Change that one, or choose another title.")


class QuizAnsweredError(ConflictError):
    """Attempts refer to the questions of the quiz and their points, so these cannot be changed."""

    def __init__(self, *, title: str, n_attempts: int, difference: str) -> None:
        self.title, self.n_attempts, self.difference = title, n_attempts, difference
        many = "1 attempt was" if n_attempts == 1 else f"{n_attempts:,} attempts were"
        super().__init__(
            f"{many} made at the quiz {title!r}, so its questions, their points and options stay as they are; {difference}. "
            "Texts and the key may change. For other questions make a new quiz."
        )


class AnswerWithoutQuestionError(ConflictError):
    """An answer is to a question of its quiz; the database refuses every other."""

    def __init__(self, *, question: str) -> None:
        self.question = question
        super().__init__(
            f"An answer is to the question {question!r}, which its quiz does not have. Nothing was changed. "
            "Add the question to the quiz first, or correct the answer."
        )


class AnsweredQuestionError(ConflictError):
    """A question stays in its quiz while there are answers to it."""

    def __init__(self, *, question: str) -> None:
        self.question = question
        super().__init__(
            f"Students have answered the question {question!r}, so it stays in its quiz under this id. Nothing was changed. "
            "For other questions make a new quiz."
        )


class QuestionBankUsedError(ConflictError):
    """Quizzes that reports define have questions of the bank, and would lose their options and keys."""

    def __init__(self, *, bank: str, quizzes: Sequence[str]) -> None:
        self.bank, self.quizzes = bank, quizzes
        named = ", ".join(repr(title) for title in quizzes[:FIRST_MISTAKES])
        more = f" and {len(quizzes) - FIRST_MISTAKES:,} more" if len(quizzes) > FIRST_MISTAKES else ""
        super().__init__(
            f"The bank {bank!r} stays, since these quizzes have their options and keys from it: {named}{more}. "
            "If it was corrected, import the corrected bank under the same name."
        )


class QuizUnreadableError(ConflictError):
    """The stored questions or key of a quiz do not have the form of `lmskit.schemas.quiz`.

    Attributes
    ----------
    mistakes
        A sentence for each field that is wrong, by its name; a question in a list is named by its index, counted from 0.
    """

    def __init__(self, *, quiz: int, title: str, mistakes: Mapping[str, str]) -> None:
        self.quiz, self.title, self.mistakes = quiz, title, mistakes
        first = " ".join(f"{field}: {sentence}" if field else sentence for field, sentence in list(mistakes.items())[:FIRST_MISTAKES])
        more = len(mistakes) - FIRST_MISTAKES
        rest = f" There are {more:,} more mistakes; to see all: lmskit quiz mistakes COURSE {quiz}." if more > 0 else ""
        super().__init__(f"The stored questions of the quiz {title!r} cannot be read: {first}{rest} Enter them anew.")


class MessageSettledError(ConflictError):
    """A message cannot be tried again."""
