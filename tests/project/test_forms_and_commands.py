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
    "erasure_receipt.counts_text", "erasure_memory.read_memory", "mail_check.mail_finding", "material_folder.counts_of",
    "material_store.store_findings", "permission.administrators_only", "permission.require_administrator", "term.require_state",
    "transport.destination_of",
}  # fmt: skip
"""They look, check or put into words."""
THE_SAME_BY_ANOTHER_FUNCTION = {
    "enrollment.withdraw_by_id": "enrollment withdraw: a form knows the number of the student, a command the address",
    "file_import.import_file": "import PATH: a form has the file already open",
    "file_import.import_path": "the form of the roster import, as above",
    "person.add_lecturer": "login create EMAIL, which adds the person too",
    "retry.retry_settled": "the form of the outbox chooses the messages itself",
    "import_choices.forget_choices": "the form of the roster import asks each time, and what it asks can be changed",
    "material.refresh_material": "the form of materials adds the file again",
    "reading_decision.move_pin": "material pin --position",
}
ONLY_IN_FORMS = {
    "course.change_course": "the command for it is not there yet",
    "quiz.change_quiz": "questions are written in a form; a command imports a bank of questions (import PATH --week N)",
    "quiz.create_quiz": "as above",
}
_FOR_OPERATORS = "what an operator of the machine does, or a job without a person"
_NO_FORM_YET = "the form for it is not there yet"
ONLY_BY_COMMAND = {
    "seed": _FOR_OPERATORS,
    "archive.rewrite_archive": _FOR_OPERATORS,
    "database_session.end_session": _FOR_OPERATORS,
    "delivery.watch": _FOR_OPERATORS,
    "demonstration.build": _FOR_OPERATORS,
    "demonstration_materials.add_demonstration_materials": _FOR_OPERATORS,
    "erasure.erase_students": _FOR_OPERATORS,
    "erasure.replay_erasures": _FOR_OPERATORS,
    "erasure_memory.write_memory": _FOR_OPERATORS,
    "knowledge_tracing.fit_courses": _FOR_OPERATORS,
    "mail_check.send_test_message": _FOR_OPERATORS,
    "material_store.sweep_all": _FOR_OPERATORS,
    "notebook_copies.copy_notebooks": _FOR_OPERATORS,
    "person.found_administrator": _FOR_OPERATORS,
    "person.recover_login": _FOR_OPERATORS,
    "retention.remove_audit_entries": _FOR_OPERATORS,
    "retention.remove_findings": _FOR_OPERATORS,
    "retention.remove_messages": _FOR_OPERATORS,
    "unknown_archives.remove_unknown_archives": _FOR_OPERATORS,
    "unknown_archives.unknown_archives": _FOR_OPERATORS,
    "import_undo.undo_import": _NO_FORM_YET,
    "login.change_address": _NO_FORM_YET,
    "login.change_own_password": _NO_FORM_YET,
    "question_bank.forget_bank": _NO_FORM_YET,
    "staff.add_staff": _NO_FORM_YET,
    "staff.hand_over": _NO_FORM_YET,
    "staff.remove_staff": _NO_FORM_YET,
}


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


def test_forms_and_commands_do_the_same_or_the_reason_is_known():
    forms, commands = used_by(FORMS), used_by(COMMANDS)
    assert {"course.create_course", "term.close_term", "erasure.erase_person", "login.create_login"} <= forms & commands
    apart = NOT_AN_ACTION | THE_SAME_BY_ANOTHER_FUNCTION.keys()
    assert forms - commands - apart <= ONLY_IN_FORMS.keys()
    assert commands - forms - apart <= ONLY_BY_COMMAND.keys()
    assert not (ONLY_IN_FORMS.keys() | ONLY_BY_COMMAND.keys()) & forms & commands
    assert not apart & forms & commands  # none of them has become an action of both
