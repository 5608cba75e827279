"""The words that GLOSSARY.md retired stay out of code, messages and documentation."""

import ast
import json
import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "lmskit"
TEXT = {".py", ".sql", ".js", ".j2", ".md", ".ipynb", ".mako"}
START, END = r"(?<![A-Za-z])", r"(?![a-z])"

EVERYWHERE = {
    "place": rf"{START}(?<!decimal )[Pp]laces?{END}",
    "told": rf"{START}([Tt]old|[Tt]ells?|[Tt]elling)(?!\(\)){END}",
    "oddity": rf"{START}[Oo]ddit(y|ies){END}|but odd\b",
    "judge": rf"{START}[Jj]udg(e|es|ed|ing){END}",
    "for one in": r"\bfor one in\b",
    "whoever": rf"{START}([Ww]ho(m?)ever|[Ss]omebody|[Aa]nybody){END}",
    "to know": r"\bTo know:",
    "what became of": r"\b[Ww]hat became of\b",
    "is none": r"(?<![Tt]here )\b(is|are) none\b",
    "is no …": r"(?<![Tt]here )\b(is|are) no (?!longer\b|more\b|such\b|different\b|slower\b|newer\b)[a-z]",
    "rule choice": r"\bRuleChoice\b|\brule_choice\b",
}
"""Pattern of each retired word that has no other sense; underscores separate words in names."""

IN_SOME_PLACES_ONLY = {
    "claims": (
        rf"{START}[Cc]laims?{END}|\bclaimed\b",
        ("services/admission", "services/delivery", "services/outbox", "models/operations", "queries/outbox", "db/bootstrap"),
    ),
    "marks": (rf"{START}(?<!decimal )(?<!quotation )[Mm]arks{END}", ("importers/moodle", "importers/number_format", "db/")),
    "unit": (
        rf"{START}[Uu]nits?{END}(?! of evidence| of measurement|=)",
        (
            "analytics/",
            "queries/evidence",
            "importers/moodle/backup",  # units of measurement, as Moodle names them
            "cli/nouns",  # units of systemd
            "cli/scheduled_job",
            "cli/service",
            "queries/stored",
            "services/mastery",
            "cli/mastery_compare",
            "services/estimate",
            "importers/question_banks/moodle_xml",
            "importers/week",
        ),
    ),
}
"""Words that keep one sense: pattern, and the modules of lmskit where it is meant."""

DATABASE = re.compile(r"migrations/(sql|versions)/|queries/access_manifest\.(txt|sql)$")
"""What is stored in databases keeps the words that it has there."""
ABOUT_WORDS = {"GLOSSARY.md", "CHANGELOG.md", "docs/data-model.md", "tests/project/test_words.py"}
"""They name the retired words in order to replace them, or quote the comments of the database."""
DATA = re.compile(r"lmskit/simulation/.*\.(json|toml)$|tests/importers/(samples|golden)/")


def prose(path: Path) -> str:
    """The text of a file that people read: of a notebook, its cells."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        return "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"])
    return text


QUOTED = re.compile(r"so the place is left pending|\"oddit(y_counts|ies)\"|\bcomment(=|\": )\".*")
"""What is stored in databases, as code and tests quote it: a reason, keys of the reports of imports, comments of tables and columns."""


def uses(pattern: str, text: str) -> list[str]:
    return [
        f"{number}: {line.strip()[:110]}"
        for number, line in enumerate(text.splitlines(), start=1)
        if re.search(pattern, QUOTED.sub("", line))
    ]


@pytest.fixture(scope="module")
def written(project_files) -> dict[str, str]:
    """Every text of the project by its path, apart from what a database holds and what is about words."""
    paths = {path.relative_to(ROOT).as_posix(): path for path in project_files if path.suffix in TEXT}
    return {
        name: prose(path) for name, path in paths.items() if name not in ABOUT_WORDS and not DATABASE.search(name) and not DATA.search(name)
    }


@pytest.mark.parametrize("word", EVERYWHERE)
def test_a_retired_word_is_not_used(word, written):
    assert not [f"{name}:{use}" for name, text in written.items() for use in uses(EVERYWHERE[word], text)]


@pytest.mark.parametrize("word", IN_SOME_PLACES_ONLY)
def test_a_word_keeps_its_one_sense(word, written):
    pattern, allowed = IN_SOME_PLACES_ONLY[word]
    elsewhere = {
        name: text
        for name, text in written.items()
        if name.startswith("lmskit/") and not name.startswith(tuple(f"lmskit/{part}" for part in allowed))
    }
    assert not [f"{name}:{use}" for name, text in elsewhere.items() for use in uses(pattern, text)]


@pytest.mark.parametrize(
    ("word", "line"),
    [
        ("place", "self._heat_map_place = box"),
        ("place", "class Place:"),
        ("told", "with errors_told(message):"),
        ("oddity", "2 imported, but odd:"),
        ("for one in", "[one.name for one in rows]"),
        ("is no …", "'x' is no mark from 0 to 10"),
    ],
)
def test_a_retired_word_is_noticed(word, line):
    assert uses(EVERYWHERE[word], line)


@pytest.mark.parametrize(
    "line", ["two decimal places", "text.replace('a', 'b')", "placeholder='name'", "There is no course CS1", "it is no longer open"]
)
def test_an_ordinary_sentence_is_accepted(line):
    assert not [word for word, pattern in EVERYWHERE.items() if uses(pattern, line)]


def test_a_class_has_a_name_of_its_own():
    names = Counter(
        node.name
        for path in PACKAGE.rglob("*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert not [name for name, count in names.items() if count > 1]


def test_the_glossary_lists_every_retired_word():
    glossary = (ROOT / "GLOSSARY.md").read_text(encoding="utf-8").partition("## Retired words")[2]
    assert not [
        word
        for word in ("place", "told", "oddity", "judge", "claims", "marks", "unit", "choice", "account", "whoever")
        if word not in glossary
    ]
