"""The named object does not exist, or the signed-in person may not see it."""

from collections.abc import Sequence

from lmskit.errors.base import LmskitError


class NotFoundError(LmskitError):
    """The named object does not exist, or the signed-in person may not see it."""


class CourseNotFoundError(NotFoundError):
    """No course has this code among those the signed-in person can see."""

    def __init__(self, *, course: str) -> None:
        self.course = course
        super().__init__(f"There is no course {course!r} among those you can see. To list them: lmskit course list")


class ObservedOnlyError(CourseNotFoundError):
    """The signed-in person observes the course, and sees no row of it."""

    def __init__(self, *, course: str, responsible: str, is_closed: bool) -> None:
        super().__init__(course=course)
        self.responsible, self.is_closed = responsible, is_closed
        seen = f"What observers see: lmskit mastery show {course}" if is_closed else "Observers see its levels once its term is closed."
        sentence = f"You observe {course} and may not see names here. {responsible}, who is responsible for it, can have it granted. "
        self.args = (sentence + seen,)


class SectionNotFoundError(NotFoundError):
    """A course has no section and no group of this name."""

    def __init__(self, *, section: str) -> None:
        self.section = section
        super().__init__(f"The course has no section or group {section!r}. To list them: lmskit section list COURSE")


class TermNotFoundError(NotFoundError):
    """No term has this code."""

    def __init__(self, *, term: str) -> None:
        self.term = term
        super().__init__(f"There is no term {term!r} with courses you can see. To list the courses: lmskit course list")


class ImportRunNotFoundError(NotFoundError):
    """No import has this number."""

    def __init__(self, *, number: int) -> None:
        self.number = number
        super().__init__(f"There is no import {number}. To list them: lmskit import list")


class NewTermNeededError(NotFoundError):
    """The term of a new course does not exist, and the request does not describe it."""

    options = "--term-name NAME --term-starts DAY --term-ends DAY"

    def __init__(self, *, term: str) -> None:
        self.term = term
        super().__init__(f"There is no term {term} yet. To create it together with the course, give its name, first day and last day.")


class LecturerNotFoundError(NotFoundError):
    """No lecturer has this address."""

    def __init__(self, *, email: str, option: str = "--lecturer EMAIL", is_student: bool = False) -> None:
        self.email = email
        listed = "to list them: lmskit login list"
        self.options = f"{option}; {listed}" if option else listed
        sentence = f"There is no lecturer with the address {email}. Only lecturers lead courses and work in them; check the address."
        if is_student:
            self.options = ""
            sentence = (
                f"{email} is a student in lmskit, and only lecturers lead courses and work in them. If a file without roles made a student "
                "of a teacher, take its import back (lmskit import undo RUN) or delete the person without results (lmskit person delete "
                f"{email}), then invite the person: lmskit invitation create {email} --family-name NAME"
            )
        super().__init__(sentence)


class StudentNotFoundError(NotFoundError):
    """No student has this address or id."""

    def __init__(self, *, student: str) -> None:
        self.student = student
        super().__init__(f"There is no student {student!r}.")


class StudentNotInCourseError(NotFoundError):
    """No student of a course has this number or address."""

    def __init__(self, *, student: int | str, course: str) -> None:
        self.student, self.course = student, course
        super().__init__(f"{course} has no student {student} that you can see. To list its students: lmskit enrollment list {course}")


class PersonNotFoundError(NotFoundError):
    """No lecturer or administrator has this address."""

    def __init__(self, *, email: str) -> None:
        self.email = email
        super().__init__(f"There is no lecturer or administrator with the address {email}. To list them: lmskit login list")


class MergeNotFoundError(NotFoundError):
    """No merge has this receipt any more."""

    def __init__(self, *, receipt: int) -> None:
        self.receipt = receipt
        super().__init__(
            f"There is no merge with the receipt {receipt}: the two may be split already, or the person was erased."
            " To list the receipts: lmskit person merges"
        )


class ExternalIdNotFoundError(NotFoundError):
    """The person does not have the id of another system."""

    def __init__(self, *, external_id: str, person_id: int) -> None:
        self.external_id, self.person_id = external_id, person_id
        super().__init__(
            f"Person {person_id} does not have the id {external_id}. Nothing was changed. To see the ids: lmskit person show {person_id}"
        )


class PersonGoneError(NotFoundError):
    """Nobody has the address or number, and nothing is left of a person who had it."""

    def __init__(self, *, person: str | int) -> None:
        self.person = person
        super().__init__(
            f"There is no person {person}, and nothing is left of one. Give the address, or the number (No.) that lists show: "
            "lmskit enrollment list COURSE"
        )


class UnknownPersonError(NotFoundError):
    """No person has this address, number or id."""

    def __init__(self, *, person: str) -> None:
        self.person = person
        super().__init__(
            f"There is no person {person!r} among those you can see. Give the address, the number (No.) in lists, or an id of another"
            " system as SYSTEM:ID. To search by a part of the name, address or id: lmskit person list --search TEXT"
        )


class WeekNotFoundError(NotFoundError):
    """No syllabus of a course, and of others that were asked for with it, has such a week.

    >>> print(WeekNotFoundError(course="CS1", week=9, others=["CS2"]))
    The syllabus of CS1 or CS2 has no week 9. To see its weeks: lmskit course show CS1
    """

    def __init__(self, *, course: str, week: int, others: Sequence[str] = ()) -> None:
        self.course, self.week, self.others = course, week, tuple(others)
        every = " or ".join((course, *others))
        super().__init__(f"The syllabus of {every} has no week {week}. To see its weeks: lmskit course show {course}")


class QuizNotFoundError(NotFoundError):
    """No quiz has this number among those the signed-in person can see."""

    def __init__(self, *, quiz: int) -> None:
        self.quiz = quiz
        super().__init__(f"There is no quiz {quiz} among those you can see. To list those of a course: lmskit quiz list COURSE")


class AttemptNotFoundError(NotFoundError):
    """No attempt has this number among those the signed-in person can see."""

    def __init__(self, *, attempt: int) -> None:
        self.attempt = attempt
        super().__init__(f"There is no attempt {attempt} among those you can see. To list those of a course: lmskit attempt list COURSE")


class QuizNotFoundInCourseError(NotFoundError):
    """A course has no quiz of this number or title."""

    def __init__(self, *, quiz: str, course: str) -> None:
        self.quiz, self.course = quiz, course
        super().__init__(f"{course} has no quiz {quiz!r} that you can see. To list its quizzes: lmskit quiz list {course}")


class QuestionNotFoundError(NotFoundError):
    """A quiz has no question of this number or id."""

    def __init__(self, *, question: str) -> None:
        self.question = question
        super().__init__(
            f"The quiz has no question {question!r}. Name one by its number or id, as lmskit quiz statistics COURSE QUIZ lists them."
        )


class QuestionBankNotFoundError(NotFoundError):
    """A course has no question bank of this name."""

    def __init__(self, *, course: str, bank: str) -> None:
        self.course, self.bank = course, bank
        super().__init__(f"{course} has no question bank {bank!r}. To list its banks: lmskit question-bank list {course}")


class MaterialNotFoundError(NotFoundError):
    """No material has this number among those the signed-in person can see."""

    def __init__(self, *, material: int) -> None:
        self.material = material
        super().__init__(
            f"There is no material {material} among those you can see. To list those of a course: lmskit material list --course CODE"
        )


class PassageNotFoundError(NotFoundError):
    """A material has no passage of this number."""

    def __init__(self, *, material: int, passage: int) -> None:
        self.material, self.passage = material, passage
        super().__init__(f"Material {material} has no passage {passage}. To list its passages: lmskit material show {material} --passages")


class DecisionNotFoundError(NotFoundError):
    """No decision about reading advice has this number among those the signed-in person can see, or it was taken back."""

    def __init__(self, *, decision: int) -> None:
        self.decision = decision
        super().__init__(
            f"There is no decision {decision} about reading advice among those you can see; it may have been taken back. "
            "To list those of a course: lmskit material decisions --course CODE"
        )


class MessageNotFoundError(NotFoundError):
    """No message has this number, or it was deleted."""

    def __init__(self, *, message: int) -> None:
        self.message = message
        super().__init__(
            f"There is no message {message}. A message is deleted with its course or student. To list the messages: lmskit mail list"
        )


class DatabaseSessionNotFoundError(NotFoundError):
    """No other person is connected to the database with this process number."""

    def __init__(self, *, pid: int) -> None:
        self.pid = pid
        super().__init__(f"The database has no session {pid} of another person, or no longer has it. To list the sessions: lmskit doctor")
