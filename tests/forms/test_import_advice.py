"""What a refused file needs, said to a reader of the command and to a reader of the form, who has no options."""

import ast
import re
from pathlib import Path

import pytest
import typer

import lmskit
from lmskit.cli import import_, sync
from lmskit.forms.import_file import RosterImportOptions
from lmskit.forms.roster_import import RosterImport
from lmskit.importers import advice
from lmskit.importers.report import FileCounts, ImportReport, Outcome, Rejection, RowWarning

PACKAGE = Path(lmskit.__file__).parent
OF_IMPORTS = (PACKAGE / "importers", PACKAGE / "services" / "file_import")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+|lmskit (?:import|material) [a-zA-Z-]")
ABOUT_OPTIONS = {"advice.py", "options.py"}
"""The advice itself, and refusals of options that only the command can give."""
COMMANDS = ((import_.app, "csv"), (sync.app, "moodle"))
"""Commands that refuse with an advice."""
WITHOUT_FORM = "web_service"
"""Folder of what only a command reads: a live system."""


def texts(module):
    """The texts of a module that are not documentation."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation
    ]


def test_sentences_about_files_name_no_option_of_their_own():
    modules = [
        path for folder in OF_IMPORTS for path in folder.rglob("*.py") if path.name not in ABOUT_OPTIONS and WITHOUT_FORM not in path.parts
    ]
    assert len(modules) > 50
    assert [(module.name, text) for module in modules for text in texts(module) if OPTION.search(text)] == []


def test_options_in_sentences_of_statements_become_fields_of_the_form():
    statements = [path.read_text(encoding="utf-8") for path in OF_IMPORTS[1].glob("*.sql")]
    code = [re.sub(r"(?m)^\s*--.*$", "", statement) for statement in statements]
    sentences = [sentence for statement in code for sentence in re.findall(r"'([^']*)'", statement) if OPTION.search(sentence)]
    assert len(sentences) > 4
    assert [sentence for sentence in sentences if OPTION.search(advice.in_form(sentence))] == []


@pytest.mark.parametrize("each", advice.ALL, ids=lambda each: each.command)
def test_each_advice_names_options_that_a_command_has_and_nothing_of_it_in_the_form(each):
    commands = [typer.main.get_command(app).commands[name] for app, name in COMMANDS]  # type: ignore[attr-defined]
    options = {name for command in commands for parameter in command.params for name in parameter.opts}
    assert set(re.findall(r"--[a-z-]+", each.command.partition("lmskit ")[0])) <= options
    said = advice.in_form(f"roster.csv is odd: {each.about(3, 10)}. So it is.")
    assert said == f"roster.csv is odd: {each.form}. So it is."
    assert not OPTION.search(said)


def not_called(*_arguments):
    raise AssertionError("nothing is imported")


def test_what_the_form_is_said_to_have_is_in_it():
    form = RosterImport(options=RosterImportOptions((), (), (), ()), look=not_called, on_preview=not_called, on_import=not_called)
    boxes = [form.notify, form.withdraw_missing, form.remove_missing, form.reading.all_students, form.reading.rename]
    shown = [
        *(field.label for field in form.fields.values()),
        *(box.description for box in boxes),
        *(part.title for part in (form.mapping.disclosure, *form.further)),
    ]
    named = {name for each in advice.ALL for name in re.findall('"([^"]+)"', each.form)}
    assert len(named) > 10
    assert [name for name in named if not any(text.startswith(name) for text in shown)] == []


def test_every_sentence_of_a_report_is_worded():
    sentence, form = f"it is odd; {advice.DECIMAL_MARK_OF_CELL}", 'it is odd; choose which under "Decimal mark"'
    counts = FileCounts("a.csv", rows_in=1, added=0, changed=0, unchanged=0, rejected=1)
    report = ImportReport(
        "csv", "a.csv", "0" * 64, True, (counts,), (), (Rejection("a.csv", 2, None, None, sentence),),
        (RowWarning("a.csv", 2, None, None, sentence),), (sentence,), outcomes=(Outcome("a.csv", 2, None, "rejected", "", sentence),),
    )  # fmt: skip
    worded = advice.report_in_form(report)
    assert [worded.rejections[0].reason, worded.warnings[0].reason, worded.outcomes[0].reason, *worded.notes] == [form] * 4
