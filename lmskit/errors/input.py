"""What a person typed cannot be right."""

from lmskit.errors.base import LmskitError


class InputError(LmskitError):
    """What a person typed cannot be right."""


class PageLimitError(InputError):
    """No list has a page of this size or offset."""


class ColumnsMissingError(InputError):
    """A table lacks columns that a calculation or a chart needs."""

    def __init__(self, *, subject: str, missing: list[str], present: list[str]) -> None:
        self.subject, self.missing, self.present = subject, missing, present
        super().__init__(
            f"{subject} needs the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}; "
            f"the table has {', '.join(present) or 'none'}."
        )


class QueryError(InputError):
    """A person's own SQL query does not return a table."""


class UnknownRuleError(InputError):
    """No mastery rule has this name."""


class RuleParameterError(InputError):
    """A mastery rule was given a parameter it does not have, or one out of range."""


class RefusedValueError(InputError):
    """A column of the database does not take a value; nothing was changed."""


class ItemScoresError(InputError):
    """A table of scores contains a value that is not a score, or the maximum score of an item is missing."""


class QuizAmbiguousError(InputError):
    """Several quizzes of a course have the title that was given, as can be after an import."""

    def __init__(self, *, title: str, course: str) -> None:
        self.title, self.course = title, course
        super().__init__(
            f"{course} has several quizzes {title!r}. Give the number of one (to list them: lmskit quiz list {course}), "
            "or rename all but one where a title is needed."
        )


class NameNeededError(InputError):
    """A person who is not in lmskit yet can only be added with a name."""

    options = "--family-name NAME --given-name NAME"

    def __init__(self, *, email: str) -> None:
        self.email = email
        super().__init__(f"No person in lmskit has the address {email} yet. To add this person as a student, give the family name too.")


class TooManyPastedError(InputError):
    """A pasted text names more people than one transaction takes line by line."""

    def __init__(self, *, count: int, most: int) -> None:
        self.count = count
        super().__init__(
            f"The list names {count:,} people, and at most {most:,} can be pasted at once. Nothing was changed. "
            "Import it as a file with columns, or paste a part of it."
        )


class AddressError(InputError):
    """No message can reach the student, so the enrollment cannot be confirmed."""

    def __init__(self, *, student: str) -> None:
        self.student = student
        super().__init__(
            f"{student} has no e-mail address that receives mail, so the enrollment cannot be confirmed. Give the student one first."
        )


class InventedAddressError(InputError):
    """An import invented the address for a lecturer whose file has none; no message reaches it, and nobody could sign in with it."""

    options = "--email NEW"

    def __init__(self, *, email: str) -> None:
        self.email = email
        super().__init__(
            f"{email} is an address that an import invented, and no person has it. Give the real address of the lecturer too. "
            "To see all such people: lmskit login list --invented"
        )


class FamilyNameNeededError(InputError):
    """A person who is not in lmskit yet can only be given a login together with a name."""

    options = "--family-name NAME --given-name NAME"

    def __init__(self, *, email: str) -> None:
        self.email = email
        super().__init__(f"No person in lmskit has the address {email} yet. To add this person with a login, give the family name too.")


class WeekNeededError(InputError):
    """A new quiz needs a week, and neither its title nor an option names one."""

    options = "--week N"

    def __init__(self, *, title: str, course: str) -> None:
        self.title, self.course = title, course
        super().__init__(f"{course} has no quiz {title!r} yet. To make one from these questions, name its week.")


class ImportFileError(InputError):
    """A file or folder cannot be imported at all; nothing was written."""


class FileFormatError(ImportFileError):
    """A file is in no format that lmskit reads, or in more than one.

    `is_mappable` says whether it may be a plain table, so that choosing the columns of one can help.
    """

    def __init__(self, sentence: str, *, is_mappable: bool) -> None:
        self.is_mappable = is_mappable
        super().__init__(sentence)


class MaterialFileError(InputError):
    """A file cannot be read as a material of a course; `where` is the page, slide, cell or part at which reading ended."""

    def __init__(self, reason: str, *, name: str = "The file", where: str | None = None) -> None:
        self.reason, self.where = reason, where
        super().__init__(f"{name}, {where}: {reason}" if where else f"{name}: {reason}")


class SearchTextError(InputError):
    """A search has no word, or is too long."""
