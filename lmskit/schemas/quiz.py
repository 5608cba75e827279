"""Questions, answer keys and answers as they are stored in JSONB."""

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import Field, Strict, StrictBool, model_validator
from pydantic.types import AllowInfNan

from lmskit.limits import LARGEST_SCORE, LONGEST_QUESTION_ID
from lmskit.schemas.request import Request
from lmskit.schemas.text import Line, Prose, Storable, Title
from lmskit.vocabulary import QuestionType

Number = Annotated[float, AllowInfNan(False)]  # noqa: FBT003 - Pydantic's signature
Points = Annotated[float, Field(ge=0, le=LARGEST_SCORE), AllowInfNan(False)]  # noqa: FBT003 - as above
Score = Annotated[float, Field(ge=-LARGEST_SCORE, le=LARGEST_SCORE), AllowInfNan(False)]  # noqa: FBT003 - as above
"""Of one answer, which some systems give below 0; the total of an attempt is 0 or more."""
Identifier = Annotated[Line, Field(min_length=1, max_length=LONGEST_QUESTION_ID)]
Prompt = Annotated[Prose, Field(min_length=1)]

_Text = Annotated[Storable, Strict()]
AnswerValue: TypeAlias = StrictBool | Number | _Text | list[_Text] | dict[_Text, _Text] | None
"""By type of question: true or false; a number; the id of an option, or a text; ids of options; the id of a target by option id; None."""


class Option(Request):
    """Something to choose, match or put in order."""

    id: Identifier
    text: Prompt


class _Question(Request):
    expected: ClassVar[str] = "it is graded by a person and has no answer"
    """The answer that a key of this type needs, to end a message."""

    id: Identifier
    prompt: Prompt
    points: Points
    options: tuple[Option, ...] = ()
    topic: Title | None = None

    @model_validator(mode="after")
    def _each_option_once(self) -> "_Question":
        _once((option.id for option in self.options), "option", f"question {self.id}")
        return self

    def accepts(self, answer: AnswerValue) -> bool:
        """Whether a key of this type of question can have this answer."""
        return answer is None

    def _option_ids(self) -> set[str]:
        return {option.id for option in self.options}


class ChoiceQuestion(_Question):
    """One option is right."""

    expected: ClassVar[str] = "the id of one of its options is expected"

    type: Literal[QuestionType.CHOICE]
    options: Annotated[tuple[Option, ...], Field(min_length=1)]

    def accepts(self, answer: AnswerValue) -> bool:
        """Whether a key can have this answer."""
        return isinstance(answer, str) and answer in self._option_ids()


class MultipleQuestion(_Question):
    """Any number of options is right."""

    expected: ClassVar[str] = "a list of ids of its options is expected"

    type: Literal[QuestionType.MULTIPLE]
    options: Annotated[tuple[Option, ...], Field(min_length=1)]

    def accepts(self, answer: AnswerValue) -> bool:
        """Whether a key can have this answer."""
        return isinstance(answer, list) and len(set(answer)) == len(answer) and set(answer) <= self._option_ids()


class TrueFalseQuestion(_Question):
    """A statement that is true or false."""

    expected: ClassVar[str] = "true or false is expected"

    type: Literal[QuestionType.TRUE_FALSE]

    def accepts(self, answer: AnswerValue) -> bool:
        """Whether a key can have this answer."""
        return isinstance(answer, bool)


class NumericQuestion(_Question):
    """A number, right within the key's tolerance."""

    expected: ClassVar[str] = "a number is expected"

    type: Literal[QuestionType.NUMERIC]

    def accepts(self, answer: AnswerValue) -> bool:
        """Whether a key can have this answer."""
        return isinstance(answer, float) and not isinstance(answer, bool)


class ShortTextQuestion(_Question):
    """A word or two, one of the spellings in the key."""

    expected: ClassVar[str] = "a list of accepted texts is expected"

    type: Literal[QuestionType.SHORT_TEXT]

    def accepts(self, answer: AnswerValue) -> bool:
        """Whether a key can have this answer."""
        return isinstance(answer, list) and len(answer) > 0


class MatchQuestion(_Question):
    """To each option the target that belongs to it."""

    expected: ClassVar[str] = "the id of a target for each option is expected"

    type: Literal[QuestionType.MATCH]
    options: Annotated[tuple[Option, ...], Field(min_length=1)]
    targets: Annotated[tuple[Option, ...], Field(min_length=1)]
    """What the options are matched with; students see them, so they are not in the key."""

    @model_validator(mode="after")
    def _each_target_once(self) -> "MatchQuestion":
        _once((target.id for target in self.targets), "target", f"question {self.id}")
        return self

    def accepts(self, answer: AnswerValue) -> bool:
        """Whether a key can have this answer."""
        targets = {target.id for target in self.targets}
        return isinstance(answer, dict) and set(answer) <= self._option_ids() and set(answer.values()) <= targets


class OrderQuestion(_Question):
    """All options in their right order."""

    expected: ClassVar[str] = "all its options in order are expected"

    type: Literal[QuestionType.ORDER]
    options: Annotated[tuple[Option, ...], Field(min_length=1)]

    def accepts(self, answer: AnswerValue) -> bool:
        """Whether a key can have this answer."""
        return isinstance(answer, list) and sorted(answer) == sorted(self._option_ids())


class EssayQuestion(_Question):
    """A text that a person grades; it has no key."""

    type: Literal[QuestionType.ESSAY]


Question = Annotated[
    ChoiceQuestion
    | MultipleQuestion
    | TrueFalseQuestion
    | NumericQuestion
    | ShortTextQuestion
    | MatchQuestion
    | OrderQuestion
    | EssayQuestion,
    Field(discriminator="type"),
]


class KeyEntry(Request):
    """The right answer, by type of question; a short text has a list of spellings."""

    answer: AnswerValue = None
    tolerance: Annotated[float, Field(ge=0), AllowInfNan(False)] | None = None  # noqa: FBT003 - as above
    feedback: Prose | None = None


class QuizContent(Request):
    """The questions of a quiz and their key, which fit each other; the two are stored apart.

    A question may lack a key, as essays do, but each key needs its question.
    """

    questions: tuple[Question, ...]
    answer_key: dict[str, KeyEntry] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _fits(self) -> "QuizContent":
        _once((question.id for question in self.questions), "question", "the quiz")
        asked = {question.id: question for question in self.questions}
        for identifier, entry in self.answer_key.items():
            if identifier not in asked:
                raise ValueError(f"The key answers a question {identifier!r} that the quiz does not ask.")
            _check_key(asked[identifier], entry)
        if self.max_score > LARGEST_SCORE:
            raise ValueError(f"The points of all questions together are more than {LARGEST_SCORE:,}. Give fewer.")
        return self

    @property
    def max_score(self) -> float:
        """The score of a perfect attempt."""
        return float(sum(question.points for question in self.questions))

    def stored_questions(self) -> list[dict[str, Any]]:
        """As `quizzes.questions` holds them."""
        return [question.model_dump(mode="json", exclude_none=True) for question in self.questions]

    def stored_key(self) -> dict[str, dict[str, Any]]:
        """As `quizzes.answer_key` holds it."""
        return {identifier: entry.model_dump(mode="json", exclude_none=True) for identifier, entry in self.answer_key.items()}

    def stored_maximum(self) -> Decimal:
        """As `quizzes.max_score` holds it."""
        return Decimal(f"{self.max_score:.4f}")


class Answer(Request):
    """The answer of a student to one question, and its score."""

    question: Identifier
    response: AnswerValue = None
    score: Score | None = None
    """None: not graded. Evidence counts a score below 0 as 0."""
    raw: _Text | list[_Text] | dict[_Text, _Text] | None = None
    """What the imported file has, where `response` is something else: the text of the option whose id that is."""
    asked: Prose | None = None
    """What this student was asked, where others were asked something else: drawn at random, with numbers of their own, or earlier."""


def _once(identifiers: Iterable[str], noun: str, where: str) -> None:
    twice = [identifier for identifier, times in Counter(identifiers).items() if times > 1]
    if twice:
        raise ValueError(f"The {noun} {twice[0]!r} is in {where} more than once. Give each its own id.")


def _check_key(question: _Question, entry: KeyEntry) -> None:
    """Refuse a key whose answer does not fit the type or the options of its question."""
    if not question.accepts(entry.answer):
        raise ValueError(f"The key of question {question.id!r} does not fit it: {question.expected}.")
    if entry.tolerance is not None and not isinstance(question, NumericQuestion):
        raise ValueError(f"The key of question {question.id!r} has a tolerance, and only numeric questions have one.")
