"""Questions as QTI 2.1: a content package, a zip archive with a manifest and a file for each item.

Points are the outcome MAXSCORE, which the right response earns: what is right is declared, and the response is matched with it, a number
within its tolerance, a short text by a mapping of its spellings. Feedback is shown after every response. An item without a known key
declares no right response.

Sources of the format: IMS Question and Test Interoperability 2.1, Assessment Test, Section and Item Information Model and XML Binding;
IMS Content Packaging 1.1. In Canvas, `gems/plugins/qti_exporter` reads such items, and takes as feedback what is called `general_`.
"""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any, NamedTuple
from xml.sax.saxutils import escape, quoteattr

from lmskit.importers.question_banks.qti import FORMAT, MANIFEST
from lmskit.importers.question_banks.qti_identifier import identifier_of
from lmskit.importers.question_banks.qti_item import BLANK, OURS
from lmskit.reporting.question_banks.writer import BankWriter
from lmskit.schemas.quiz import (
    ChoiceQuestion,
    EssayQuestion,
    MatchQuestion,
    MultipleQuestion,
    NumericQuestion,
    OrderQuestion,
    ShortTextQuestion,
    TrueFalseQuestion,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lmskit.schemas.quiz import KeyEntry, Option, Question

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
ASKED = 'responseIdentifier="RESPONSE"'
TEXT_ENTRY = f"<textEntryInteraction {ASKED}/>"
RIGHT = '<variable identifier="RESPONSE"/><correct identifier="RESPONSE"/>'
MATCHED = f"<match>{RIGHT}</match>"
MAXIMUM = '<variable identifier="MAXSCORE"/>'
FEEDBACK = "general_feedback"


class _Asked(NamedTuple):
    """How a question is asked: its interaction, the type of its response, the right values, and what else scores it."""

    interaction: str
    cardinality: str
    base: str
    right: Sequence[str]
    mapping: str = ""
    score: str = MAXIMUM
    test: str = MATCHED
    """The condition under which the score is earned; empty if it is in any case."""


def _file(items: Sequence[str]) -> bytes:
    names = [f"items/{number:05}.xml" for number in range(1, len(items) + 1)]
    resources = (
        f'<resource identifier="item-{number:05}" type="imsqti_item_xmlv2p1" href="{name}"><file href="{name}"/></resource>'
        for number, name in enumerate(names, 1)
    )
    manifest = (
        f'{HEAD}<manifest xmlns="http://www.imsglobal.org/xsd/imscp_v1p1" identifier="question-bank">\n'
        "<metadata><schema>QTIv2.1 Package</schema><schemaversion>1.0.0</schemaversion></metadata>\n"
        "<organizations/>\n<resources>\n" + "\n".join(resources) + "\n</resources>\n</manifest>\n"
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in [(MANIFEST, manifest), *zip(names, items, strict=True)]:
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)  # of 1980, so that the same questions give the same file
    return packed.getvalue()


def _question(question: Question, key: KeyEntry) -> str:
    asked = _asked(question, key)
    parts = [
        _response(asked),
        _outcome("SCORE", "float", "0"),
        _outcome("MAXSCORE", "float", repr(question.points)),
        f"<itemBody>\n{_body(question, asked)}\n</itemBody>",
    ]
    if asked.right:
        parts.append(_processing(asked))
    if key.feedback:
        shown = f'outcomeIdentifier="FEEDBACK" identifier="{FEEDBACK}" showHide="show"'
        parts.insert(3, _outcome("FEEDBACK", "identifier", FEEDBACK))
        parts.append(f"<modalFeedback {shown}>{_block(key.feedback)}</modalFeedback>")
    head = (
        f'<assessmentItem xmlns="http://www.imsglobal.org/xsd/imsqti_v2p1" identifier={quoteattr(question.id)} '
        f'title={quoteattr(question.id)} adaptive="false" timeDependent="false" toolName="{OURS}">'
    )
    return f"{HEAD}{head}\n" + "\n".join(parts) + "\n</assessmentItem>\n"


def _asked(question: Question, key: KeyEntry) -> _Asked:
    right: Any = key.answer
    asked = _Asked(f"<extendedTextInteraction {ASKED}/>", "single", "string", [])
    match question:
        case EssayQuestion():
            pass
        case ChoiceQuestion():
            asked = _Asked(_choices(question.options, 1), "single", "identifier", [] if right is None else [identifier_of(right)])
        case MultipleQuestion():
            asked = _Asked(_choices(question.options, 0), "multiple", "identifier", [identifier_of(each) for each in right or ()])
        case TrueFalseQuestion():
            choices = [_simple_choice(word, word.title()) for word in ("true", "false")]
            asked = _Asked(_choice_interaction(choices, 1), "single", "identifier", [] if right is None else [str(right).lower()])
        case NumericQuestion():
            asked = _Asked(TEXT_ENTRY, "single", "float", [] if right is None else [repr(right)], test=_equal(key.tolerance))
        case ShortTextQuestion():
            earned = f'<product><mapResponse identifier="RESPONSE"/>{MAXIMUM}</product>'
            asked = _Asked(TEXT_ENTRY, "single", "string", (right or [])[:1], _mapping(right or ()), earned, "")
        case MatchQuestion():
            pairs = [f"{identifier_of(first)} {identifier_of(second)}" for first, second in (right or {}).items()]
            asked = _Asked(_sets(question), "multiple", "directedPair", pairs)
        case OrderQuestion():
            choices = [_simple_choice(identifier_of(option.id), option.text) for option in question.options]
            interaction = f'<orderInteraction {ASKED} shuffle="true">\n' + "\n".join(choices) + "\n</orderInteraction>"
            asked = _Asked(interaction, "ordered", "identifier", [identifier_of(each) for each in right or ()])
    return asked


def _outcome(identifier: str, base: str, default: str) -> str:
    value = f"<defaultValue><value>{default}</value></defaultValue>"
    return f'<outcomeDeclaration identifier="{identifier}" cardinality="single" baseType="{base}">{value}</outcomeDeclaration>'


def _response(asked: _Asked) -> str:
    values = "".join(f"<value>{escape(value)}</value>" for value in asked.right)
    right = f"<correctResponse>{values}</correctResponse>" if values else ""
    kind = f'cardinality="{asked.cardinality}" baseType="{asked.base}"'
    return f'<responseDeclaration identifier="RESPONSE" {kind}>{right}{asked.mapping}</responseDeclaration>'


def _mapping(spellings: Sequence[str]) -> str:
    entries = "".join(f'<mapEntry mapKey={quoteattr(text)} mappedValue="1" caseSensitive="false"/>' for text in spellings)
    return f'<mapping defaultValue="0">{entries}</mapping>' if entries else ""


def _processing(asked: _Asked) -> str:
    rule = f'<setOutcomeValue identifier="SCORE">{asked.score}</setOutcomeValue>'
    if asked.test:
        rule = f"<responseCondition><responseIf>{asked.test}{rule}</responseIf></responseCondition>"
    return f"<responseProcessing>{rule}</responseProcessing>"


def _equal(tolerance: float | None) -> str:
    mode = f'toleranceMode="absolute" tolerance="{tolerance!r}"' if tolerance else 'toleranceMode="exact"'
    return f"<equal {mode}>{RIGHT}</equal>"


def _body(question: Question, asked: _Asked) -> str:
    """The prompt and the interaction, which for a text to enter is where the prompt has its blank."""
    prompt = _block(question.prompt)
    if asked.interaction != TEXT_ENTRY:
        return f"{prompt}\n{asked.interaction}"
    if question.prompt != BLANK and question.prompt.count(BLANK) == 1:
        return prompt.replace(BLANK, TEXT_ENTRY)
    return f"{prompt}\n<p>{TEXT_ENTRY}</p>"


def _choices(options: Iterable[Option], most: int) -> str:
    return _choice_interaction((_simple_choice(identifier_of(option.id), option.text) for option in options), most)


def _choice_interaction(choices: Iterable[str], most: int) -> str:
    return f'<choiceInteraction {ASKED} shuffle="false" maxChoices="{most}">\n' + "\n".join(choices) + "\n</choiceInteraction>"


def _simple_choice(identifier: str, text: str) -> str:
    return f'<simpleChoice identifier="{identifier}">{_flow(text)}</simpleChoice>'


def _sets(question: MatchQuestion) -> str:
    sets = (_match_set(question.options, 1), _match_set(question.targets, 0))
    return (
        f'<matchInteraction {ASKED} shuffle="true" maxAssociations="{len(question.options)}">\n' + "\n".join(sets) + "\n</matchInteraction>"
    )


def _match_set(options: Iterable[Option], most: int) -> str:
    choices = (
        f'<simpleAssociableChoice identifier="{identifier_of(option.id)}" matchMax="{most}">{_flow(option.text)}</simpleAssociableChoice>'
        for option in options
    )
    return "<simpleMatchSet>\n" + "\n".join(choices) + "\n</simpleMatchSet>"


def _block(text: str) -> str:
    flow = _flow(text)
    return f"<div>{flow}</div>" if flow.startswith("<pre>") else f"<p>{flow}</p>"


def _flow(text: str) -> str:
    """A text with its lines, and with its white space where that is more than a space between two words."""
    lines = text.split("\n")
    if any(" ".join(line.split()) != line for line in lines):
        return f"<pre>{escape(text)}</pre>"
    return "<br/>".join(map(escape, lines))


WRITER = BankWriter("QTI 2.1", (".zip",), FORMAT, _question, _file)
