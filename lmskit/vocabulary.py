"""The closed vocabularies of the domain; the database has an enum of the same values for each that is stored."""

from __future__ import annotations

import enum


class Role(enum.StrEnum):
    """The role of a person; each has exactly one."""

    STUDENT = "student"
    LECTURER = "lecturer"
    SUPER_ADMIN = "super_admin"

    @property
    def word(self) -> str:
        """How sentences and lists name the role.

        >>> Role.SUPER_ADMIN.word
        'administrator'
        """
        return "administrator" if self is Role.SUPER_ADMIN else self.value


class StaffRole(enum.StrEnum):
    """What a person of a course's staff may do there; the one who is responsible is in the course's own row."""

    CO_LECTURER = "co-lecturer"
    """The same as the responsible lecturer."""
    ASSISTANT = "assistant"
    """Sees all of the course, and changes nothing in it."""
    OBSERVER = "observer"
    """Sees how many students are at which level once the term is closed, and no row."""


MAY_IN_COURSE = {
    StaffRole.CO_LECTURER: "the same as the responsible one",
    StaffRole.ASSISTANT: "sees all or named sections, changes nothing",
    StaffRole.OBSERVER: "sees numbers, no names",
}
"""What each role of staff means, in a few words."""


class SectionKind(enum.StrEnum):
    """What a part of the students of a course is called where it comes from."""

    SECTION = "section"
    """As student systems and Canvas divide a course."""
    GROUP = "group"
    """As teachers form groups, such as in Moodle."""


class TermState(enum.StrEnum):
    """How far a term has been put away; people decide this, and no date does."""

    OPEN = "open"
    CLOSED = "closed"
    """What its mastery is estimated from, and the estimates, cannot be changed."""
    MOVING = "moving"
    """Its rows are being moved, within one transaction."""
    WRITING = "writing"
    """Rows of the closed term are being restored from files, or erased, within one transaction."""
    ARCHIVED = "archived"
    """Closed, and its attempts and estimates are in files, and in tables of their own."""


class TermStep(enum.StrEnum):
    """What an administrator does with a term, or with its archives."""

    CLOSE = "close"
    OPEN = "open"
    ARCHIVE = "archive"
    VERIFY = "verify"
    RESTORE = "restore"
    PRUNE = "prune"


class EnrollmentStatus(enum.StrEnum):
    """The status of a student in a course. Rosters and dashboards count only `active` and `completed`."""

    PENDING = "pending"
    ACTIVE = "active"
    WITHDRAWN = "withdrawn"
    COMPLETED = "completed"


class WelcomeTime(enum.StrEnum):
    """When the message that confirms an enrollment is sent."""

    NOW = "now"
    AT_START = "at-start"
    """On the first day of the course's term, or now if that has come."""


class PastedOutcome(enum.StrEnum):
    """What becomes of a person whom a list names that was pasted or chosen."""

    NEW = "new person"
    """Added to lmskit and enrolled."""
    ENROLLED = "enrolled"
    RETURNS = "returns"
    """Enrolled again after a withdrawal, or because the message about the last request was given up."""
    WITHDRAWN = "withdrawn"
    UNCHANGED = "no change"
    AMBIGUOUS = "ambiguous"
    """Several students have the name."""
    UNKNOWN = "unknown"
    REFUSED = "refused"


class Origin(enum.StrEnum):
    """How a row came into the database."""

    FORM = "form"
    IMPORT = "import"
    SIMULATION = "simulation"


class Level(enum.StrEnum):
    """The state of a student's mastery of one topic, in the order in which tables and charts show the levels."""

    MASTERED = "mastered"
    DEVELOPING = "developing"
    REMEDIAL = "remedial"
    NOT_ASSESSED = "not_assessed"


LEVELS = tuple(level.value for level in Level)
"""The values of `Level`, in its order."""


class MaterialKind(enum.StrEnum):
    """The kind of a material: what a reader opens."""

    PDF = "pdf"
    PAGE = "page"
    """Of the web."""
    VIDEO = "video"
    """Its text is that of its captions."""
    PRESENTATION = "presentation"
    DOCUMENT = "document"
    """Of a word processor, such as DOCX."""
    NOTEBOOK = "notebook"
    MARKDOWN = "markdown"
    TEXT = "text"


class MaterialState(enum.StrEnum):
    """Whether a material is still where it came from."""

    CURRENT = "current"
    GONE = "gone"
    """Its address answered that it is gone for good; what was read before is kept."""


class EmbeddingModelState(enum.StrEnum):
    """What a model's vectors of passages are used for."""

    FILLING = "filling"
    """They are being computed; search does not ask them yet."""
    IN_USE = "in use"
    RETIRED = "retired"


class Decision(enum.StrEnum):
    """What a person decided about a passage as reading advice."""

    PINNED = "pinned"
    BANNED = "banned"


class CrawlState(enum.StrEnum):
    """Whether a crawl goes on."""

    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    """Before its end, by a person or by a limit."""


class CrawlPageState(enum.StrEnum):
    """The result for an address that a crawl has found."""

    WAITING = "waiting"
    DONE = "done"
    GONE = "gone"
    REFUSED = "refused"


class OutboxStatus(enum.StrEnum):
    """The status of a message."""

    WAITING = "waiting"
    SENT = "sent"
    REFUSED = "refused"
    DEAD = "dead"


class ImportStatus(enum.StrEnum):
    """How a run of an importer ended."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    DRY_RUN = "dry_run"


FORMER_ADDRESS = "address"
"""`external_ids.source` of an address that a merged person had: imports find the person by it."""


class EntityKind(enum.StrEnum):
    """The kind of entity that an id of another system names."""

    PERSON = "person"
    TERM = "term"
    COURSE = "course"
    QUIZ = "quiz"


class ActivityKind(enum.StrEnum):
    """What a student did, as far as logs and events say it."""

    ANSWERED = "answered"
    """Answered a question, or handed in a quiz or an assignment."""
    COMPLETED = "completed"
    """Finished something, as the system counts it."""
    SCORED = "scored"
    """Got a score."""
    WATCHED = "watched"
    """Played a recording."""
    VIEWED = "viewed"
    """Opened something."""


class ActivitySource(enum.StrEnum):
    """The format of the file that says what a student did."""

    MOODLE_LOG = "moodle-log"
    MOODLE_COMPLETION = "moodle-completion"
    XAPI = "xapi"
    CALIPER = "caliper"


class QuestionType(enum.StrEnum):
    """The kinds of question a quiz may hold."""

    CHOICE = "choice"
    MULTIPLE = "multiple"
    TRUE_FALSE = "true_false"
    NUMERIC = "numeric"
    SHORT_TEXT = "short_text"
    MATCH = "match"
    ORDER = "order"
    ESSAY = "essay"


class CountedAttempts(enum.StrEnum):
    """Which of a student's graded attempts at a quiz the statistics are computed from."""

    FIRST = "first"
    LAST = "last"
    HIGHEST = "highest"
    ALL = "all"


class ResultAttempt(enum.StrEnum):
    """Which of a student's graded attempts at a quiz is the result in a gradebook."""

    FIRST = "first"
    LAST = "last"
    HIGHEST = "highest"


class GradebookSystem(enum.StrEnum):
    """A system whose gradebook takes scores from a file of lmskit."""

    CANVAS = "canvas"
    MOODLE = "moodle"


class BankFileFormat(enum.StrEnum):
    """A format in which a question bank is written into a file."""

    MOODLE_XML = "moodle-xml"
    GIFT = "gift"
    QTI = "qti"


class ItemVerdict(enum.StrEnum):
    """The conclusion about an item from its discrimination index and the interval of the index."""

    VERY_GOOD = "very_good"
    ADEQUATE = "adequate"
    WEAK = "weak"
    VERY_WEAK = "very_weak"
    NEGATIVE = "negative"
    LIKELY_WRONG_KEY = "likely_wrong_key"
    UNDEFINED = "undefined"
    WITHHELD = "withheld"


class OptionVerdict(enum.StrEnum):
    """The conclusion about an option of a choice item."""

    RIGHT = "right"
    WORKING = "working"
    ATTRACTIVE = "attractive"
    IDLE = "idle"
    WITHHELD = "withheld"
    NO_OPTION = "no_option"
