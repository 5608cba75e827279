"""People of a file are found by id, SIS id or address, never guessed, and only changed by a row that is imported."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from lmskit.errors import NotPermittedError
from lmskit.importers.formats import ReadOptions
from lmskit.importers.oneroster.bundle import FORMAT as ONEROSTER
from lmskit.importers.plain_csv import FORMAT
from lmskit.models import Enrollment, ExternalId, User
from lmskit.names import sort_name
from lmskit.services.file_import import import_file
from lmskit.vocabulary import Role
from tests import factories
from tests.importers.plain import csv_file, reasons, states_of, warnings_of

ADA = """
    id,sis_id,email,family_name,given_name
    7,S7,ada@example.org,Lovelace,Ada
"""


def people_of(session, course):
    statement = select(User).join(Enrollment, Enrollment.student_id == User.id).where(Enrollment.course_id == course.id)
    return session.scalars(statement.order_by(User.id)).all()


def test_a_new_student_is_added_with_ids_and_an_enrollment(session, imported, course):
    report = imported(ADA)
    [ada] = people_of(session, course)
    assert (ada.family_name, ada.given_name, ada.email, ada.role) == ("Lovelace", "Ada", "ada@example.org", Role.STUDENT)
    ids = session.execute(
        select(ExternalId.source, ExternalId.external_id).where(ExternalId.person_id == ada.id).order_by(ExternalId.source)
    )
    assert [tuple(row) for row in ids] == [("csv", "7"), ("sis", "S7")]
    assert [(outcome.state, outcome.what) for outcome in report.outcomes] == [("added", f"Lovelace, Ada · {course.code}")]
    assert {counts.kind: counts.added for counts in report.entities if counts.total} == {"students": 1, "enrollments": 1}


@pytest.mark.parametrize("key", ["id,7", "sis_id,S7", "email,Ada@Example.org"])
def test_a_student_is_found_again_by_each_key(session, imported, course, key):
    imported(ADA)
    header, value = key.split(",")
    report = imported(f"{header},family_name,given_name\n{value},Lovelace,Ada")
    assert states_of(report) == "unchanged"
    assert len(people_of(session, course)) == 1


def test_a_student_found_by_address_gets_the_ids_of_the_file(session, imported, course):
    known = factories.student(session, email="ada@example.org", family_name="Lovelace", given_name="Ada")
    assert [(outcome.state, outcome.reason) for outcome in imported(ADA).outcomes] == [("added", "new id")]
    assert people_of(session, course) == [known]
    assert states_of(imported("id,family_name\n7,Lovelace")) == "unchanged"


def test_a_student_gets_the_name_and_the_address_of_the_file(session, imported, course):
    imported(ADA)
    report = imported("id,email,family_name,given_name\n7,countess@example.org,King,Ada Augusta")
    [ada] = people_of(session, course)
    session.refresh(ada)
    assert (ada.family_name, ada.given_name, ada.sort_name) == ("King", "Ada Augusta", sort_name("King", "Ada Augusta"))
    assert ada.email == "countess@example.org"
    assert [(outcome.reason, outcome.before) for outcome in report.outcomes] == [("name, address", "Lovelace, Ada; ada@example.org")]


OTHER_PERSON = (
    "is the id of a person in lmskit with another name and address: if the ids are of another system, --source NAME; "
    "if the person was renamed, look at the change with --rename --dry-run --report FILE.csv"
)


def test_a_list_that_is_numbered_anew_renames_no_person(session, imported, course):
    imported('id,name\n1,"Rae, Ann"\n2,"Roe, Bob"')
    other = 'id,name\n1,"Zed, Carl"\n2,"Zoe, Dora"'
    assert reasons(imported(other)) == [(2, OTHER_PERSON), (3, OTHER_PERSON)]
    assert [person.family_name for person in people_of(session, course)] == ["Rae", "Roe"]
    renamed = imported(other, rename=True)
    assert [(outcome.state, outcome.what, outcome.reason, outcome.before) for outcome in renamed.outcomes] == [
        ("changed", f"Zed, Carl · {course.code}", "name", "Rae, Ann"),
        ("changed", f"Zoe, Dora · {course.code}", "name", "Roe, Bob"),
    ]


@pytest.mark.parametrize("key", ["sis_id", "id"])
@pytest.mark.parametrize(
    ("row", "is_accepted"),
    [
        ("Rae;Bea;", True),
        ("Zed;Ann;", True),
        ("Zed;Carl;ann@example.org", True),
        ("RÁE-Lux;A.;zed@example.org", True),
        ("Ann;Rae;", True),
        ("Ann Rae;;", True),
        ("Zed;Carl;", False),
        ("Zed;Carl;zed@example.org", False),
        (";;zed@example.org", False),
        (";;", True),
    ],
)
def test_an_id_needs_a_word_of_the_name_or_the_address_beside_it(imported, key, row, is_accepted):
    imported(f"{key},family_name,given_name,email\n1,Rae,Ann,ann@example.org")
    report = imported([(key, "family_name", "given_name", "email"), ("1", *row.split(";"))])
    other_address = (
        "is the id of a person in lmskit with another address, and the row has no name to compare; to change the address: --rename"
    )
    assert reasons(report) == ([] if is_accepted else [(2, OTHER_PERSON if row[0] != ";" else other_address)])


def test_an_address_for_a_person_without_one_needs_no_name(session, imported, course):
    imported("id,family_name\n1,Rae")
    assert states_of(imported("id,email\n1,rae@example.org")) == "changed"


def test_rows_about_one_person_are_decided_together(session, imported, course):
    imported("id,sis_id,email,family_name,given_name\n1,S1,,Rae,Ann\n2,S2,ben@example.org,Roe,Ben")
    report = imported("id,sis_id,email,family_name,given_name\n1,,,Zed,Carl\n,S1,,Zed,Dora\n2,,,Kim,Ida\n,,ben@example.org,Kim,Roe")
    partner = "is the person of another row that is rejected, since it gives the person another name"
    assert reasons(report) == [(2, OTHER_PERSON), (3, OTHER_PERSON), (4, OTHER_PERSON), (5, partner)]
    assert [person.family_name for person in people_of(session, course)] == ["Rae", "Roe"]


def test_the_same_letters_do_not_change_a_name(session, imported, course):
    before = (
        "email,family_name,given_name\na@example.org,Mu\u0308ller,Jose\u0301\nb@example.org,D\u2019Angelo,GIA\nc@example.org,Muller,Eva"
    )
    after = "email,family_name,given_name\na@example.org,M\u00fcller,Jos\u00e9\nb@example.org,D'Angelo,Gia\nc@example.org,M\u00fcller,Eva"
    imported(before)
    assert states_of(imported(after)) == "unchanged unchanged changed"
    assert [(person.family_name, person.given_name) for person in people_of(session, course)] == [
        ("Müller", "José"), ("D\u2019Angelo", "GIA"), ("Müller", "Eva"),
    ]  # fmt: skip


def test_words_that_another_file_splits_otherwise_do_not_change_a_name(session, imported, course):
    imported("id,family_name,given_name\n1,García,María del Carmen")
    report = imported("id,name\n1,María del Carmen García")
    assert (states_of(report), warnings_of(report)) == ("unchanged", [])
    assert states_of(imported('id,name\n1,"del Carmen García, María"')) == "changed"


def test_a_name_whose_split_is_not_certain_is_a_warning_where_it_is_written(imported):
    rows = "id,name\n1,Juan Carlos García López\n2,Max Lux\n3,Ito"
    assert warnings_of(imported(rows)) == [
        (2, "has no comma, and which words are the family name is not certain: a comma or two columns would say it"),
        (4, "is one word, so it is stored as the family name without a given name"),
    ]
    assert warnings_of(imported(rows)) == []


def test_an_id_that_lost_its_zeros_is_rejected(session, imported, course):
    imported("sis_id,family_name,given_name\n00120451,Vale,Ada\n00120452,O\u2019Neil,Ben\n7,Poe,Cy")
    report = imported("sis_id,family_name,given_name\n120451,VALE,Ada\n120452,O'Neil,Ben\n007,Other,Ida")
    lost = "is an id that differs only in leading zeros from the id of a person of the same name: correct the id"
    assert reasons(report) == [(2, lost), (3, lost)]
    assert [person.family_name for person in people_of(session, course)] == ["Vale", "O\u2019Neil", "Poe", "Other"]


def test_of_two_ids_in_a_file_that_differ_in_zeros_the_shorter_one_is_rejected(session, imported, course):
    rows = "id,family_name\n78,Lux\n00078,Lux\n0078,Kim"
    for states in ("rejected added added", "rejected unchanged unchanged"):
        assert states_of(imported(rows)) == states


def test_a_new_person_with_the_name_of_a_student_of_the_course_is_possibly_a_duplicate(session, imported, course):
    imported("id,email,family_name,given_name\n1,rae@example.org,Rae,Ann\n2,,Rae,Ann")
    report = imported("id,family_name,given_name\n3,RAE,Ann\n4,Rae,Bea")
    assert [(warning.row, warning.value, warning.reason) for warning in report.warnings] == [
        (2, "RAE, Ann; in lmskit: 1, rae@example.org", "is new and has the name of another student of the course: possibly a duplicate")
    ]
    other = factories.course(session, weeks=2)
    assert warnings_of(imported("id,family_name,given_name\n5,Rae,Ann", course=other.code)) == []


def test_a_file_with_one_name_only_does_not_remove_the_other(imported):
    imported(ADA)
    assert states_of(imported("id,name\n7,Ada Lovelace")) == "unchanged"


def test_a_new_name_for_a_person_found_by_the_address_alone_is_a_warning(session, imported):
    factories.student(session, email="ada@example.org", family_name="Byron")
    assert warnings_of(imported(ADA)) == [(2, "is known in lmskit by the address alone, under another name: takes the name in the file")]


def test_a_person_with_a_login_keeps_name_and_address(session, imported, make_person):
    make_person("grace@example.org", Role.LECTURER)
    row = "id,email,family_name,given_name,role\n5,{},{},Grace,lecturer"
    assert warnings_of(imported(row.format("grace@example.org", "Hopper"))) == [
        (2, "is a person with a login: an import does not change the name"),
        (2, "teaches a course that another lecturer is responsible for: becomes co-lecturer"),
    ]
    assert (2, "is a person with a login: an import does not change the address") in warnings_of(
        imported(row.format("hopper@example.org", "Hopper"))
    )
    grace = session.scalars(select(User).where(User.email == "grace@example.org")).one()
    assert grace.family_name == "grace"


def test_ids_and_addresses_of_different_people_are_never_joined(session, imported, course):
    imported(ADA)
    ben = factories.student(session, email="ben@example.org")
    report = imported("id,email,family_name\n7,ben@example.org,Lovelace")
    assert reasons(report) == [(2, "has ids or an address that belong to different people in lmskit")]
    assert ben not in people_of(session, course)
    assert report.rejections[0].value == "7, ben@example.org"


def test_an_address_of_a_person_with_another_id_is_rejected(imported):
    imported(ADA)
    assert reasons(imported("id,email,family_name\n8,ada@example.org,Lovelace")) == [
        (2, "has the address or an id of a person who has another id in lmskit")
    ]
    assert reasons(imported("sis_id,email,family_name\nS8,ada@example.org,Lovelace")) == [
        (2, "has the address or an id of a person who has another SIS id in lmskit")
    ]


def test_rows_of_one_file_that_contradict_each_other_are_rejected_after_the_first(session, imported, course):
    report = imported("""
        id,sis_id,email,family_name
        1,S1,ada@example.org,Lovelace
        2,,ada@example.org,Impostor
        1,,other@example.org,Lovelace
        3,S1,,Impostor
        1,,,Lovelace
        4,,ben@example.org,Babbage
        4,S1,,Both
    """)
    assert states_of(report) == "added rejected rejected rejected unchanged added rejected"
    assert reasons(report) == [
        (3, "has the address or an id of an earlier row that has another id"),
        (4, "has the id of an earlier row that has another address"),
        (5, "has the address or an id of an earlier row that has another id"),
        (8, "has ids or an address that earlier rows give to different people"),
    ]
    assert [person.family_name for person in people_of(session, course)] == ["Lovelace", "Babbage"]


def test_two_rows_that_spell_a_name_differently_are_one_person_and_the_first_row_counts(session, imported, course):
    report = imported("id,family_name,given_name\n1,Lovelace,Ada\n1,Lovelance,Ada\n1,LOVELACE,Ada")
    assert [person.family_name for person in people_of(session, course)] == ["Lovelace"]
    assert warnings_of(report) == [(3, "is the same person as in an earlier row, under another name: the earlier row counts")]


@pytest.mark.parametrize("key", ["id", "sis_id", "email"])
def test_rows_that_give_one_id_to_people_of_different_names_are_all_rejected(session, imported, course, key):
    number = "office@example.org" if key == "email" else "120266"
    report = imported(f'{key},name\n{number},"Abel, Eva"\n{number},"Bach, Tom"\n{number},"Cohn, Ira"')
    reason = "is the id or address of rows with different names, so it does not identify a person: correct the ids"
    assert reasons(report) == [(2, reason), (3, reason), (4, reason)]
    assert people_of(session, course) == []


def test_an_address_cannot_be_given_up_and_used_again_in_one_file(imported):
    imported("id,email,family_name\n1,a@example.org,Ada\n2,b@example.org,Ben")
    swapped = "id,email,family_name\n1,b@example.org,Ada\n2,a@example.org,Ben"
    assert states_of(imported(swapped)) == "rejected rejected"
    moved = "id,email,family_name\n1,c@example.org,Ada\n3,a@example.org,Cho"
    assert reasons(imported(moved)) == [
        (2, "gives up an address that another row uses"),
        (3, "has the address or an id of a person who has another id in lmskit"),
    ]
    assert states_of(imported(moved)) == "rejected rejected"


def test_no_person_is_added_without_a_name(session, imported, course):
    assert reasons(imported("id,email,family_name\n1,ada@example.org,")) == [
        (2, "is not in lmskit yet, and the file has no name: import a roster with names first")
    ]
    assert people_of(session, course) == []


def test_no_person_of_a_rejected_row_is_added(session, imported, course):
    report = imported("""
        id,email,family_name,course
        1,ada@example.org,Lovelace,NO-SUCH-COURSE
        2,ben@example.org,Babbage,
    """)
    assert reasons(report) == [(2, "names a course that is neither in lmskit nor in an imported row")]
    assert [person.family_name for person in people_of(session, course)] == ["Babbage"]
    assert session.scalars(select(User).where(User.email == "ada@example.org")).all() == []
    assert session.scalars(select(ExternalId).where(ExternalId.source == "csv", ExternalId.external_id == "1")).all() == []


def test_the_content_of_a_rejected_row_is_not_written(session, imported, course):
    imported("""
        id,email,family_name,course
        1,,Lovelace,
        1,ada@example.org,Lovelace,NO-SUCH-COURSE
    """)
    assert [person.email for person in people_of(session, course)] == [None]


def test_a_second_role_is_a_rejection(session, imported):
    grace = factories.address(factories.lecturer(session))
    report = imported(f"""
        email,family_name,role
        {grace},Hopper,student
        new@example.org,New,teacher
        new@example.org,New,student
    """)
    (_, of_lecturer), second = reasons(report)
    assert of_lecturer.startswith("is a lecturer in lmskit, not a student; to give the person a role in a course: lmskit staff add")
    assert second == (4, "is a person who already has another role")


def test_a_lecturer_needs_an_address(imported):
    assert reasons(imported("id,family_name,role\n1,Hopper,lecturer")) == [
        (2, "is a lecturer without an e-mail address, and lecturers need one")
    ]


def test_no_person_is_made_an_administrator(imported):
    [(row, reason)] = reasons(imported("email,family_name,role\nx@example.org,X,super_admin"))
    assert row == 2
    assert reason.startswith("is not a role that lmskit knows; write student or lecturer (for other staff: lmskit staff add, ")


def test_hostile_names_are_imported_unchanged(session, imported, course):
    hostile = [
        "<img src=x onerror=alert(1)>",
        "=HYPERLINK(1)",
        "\u202e\u05ea\u05de\u05e8\u202c",
        "Zo\u00eb",
        "O'Neill; DROP TABLE users",
        "%s {0} :name",
    ]
    report = imported([("id", "family_name", "given_name"), *((str(nth), name, name) for nth, name in enumerate(hostile))])
    assert states_of(report) == " ".join(["added"] * len(hostile))
    assert [(person.family_name, person.given_name) for person in people_of(session, course)] == [(name, name) for name in hostile]
    assert report.as_frame()["what"].tolist() == [f"{name}, {name} · {course.code}" for name in hostile]


def test_a_rejection_shows_nothing_about_other_people(session, imported):
    factories.student(session, email="secret@example.org", family_name="Secretname")
    imported("id,email,family_name\n1,secret@example.org,Secretname")
    report = imported("id,email,family_name\n2,secret@example.org,Other")
    assert "Secretname" not in str(report.rejections) + str(report.warnings)


def test_ids_of_different_systems_are_not_mixed_up(session, imported, course):
    imported(ADA)
    of_canvas = factories.student(session)
    session.add(ExternalId(source="canvas", kind="person", external_id="7", person_id=of_canvas.id))
    session.flush()
    assert states_of(imported("id,family_name,given_name\n7,Lovelace,Ada")) == "unchanged"
    assert of_canvas not in people_of(session, course)


def test_only_an_administrator_imports(lecturer_engine, tmp_path):
    path = csv_file(tmp_path / "file.csv", ADA)
    with pytest.raises(NotPermittedError, match="Only an administrator can import files"), Session(lecturer_engine) as session:
        import_file(session, FORMAT.open(path, ReadOptions()))


def test_a_sis_id_and_an_address_of_different_people_are_never_joined(session, imported, course):
    imported("sis_id,email,family_name\nS7,ada@example.org,Lovelace\nS8,ben@example.org,Babbage")
    report = imported("sis_id,email,family_name\nS7,ben@example.org,Lovelace")
    assert reasons(report) == [(2, "has ids or an address that belong to different people in lmskit")]
    assert [person.email for person in people_of(session, course)] == ["ada@example.org", "ben@example.org"]


def test_a_second_row_about_a_known_person_that_brings_another_id_is_rejected(session, imported, course):
    imported("sis_id,email,family_name\nS7,ada@example.org,Lovelace")
    report = imported("id,sis_id,email,family_name\n,S7,,Lovelace\n9,,ada@example.org,Lovelace")
    assert states_of(report) == "unchanged rejected"
    assert reasons(report) == [(3, "is the same person as in an earlier row, with another id or address")]
    assert session.scalars(select(ExternalId).where(ExternalId.source == "csv", ExternalId.external_id == "9")).all() == []


def test_a_new_person_of_a_format_with_roles_needs_one_and_is_made_no_student(session, tmp_path, course):
    folder = tmp_path / "bundle"
    folder.mkdir()
    (folder / "manifest.csv").write_text(
        "propertyName,value\noneroster.version,1.2\nfile.users,delta\nfile.classes,delta\nfile.enrollments,delta\n"
    )
    (folder / "users.csv").write_text("sourcedId,status,givenName,familyName\nu1,active,Ada,Vale\nu2,active,Ben,Orr\n")
    (folder / "classes.csv").write_text(f"sourcedId,status,title,classCode\nk1,active,Sets,{course.code}\n")
    (folder / "enrollments.csv").write_text("sourcedId,status,classSourcedId,userSourcedId,role\ne1,active,k1,u1,student\n")
    session.add(ExternalId(source="oneroster", kind="course", external_id="k1", course_id=course.id))
    session.flush()
    report = import_file(session, ONEROSTER.open(folder, ReadOptions()))
    assert reasons(report) == [(3, "is not in lmskit yet, and the files do not say whether this is a student or a lecturer")]
    assert [person.family_name for person in people_of(session, course)] == ["Vale"]
