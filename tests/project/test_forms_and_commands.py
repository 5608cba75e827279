"""What a form does can be done by a command, and the other way round; where not, the reason stands here.

Both are thin: what they do is a function of `lmskit.services`. So their imports are compared, function by function.
"""

import ast
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "lmskit"
FORMS, COMMANDS = ("desks", "dashboards"), ("cli",)

NOT_AN_ACTION = {
    "archive.known_archive", "archive.require_archivable", "archive_findings.archive_findings", "archive_findings.archives_in_use",
    "archive_findings.files_not_needed", "archive_findings.leftover_findings", "archive_findings.locations_in_sight",
    "course_sync.known_course", "enrollment.welcome_due", "erasure_receipt.counts_text", "erasure_memory.read_memory",
    "mail_check.mail_finding", "material_folder.counts_of", "material_store.store_findings", "permission.administrators_only",
    "permission.require_administrator", "transport.destination_of",
}  # fmt: skip
"""They look, check or put into words."""
THE_SAME_BY_ANOTHER_FUNCTION = {
    "enrollment.withdraw_by_id": "enrollment withdraw: a form knows the number of the student, a command what is typed",
    "file_import.import_opened": "import PATH: a form has the file already open",
    "file_import.import_path": "the form of the roster import, as above",
    "login.change_address": "the form of people changes the address with the name, by change_person",
    "person.add_lecturer": "login create EMAIL, which adds the person too",
    "retry.retry_settled": "the form of the outbox chooses the messages itself",
    "import_choices.forget_choices": "the form of the roster import asks each time, and what it asks can be changed",
    "material.refresh_material": "the form of materials adds the file again",
    "reading_decision.move_pin": "material pin --position",
}
ONLY_IN_FORMS = {
    "quiz.change_quiz": "write questions one by one",
    "quiz.create_quiz": "write questions one by one",
}
"""As docs/command-line.md names them, with the reason."""
FOR_OPERATORS = "an operator of the machine does it, or a job without a person"
ONLY_BY_COMMAND = {
    "seed": (FOR_OPERATORS, "demonstration"),
    "archive.rewrite_archive": (FOR_OPERATORS, "writing archives anew"),
    "course_sync.sync_course": (FOR_OPERATORS, "syncing with a learning management system"),
    "database_session.end_session": (FOR_OPERATORS, "sessions of others"),
    "delivery.watch": (FOR_OPERATORS, "sending messages as they come"),
    "demonstration.build": (FOR_OPERATORS, "demonstration"),
    "demonstration_materials.add_demonstration_materials": (FOR_OPERATORS, "demonstration"),
    "erasure.erase_students": (FOR_OPERATORS, "retention"),
    "erasure.replay_erasures": (FOR_OPERATORS, "erasing again after a restore"),
    "erasure_memory.write_memory": (FOR_OPERATORS, "erasing again after a restore"),
    "knowledge_tracing.fit_courses": (FOR_OPERATORS, "fitting knowledge tracing"),
    "mail_check.send_test_message": (FOR_OPERATORS, "a message to try out mail"),
    "material_store.sweep_all": (FOR_OPERATORS, "the store of materials"),
    "notebook_copies.copy_notebooks": (FOR_OPERATORS, "copies of the notebooks"),
    "person.found_administrator": (FOR_OPERATORS, "the first administrator, or a lost one"),
    "person.recover_login": (FOR_OPERATORS, "the first administrator, or a lost one"),
    "retention.remove_audit_entries": (FOR_OPERATORS, "retention"),
    "retention.remove_findings": (FOR_OPERATORS, "retention"),
    "retention.remove_messages": (FOR_OPERATORS, "retention"),
    "unknown_archives.remove_unknown_archives": (FOR_OPERATORS, "archives that the database does not know"),
    "unknown_archives.unknown_archives": (FOR_OPERATORS, "archives that the database does not know"),
}
"""The reason, and how docs/command-line.md names the action."""
WITHOUT_A_SERVICE = {(FOR_OPERATORS, "backups"), (FOR_OPERATORS, "upgrades"), (FOR_OPERATORS, "services")}
"""What commands do by `lmskit.backups`, `lmskit.db` and the machine alone."""
PAGE = PACKAGE.parent / "docs" / "command-line.md"


def used_by(folders):
    """The functions of services that modules of these folders import."""
    return {
        f"{node.module.removeprefix('lmskit.services').removeprefix('.')}.{name.name}".removeprefix(".")
        for folder in folders
        for path in (PACKAGE / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module is not None and node.module.startswith("lmskit.services")
        for name in node.names
        if name.name.islower()
    }


BY_COMMAND_TOO = (
    "Write the command for it in lmskit/cli; or, if there is to be no command, name it in ONLY_IN_FORMS and in docs/command-line.md. "
    "If it only looks, checks or words something, name it in NOT_AN_ACTION; if a command does it by another function, in "
    "THE_SAME_BY_ANOTHER_FUNCTION with that command."
)
IN_A_FORM_TOO = (
    "Write the form for it in lmskit/forms with its desk; or name it in ONLY_BY_COMMAND, with the reason, and in docs/command-line.md. "
    "If it only looks, checks or words something, name it in NOT_AN_ACTION; if a form does it by another function, in "
    "THE_SAME_BY_ANOTHER_FUNCTION with that form."
)
IN_BOTH_NOW = "A form and a command do it now. Take it from the tables of this test and from docs/command-line.md."


def sentence_on(functions, what, to_do):
    return f"{what}: {', '.join(sorted(functions))}. {to_do}"


def test_what_a_form_does_a_command_does_too_or_the_reason_is_known():
    forms, commands = used_by(FORMS), used_by(COMMANDS)
    assert {"course.create_course", "term.close_term", "erasure.erase_person", "login.create_login"} <= forms & commands
    alone = forms - commands - NOT_AN_ACTION - THE_SAME_BY_ANOTHER_FUNCTION.keys() - ONLY_IN_FORMS.keys()
    assert not alone, sentence_on(alone, "Only a form does this", BY_COMMAND_TOO)


def test_what_a_command_does_a_form_does_too_or_the_reason_is_known():
    forms, commands = used_by(FORMS), used_by(COMMANDS)
    alone = commands - forms - NOT_AN_ACTION - THE_SAME_BY_ANOTHER_FUNCTION.keys() - ONLY_BY_COMMAND.keys()
    assert not alone, sentence_on(alone, "Only a command does this", IN_A_FORM_TOO)


def test_what_both_do_is_not_named_as_missing():
    named = NOT_AN_ACTION | THE_SAME_BY_ANOTHER_FUNCTION.keys() | ONLY_IN_FORMS.keys() | ONLY_BY_COMMAND.keys()
    in_both = named & used_by(FORMS) & used_by(COMMANDS)
    assert not in_both, sentence_on(in_both, "This is named as missing", IN_BOTH_NOW)


def named_on_the_page(heading):
    """The actions of a table of docs/command-line.md, each with its reason."""
    _, after = PAGE.read_text(encoding="utf-8").split(f"| {heading} | |\n|---|---|\n")
    rows = [line.strip("| ").split(" | ") for line in after.split("\n\n")[0].splitlines()]
    return {(reason, action) for actions, reason in rows for action in actions.split("; ")}


def test_the_page_names_every_action_of_one_side_alone_and_no_other():
    assert named_on_the_page("only by command") == set(ONLY_BY_COMMAND.values()) | WITHOUT_A_SERVICE
    assert {action for _, action in named_on_the_page("only in forms")} == set(ONLY_IN_FORMS.values())
