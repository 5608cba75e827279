"""The shapes of QTI 2.1, of the elements that lmskit writes: attributes, children in their order, and types of values.

Source: IMS Question and Test Interoperability Assessment Test, Section and Item Information Model 2.1, and its XML Binding.
"""

import re

NAMESPACE = "{http://www.imsglobal.org/xsd/imsqti_v2p1}"
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
FLOAT = re.compile(r"-?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
TYPES = {
    "text": re.compile(r"(?s).+"),
    "name": NAME,
    "float": FLOAT,
    "count": re.compile(r"\d+"),
    "yes": re.compile("true|false"),
    "cardinality": re.compile("single|multiple|ordered|record"),
    "base": re.compile("identifier|boolean|integer|float|string|point|pair|directedPair|duration|file|uri"),
    "tolerance": re.compile("exact|absolute|relative"),
    "shown": re.compile("show|hide"),
}
INLINE = "br|textEntryInteraction"
BLOCK = "p|div|pre"
SHAPES = {
    "assessmentItem": (
        {"identifier": "text", "title": "text", "adaptive": "yes", "timeDependent": "yes"},
        {"toolName": "text"},
        "(responseDeclaration )*(outcomeDeclaration )*(itemBody )?(responseProcessing )?(modalFeedback )*",
    ),
    "responseDeclaration": ({"identifier": "name", "cardinality": "cardinality", "baseType": "base"}, {}, "(correctResponse )?(mapping )?"),
    "outcomeDeclaration": ({"identifier": "name", "cardinality": "cardinality", "baseType": "base"}, {}, "(defaultValue )?"),
    "correctResponse": ({}, {}, "(value )+"),
    "defaultValue": ({}, {}, "(value )+"),
    "value": ({}, {}, ""),
    "mapping": ({"defaultValue": "float"}, {}, "(mapEntry )+"),
    "mapEntry": ({"mapKey": "text", "mappedValue": "float"}, {"caseSensitive": "yes"}, ""),
    "itemBody": ({}, {}, f"(({BLOCK}|choiceInteraction|matchInteraction|orderInteraction|extendedTextInteraction) )+"),
    "p": ({}, {}, f"(({INLINE}) )*"),
    "pre": ({}, {}, f"(({INLINE}) )*"),
    "div": ({}, {}, f"(({BLOCK}|{INLINE}) )*"),
    "br": ({}, {}, ""),
    "choiceInteraction": ({"responseIdentifier": "name", "shuffle": "yes", "maxChoices": "count"}, {}, "(simpleChoice )+"),
    "orderInteraction": ({"responseIdentifier": "name", "shuffle": "yes"}, {}, "(simpleChoice )+"),
    "simpleChoice": ({"identifier": "name"}, {}, f"(({BLOCK}|br) )*"),
    "matchInteraction": (
        {"responseIdentifier": "name", "shuffle": "yes", "maxAssociations": "count"},
        {},
        "(simpleMatchSet ){2}",
    ),
    "simpleMatchSet": ({}, {}, "(simpleAssociableChoice )*"),
    "simpleAssociableChoice": ({"identifier": "name", "matchMax": "count"}, {}, f"(({BLOCK}|br) )*"),
    "textEntryInteraction": ({"responseIdentifier": "name"}, {}, ""),
    "extendedTextInteraction": ({"responseIdentifier": "name"}, {}, ""),
    "responseProcessing": ({}, {"template": "text"}, "((responseCondition|setOutcomeValue) )*"),
    "responseCondition": ({}, {}, "responseIf (responseElseIf )*(responseElse )?"),
    "responseIf": ({}, {}, "(match|equal) (setOutcomeValue )*"),
    "match": ({}, {}, "variable correct "),
    "equal": ({"toleranceMode": "tolerance"}, {"tolerance": "float"}, "variable correct "),
    "setOutcomeValue": ({"identifier": "name"}, {}, "(variable|product) "),
    "product": ({}, {}, "((mapResponse|variable) )+"),
    "variable": ({"identifier": "name"}, {}, ""),
    "correct": ({"identifier": "name"}, {}, ""),
    "mapResponse": ({"identifier": "name"}, {}, ""),
    "modalFeedback": ({"outcomeIdentifier": "name", "identifier": "name", "showHide": "shown"}, {}, f"(({BLOCK}) )*"),
}
WITH_TEXT = {"value", "p", "pre", "div", "simpleChoice", "simpleAssociableChoice"}


def check(item):
    """Whether an item has the shapes, and refers to nothing that it does not declare."""
    for element in item.iter():
        _check_shape(element)
    declared = {each.get("identifier"): each for each in item if each.tag.endswith("Declaration")}
    [asked] = [each for each in item.iter() if each.tag.endswith("Interaction")]
    response = declared[asked.get("responseIdentifier")]
    offered = [[choice.get("identifier") for choice in parent if choice.get("identifier")] for parent in asked.iter() if len(parent)]
    assert all(len(set(identifiers)) == len(identifiers) for identifiers in offered)
    known = {identifier for identifiers in offered for identifier in identifiers}
    values = [value.text for value in response.iter(f"{NAMESPACE}value")]
    if response.get("baseType") in {"identifier", "directedPair"}:
        assert {part for value in values for part in value.split()} <= known
    if response.get("baseType") == "float":
        assert all(FLOAT.fullmatch(value) for value in values)
    for used in item.iter(*(f"{NAMESPACE}{name}" for name in ("variable", "correct", "mapResponse", "setOutcomeValue"))):
        assert used.get("identifier") in declared
    for feedback in item.iter(f"{NAMESPACE}modalFeedback"):
        assert feedback.get("outcomeIdentifier") in declared


def _check_shape(element):
    assert element.tag.startswith(NAMESPACE), element.tag
    name = element.tag.removeprefix(NAMESPACE)
    needed, allowed, children = SHAPES[name]
    assert set(needed) <= set(element.attrib) <= set(needed) | set(allowed), (name, dict(element.attrib))
    for attribute, text in element.attrib.items():
        assert TYPES[(needed | allowed)[attribute]].fullmatch(text), (name, attribute, text)
    found = "".join(f"{child.tag.removeprefix(NAMESPACE)} " for child in element)
    assert re.fullmatch(children, found), (name, found)
    texts = [element.text, *(child.tail for child in element)]
    assert name in WITH_TEXT or not any((text or "").strip() for text in texts), (name, texts)
