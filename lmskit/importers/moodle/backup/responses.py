"""From the steps of a student's answer to one question to its stored form: which option, which text, how many points.

Source of the format: `question/engine` of Moodle; each type of question names its variables in `question/type/*/question.php`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lmskit.importers.moodle.backup.values import LONGEST_NUMBER, decimal, integer, text
from lmskit.importers.question_banks.markup import plain_text
from lmskit.importers.text_cell import visible_lines

if TYPE_CHECKING:
    from lmskit.importers.moodle.backup.questions import QuestionVersion
    from lmskit.importers.xml_file import XmlElement

HIDDEN = ("-", "_", ":")
"""How the names of variables begin that are not part of the answer: acts such as finishing, and how the question was shown."""
WAITS = "needsgrading"
CLEARED = "-1"
"""What a choice has as answer after the student has taken it back."""


@dataclass(frozen=True, slots=True)
class AnsweredQuestion:
    """The answer of one attempt to one question.

    Attributes
    ----------
    slot
        The number of the question in the quiz.
    question
        The id of the version that the student saw.
    response
        In its stored form; None if there is none, or it means nothing in lmskit.
    raw
        The answer as Moodle shows it.
    score
        In points of the quiz's slot, of `maximum`; None if it is not graded.
    shown
        The ids of the options in the order in which they stood.
    n_tries
        How often the student has submitted an answer.
    waits
        Whether a person has to grade it.
    """

    slot: int
    question: int
    response: Any
    raw: str | None
    score: float | None
    maximum: float
    shown: tuple[str, ...] = ()
    n_tries: int = 0
    waits: bool = False


def answered(element: XmlElement, version: QuestionVersion) -> AnsweredQuestion:
    """Return the answer in an element `question_attempt`.

    Raises
    ------
    RejectedRowError
        A number in it cannot be read.
    """
    steps = [] if (listed := element.child("steps")) is None else list(listed.below("step"))
    shown: dict[str, str] = {}
    given: dict[str, str] = {}
    n_tries = 0
    for step in steps:
        variables = _variables(step)
        shown |= {name: value for name, value in variables.items() if name.startswith("_")}
        own = {name: value for name, value in variables.items() if not name.startswith(HIDDEN)}
        if own:
            given = own  # each step has the whole answer
        n_tries += "-submit" in variables
    last = steps[-1] if steps else None
    maximum = decimal(element, "maxmark") or 0.0
    fraction = None if last is None else decimal(last, "fraction")
    state = "" if last is None else text(last, "state")
    order = _numbers(shown.get("_order", ""))
    summary = visible_lines(text(element, "responsesummary")) or None
    return AnsweredQuestion(
        slot=integer(element, "slot") or 0,
        question=integer(element, "questionid") or 0,
        response=_response(version, given, shown, order),
        raw=summary,
        score=0.0 if fraction is None and state == "gaveup" else None if fraction is None else fraction * maximum,
        maximum=maximum,
        shown=tuple(version.option_of[each] for each in order if each in version.option_of),
        n_tries=n_tries,
        waits=state == WAITS,
    )


def _variables(step: XmlElement) -> dict[str, str]:
    listed = step.child("response")
    found = () if listed is None else listed.below("variable")
    return {text(each, "name"): "" if (value := each.child("value")) is None else (value.text or "") for each in found}


Shown = Mapping[str, str]
"""Variables by their names."""


def _response(version: QuestionVersion, given: Shown, shown: Shown, order: Sequence[int]) -> Any:  # noqa: ANN401 - JSON
    answer = given.get("answer", "").strip()
    readers: Mapping[str, Callable[[], Any]] = {
        "multichoice": lambda: _chosen(version, given, order),
        "truefalse": lambda: {"1": True, "0": False}.get(answer),
        "match": lambda: _matched(version, given, shown),
        "numerical": lambda: _number(answer, shown.get("_separators", ".$,")),
        "essay": lambda: visible_lines(plain_text(answer, "html" if given.get("answerformat", "1") == "1" else "plain").text) or None,
        "shortanswer": lambda: answer or None,
    }
    return readers[version.kind]() if version.kind in readers else None


def _chosen(version: QuestionVersion, given: Shown, order: Sequence[int]) -> str | list[str] | None:
    if any(name.startswith("choice") for name in given):
        chosen = [order[nth] for nth in range(len(order)) if given.get(f"choice{nth}", "0") not in {"", "0"}]
        return sorted(version.option_of[each] for each in chosen if each in version.option_of) or None
    answer = given.get("answer", CLEARED).strip()
    at = next(iter(_numbers(answer)), len(order))
    return version.option_of.get(order[at]) if at < len(order) else None


def _matched(version: QuestionVersion, given: Shown, shown: Shown) -> dict[str, str] | None:
    stems, choices = (_numbers(shown.get(name, "")) for name in ("_stemorder", "_choiceorder"))
    found: dict[str, str] = {}
    for nth, stem in enumerate(stems):
        at = next(iter(_numbers(given.get(f"sub{nth}", ""))), 0)  # 0 means none
        if 0 < at <= len(choices) and stem in version.option_of and choices[at - 1] in version.target_of:
            found[version.option_of[stem]] = version.target_of[choices[at - 1]]
    return found or None


def _numbers(listed: str) -> list[int]:
    """Return the whole numbers between commas; a text that no id or position can be is left out."""
    return [int(each) for each in listed.split(",") if each.isascii() and each.isdecimal() and len(each) <= LONGEST_NUMBER]


def _number(answer: str, separators: str) -> float | None:
    """Return a number as the student's language writes it: `separators` has the decimal mark and that between thousands."""
    point, _, thousands = separators.partition("$")
    plain = answer.replace(thousands, "") if thousands.strip() else answer
    try:
        number = float(plain.replace(point or ".", ".").replace(" ", ""))
    except ValueError:
        return None
    return number if abs(number) < float("inf") else None
