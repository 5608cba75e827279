"""An attempt as Moodle's review shows it: times, marks and states as data, and the answers only in HTML.

What a student chose or typed stands in the form of each question, in every language alike; for types without a form that is known here, in
the history of the question, which teachers see.

Source of the format: `mod_quiz_get_attempt_review` and the renderers of `question/type` of Moodle.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import lxml.html
from lxml import etree

from lmskit.importers.moodle.web_service.functions import REVIEW
from lmskit.importers.question_banks.markup import plain_text
from lmskit.importers.text_cell import one_line, visible_lines
from lmskit.importers.web_service.json_record import decimal_of, integer_of, moment_of, object_in, records_of, text_of
from lmskit.limits import LARGEST_QUESTION_PAGE, LONGEST_QUESTION_ID

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Mapping

FINISHED = "finished"
DESCRIPTION = "description"
"""The type of what is shown between questions and asks nothing."""
GAVE_UP = "gaveup"
BUTTONS = frozenset({"radio", "checkbox"})
NOT_CHOSEN = "-1"
"""The value of the button that takes a choice back."""
FULL, NONE = frozenset({"gradedright", "mangrright"}), frozenset({"gradedwrong"})
_MARK = re.compile(r"-?[0-9]{1,12}(?:[.,][0-9]{0,12})?", re.ASCII)
_AFTER_LABEL = re.compile("[^:\uff1a]{1,80}[:\uff1a]\\s*(?P<text>.+)", re.DOTALL)
"""With the colon of Chinese and Japanese, too."""


@dataclass(frozen=True, slots=True)
class LiveAttempt:
    """An attempt without its answers."""

    id: int
    quiz: int
    user: int
    number: int
    state: str
    is_preview: bool
    started_at: dt.datetime | None
    finished_at: dt.datetime | None
    total: float | None
    """In points of the questions."""


@dataclass(frozen=True, slots=True)
class ReviewedQuestion:
    """A question of an attempt with its answer.

    Attributes
    ----------
    slot
        Where it stands in the quiz.
    name
        What the reports call it: its number, which descriptions have none of, or what a person chose instead.
    text
        As the responses report of a quiz has it: the prompt, and what could be chosen.
    right_answer
        None if the review does not show it, or shows several.
    response
        As a person reads it.
    mark
        In points of the question, of `maximum`; None if it is not graded.
    half
        By how much the mark may be rounded.
    """

    slot: int
    name: str
    text: str
    right_answer: str | None
    response: str | None
    mark: float | None
    maximum: float
    half: float


@dataclass(frozen=True, slots=True)
class Review:
    """An attempt with its questions."""

    attempt: LiveAttempt
    questions: tuple[ReviewedQuestion, ...]

    def exact_marks(self) -> list[float | None]:
        """Return the marks; a rounded one follows from the total, which is not rounded, if it is the only one."""
        marks = [question.mark for question in self.questions]
        rounded = [nth for nth, question in enumerate(self.questions) if question.half]
        if self.attempt.total is None or len(rounded) != 1:
            return marks
        question, others = self.questions[rounded[0]], sum(mark or 0.0 for nth, mark in enumerate(marks) if nth != rounded[0])
        exact = self.attempt.total - others
        if question.mark is not None and abs(exact - question.mark) <= question.half + EXACT:
            marks[rounded[0]] = exact
        return marks


EXACT = 1e-5
"""Up to how much a total is rounded: Moodle keeps five decimals."""
WHOLE = 0.5
"""By how much a mark without decimals may be rounded."""


def attempt_in(record: object, about: str) -> LiveAttempt:
    """Return the attempt of a record.

    Raises
    ------
    LmsAnswerError
        It has another form.
    """
    return LiveAttempt(
        integer_of(record, "id", about),
        integer_of(record, "quiz", about),
        integer_of(record, "userid", about),
        integer_of(record, "attempt", about) or 1,
        text_of(record, "state", about),
        integer_of(record, "preview", about) == 1,
        moment_of(record, "timestart", about),
        moment_of(record, "timefinish", about),
        decimal_of(record, "sumgrades", about),
    )


def review_in(document: object) -> Review:
    """Return the attempt of an answer with its questions.

    Raises
    ------
    LmsAnswerError
        It has another form.
    """
    answer = object_in(document, REVIEW)
    asked = [each for each in records_of(answer.get("questions"), REVIEW) if text_of(each, "type", REVIEW) != DESCRIPTION]
    numbers = [str(number) for number in range(1, len(asked) + 1)]
    names = [one_line(text_of(each, "questionnumber", REVIEW))[:LONGEST_QUESTION_ID].strip() for each in asked]
    are_names = all(names) and len(set(names)) == len(names)
    questions = [_question(each, name) for each, name in zip(asked, names if are_names else numbers, strict=True)]
    attempt = attempt_in(answer.get("attempt"), REVIEW)
    return Review(attempt, tuple(_confirmed(questions, attempt.total)))


def _confirmed(questions: list[ReviewedQuestion], total: float | None) -> list[ReviewedQuestion]:
    """Take marks that end with 0, such as 0.50, for what they say if all marks together are the total, which is not rounded."""
    if total is None or abs(sum(question.mark or 0.0 for question in questions) - total) > EXACT:
        return questions
    return [replace(question, half=0.0) if question.half and _ends_with_0(question) else question for question in questions]


def _ends_with_0(question: ReviewedQuestion) -> bool:
    """Whether the last decimal of a rounded mark is 0; of one without decimals it says nothing."""
    if question.mark is None or question.half >= WHOLE:
        return False
    tenths = question.mark / (20 * question.half)
    return abs(tenths - round(tenths)) < EXACT


def _question(record: dict[str, object], name: str) -> ReviewedQuestion:
    kind, state = text_of(record, "type", REVIEW), text_of(record, "state", REVIEW)
    maximum = decimal_of(record, "maxmark", REVIEW) or 0.0
    page = _page(text_of(record, "html", REVIEW))
    text, response, right = ("", None, None) if page is None else (_asked(page), _response(page, kind), _right_answer(page, kind))
    mark, half = _mark(text_of(record, "mark", REVIEW), state, maximum)
    return ReviewedQuestion(integer_of(record, "slot", REVIEW), name, text, right, response, mark, maximum, half)


def _mark(shown: str, state: str, maximum: float) -> tuple[float | None, float]:
    """Return the mark and by how much it may be rounded; a question that was left blank has none, and counts 0.

    That an answer is right or wrong says what it is worth, except for the points below 0 that a mark without decimals hides.
    """
    if not _MARK.fullmatch(shown):
        return (0.0 if state == GAVE_UP else None), 0.0
    number = float(shown.replace(",", "."))
    decimals = len(shown.replace(",", ".").partition(".")[2])
    half = 0.5 * 10.0**-decimals
    if state in FULL and abs(number - maximum) <= half:
        return maximum, 0.0
    is_exact = state in NONE and not number and half < WHOLE
    return number, 0.0 if is_exact else half


def _page(html: str) -> etree._Element | None:
    """Return a question as Moodle shows it; None if it is too large or no HTML."""
    if not html or len(html) > LARGEST_QUESTION_PAGE:
        return None
    try:
        return lxml.html.document_fromstring(html.replace("\0", ""), parser=lxml.html.HTMLParser(no_network=True, recover=True))
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None


def _with_class(page: etree._Element, *names: str) -> list[etree._Element]:
    wanted = " or ".join(f"contains(concat(' ', normalize-space(@class), ' '), ' {name} ')" for name in names)
    return list(page.xpath(f".//*[{wanted}]"))


def _text(element: etree._Element | None) -> str:
    """Return the text of an element without its markup."""
    if element is None:
        return ""
    markup = etree.tostring(element, encoding="unicode", method="html", with_tail=False)
    return visible_lines(plain_text(markup, "html").text)


def _first(found: Iterable[etree._Element]) -> etree._Element | None:
    return next(iter(found), None)


def _asked(page: etree._Element) -> str:
    """Return prompt and options as Moodle's reports have them, so that both are found in the same question banks."""
    prompt = _text(_first(_with_class(page, "qtext")))
    stems, targets = _stems(page)
    if stems:
        return f"{prompt} {{{'; '.join(stems)}}} -> {{{'; '.join(targets)}}}"
    options = [label for _, label in _options(page)]
    return f"{prompt} : {'; '.join(options)}" if options else prompt


def _options(page: etree._Element) -> list[tuple[etree._Element, str]]:
    """Return the buttons of a choice with the texts beside them."""
    if not _with_class(page, "multichoice", "calculatedmulti"):
        return []
    found = []
    for area in _with_class(page, "answer"):
        named: dict[str | None, etree._Element] = {}
        labels: dict[str | None, etree._Element] = {}
        for each in area.iter(etree.Element):
            named.setdefault(each.get("id"), each)
            if each.tag == "label":
                labels.setdefault(each.get("for"), each)
        for button in area.iter("input"):
            if button.get("type") not in BUTTONS or button.get("value") == NOT_CHOSEN:
                continue
            # A text stands beside one button, so that a page with many cannot become much larger than it is.
            label = named.pop(button.get("aria-labelledby"), None)
            if label is None:
                label = labels.pop(button.get("id"), None)
            if label is not None:
                for number in _with_class(label, "answernumber"):
                    number.text = ""
            found.append((button, _text(label)))
    return found


def _stems(page: etree._Element) -> tuple[list[str], list[str]]:
    """Return both sides of a matching question."""
    rows = _rows(page) if _with_class(page, "match", "randomsamatch") else []
    targets = [_text(option) for option in rows[0][1].iter("option") if option.get("value") != "0"] if rows else []
    return [_text(stem) for stem, _ in rows], targets


def _rows(page: etree._Element) -> list[tuple[etree._Element | None, etree._Element]]:
    """Return each row of a matching question: what stands at its left, and the list to choose from."""
    stem = "./td[contains(concat(' ', normalize-space(@class), ' '), ' text ')]"
    selects = ((row, _first(row.xpath("./td//select"))) for row in page.xpath(".//table//tr"))
    return [(_first(row.xpath(stem)), select) for row, select in selects if select is not None]


def _response(page: etree._Element, kind: str) -> str | None:
    readers: Mapping[str, Callable[[etree._Element], str | None]] = {
        "multichoice": _chosen,
        "calculatedmulti": _chosen,
        "truefalse": _true_or_false,
        "match": _matched,
        "randomsamatch": _matched,
        "shortanswer": _typed,
        "numerical": _typed,
        "calculated": _typed,
        "calculatedsimple": _typed,
        "essay": _essay,
    }
    return visible_lines(readers.get(kind, _from_history)(page) or "") or None


def _chosen(page: etree._Element) -> str | None:
    return "; ".join(label for button, label in _options(page) if button.get("checked") is not None)


def _true_or_false(page: etree._Element) -> str | None:
    chosen = page.xpath(".//*[contains(concat(' ', @class, ' '), ' answer ')]//input[@type='radio'][@checked]/@value")
    return {"1": "True", "0": "False"}.get(str(chosen[0])) if chosen else None


def _matched(page: etree._Element) -> str | None:
    pairs = []
    for stem, select in _rows(page):
        chosen = select.xpath(".//option[@selected][not(@value='0')]")
        if chosen:
            pairs.append(f"{_text(stem)} -> {_text(chosen[0])}")
    return "; ".join(pairs)


def _typed(page: etree._Element) -> str | None:
    """Return what was typed; where something was chosen beside it, such as metres, the history has both."""
    formulation = _first(_with_class(page, "formulation"))
    if formulation is None:
        return None
    if formulation.xpath(".//input[@type='radio'] | .//select"):
        return _from_history(page)
    fields = (str(each.get("name")).endswith("_answer") and each.get("value") for each in formulation.xpath(".//input[@type='text']"))
    return next((str(each) for each in fields if each), None)


def _essay(page: etree._Element) -> str | None:
    area = _first(page.xpath(".//textarea"))
    shown = _first(_with_class(page, "qtype_essay_response"))
    if shown is not None and shown.tag != "textarea":
        return _text(shown)
    return None if area is None else area.text


def _from_history(page: etree._Element) -> str | None:
    """Return the answer that the history of a question has last: after the word for what was done, such as *Saved:*."""
    for row in reversed(page.xpath(".//*[contains(concat(' ', @class, ' '), ' history ')]//tbody/tr")):
        cells = [each for each in row if each.tag == "td"]
        if len(cells) > ACTION:
            done = cells[ACTION]
            for link in done.xpath(".//a"):
                etree.strip_elements(link.getparent(), "a", with_tail=False)
            if found := _AFTER_LABEL.fullmatch(_text(done)):
                return found["text"]
    return None


ACTION = 2
"""The column of the history that says what was done."""


def _right_answer(page: etree._Element, kind: str) -> str | None:
    """Return the right answer of a question that has one text as answer."""
    is_one = kind in {"shortanswer", "numerical"} or (
        kind == "multichoice" and all(each.get("type") == "radio" for each, _ in _options(page))
    )
    found = _AFTER_LABEL.fullmatch(_text(_first(_with_class(page, "rightanswer")))) if is_one else None
    return found["text"] if found else None
