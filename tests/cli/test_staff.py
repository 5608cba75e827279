"""Several people lead a course: who may say so, what they see, and how it ends."""

from contextlib import nullcontext

import pytest
from sqlalchemy import delete, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from lmskit.db import access, engine_for, transaction
from lmskit.errors import (
    CourseNotFoundError,
    NotLeadingError,
    NotPermittedError,
    ObservedOnlyError,
    SectionNotFoundError,
    StudentNotInCourseError,
)
from lmskit.materials.store import PreviewStore
from lmskit.models import Course, CourseStaff, Enrollment, Section, SectionMember, User
from lmskit.queries.course import course_rows
from lmskit.queries.observed import observed_weeks
from lmskit.queries.roster import course_roster, roster_size, student_in_course
from lmskit.queries.section import sections as sections_of
from lmskit.queries.section import seen_sections
from lmskit.queries.staff import staff
from lmskit.read_models.course_report import course_report_data
from lmskit.reporting.course_report import CourseReport
from lmskit.reporting.parameters import ReportParameters
from lmskit.schemas.material import ChangeMaterial
from lmskit.schemas.quiz_request import ChangeQuiz, CreateQuiz
from lmskit.schemas.staff import AddStaff, HandOver
from lmskit.services.mastery_rule import choose_rule
from lmskit.services.material import remove_material
from lmskit.services.material_details import change_material
from lmskit.services.material_folder import add_files
from lmskit.services.quiz import change_quiz, create_quiz
from lmskit.services.reading_decision import move_pin, pin_passage, take_back
from lmskit.services.staff import add_staff, hand_over
from lmskit.vocabulary import Role, SectionKind
from tests import factories


@pytest.fixture
def colleague(admin_engine, make_person):
    """The address of a second lecturer, who can sign in."""
    email = f"{factories.unique('colleague')}@example.org"
    make_person(email, Role.LECTURER)
    yield email
    engine_for(email).dispose()
    with transaction(admin_engine) as session:
        session.execute(delete(CourseStaff).where(CourseStaff.person_id.in_(select(User.id).where(User.email == email))))
        session.execute(delete(Course).where(Course.lecturer_id.in_(select(User.id).where(User.email == email))))
        session.execute(delete(User).where(User.email == email))
    access().server.forget_login(email)


@pytest.fixture
def responsible(admin_engine, course):
    """The address of the lecturer who is responsible for the course."""
    with Session(admin_engine) as session:
        return session.scalar(select(User.email).where(User.id == course.lecturer_id))


def members(engine, course):
    with Session(engine) as session:
        return [(row.email, row.role) for row in staff(session, course.code).itertuples()]


def test_a_co_lecturer_sees_the_course_at_once_with_the_name_of_the_responsible_one(lmskit, course, colleague, responsible, admin_engine):
    with engine_for(colleague).connect().execution_options(isolation_level="AUTOCOMMIT") as open_session:
        assert open_session.scalar(text("SELECT count(*) FROM courses")) == 0
        result = lmskit("staff", "add", course.code, colleague.upper())
        assert (result.exit_code, result.stdout) == (0, f"{colleague} is co-lecturer of {course.code} now.\n")
        assert open_session.scalar(text("SELECT count(*) FROM courses")) == 1
        assert open_session.execute(text("UPDATE courses SET title = 'Led by two'")).rowcount == 1
    with Session(engine_for(colleague)) as session:
        assert [(row["code"], row["lecturer"][:10]) for row in course_rows(session)] == [(course.code, "Lecturer, ")]
    assert (
        members(engine_for(colleague), course)
        == members(admin_engine, course)
        == [(responsible, "responsible"), (colleague, "co-lecturer")]
    )


def test_one_who_is_removed_sees_nothing_in_an_open_transaction_either(lmskit, course, colleague):
    assert lmskit("staff", "add", course.code, colleague).exit_code == 0
    with engine_for(colleague).connect().execution_options(isolation_level="REPEATABLE READ") as open_session:
        assert open_session.scalar(text("SELECT count(*) FROM courses")) == 1
        refused = lmskit("staff", "remove", course.code, colleague, typed="n\n")
        assert (refused.exit_code, members(engine_for(colleague), course)[-1]) == (1, (colleague, "co-lecturer"))
        assert ", co-lecturer, from the staff of " in refused.stdout
        result = lmskit("staff", "remove", course.code, colleague, "--yes")
        assert result.stdout == f"{colleague} is not co-lecturer of {course.code} any more.\n"
        with pytest.raises(DBAPIError) as ended:
            open_session.scalar(text("SELECT count(*) FROM courses"))
        assert ended.value.connection_invalidated
    with Session(engine_for(colleague)) as session, pytest.raises(CourseNotFoundError):
        staff(session, course.code)


def test_an_assistant_sees_all_of_a_course_and_changes_nothing_in_it(lmskit, course, colleague, admin_engine):
    with transaction(admin_engine) as session:
        own = session.get_one(Course, course.id)
        quiz, added = factories.quiz(session, own, week_number=1).id, factories.material(session, own, week_number=1)
        pin = factories.reading_decision(session, factories.passage(session, added)).id
        material = added.id
    changes = [
        lambda session: choose_rule(session, course.code, "average", {}),
        lambda session: create_quiz(session, CreateQuiz(course=course.code, title="Another", week_number=1)),
        lambda session: change_quiz(session, ChangeQuiz(quiz_id=quiz, title="Another", week_number=1)),
        lambda session: remove_material(session, material),
        lambda session: change_material(session, ChangeMaterial(material=material, title="Another")),
        lambda session: pin_passage(session, course.code, 1, material, 1),
        lambda session: move_pin(session, pin, 2),
        lambda session: take_back(session, pin),
        lambda session: list(add_files(lambda: nullcontext(session), PreviewStore(), course.code, [])),
    ]
    done = lmskit("staff", "add", course.code, colleague, "--role", "assistant")
    assert (done.exit_code, done.stdout) == (0, f"{colleague} is assistant of {course.code} now.\n")
    assert members(engine_for(colleague), course)[1] == (colleague, "assistant")
    refused = (
        f"You are an assistant of {course.code}, .* Nothing was changed. .* Lecturer is responsible for {course.code} and can change it"
    )
    with engine_for(colleague).connect().execution_options(isolation_level="AUTOCOMMIT") as open_session:
        assert open_session.scalars(text("SELECT id FROM quizzes")).all() == [quiz]
        for change in changes:
            with pytest.raises(NotLeadingError, match=refused), Session(bind=open_session) as session:
                change(session)
        again = lmskit("staff", "add", course.code, colleague, "--role", "co-lecturer")
        assert again.exit_code == 0
        with pytest.raises(DBAPIError):  # a role that is replaced ends the sessions that had it
            open_session.scalar(text("SELECT count(*) FROM courses"))
    with Session(engine_for(colleague)) as session:
        assert choose_rule(session, course.code, "average", {}).course == course.code


def test_an_observer_sees_no_row_and_who_can_change_that(lmskit, course, colleague):
    done = lmskit("staff", "add", course.code, colleague, "--role", "observer")
    assert done.stdout == f"{colleague} is observer of {course.code} now.\n"
    with Session(engine_for(colleague)) as session:
        assert course_rows(session) == []
        with pytest.raises(ObservedOnlyError, match=r"may not see names here\. .* Lecturer, who is responsible for it, can"):
            course_roster(session, course.code.lower())
        with pytest.raises(ObservedOnlyError, match="once its term is closed"):
            observed_weeks(session, course.code)
        with pytest.raises(CourseNotFoundError, match="There is no course 'NOWHERE-1'"):
            observed_weeks(session, "NOWHERE-1")


@pytest.fixture
def sections(course, admin_engine):
    """The course has a student in section A and two in section B."""
    with transaction(admin_engine) as session:
        own = session.get_one(Course, course.id)
        for name, size in (("A", 1), ("B", 2)):
            section = Section(course_id=own.id, kind=SectionKind.SECTION, name=name, source="csv")
            session.add(section)
            session.flush()
            for number in range(size):
                student = factories.student(session, family_name=f"Of {name} {number}", given_name="")
                factories.enrollment(session, own, student)
                session.add(SectionMember(course_id=own.id, section_id=section.id, student_id=student.id))
    yield
    with transaction(admin_engine) as session:
        session.execute(delete(Enrollment).where(Enrollment.course_id == course.id))
        session.execute(delete(User).where(User.family_name.like("Of _ _")))


def test_an_assistant_of_sections_sees_their_students_and_no_others(lmskit, course, colleague, admin_engine, sections):
    done = lmskit("staff", "add", course.code, colleague, "--role", "assistant", "--section", "A")
    assert (done.exit_code, done.stdout) == (0, f"{colleague} is assistant of {course.code} now, for A.\n")
    again = lmskit("staff", "add", course.code, colleague, "--role", "assistant", "--section", "A")
    assert again.stderr == f"{colleague} is already assistant of {course.code}. Nothing was changed.\n"
    for engine in (admin_engine, engine_for(colleague)):
        with Session(engine) as session:
            assert staff(session, course.code)["sections"].tolist() == ["", "A"]
    with Session(engine_for(colleague)) as session:
        assert course_roster(session, course.code)["name"].tolist() == ["Of A 0"]
        assert (roster_size(session, course.code), [row["n_students"] for row in course_rows(session)]) == (1, [1])
        assert sections_of(session, course.code)["name"].tolist() == ["A"]
        with pytest.raises(SectionNotFoundError):
            course_roster(session, course.code, section="B")
        assert seen_sections(session, course.code) == ["A"]
    with Session(admin_engine) as session:
        assert seen_sections(session, course.code) is None
    wider = lmskit("staff", "add", course.code, colleague, "--role", "assistant", "--section", "A", "--section", "B")
    assert wider.exit_code == 0
    with Session(engine_for(colleague)) as session:
        assert roster_size(session, course.code) == 3


def test_a_report_says_to_an_assistant_of_sections_whose_results_it_shows(lmskit, course, colleague, admin_engine, sections):
    lmskit("staff", "add", course.code, colleague, "--role", "assistant", "--section", "A")
    limits = "the class is the students of the sections and groups that you see (A), not all of the course."
    for engine, is_limited in ((engine_for(colleague), True), (admin_engine, False)):
        with Session(engine) as session:
            data = course_report_data(session, course.code, n_students=5)
        assert (limits in CourseReport(data, ReportParameters(course=course.code)).head().markup) is is_limited


def test_who_helps_in_a_section_finds_its_students_by_address_and_by_number(lmskit, course, colleague, admin_engine, sections):
    lmskit("staff", "add", course.code, colleague, "--role", "assistant", "--section", "A")
    with Session(admin_engine) as session:
        of_a, of_b = session.scalars(select(User).where(User.family_name.in_(["Of A 0", "Of B 0"])).order_by(User.sort_name)).all()
        seen, address, hidden = of_a.id, factories.address(of_a), factories.address(of_b)
    with Session(engine_for(colleague)) as session:
        assert [student_in_course(session, course.code, who) for who in (address.upper(), str(seen))] == [seen, seen]
        refusal = rf"^{course.code} has no student {hidden} that you can see\. To list its students: lmskit enrollment list {course.code}$"
        with pytest.raises(StudentNotInCourseError, match=refusal):
            student_in_course(session, course.code, hidden)


def test_an_assistant_of_sections_sees_all_students_only_after_a_question(lmskit, course, colleague, sections):
    add = ("staff", "add", course.code, colleague, "--role", "assistant")
    assert lmskit(*add, "--section", "A").exit_code == 0
    unasked = lmskit(*add)
    assert (unasked.exit_code, "--yes" in unasked.stderr) == (1, True)
    assert f"{colleague} sees only the students of A in {course.code}, and would see all." in unasked.stdout + unasked.stderr
    with Session(engine_for(colleague)) as session:
        assert roster_size(session, course.code) == 1
    assert lmskit(*add, "--yes").exit_code == 0
    with Session(engine_for(colleague)) as session:
        assert roster_size(session, course.code) == 3


def test_only_options_that_the_command_has_are_named_for_an_unknown_lecturer(lmskit, course):
    unknown = "There is no lecturer with the address nobody@example.org."
    added = lmskit("staff", "add", course.code, "nobody@example.org").stderr
    assert (added.startswith(unknown), "--lecturer" in added, "lmskit login list" in added) == (True, False, True)


def test_who_loses_the_last_section_does_not_see_the_whole_course(lmskit, course, colleague, admin_engine, sections):
    assert lmskit("staff", "add", course.code, colleague, "--role", "assistant", "--section", "A").exit_code == 0
    with engine_for(colleague).connect().execution_options(isolation_level="REPEATABLE READ") as open_session:
        assert open_session.scalar(text("SELECT count(*) FROM student_enrollments")) == 1
        with transaction(admin_engine) as session:
            session.execute(delete(Section).where(Section.course_id == course.id, Section.name == "A"))
        with pytest.raises(DBAPIError):
            open_session.scalar(text("SELECT count(*) FROM student_enrollments"))
    with Session(engine_for(colleague)) as session:
        assert roster_size(session, course.code) == 0
        assert staff(session, course.code)["sections"].tolist() == ["", "none"]


def test_a_session_goes_on_where_only_who_granted_the_right_changes(lmskit, course, colleague, admin_engine):
    """As in an erasure of the administrator who did."""
    assert lmskit("staff", "add", course.code, colleague).exit_code == 0
    change = "UPDATE course_staff SET {} WHERE course_id = :id"
    with engine_for(colleague).connect() as open_session:
        assert open_session.scalar(text("SELECT count(*) FROM courses")) == 1
        with transaction(admin_engine) as session:
            session.execute(text(change.format("granted_by = 'erased:1'")), {"id": course.id})
        assert open_session.scalar(text("SELECT count(*) FROM courses")) == 1
        with transaction(admin_engine) as session:
            session.execute(text(change.format("role = 'observer'")), {"id": course.id})
        with pytest.raises(DBAPIError) as ended:
            open_session.scalar(text("SELECT count(*) FROM courses"))
        assert ended.value.connection_invalidated


def test_a_course_is_handed_over_and_the_former_lecturer_stays_if_wished(lmskit, course, colleague, responsible, admin_engine):
    assert lmskit("staff", "add", course.code, colleague).exit_code == 0
    asked = lmskit("course", "hand-over", course.code, colleague, "--keep", typed="n\n")
    assert (asked.exit_code, members(admin_engine, course)[0]) == (1, (responsible, "responsible"))
    assert asked.stdout.startswith(f"Hand {course.code} over to ")
    assert "cannot sign in" not in asked.stdout
    result = lmskit("course", "hand-over", course.code, colleague, "--keep", "--yes")
    assert result.stdout.startswith(f"{colleague} is responsible for {course.code} now; Lecturer, ")
    assert result.stdout.endswith(" is co-lecturer now.\n")
    assert members(admin_engine, course) == [(colleague, "responsible"), (responsible, "co-lecturer")]
    back = lmskit("course", "hand-over", course.code, responsible, typed="y\n")
    assert f"has no login yet, and so cannot sign in. [y/N]: y\n{responsible} is responsible for {course.code} now; " in back.stdout
    assert back.stdout.endswith(" does not see it any more.\n")
    assert members(admin_engine, course) == [(responsible, "responsible")]
    with Session(admin_engine) as session:
        roles = "SELECT action::text FROM audit_log WHERE table_name = 'course_staff' AND course_id = :id ORDER BY id"
        assert session.scalars(text(roles), {"id": course.id}).all() == ["insert", "delete", "insert", "delete"]


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (("staff", "add", "{course}", "{responsible}"), "{responsible} is responsible for {course}. Nothing was changed."),
        (("staff", "remove", "{course}", "{responsible}"), "{responsible} is responsible for {course}. Nothing was changed."),
        (("course", "hand-over", "{course}", "{responsible}"), "{responsible} is responsible for {course}. Nothing was changed."),
        (("staff", "remove", "{course}", "{colleague}"), "{colleague} is not on the staff of {course}. Nothing was changed."),
        (("staff", "add", "{course}", "nobody@example.org"), "There is no lecturer with the address nobody@example.org."),
        (("staff", "add", "{course}", "{colleague}", "--section", "A"), "Only an assistant is limited to sections."),
        (("staff", "add", "{course}", "{colleague}", "--role", "assistant", "--section", "C"), "The course has no section or group 'C'."),
        (("staff", "list", "NOWHERE-1"), "There is no course 'NOWHERE-1' among those you can see."),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(lmskit, course, *, colleague, responsible, command, sentence):
    names = {"course": course.code, "colleague": colleague, "responsible": responsible}
    result = lmskit(*(word.format(**names) for word in command))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(sentence.format(**names))


def test_a_role_is_given_once(lmskit, course, colleague):
    assert lmskit("staff", "add", course.code, colleague).exit_code == 0
    again = lmskit("staff", "add", course.code, colleague)
    assert (again.exit_code, again.stderr) == (1, f"{colleague} is already co-lecturer of {course.code}. Nothing was changed.\n")
    assert colleague in lmskit("staff", "list", course.code, "--offset", "1").stdout


def test_lecturers_let_no_one_into_a_course(course, colleague, responsible, admin_engine, lmskit):
    assert lmskit("staff", "add", course.code, colleague).exit_code == 0
    for change in (add_staff, hand_over):
        request = {add_staff: AddStaff, hand_over: HandOver}[change](course=course.code, email=responsible)
        with pytest.raises(NotPermittedError), transaction(engine_for(colleague)) as session:
            change(session, request)
    assert members(admin_engine, course)[0] == (responsible, "responsible")
