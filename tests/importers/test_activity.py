"""What students did becomes activity of a course, once, whatever files say it; what the readers make of files is in test_golden.py."""

import datetime as dt
import gzip
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from lmskit.errors import ImportFileError
from lmskit.importers.activity import ActivityFormat
from lmskit.importers.events import json_objects
from lmskit.importers.formats import ReadOptions
from lmskit.importers.registry import detected
from lmskit.importers.text_file import scan
from lmskit.models import CourseStaff, ExternalId, StudentActivity, User
from lmskit.read_models.activity import course_activity
from lmskit.services.activity_import.writer import import_activity
from lmskit.services.file_import import ImportOptions, import_path
from lmskit.services.import_undo import undo_import
from lmskit.services.person_merge.merge import merge_people
from lmskit.services.person_merge.split import split_person
from lmskit.vocabulary import EntityKind, StaffRole
from tests import factories
from tests.examples import share
from tests.importers.golden import SAMPLES, format_of
from tests.importers.test_hostile_readers import mutated, mutations
from tests.real_data import REAL_DATA

LOG, COMPLETION = SAMPLES / "moodle-log" / "log.csv", SAMPLES / "moodle-completion" / "completion.csv"
STATEMENTS, EVENTS = SAMPLES / "xapi" / "statements.jsonl", SAMPLES / "caliper" / "envelope.json"
REAL = REAL_DATA / "moodle" / "exports_4_5"
ROWS = text("SELECT to_jsonb(a) FROM student_activity AS a ORDER BY a.id")
NAMES = (("Ada", "Vale"), ("Bo", "Reed"), ("Cy", "Ode"))


@pytest.fixture
def course(session):
    """Its students are those of `NAMES`; its weeks are from 14 September 2026 on."""
    term = factories.term(session, starts_on=dt.date(2026, 9, 14), ends_on=dt.date(2026, 12, 18))
    made = factories.course(session, in_term=term, weeks=1)
    for given_name, family_name in NAMES:
        username = given_name.lower()
        student = factories.student(session, email=f"{username}@example.org", family_name=family_name, given_name=given_name)
        factories.enrollment(session, made, student)
        session.add(ExternalId(source="moodle", kind=EntityKind.PERSON, external_id=username, person_id=student.id))
    session.flush()
    return made


@pytest.fixture
def imported(session, course):
    def run(path, **options):
        return import_path(session, path, detected(path), ImportOptions(course=course.code, **options))

    return run


@pytest.fixture
def number(session, course):
    """The number of a student by the given name."""
    return lambda name: session.scalars(select(User.id).where(User.email == f"{name.lower()}@example.org")).one()


def stored(session):
    session.expire_all()
    return session.scalars(select(StudentActivity).order_by(StudentActivity.id)).all()


def counts(report):
    total = report.total
    return total.added, total.changed, total.unchanged, total.rejected


def undo_last(session):
    return undo_import(session, session.scalar(text("SELECT max(id) FROM import_runs WHERE undoes IS NULL")))


def written(path, *lines):
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_equal_rows_of_a_log_are_several_things_and_a_second_import_adds_nothing(session, imported, number):
    assert counts(imported(LOG)) == (4, 0, 0, 1)
    assert counts(imported(LOG)) == (0, 0, 4, 1)
    assert [(row.student_id, row.kind.value, row.resource) for row in stored(session)] == [
        (number("Ada"), "answered", "Quiz 1"),
        (number("Ada"), "viewed", "Reading: week 1"),
        (number("Ada"), "viewed", "Reading: week 1"),
        (number("Bo"), "answered", "Essay"),
    ]


def test_a_newer_export_that_overlaps_adds_what_is_new(imported, tmp_path):
    header, *lines = LOG.read_text(encoding="utf-8").splitlines()
    older = written(tmp_path / "older.csv", header, *lines[2:5])
    newer = written(tmp_path / "newer.csv", header, lines[2].replace("16:00:02", "18:00:02"), *lines[:4])
    assert counts(imported(older)) == (3, 0, 0, 0)
    assert counts(imported(newer)) == (2, 0, 2, 0)


def test_the_report_counts_every_row_and_says_who_and_what_is_left_out(imported):
    notes = imported(LOG).notes
    assert notes[0] == "log.csv: 7 rows = 4 about students of the course + 1 rejected + 2 left out."
    assert "Left out of people who are not students of the course: Tea Cher (1)." in notes
    assert "Left out of kinds that are not taken: User graded (1)." in notes


def test_a_file_about_nobody_in_the_course_is_refused(session, imported):
    session.execute(text("DELETE FROM student_enrollments"))
    with pytest.raises(ImportFileError, match="3 people, none of whom is a student of"):
        imported(LOG)


def test_a_name_that_several_have_names_nobody(session, course, imported):
    factories.enrollment(session, course, factories.student(session, family_name="Vale", given_name="Ada"))
    teacher = factories.lecturer(session, family_name="Reed", given_name="Bo")
    session.add(CourseStaff(course_id=course.id, person_id=teacher.id, role=StaffRole.ASSISTANT, limited=False))
    session.flush()
    with pytest.raises(ImportFileError, match="none of whom is a student"):
        imported(LOG)


def test_a_number_in_an_event_names_nobody_whose_number_it_is_in_another_system(session, imported, number, tmp_path):
    session.add(ExternalId(source="sis", kind=EntityKind.PERSON, external_id="77", person_id=number("Cy")))
    session.flush()
    statement = json.loads(STATEMENTS.read_text(encoding="utf-8").splitlines()[0])
    actors = ({"account": {"name": "77"}}, {"account": {"name": "77"}, "name": "Zed Fox"}, {"account": {"name": "ada"}})
    lines = (json.dumps({**statement, "id": f"id-{nth}", "actor": actor}) for nth, actor in enumerate(actors))
    assert counts(imported(written(tmp_path / "statements.jsonl", *lines))) == (1, 0, 0, 0)
    assert [row.student_id for row in stored(session)] == [number("Ada")]


def test_the_last_report_on_completion_says_what_is_completed_and_undo_puts_back_what_was(session, imported, tmp_path):
    assert counts(imported(COMPLETION)) == (2, 0, 2, 2)
    before = session.scalars(ROWS).all()
    later = COMPLETION.read_text(encoding="utf-8").replace('"2026-09-28 17:06:50"', '"2026-09-29 08:00:00"')
    newer = written(tmp_path / "newer.csv", later.replace('"Completed","2026-09-28 17:08:00"', '"Not completed",""'))
    assert counts(imported(newer)) == (0, 2, 2, 2)
    assert [row.occurred_at for row in stored(session)] == [dt.datetime(2026, 9, 29, 8, tzinfo=dt.UTC), None]
    undo_last(session)
    assert session.scalars(ROWS).all() == before


@pytest.mark.parametrize(
    ("path", "others", "added", "rejected"),
    [(STATEMENTS, ("list.json", "query.json"), 4, 2), (EVENTS, ("events.jsonl",), 3, 0)],
    ids=["xapi", "caliper"],
)
def test_an_event_is_stored_once_by_its_id(imported, path, others, added, rejected):
    assert counts(imported(path)) == (added, 0, 0, rejected)
    assert counts(imported(path)) == (0, 0, added, rejected)
    assert all(counts(imported(path.with_name(other)))[:2] == (0, 0) for other in others)


def test_undo_leaves_nothing_and_the_trail_counts_the_rows(session, imported):
    imported(LOG)
    report = undo_last(session)
    assert [(each.kind, each.removed) for each in report.taken_back] == [("activity of students", 4)]
    assert stored(session) == []
    trail = session.execute(text("SELECT action, old, numbers FROM audit_log WHERE table_name = 'student_activity' ORDER BY id")).all()
    assert [(action, old) for action, old, _ in trail] == [("insert", None), ("delete", {"rows": 4})]
    assert trail[0].numbers == trail[1].numbers


def test_a_dry_run_reports_the_same_and_writes_nothing(session, imported):
    assert counts(imported(LOG, dry_run=True)) == (4, 0, 0, 1)
    assert stored(session) == []


def test_of_two_accounts_that_become_one_all_activity_stays_and_a_split_gives_it_back(session, imported, number):
    imported(LOG)
    imported(COMPLETION)
    before = session.scalars(ROWS).all()
    merged = merge_people(session, str(number("Bo")), str(number("Ada")))
    assert {row.student_id for row in stored(session)} == {number("Bo")}
    # Both completed Quiz 1, and Ada earlier.
    assert [row.occurred_at.minute for row in stored(session) if row.kind == "completed"] == [6]
    assert len(stored(session)) == len(before) - 1
    assert merged.receipt is not None
    split_person(session, merged.receipt)
    assert session.scalars(ROWS).all() == before


def test_activity_is_counted_by_student_week_and_kind(session, course, imported):
    imported(LOG)
    imported(STATEMENTS)
    session.execute(text("UPDATE student_activity SET occurred_at = '2026-09-13 23:59:59+00' WHERE resource = 'Essay'"))
    found = course_activity(session, course.code)
    weeks = found.weeks.astype(object).where(found.weeks.notna(), None)
    assert weeks[["name", "week_number", "answered", "completed", "scored", "watched", "viewed"]].to_numpy().tolist() == [
        ["Ode, Cy", 3, 0, 1, 0, 0, 0],
        ["Reed, Bo", 3, 0, 0, 1, 0, 0],
        ["Reed, Bo", None, 1, 0, 0, 0, 0],
        ["Vale, Ada", 3, 2, 0, 0, 1, 2],
    ]
    assert found.latest == dt.datetime(2026, 9, 28, 16, 0, 2, tzinfo=dt.UTC)
    assert found.by_kind.to_dict() == {"answered": 3, "completed": 1, "scored": 1, "watched": 1, "viewed": 2}
    assert list(course_activity(session, course.code, limit=1, offset=2).weeks["name"]) == ["Vale, Ada"]


values = st.recursive(
    st.none() | st.text() | st.booleans(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10
)
objects = st.lists(st.dictionaries(st.text(), values), min_size=1, max_size=5)


@given(found=objects, form=st.sampled_from(["list", "lines", "indented", "wrapped"]), chunk=st.integers(1, 40))
@settings(max_examples=share(40))
def test_objects_are_read_one_by_one_as_they_were_written(tmp_path_factory, found, form, chunk):
    forms = {
        "list": json.dumps(found),
        "lines": "\n".join(json.dumps(each) for each in found),
        "indented": json.dumps(found, indent=2),
        "wrapped": json.dumps({"all of them": found}),
    }
    path = written(tmp_path_factory.getbasetemp() / "objects.json", forms[form])
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(json_objects, "CHUNK", chunk)
        assert [each for _, each in json_objects.json_objects(scan(path), "all of them")] == found


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('[{"id": "1"}, {"id": ', "cut off"),
        ('[{"id": "1"}', "cut off"),
        ('[{"id": "1"}] x', "has more behind its list"),
        ('{"id": ' + "[" * 100_000, "nested too deeply"),
    ],
    ids=["in an object", "in the list", "behind the list", "deep"],
)
def test_a_damaged_file_is_refused(tmp_path, content, reason):
    with pytest.raises(ImportFileError, match=reason):
        list(json_objects.json_objects(scan(written(tmp_path / "events.json", content)), "statements"))


@settings(max_examples=share(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=mutations, sample=st.sampled_from([LOG, COMPLETION, STATEMENTS, EVENTS]))
def test_a_file_that_was_changed_is_stored_with_every_row_counted_or_refused(session, course, changes, sample, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / sample.name
    path.write_text(mutated(sample.read_text(encoding="utf-8"), changes), encoding="utf-8", errors="replace", newline="")
    form = format_of(sample)
    assert isinstance(form, ActivityFormat)
    with session.begin_nested() as attempt:
        try:
            file = form.open(path, ReadOptions())
            report = import_activity(session, file, ImportOptions(course=course.code))
        except ImportFileError:
            return
        finally:
            attempt.rollback()
    assert form.detect(path)
    total, left_out, others = report.total, file.tally.left_out.total(), int(report.notes[0].split(" + ")[-1].split()[0])
    assert file.tally.rows_in == total.rows_in + others
    assert left_out <= others


@pytest.mark.skipif(not REAL.is_dir(), reason=f"the folder is not there: {REAL}")
def test_the_log_and_the_completion_of_a_real_moodle_agree_with_its_database(session, course, tmp_path):
    log = tmp_path / "logs.csv"
    log.write_bytes(gzip.decompress((REAL / "logs.csv.gz").read_bytes()))
    options = ImportOptions(course=course.code, reading=ReadOptions(time_zone="Europe/London"), without_week=True)

    def taken(path):
        return import_path(session, path, detected(path), options)

    taken(REAL / "course_stat_m1.mbz")
    first = taken(log)
    assert (counts(first), first.notes[0]) == (
        (182, 0, 0, 0),
        "logs.csv: 2,843 rows = 182 about students of the course + 0 rejected + 2,661 left out.",
    )
    assert first.notes[2] == "Left out of people whose name or ids several have: Leo Weber (6)."
    assert counts(taken(log)) == (0, 0, 182, 0)
    truth = json.loads((REAL / "truth.json").read_text(encoding="utf-8"))
    twins = select(User.id).where(User.family_name == "Weber", User.given_name == "Leo")
    of_twins = set(session.scalars(select(ExternalId.external_id).where(ExternalId.person_id.in_(twins), ExternalId.source == "moodle")))
    for quiz in truth["quiz"].values():
        finished = [each for each in quiz["attempts"] if each["state"] == "finished" and each["username"] not in of_twins]
        of_quiz = select(StudentActivity.occurred_at).where(StudentActivity.resource == quiz["name"])
        assert len(session.scalars(of_quiz).all()) == len(finished)
    completed = taken(REAL / "completion_csv.csv")
    assert counts(taken(REAL / "completion_excelcsv.csv")) == (0, 0, 472, 0)
    # An activity of this course is completed by those who have a grade, but for the one suspended student, who is not in the report.
    graded = {item["name"]: sum(each is not None for each in item["grades"].values()) for item in truth["items"] if item["type"] == "mod"}
    assert counts(completed) == (sum(graded.values()) - len(graded), 0, 472 - sum(graded.values()) + len(graded), 0)
