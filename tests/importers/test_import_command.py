"""`lmskit import`, as a person types it."""

import csv
import json

import pytest
from sqlalchemy import delete, func, select
from typer.testing import CliRunner

from lmskit.cli import app
from lmskit.cli.exit_status import PARTLY
from lmskit.db import transaction
from lmskit.importers.source_key import source_key
from lmskit.materials.store import FolderStore
from lmskit.models import Course, Enrollment, ExternalId, ImportRun, Material, Term, User
from lmskit.services.import_choices import forget_choices
from lmskit.vocabulary import EnrollmentStatus
from tests import factories
from tests.importers.golden import SAMPLES
from tests.importers.plain import csv_file
from tests.importers.sample import SAMPLE, copy_of_sample


@pytest.fixture
def lmskit(admin_engine):
    def run(*arguments):
        done = CliRunner().invoke(app, ["import", *map(str, arguments)])
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done

    return run


@pytest.fixture
def kept_course(admin_engine):
    """A course that is really there, and gone with its students after the test."""
    with transaction(admin_engine) as session:
        made = factories.course(session)
    yield made
    with transaction(admin_engine) as session:
        students = list(session.scalars(select(Enrollment.student_id).where(Enrollment.course_id == made.id)))
        session.execute(delete(Course).where(Course.id == made.id))
        session.execute(delete(Term).where(Term.id == made.term_id))
        session.execute(delete(ExternalId).where(ExternalId.person_id.in_(students)))
        session.execute(delete(User).where(User.id.in_([*students, made.lecturer_id])))


@pytest.fixture
def roster(tmp_path):
    return csv_file(
        tmp_path / "roster.csv", "Kennziffer,email,last name\n1,=cmd@example.org,=Lovelace\n2,no address,Babbage\n3,cho@example.org,Cho"
    )


def test_a_rejected_row_makes_the_exit_status_3(lmskit, kept_course, tmp_path):
    for row, status in (("", 0), ("\n2,no address,Babbage", PARTLY)):
        path = csv_file(tmp_path / "roster.csv", f"id,email,family_name\n1,strict@example.org,Lovelace{row}")
        for options in ((), ("--strict",)):
            done = lmskit("csv", path, "--course", kept_course.code, "--dry-run", *options)
            assert done.exit_code == status, done.output
            assert f"{len(row) and 1} rejected" in done.output


def test_with_json_the_report_and_every_row_are_one_object_and_all_else_is_on_standard_error(lmskit, roster, kept_course, tmp_path):
    report = tmp_path / "report.csv"
    done = lmskit(roster, "--course", kept_course.code, "--json", "--report", report)
    assert done.exit_code == PARTLY
    document = json.loads(done.stdout)
    assert document["total"] == document["files"][0] | {"file": "all files", "skipped_columns": []}
    assert [document["total"][count] for count in ("rows_in", "added", "rejected")] == [3, 2, 1]
    assert [(row["row"], row["state"], row["what"]) for row in document["outcomes"]] == [
        (2, "added", f"=Lovelace · {kept_course.code}"),
        (3, "rejected", ""),
        (4, "added", f"Cho · {kept_course.code}"),
    ]
    assert document["rejections"] == [
        {
            "file": "roster.csv",
            "row": 3,
            "column": "email",
            "value": "no address",
            "reason": "is not an e-mail address that can receive mail",
        }
    ]
    assert (document["format"], document["dry_run"], document["mastery"]) == ("csv", False, None)
    assert "roster.csv is Plain CSV (csv)." in done.stderr
    assert f"was written to {report}" in done.stderr
    again = json.loads(lmskit(roster, "--course", kept_course.code, "--json").stdout)
    assert again["total"]["unchanged"] == 2


def test_with_json_a_refusal_is_a_sentence_on_standard_error(lmskit, roster):
    done = lmskit("csv", roster, "--course", "NO-SUCH-COURSE", "--json")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "There is no course 'NO-SUCH-COURSE'" in done.stderr


def test_a_dry_run_prints_changes_with_old_and_new_value(lmskit, kept_course, tmp_path):
    student = f"{factories.unique('king')}@example.org"
    before = csv_file(tmp_path / "before.csv", f"email,family_name\n{student},King")
    assert lmskit(before, "--course", kept_course.code).exit_code == 0
    roster = csv_file(tmp_path / "roster.csv", f"email,family_name\n{student},Lovelace")
    done = lmskit(roster, "--course", kept_course.code, "--dry-run")
    assert done.exit_code == 0, done.output
    assert f"1 changed or withdrawn:\n  roster.csv, row 2: Lovelace · {kept_course.code}: name (King → Lovelace)" in done.output


@pytest.fixture
def forgotten(lmskit):
    """Choices of the tests' files, removed after the test."""
    keys: list[str] = []
    yield keys.append
    with transaction() as session:
        for key in keys:
            forget_choices(session, key)


def test_what_was_chosen_is_used_for_the_next_file_of_the_source_and_said(lmskit, forgotten, kept_course, tmp_path):
    header, name = "Elektropost;Beiname", factories.unique("ada")
    first, second = (csv_file(tmp_path / f"{n}.csv", f"{header}\n{name}{n}@example.org;Lovelace") for n in (1, 2))
    forgotten(source_key(first))
    options = ("--course", kept_course.code)
    assert lmskit(first, *options).exit_code == 1
    assert lmskit(first, *options, "--map", "email=Elektropost", "--map", "name=Beiname", "--dry-run").exit_code == 0
    assert lmskit(second, *options).exit_code == 1, "a dry run remembers nothing"
    assert lmskit(first, *options, "--map", "email=Elektropost", "--map", "name=Beiname").exit_code == 0
    done = lmskit(second, *options, "--json")
    assert json.loads(done.stdout)["total"]["added"] == 1
    assert "email from 'Elektropost', name from 'Beiname'. To forget that: --forget-choices" in done.stderr
    forgot = lmskit(second, *options, "--forget-choices")
    assert (forgot.exit_code, forgot.stdout) == (1, "What was chosen for files with these headers is forgotten.\n")
    assert lmskit(second, *options).exit_code == 1


def test_a_rehearsal_names_the_option_that_confirms_its_withdrawals(lmskit, kept_course, tmp_path):
    with transaction() as session:
        factories.enrollment(session, kept_course, factories.student(session, email=f"{factories.unique('gone')}@example.org"))
    path = csv_file(tmp_path / "roster.csv", "email,family_name\nada@example.org,Lovelace")
    arguments = (path, "--course", kept_course.code, "--withdraw-missing", "--dry-run")
    sentence = (
        f"1 of 1 student of {kept_course.code} (100 %), and 1 student of {kept_course.code} who was enrolled by hand would be withdrawn."
    )
    assert f"{sentence} To import the file all the same: --withdraw-at-most 1" in lmskit(*arguments).output
    assert json.loads(lmskit(*arguments, "--json").stdout)["withdrawal"]["count"] == 1
    refused = lmskit(*arguments[:-1])
    assert (refused.exit_code, refused.stdout.count("\n")) == (1, 1)
    assert "To withdraw them: --withdraw-at-most 1" in refused.stderr


def test_a_report_that_lists_some_rows_only_says_so(lmskit, tmp_path):
    report = tmp_path / "report.csv"
    done = lmskit("oulad", SAMPLE, "--dry-run", "--report", report)
    assert "Rows that were added, changed or unchanged are counted and not listed." in done.output
    assert "The result of every row" not in done.output
    document = json.loads(lmskit("oulad", SAMPLE, "--dry-run", "--json").stdout)
    assert (document["outcomes"], len(document["rejections"])) == ([], 24)
    assert document["left_out"] == "Rows that were added, changed or unchanged are counted and not listed."


def test_rejections_that_differ_in_their_row_alone_are_one_line(lmskit, kept_course, tmp_path):
    rows = "".join(f"\n{number},s{number}@example.org,Vale,Essay,{number}" for number in range(1, 61))
    path = csv_file(tmp_path / "results.csv", f"id,email,family_name,quiz,score{rows}\n61,no address,Vale,Essay,1")
    done = lmskit("csv", path, "--course", kept_course.code, "--week", "1", "--dry-run")
    assert "61 rejected:" in done.output
    lines = done.output.split("61 rejected:")[1].splitlines()[1:3]
    positions = [line.split(":")[0].strip() for line in lines]
    assert positions == ["results.csv, rows 2, 3, 4, 5 and 56 more", "results.csv, row 62, column email"]
    assert "--max 'Essay=POINTS'" in lines[0]
    assert "To see all" not in done.output


def test_a_dry_run_shows_the_result_of_every_row(lmskit, tmp_path):
    report = tmp_path / "report.csv"
    done = lmskit("oulad", SAMPLE, "--dry-run", "--report", report)
    assert done.exit_code == PARTLY, done.output
    assert "56 in = 32 added + 0 changed + 0 unchanged + 24 rejected" in done.output
    assert "studentAssessment.csv, row 13, column score: is not between 0 and 100 ('101')" in done.output
    assert "2 × studentRegistration.csv, rows 5 and 6, date_registration: registered on a day that is not known" in done.output
    assert "studentInfo.csv: columns that are not imported: gender, region, imd_band." in done.output
    assert "nothing was changed" in done.output
    with report.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len([row for row in rows if row["what"] == "rejected"]) == 24
    assert "'-1" in [row["value"] for row in rows]


def test_a_broken_file_is_refused_with_one_sentence_and_status_1(lmskit, tmp_path):
    done = lmskit("oulad", copy_of_sample(tmp_path, courses="a,b\n"))
    assert done.exit_code == 1
    assert done.stderr.strip().splitlines()[-1].startswith("courses.csv lacks the columns code_module, ")
    assert done.stdout == ""


def test_a_report_that_cannot_be_written_is_refused_first(lmskit, tmp_path):
    done = lmskit("oulad", SAMPLE, "--dry-run", "--report", tmp_path / "nowhere" / "report.csv")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "There is no folder" in done.stderr


def test_runs_are_listed_page_by_page(lmskit):
    assert lmskit("runs").exit_code == 0
    refused = lmskit("runs", "--limit", "1001")
    assert refused.exit_code == 1
    assert "A list shows 1 to 1000 rows at once" in refused.stderr


def test_the_format_is_detected_and_shown(lmskit, roster, kept_course):
    for arguments in ([roster], ["--dry-run", roster], ["file", roster]):
        done = lmskit(*arguments, "--course", kept_course.code, "--dry-run")
        assert done.exit_code == PARTLY, done.output
        assert "roster.csv is Plain CSV (csv)." in done.output
        assert "3 in = 2 added + 0 changed + 0 unchanged + 1 rejected" in done.output
        assert "roster.csv, row 3, column email: is not an e-mail address that can receive mail ('no address')" in done.output
        assert "roster.csv: columns that are not imported: Kennziffer." in done.output
    with transaction() as session:
        assert session.scalars(select(Enrollment).where(Enrollment.course_id == kept_course.id)).all() == []


def test_a_column_can_be_mapped_and_the_result_of_every_row_is_written_without_formulas(lmskit, roster, kept_course, tmp_path):
    report = tmp_path / "report.csv"
    done = lmskit("csv", roster, "--map", "id=Kennziffer", "--course", kept_course.code, "--dry-run", "--report", report)
    assert done.exit_code == PARTLY, done.output
    with report.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["what"], row["row"], row["about"]) for row in rows] == [
        ("rejected", "3", ""),
        ("added", "2", f"'=Lovelace · {kept_course.code}"),
        ("added", "4", f"Cho · {kept_course.code}"),
    ]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--map", "Kennziffer"], "Kennziffer does not name a column. Write it as FIELD=HEADER"),
        (["--decimal", "dot"], "There is no decimal mark 'dot'. It can be point or comma."),
        (["--delimiter", "pipe"], "There is no delimiter 'pipe'. It can be comma or semicolon or tab or colon."),
        (["--week-of", "7"], "'7' does not name a quiz and a week from 1 to 60. Write it as --week-of 'Midterm=7'"),
        (["--week-of", "Midterm=61"], "'Midterm=61' does not name a quiz and a week from 1 to 60."),
        (["--same-quiz", "Midtrm"], "'Midtrm' does not name a quiz of the file and one of the course. Write it as --same-quiz"),
        (["--max", "10"], "'10' does not name a quiz and its maximum score. Write it as --max 'Week 3=10'"),
        (["--max", "Week 3=ten"], "The maximum score 'ten' of 'Week 3' is not a number from 0 to 99,999,999."),
        (["--week", "61"], "There is no week 61: a course has at most the weeks 1 to 60."),
        ([], "roster.csv does not say which course it is about. Name the course: --course CODE"),
        (["--course", "NO-SUCH-COURSE"], "There is no course 'NO-SUCH-COURSE'"),
    ],
)
def test_invalid_options_are_refused_with_one_sentence(lmskit, roster, arguments, sentence):
    done = lmskit("csv", roster, *arguments)
    assert done.exit_code == 1
    assert sentence in done.stderr
    assert done.stdout == ""


def test_a_bank_needs_a_course_too(lmskit, tmp_path):
    done = lmskit("gift", csv_file(tmp_path / "bank.txt", "Is this true? {TRUE}"))
    assert done.exit_code == 1
    assert "bank.txt (GIFT questions) does not say which course it is about" in done.stderr


def test_with_notify_the_messages_are_sent_after_the_import(lmskit, roster, kept_course, tmp_path, configure):
    configure(LMSKIT_MAIL_DIR=str(tmp_path / "mail"))
    done = lmskit(roster, "--course", kept_course.code, "--notify")
    assert done.exit_code == PARTLY, done.output
    assert "Enrolled pending, until the message that confirms the enrollment is accepted: 2." in done.output
    assert len(list((tmp_path / "mail").glob("*.eml"))) == 2
    with transaction() as session:
        statuses = session.scalars(select(Enrollment.status).where(Enrollment.course_id == kept_course.id)).all()
    assert statuses == [EnrollmentStatus.ACTIVE] * 2


def test_a_list_without_roles_is_imported_once_everybody_is_said_to_be_a_student(lmskit, kept_course, tmp_path):
    path = csv_file(tmp_path / "list.csv", "First name,Last name,Username,Email address,Groups\nAda,Lovelace,s1,ada.s1@example.org,A")
    refused = lmskit(path, "--course", kept_course.code, "--dry-run")
    assert refused.exit_code == 1
    assert "--all-students" in refused.stderr
    done = lmskit(path, "--course", kept_course.code, "--dry-run", "--all-students", "--rename")
    assert done.exit_code == 0, done.output
    assert "list.csv is Moodle list of participants (moodle-participants)." in done.output


def test_files_of_a_cartridge_are_in_the_store_until_the_import_is_taken_back(lmskit, kept_course, configure, admin_engine, tmp_path):
    (tmp_path / "store").mkdir(mode=0o700)
    configure(LMSKIT_MATERIAL_STORE=str(tmp_path / "store"))
    store = FolderStore(tmp_path / "store")
    done = lmskit(SAMPLES / "common-cartridge" / "course", "--course", kept_course.code)
    assert "search compares them by their words alone. Next: lmskit material embed" in done.output
    with transaction(admin_engine) as session:
        names = session.scalars(select(Material.title).where(Material.course_id == kept_course.id).order_by(Material.id)).all()
        run = session.scalar(select(func.max(ImportRun.id)))
    assert (names, len(list(store.names()))) == (["Reading", "A link"], 1)
    undone = lmskit("undo", run, "--yes")
    assert "materials: 2 removed" in undone.output
    assert list(store.names()) == []
