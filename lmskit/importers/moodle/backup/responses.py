"""From the steps of a student's answer to one question to its stored form: which option, which text, how many points.

Source of the format: `question/engine` of Moodle; each type of question names its variables in `question/type/*/question.php`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lmskit.importers.moodle.backup.values import LONGEST_NUMBER, decimal, integer, text
from lmskit.importers.question_banks.markup import plain_text
from lmskit.importers.text_cell import visible_lines
from lmskit.limits import LONGEST_PROSE

if TYPE_CHECKING:
    from lmskit.importers.moodle.backup.questions import QuestionVersion
    from lmskit.importers.xml_file import XmlElement

HIDDEN = ("-", "_", ":")
"""How the names of variables begin that are not part of the answer: acts such as finishing, and how the question was shown."""
CLEARED = "-1"
"""What a choice has as answer after the student has taken it back."""


@dataclass(frozen=True, slots=True)
class AnsweredQuestion:
    """The answer of one attempt to one question.

    Attributes
    ----------
    slot
        Where the question stands in the quiz.
    question
        The id of the version that the student saw.
    response
        In its stored form; None if there is none, or it means nothing in lmskit.
    raw
        The answer as Moodle shows it.
    score
        In points of the quiz's slot; None if it is not graded.
    asked
        The question as this student saw it: with the numbers of a calculated one, or drawn at random.
    n_tries
        How often the student has submitted an answer before the attempt ended.
    is_blank
        Whether no part is answered, though Moodle shows the labels of the parts.
    """

    slot: int
    question: int
    response: Any
    raw: str | None
    score: float | None
    asked: str | None = None
    n_tries: int = 0
    is_blank: bool = False


def answered(element: XmlElement, versions: Mapping[int, QuestionVersion]) -> AnsweredQuestion:
    """Return the answer in an element `question_attempt`, whose question is among the versions.

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
    question = integer(element, "questionid") or 0
    summary = visible_lines(text(element, "responsesummary")) or None
    return AnsweredQuestion(
        slot=integer(element, "slot") or 0,
        question=question,
        response=_response(versions[question], versions, given, shown),
        raw=summary,
        score=0.0 if fraction is None and state == "gaveup" else None if fraction is None else fraction * maximum,
        asked=visible_lines(text(element, "questionsummary"))[:LONGEST_PROSE].strip() or None,
        n_tries=n_tries,
        is_blank=versions[question].kind in IN_PARTS and all(value.strip() in {"", "0", CLEARED} for value in given.values()),
    )


def stored_answer(
    answer: AnsweredQuestion, name: str, ratio: float, *, options: Collection[str], is_same: bool, has_own_text: bool
) -> dict[str, Any]:
    """Return an answer in its stored form; one to another version than the quiz has now is kept as a text.

    A text that is also the id of one of the question's options is put into quotation marks, as by `ResponseReader.as_text`.
    """
    response = answer.response if is_same else None
    if response is None and answer.raw is not None and not (is_same and answer.is_blank):
        response = f"“{answer.raw}”" if answer.raw in options else answer.raw
    found: dict[str, Any] = {
        "question": name,
        "response": response,
        "score": None if answer.score is None else answer.score * ratio,
    }
    if has_own_text and answer.asked is not None:
        found["asked"] = answer.asked
    return found if answer.raw is None or answer.raw == response else found | {"raw": answer.raw}


def _variables(step: XmlElement) -> dict[str, str]:
    listed = step.child("response")
    found = () if listed is None else listed.below("variable")
    return {text(each, "name"): "" if (value := each.child("value")) is None else (value.text or "") for each in found}


IN_PARTS = frozenset({"multianswer", "ddwtos", "gapselect"})
"""Moodle's types whose answer has parts with labels."""
NUMBERS = ("numerical", "calculated", "calculatedsimple")
"""Moodle's types whose answer is a number."""
Shown = Mapping[str, str]
"""Variables by their names."""


def _response(version: QuestionVersion, versions: Mapping[int, QuestionVersion], given: Shown, shown: Shown) -> Any:  # noqa: ANN401 - JSON
    answer = given.get("answer", "").strip()
    readers: Mapping[str, Callable[[], Any]] = {
        "multichoice": lambda: _chosen(version, given, _numbers(shown.get("_order", ""))),
        "truefalse": lambda: {"1": True, "0": False}.get(answer),
        "match": lambda: _matched(version, given, shown),
        "ddwtos": lambda: _filled(version, given, shown),
        "gapselect": lambda: _filled(version, given, shown),
        "ordering": lambda: _in_order(version, given),
        "multianswer": lambda: _by_part(version, versions, given, shown),
        **dict.fromkeys(NUMBERS, lambda: _number(answer, shown.get("_separators", ".$,"))),
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


def _filled(version: QuestionVersion, given: Shown, shown: Shown) -> dict[str, str] | None:
    found: dict[str, str] = {}
    for nth, gap in enumerate(version.gaps, 1):
        choices = _numbers(shown.get(f"_choiceorder{gap.group}", ""))
        at = next(iter(_numbers(given.get(f"p{nth}", ""))), 0)  # 0 means none
        if 0 < at <= len(choices) and 0 < choices[at - 1] <= len(gap.targets):
            found[gap.option] = gap.targets[choices[at - 1] - 1]
    return found or None


def _in_order(version: QuestionVersion, given: Shown) -> list[str] | None:
    items = given.get(f"response_{version.id}", "").split(",")
    found = [version.item_of[item] for item in items if item in version.item_of]
    return found if len(found) == len(items) else None


def _by_part(version: QuestionVersion, versions: Mapping[int, QuestionVersion], given: Shown, shown: Shown) -> dict[str, str] | None:
    """Return the answer to each blank of a cloze question as a text, by the label of the blank."""
    found: dict[str, str] = {}
    for nth, part in enumerate(version.parts, 1):
        if part not in versions:
            continue
        of_part = {name.removeprefix(f"sub{nth}_"): value for name, value in given.items() if name.startswith(f"sub{nth}_")}
        seen = {"_" + name.removeprefix(f"_sub{nth}_"): value for name, value in shown.items() if name.startswith(f"_sub{nth}_")}
        response = _response(versions[part], {}, of_part, seen)
        texts = {option["id"]: option["text"] for option in versions[part].draft.fields.get("options", ())}
        chosen = [response] if isinstance(response, str) else response if isinstance(response, list) else []
        as_typed = "" if texts else of_part.get("answer", "").strip()  # otherwise it is the position of an option
        answer = "; ".join(texts.get(each, each) for each in chosen) or as_typed
        if answer:
            found[f"[{nth}]"] = answer
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
