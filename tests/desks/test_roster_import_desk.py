import csv
import functools
import io
import threading
from datetime import UTC, datetime

import pytest
from sqlalchemy import delete, func, select

from lmskit.db import snapshot, transaction
from lmskit.desks import roster_import_desk
from lmskit.models import Course, ExternalId, ImportRun, Quiz, QuizAttempt, Term, User
from lmskit.queries.roster import course_roster, roster_size
from lmskit.schemas.file_import import NO_WEEK
from lmskit.vocabulary import EnrollmentStatus
from tests import factories
from tests.forms.screen import widgets_in
from tests.importers.golden import SAMPLES

PATIENCE = 60


@pytest.fixture
def course(session):
    return factories.course(session)


@pytest.fixture
def form(course, in_session):
    return roster_import_desk(course.code, begin=in_session, read=in_session)


def people(*families):
    return [f"{family.lower().replace(' ', '')}.{factories.unique('x')}@example.org,{family}" for family in families]


def bring(form, *rows, heading="email,family_name", name="roster.csv"):
    content = "\n".join([heading, *rows, ""]).encode()
    form.upload.receive({"begin": name, "size": len(content)}, [])
    form.upload.receive({"piece": 0}, [content])


def press(form, button):
    form._ended = float("-inf")  # later than a double click
    getattr(form, button).click()
    form.work.join(PATIENCE)


def counts(form):
    total = form.result.report.total
    return {"added": total.added, "changed": total.changed, "unchanged": total.unchanged, "rejected": total.rejected}


def test_the_format_of_a_file_is_shown_as_soon_as_it_is_uploaded(form):
    bring(form, *people("Able"))
    assert form.found.value.startswith("roster.csv: Plain CSV")


def test_a_format_can_be_chosen_before_a_file(form):
    form.format.value = "csv"
    assert form.found.value == ""
    bring(form, *people("Able"))
    assert form.found.value.startswith("roster.csv: Plain CSV")


def test_a_question_bank_is_refused_as_what_it_is_and_offers_no_columns(form):
    bring(form, "A. one", "B. two", "ANSWER: A", heading="What is it, one or two?", name="bank.txt")
    assert form.found.value == "bank.txt holds questions for a quiz (Aiken questions). Import it with admin/quiz_setup."
    assert form.mapping.choices == {}


def test_a_log_is_refused_with_the_command_that_imports_it(form):
    form.path.value = str(SAMPLES / "moodle-log" / "log.csv")
    reason, _, command = form.found.value.partition(": ")
    assert reason == "log.csv is in the format Moodle log, which the form does not import. A command does"
    assert command == f"lmskit import moodle-log {form.path.value} --course CODE."


def test_a_preview_without_a_row_that_can_be_imported_says_so(form):
    bring(form, "no address,Nobody")
    press(form, "preview")
    assert form.message.value == "roster.csv was read as Plain CSV. No row of it can be imported as it is."


def test_a_preview_shows_the_result_of_every_row_and_writes_nothing(session, course, form):
    bring(form, *people("Able", "Baker"), "no address,Nobody")
    press(form, "preview")
    assert counts(form) == {"added": 2, "changed": 0, "unchanged": 0, "rejected": 1}
    assert form.result.identity.value == "All rows are accounted for: 3 in = 2 added + 0 changed + 0 unchanged + 1 rejected."
    assert form.result.state.value == "to check", "rows to look at are shown first"
    assert form.result.outcomes.frame["Row"].tolist() == [4]
    assert "1 row will not be imported" in form.warning.value
    assert roster_size(session, course.code) == 0
    assert not form.confirm.disabled


def test_a_previewed_file_is_imported_and_then_unchanged(session, course, form):
    bring(form, *people("Able", "Baker"))
    press(form, "preview")
    press(form, "confirm")
    assert form.message.value.startswith("roster.csv was imported: 2 added,")
    assert form.result.title.value == "Imported"
    roster = course_roster(session, course.code)
    assert roster["name"].tolist() == ["Able", "Baker"]
    assert roster["status"].tolist() == ["active", "active"]
    assert form.confirm.disabled, "one preview, one import"
    press(form, "preview")
    assert counts(form) == {"added": 0, "changed": 0, "unchanged": 2, "rejected": 0}


def test_a_form_that_is_opened_says_what_was_imported_last(session, course, form, in_session):
    bring(form, *people("Able", "Baker"), name="autumn.csv")
    press(form, "preview")
    press(form, "confirm")
    opened = roster_import_desk(course.code, begin=in_session, read=in_session)
    [said] = [widget.value for widget in widgets_in(opened.view) if str(getattr(widget, "value", "")).startswith("Last import")]
    assert said.startswith("Last import: autumn.csv, ")
    assert said.endswith(" done: 2 added, 0 changed, 0 unchanged, 0 rejected. All imports are in admin/taking_back.")


def test_only_a_previewed_file_is_imported(session, course, form):
    bring(form, *people("Able"))
    form.confirm.click()
    press(form, "preview")
    form.withdraw_missing.value = True
    assert form.confirm.disabled
    press(form, "confirm")
    bring(form, *people("Baker"))
    press(form, "confirm")
    assert roster_size(session, course.code) == 0


def test_changes_are_listed_first_with_old_and_new_value(session, course, form):
    student = factories.student(session, email=f"{factories.unique('king')}@example.org", family_name="King", given_name="Ada")
    factories.enrollment(session, course, student)
    bring(
        form,
        *(f"{row}," for row in people("Able")),
        "no address,Nobody,",
        f"{student.email},Lovelace,Ada",
        heading="email,family_name,given_name",
    )
    press(form, "preview")
    shown = form.result.outcomes.frame
    assert shown[["Result", "Row"]].to_numpy().tolist() == [["changed", 4], ["rejected", 3]]
    assert shown.iloc[0][["Reason or change", "Before", "After"]].tolist() == ["name", "King, Ada", "Lovelace, Ada"]
    form.result.state.value = "all"
    assert form.result.outcomes.frame["Result"].tolist() == ["changed", "rejected", "added"]


def test_warnings_are_listed_with_the_row_and_the_value_that_they_are_about(session, course, form):
    student = factories.student(session, email=f"{factories.unique('done')}@example.org", family_name="Done", given_name="")
    factories.enrollment(session, course, student, status=EnrollmentStatus.COMPLETED)
    bring(form, *people("Able"), f"{student.email},Done")
    press(form, "preview")
    assert [label for label, _ in form.result.state.options] == ["all (2)", "added (1)", "unchanged (1)", "warnings (1)"]
    form.result.state.value = "warnings"
    assert form.result.outcomes.frame.to_numpy().tolist() == [[3, "active", "has completed the course in lmskit: stays completed"]]
    assert form.result.pager.label.value == "rows 1–1 of 1"


def test_a_double_click_on_import_is_one_import(session, form):
    runs = session.query(ImportRun).count()
    bring(form, *people("Able"))
    press(form, "preview")
    form._ended = float("-inf")
    form.confirm.click()
    form.confirm.click()
    form.work.join(PATIENCE)
    form.confirm.click()
    form.work.join(PATIENCE)
    assert session.query(ImportRun).count() == runs + 1


def test_missing_students_are_withdrawn_only_on_request_and_after_a_warning(session, course, form):
    factories.enrollment(session, course, factories.student(session, family_name="Gone", given_name=""))
    bring(form, *people("Able"))
    press(form, "preview")
    assert form.warning.value == ""
    form.result.state.value = "missing"
    missing = form.result.outcomes.frame[["Who or what", "Reason or change"]].to_numpy().tolist()
    assert missing == [[f"Gone · {course.code}", "is not in the file; stays enrolled"]], "they are named before anyone is withdrawn"
    form.withdraw_missing.value = True
    press(form, "preview")
    assert form.warning.value == (
        f"1 student will be withdrawn, because they are not in the file: 1 of 1 student of {course.code} (100 %), "
        f"and 1 student of {course.code} who was enrolled by hand."
    )
    form.result.state.value = "withdrawn"
    assert form.result.outcomes.frame["Who or what"].tolist() == [f"Gone · {course.code}"]
    assert form.question.view.layout.display is None
    assert form.confirm.disabled
    press(form, "confirm")
    for number, problem in (("2", "This is not the number of students in the preview."), ("", ""), (" 1 ", "")):
        form.question.withdraw.value = number
        assert (form.fields["withdraw_at_most"].problem, form.confirm.disabled) == (problem, number != " 1 ")
    assert course_roster(session, course.code)["status"].tolist() == ["active"]
    press(form, "confirm")
    assert form.question.view.layout.display == "none"
    roster = course_roster(session, course.code)
    assert dict(zip(roster["name"], roster["status"], strict=True)) == {"Able": "active", "Gone": "withdrawn"}


def test_results_of_students_who_left_the_file_are_taken_back_after_their_number_is_typed(session, course, form):
    able, baker = people("Able", "Baker")
    heading = "email,family_name,quiz,score,max_score"
    bring(form, f"{able},Week 1,5,10", f"{baker},Week 1,6,10", heading=heading)
    press(form, "preview")
    press(form, "confirm")
    bring(form, f"{able},Week 1,5,10", heading=heading, name="later.csv")
    form.remove_missing.value = True
    press(form, "preview")
    assert "Results of 1 student will no longer count: 1 of 2 students with results is not in later.csv." in form.warning.value
    shown = form.result.outcomes.frame.loc[:, ["Result", "Who or what", "Before", "After"]]
    assert shown.to_numpy().tolist() == [["changed", "Baker · Week 1", "6 of 10", "no longer counts"]]
    assert form.confirm.disabled
    form.question.remove.value = "1"
    press(form, "confirm")
    assert form.message.value.endswith("1 removed."), "mastery was estimated from the result, so no course lacks results"
    assert counts(form) == {"added": 0, "changed": 0, "unchanged": 1, "rejected": 0}
    counting = select(QuizAttempt.score).where(QuizAttempt.course_id == course.id, QuizAttempt.taken_back_at.is_(None))
    assert [float(score) for score in session.scalars(counting)] == [5]


def test_a_typed_number_belongs_to_one_preview(session, course, form):
    factories.enrollment(session, course, factories.student(session))
    bring(form, *people("Able"))
    form.withdraw_missing.value = True
    press(form, "preview")
    form.question.withdraw.value = "1"
    assert not form.confirm.disabled
    form.notify.value = True
    assert (form.question.withdraw.value, form.question.view.layout.display, form.confirm.disabled) == ("", "none", True)
    press(form, "preview")
    assert form.confirm.disabled


def test_more_withdrawals_than_were_typed_are_refused(session, course, form):
    factories.enrollment(session, course, factories.student(session))
    bring(form, *people("Able"))
    form.withdraw_missing.value = True
    press(form, "preview")
    form.question.withdraw.value = "1"
    factories.enrollment(session, course, factories.student(session))
    with session.begin_nested():
        press(form, "confirm")
    assert "more than the confirmed 1; nothing was written" in form.message.value


def test_messages_are_sent_on_request_and_announced(session, course, form):
    bring(form, *people("Able", "Baker"))
    form.notify.value = True
    press(form, "preview")
    assert form.warning.value == "2 students will be sent a message."
    press(form, "confirm")
    assert "To send them, open admin/outbox" in form.message.value
    assert set(course_roster(session, course.code)["status"]) == {EnrollmentStatus.PENDING}


def test_differences_from_the_preview_are_reported(session, course, form):
    [row] = people("Able")
    bring(form, row)
    press(form, "preview")
    student = factories.student(session, email=row.partition(",")[0], family_name="Able", given_name="")
    factories.enrollment(session, course, student)
    press(form, "confirm")
    assert form.warning.value.startswith("The database has changed since the preview, so the result differs: roster.csv: 0 added")
    assert counts(form)["added"] == 0


def test_a_file_that_changed_since_the_preview_is_not_imported(session, course, form, tmp_path):
    path = tmp_path / "roster.csv"
    path.write_text("\n".join(["email,family_name", *people("Able")]))
    form.path.value = str(path)
    press(form, "preview")
    path.write_text("\n".join(["email,family_name", *people("Baker")]))
    press(form, "confirm")
    assert form.message.value == "roster.csv has changed since the preview. Nothing was imported; preview it again."
    assert roster_size(session, course.code) == 0


def test_other_column_names_can_be_given(session, course, form):
    bring(form, *people("Able", "Baker", "Cho", "Dee"), heading="Elektropost,Beiname")
    assert "is not in a format that lmskit reads" in form.found.value
    assert form.found.value.endswith(" Or choose the columns of a plain table below.")
    assert form.mapping.disclosure.is_open, "a person has to look at the columns"
    press(form, "preview")
    assert "is not in a format that lmskit reads" in form.message.value
    choices = form.mapping.choices
    assert [label for label, _ in choices["email"].options] == ["not in the file", "ignore: read no column", "Elektropost", "Beiname"]
    choices["email"].value = "Elektropost"
    assert form.message.value == "", "a refusal disappears when something changes"
    choices["family_name"].value = "Beiname"
    assert form.found.value == "roster.csv: Plain CSV."
    assert examples(form, "family_name") == "Able · Baker · Cho"
    press(form, "preview")
    assert counts(form)["added"] == 4


def test_columns_are_offered_only_where_they_can_make_a_plain_table(session, course, form):
    bring(form, "a@b.example,Ada,A", heading="Email,First name,Quiz: Sets (Letter)")
    assert "choose the columns" not in form.found.value
    bring(form, "a@b.example,Ada,7", heading="Email,Name,Total")
    assert form.found.value.endswith(" Or choose the columns of a plain table below.")
    form.mapping.choices["score"].value = 0
    assert form.found.value == "roster.csv: Plain CSV."


def examples(form, field):
    return form.mapping._examples[field].value


def test_recognised_columns_are_shown_with_their_first_values_and_can_be_replaced(session, course, form):
    bring(form, *(f"{row},Geheim,{number}" for number, row in enumerate(people("Able", "Able"))), heading="E-Mail,Nachname,Passwort,Nr")
    choices = form.mapping.choices
    assert not form.mapping.disclosure.is_open
    assert choices["family_name"].options[0][0] == "Nachname (recognised)"
    assert (examples(form, "family_name"), examples(form, "given_name")) == ("Able", "")
    choices["given_name"].value = "Passwort"
    assert examples(form, "given_name") == "***", "no password is shown"
    choices["given_name"].value = "Nr"
    assert examples(form, "given_name") == "0 · 1"
    assert form.mapping.columns == {"given_name": "Nr"}
    press(form, "preview")
    assert set(form.result.outcomes.frame["Who or what"]) == {f"Able, 0 · {course.code}", f"Able, 1 · {course.code}"}
    bring(form, *people("Able"), heading="E-Mail,Nachname")
    assert form.mapping.columns == {}, "another file has no such column"


def test_a_recognised_column_can_be_ignored_and_that_is_remembered_for_the_source(session, course, form, in_session):
    heading = "E-Mail,Nachname,Vorname,Rolle"
    bring(form, *(f"{row},Anna,lecturer" for row in people("Able")), heading=heading)
    form.mapping.choices["role"].value = 0
    assert (form.mapping.columns, examples(form, "role")) == ({"role": ""}, "")
    press(form, "preview")
    press(form, "confirm")
    assert course_roster(session, course.code)["name"].tolist() == ["Able, Anna"]
    later = roster_import_desk(course.code, begin=in_session, read=in_session)
    bring(later, *(f"{row},Anna,lecturer" for row in people("Baker")), heading=heading, name="later.csv")
    assert later.mapping.columns == {"role": ""}
    assert later.found.value.endswith("role not read.")
    later.mapping.choices["role"].value = ""
    press(later, "preview")
    press(later, "confirm")
    assert later.message.value.startswith("later.csv was imported")
    bring(later, *(f"{row},Anna,lecturer" for row in people("Cho")), heading=heading, name="last.csv")
    assert later.mapping.columns == {}, "what was taken away is forgotten"


def test_another_option_that_cannot_be_does_not_take_the_columns_away(form):
    bring(form, *people("Able"), heading="Elektropost,Beiname")
    form.mapping.choices["email"].value = "Elektropost"
    form.reading.max_scores.value = "Week 1=many"
    form.reading.delimiter.value = ","
    assert form.mapping.columns == {"email": "Elektropost"}
    press(form, "preview")
    assert form.fields["max_scores"].problem


def test_formats_that_know_their_columns_offer_no_mapping(form):
    bring(
        form,
        "Lovelace,Ada,ada@example.org,1,5",
        heading="Last name,First name,Email address,ID number,Quiz: Week 1 (Real)",
        name="grades.csv",
    )
    assert "email" in form.mapping.choices
    assert "score" not in form.mapping.choices
    form.format.value = "oneroster"
    assert form.mapping.choices == {}
    assert form.mapping.view.layout.display == "none"


@pytest.mark.parametrize(
    ("heading", "row", "kind"),
    [
        ("Quiz name,Facility index,Discrimination index", "Week 1,0.6,0.4", "statistics of a Moodle quiz"),
        ("First name,Last name,Email address,Quiz: Week 1 (Letter)", "Ada,Able,able@example.org,A", "a Moodle gradebook"),
        ("Last Name,First Name,Username,Week 1 Points Grade <Numeric MaxPoints:10>", "Able,Ada,able,5", "a Brightspace gradebook"),
    ],
    ids=["statistics", "letters alone", "another system"],
)
def test_no_columns_are_offered_for_a_table_that_no_choice_of_columns_makes_a_plain_one(form, heading, row, kind):
    bring(form, row, heading=heading, name="export.csv")
    assert kind in form.found.value
    assert "choose the columns" not in form.found.value
    assert (form.mapping.choices, form.mapping.view.layout.display) == ({}, "none")


def test_columns_are_offered_for_a_table_of_results(form):
    bring(form, f"{people('Able')[0]},5,50", heading="Email,Name,Total,Percentage", name="results.csv")
    assert form.found.value.endswith(" Or choose the columns of a plain table below.")
    assert "score" in form.mapping.choices


@pytest.mark.parametrize("by", ["upload", "path"])
def test_what_was_chosen_for_the_content_of_a_file_does_not_hold_for_the_next_one(course, form, tmp_path, by):
    heading = "email,family_name,score"
    bring(form, f"{people('Able')[0]},5", heading=heading, name="a.csv")
    form.reading.title.value, form.reading.max_scores.value, form.week.value = "Quiz A", "Quiz A=10", 3
    form.reading.rename.value = form.withdraw_missing.value = form.remove_missing.value = True
    form.format.value = "csv"
    form.notify.value = True
    row = f"{people('Baker')[0]},6"
    if by == "upload":
        bring(form, row, heading=heading, name="b.csv")
    else:
        (tmp_path / "b.csv").write_text(f"{heading}\n{row}\n", encoding="utf-8")
        form.path.value = str(tmp_path / "b.csv")
    assert (form.reading.title.value, form.reading.max_scores.value, form.week.value, form.format.value) == ("", "", 0, "")
    assert (form.reading.rename.value, form.withdraw_missing.value, form.remove_missing.value) == (False, False, False)
    assert (form.course.value, form.notify.value) == (course.code, True), "they are not about one file"
    assert form.found.value.startswith("b.csv is not in a format that lmskit reads."), "it names no quiz"
    assert form.found.value.endswith(
        "Cleared, since it was chosen for the file before: Format, Week of new quizzes, Title of the quiz, "
        "Maximum scores of new quizzes, Rename people, Withdraw students, Take back results."
    )


def test_how_a_file_is_read_does_not_hold_for_another_source(form):
    form.reading.time_zone.value = "Europe/Berlin"
    bring(form, people("Able")[0].replace(",", ";"), heading="E-Mail;Nachname", name="a.csv")
    assert form.reading.time_zone.value == "Europe/Berlin", "it was chosen for the first file"
    form.reading.delimiter.value = ";"
    form.mapping.choices["email"].value = 0
    bring(form, people("Baker")[0].replace(",", ";"), heading="E-Mail;Nachname", name="a2.csv")
    assert (form.mapping.columns, form.mapping.disclosure.is_open) == ({"email": ""}, True), "it is chosen for the source, and seen"
    bring(form, f"{people('Cho')[0]},Chloe", heading="E-Mail,Nachname,Vorname", name="b.csv")
    assert (form.mapping.columns, form.reading.delimiter.value, form.reading.time_zone.value) == ({}, "", "")
    assert "given_name" in form.mapping.choices
    assert form.found.value == "b.csv: Plain CSV. Cleared, since it was chosen for the file before: Between columns, Time zone."


def test_how_a_file_is_read_can_be_said(session, course, form):
    row = people("Able")[0].replace(",", ";")
    bring(form, f"{row};8,125", heading="email;family_name;score")
    assert "results need a column quiz" in form.found.value or "not in a format" in form.found.value
    form.reading.title.value = "Week 1"
    form.reading.max_scores.value = "Week 1=10"
    form.reading.decimal_mark.value = ","
    form.reading.delimiter.value = ";"
    press(form, "preview")
    assert form.result.report is not None, form.message.value
    form.reading.max_scores.value = "Week 1=many"
    press(form, "preview")
    assert form.fields["max_scores"].problem


def test_weeks_zones_and_the_order_of_dates_can_be_said(session, course, form):
    row = f"{people('Able')[0]},Midterm,8,10,09/10/2026 20:15"
    bring(form, row, heading="email,family_name,quiz,score,max_score,submitted_at")
    press(form, "preview")
    assert counts(form)["rejected"] == 1
    form.reading.time_zone.value, form.reading.day_order.value = "Europe/London", "month-first"
    press(form, "preview")
    form.quizzes.quizzes["Midterm"].week.value = 2
    press(form, "preview")
    press(form, "confirm")
    attempt = session.scalars(select(QuizAttempt).where(QuizAttempt.course_id == course.id)).one()
    assert attempt.submitted_at == datetime(2026, 9, 10, 19, 15, tzinfo=UTC)


def test_all_people_of_a_list_are_students_only_if_that_is_said(session, course, form):
    bring(form, "Lovelace,Ada,ada@example.org,G1", heading="Last name,First name,Email address,Groups")
    assert "all its people are students" in form.found.value
    form.reading.all_students.value = True
    assert form.found.value.startswith("roster.csv: ")
    press(form, "preview")
    assert counts(form)["added"] == 1


def test_what_was_chosen_is_chosen_again_for_the_next_file_of_the_source(session, course, form, in_session):
    bring(form, *people("Able"), heading="Elektropost,Beiname")
    form.mapping.choices["email"].value = "Elektropost"
    form.mapping.choices["family_name"].value = "Beiname"
    form.reading.decimal_mark.value = ","
    press(form, "preview")
    press(form, "confirm")
    assert form.message.value.startswith("roster.csv was imported: 1 added")
    later = roster_import_desk(course.code, begin=in_session, read=in_session)
    bring(later, *people("Baker"), heading="Beiname,Elektropost", name="later.csv")
    assert later.mapping.columns == {"email": "Elektropost", "family_name": "Beiname"}
    assert later.reading.decimal_mark.value == ","
    assert later.found.value.startswith("later.csv: Plain CSV. Read as chosen on 20")
    bring(later, *people("Baker"), heading="Mail,Surname", name="other.csv")
    assert (later.mapping.columns, later.reading.decimal_mark.value) == ({}, ""), "another source"
    assert later.found.value == "other.csv: Plain CSV. Cleared, since it was chosen for the file before: Decimal mark."


def test_people_are_renamed_against_every_sign_only_if_that_is_said(session, course, form):
    student = factories.student(session, email=f"{factories.unique('king')}@example.org", family_name="King", given_name="Ada")
    factories.enrollment(session, course, student)
    session.add(ExternalId(source="csv", kind="person", external_id="k1", person_id=student.id))
    session.flush()
    bring(form, "k1,Babbage,Charles", heading="id,family_name,given_name")
    press(form, "preview")
    assert (counts(form)["rejected"], counts(form)["changed"]) == (1, 0)
    assert 'tick "Rename people who are found by an id" and preview the change' in form.result.outcomes.frame["Reason or change"].iloc[0]
    form.reading.rename.value = True
    press(form, "preview")
    assert (counts(form)["rejected"], counts(form)["changed"]) == (0, 1)
    assert form.result.outcomes.frame["Before"].tolist() == ["King, Ada"]


def test_possible_duplicates_are_pointed_out_before_the_import(session, course, form):
    student = factories.student(session, email=f"{factories.unique('twin')}@example.org", family_name="Twin", given_name="Tilly")
    factories.enrollment(session, course, student)
    bring(form, *(f"{row},Tilly" for row in people("Twin")), heading="email,family_name,given_name")
    press(form, "preview")
    assert form.warning.value == "1 new student may be in lmskit already; the warnings below name them."
    form.result.state.value = "warnings"
    assert student.email in form.result.outcomes.frame["Value"].iloc[0]


QUIZ_OF_FILE, QUIZ_IN_LMSKIT = "Week 1: Variable", "Week 1: Variables"


@pytest.mark.parametrize(
    ("choice", "titles"), [(("same", QUIZ_IN_LMSKIT), [QUIZ_IN_LMSKIT]), ("new", [QUIZ_OF_FILE, QUIZ_IN_LMSKIT])], ids=["same", "new"]
)
def test_a_quiz_of_nearly_the_same_title_is_asked_about(session, in_session, choice, titles):
    course = factories.course(session, weeks=2)
    form = roster_import_desk(course.code, begin=in_session, read=in_session)
    factories.quiz(session, course, title=QUIZ_IN_LMSKIT)
    [row] = people("Able")
    bring(form, f"{row},{QUIZ_OF_FILE},5,10", heading="email,family_name,quiz,score,max_score")
    press(form, "preview")
    assert counts(form)["rejected"] == 1
    assert form.warning.value.startswith(
        "What the file has of 1 quiz is not imported yet, because lmskit does not know which quiz in lmskit it is. "
        "Enter what is missing below, under “Quizzes that are not in lmskit yet”, and press Preview again."
    )
    asked = form.quizzes.quizzes[QUIZ_OF_FILE].same
    assert asked is not None
    assert [label for label, _ in asked.options] == ["choose", f"it is “{QUIZ_IN_LMSKIT}”", "it is a new quiz"]
    asked.value = choice
    assert (form.confirm.disabled, form.result.report) == (True, None), "a choice is previewed before it is imported"
    press(form, "preview")
    assert asked.value == choice
    press(form, "confirm")
    assert counts(form)["added"] == 1
    assert form.quizzes.view.layout.display == "none"
    assert sorted(session.scalars(select(Quiz.title).where(Quiz.course_id == course.id))) == titles


def test_week_and_maximum_score_of_each_quiz_that_lacks_them_are_asked_for(session, course, form):
    [row] = people("Able")
    lines = (f"{row},{title},{score},{maximum}" for title, score, maximum in (("Midterm", 5, 10), ("Week 2", 6, 8), ("Final", 7, "")))
    bring(form, *lines, heading="email,family_name,quiz,score,max_score")
    press(form, "preview")
    assert (
        "What the file has of 2 quizzes is not imported yet, because lmskit does not know their week or maximum score."
        in form.warning.value
    )
    quizzes = form.quizzes.quizzes
    assert {title: (quiz.week.options[0][0], quiz.max_score is not None) for title, quiz in quizzes.items()} == {
        "Midterm": ("choose", False),
        "Week 2": ("2, as it is named", False),
        "Final": ("choose", True),
    }
    quizzes["Midterm"].week.value, quizzes["Final"].week.value, quizzes["Final"].max_score.value = 2, NO_WEEK, "many"
    press(form, "preview")
    assert form.message.value == "Maximum score: Final: This must be a number."
    assert quizzes["Final"].fields["max_scores"].problem == "This must be a number."
    quizzes["Final"].max_score.value = "12"
    press(form, "preview")
    press(form, "confirm")
    stored = session.execute(select(Quiz.title, Quiz.week_number, Quiz.max_score).where(Quiz.course_id == course.id).order_by(Quiz.title))
    assert [(title, week, float(maximum)) for title, week, maximum in stored] == [("Final", None, 12), ("Midterm", 2, 10), ("Week 2", 2, 8)]


def test_a_quiz_whose_week_is_chosen_for_all_new_quizzes_is_not_asked_about(course, form):
    bring(form, f"{people('Able')[0]},Midterm,5,10", heading="email,family_name,quiz,score,max_score")
    press(form, "preview")
    assert form.quizzes.quizzes["Midterm"].week.options[0][0] == "choose"
    form.week.value = 3
    press(form, "preview")
    assert form.quizzes.quizzes["Midterm"].week.options[0][0] == "3, as chosen above"
    assert "not imported yet" not in form.warning.value
    assert counts(form)["added"] == 1


def test_what_was_chosen_for_the_quizzes_of_a_file_is_not_kept_for_the_next_one(session, course, form):
    [row] = people("Able")
    bring(form, f"{row},Midterm,5,10", heading="email,family_name,quiz,score,max_score")
    press(form, "preview")
    form.quizzes.quizzes["Midterm"].week.value = 2
    bring(form, *people("Baker"))
    assert form.quizzes.values == {"same_quizzes": {}, "weeks": {}, "max_scores": {}}
    assert form.quizzes.view.layout.display == "none"


def test_a_refusal_disappears_when_the_course_is_chosen(session, course, in_session):
    form = roster_import_desk(begin=in_session, read=in_session)
    bring(form, *people("Able"))
    refused = session.begin_nested()
    press(form, "preview")
    refused.rollback()
    assert "does not say which course it is about" in form.message.value
    form.course.value = course.code
    assert form.message.value == ""
    press(form, "preview")
    assert counts(form)["added"] == 1


@pytest.mark.parametrize(
    ("path", "where", "problem"),
    [
        ("", "field", "Choose a file, or type the path of one."),
        ("/nowhere/roster.csv", "message", "There is no file or folder /nowhere/roster.csv."),
    ],
)
def test_a_missing_file_is_reported(form, path, where, problem):
    form.path.value = path
    press(form, "preview")
    assert problem in (form.fields["path"].problem if where == "field" else form.message.value)


def test_results_are_shown_page_by_page_and_by_state(form):
    bring(form, *people(*(f"Name {number:02}" for number in range(30))), "no address,Nobody")
    press(form, "preview")
    assert [label for label, _ in form.result.state.options] == ["to check (1)", "all (31)", "rejected (1)", "added (30)"]
    form.result.state.value = "added"
    assert form.result.pager.label.value == "rows 1–25 of 30"
    form.result.pager.next.click()
    assert form.result.outcomes.frame["Who or what"].str.contains("Name 2[5-9]").all()


def test_the_downloaded_report_contains_no_formula_and_the_screen_no_markup(form):
    bring(form, f"{factories.unique('x')}@example.org,=HYPERLINK(1)", "<img src=x>,Nobody")
    press(form, "preview")
    name, content = form.result.file()
    cells = [cell for row in csv.reader(io.StringIO(content.decode("utf-8-sig"))) for cell in row]
    assert name == "roster-preview.csv"
    assert any("HYPERLINK" in cell for cell in cells)
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    form.result.state.value = "all"
    assert "<img" not in form.result.outcomes.view.value


@pytest.fixture
def committed_course(admin_engine):
    begin = functools.partial(transaction, admin_engine)
    with begin() as session:
        course = factories.course(session)
    yield course, begin
    with begin() as session:
        session.execute(delete(Course).where(Course.id == course.id))
        session.execute(delete(User).where(User.id == course.lecturer_id))
        session.execute(delete(Term).where(Term.id == course.term_id))


@pytest.mark.parametrize("button", ["preview", "confirm"])
@pytest.mark.parametrize("moment", ["Recognising", "Writing"])
def test_a_cancelled_import_changes_nothing_and_can_be_repeated(committed_course, admin_engine, button, moment):
    course, begin = committed_course
    form = roster_import_desk(course.code, begin=begin, read=functools.partial(snapshot, admin_engine))
    bring(form, *people(*(f"Name {number}" for number in range(10_000))))
    if button == "confirm":
        press(form, "preview")
    runs = select(func.count()).select_from(ImportRun)
    with snapshot(admin_engine) as session:
        before = session.scalar(runs)
    form._ended = float("-inf")
    come, cancelled, waited = threading.Event(), threading.Event(), []

    def wait_at_the_moment(change):
        if moment in change["new"] and not come.is_set():
            come.set()
            waited.append(cancelled.wait(PATIENCE))

    form.work.step.observe(wait_at_the_moment, "value")
    getattr(form, button).click()
    assert come.wait(PATIENCE)
    form.work.cancel.click()
    cancelled.set()
    form.work.join(PATIENCE)
    assert waited == [True], "a cancellation does not wait until a step is shown"
    assert form.message.value == "Cancelled. Nothing was changed."
    with snapshot(admin_engine) as session:
        assert roster_size(session, course.code) == 0
        assert session.scalars(select(User.id).where(User.family_name.like("Name %")).limit(1)).all() == []
        assert session.scalar(runs) == before
    assert not form.preview.disabled
    assert form.confirm.disabled
