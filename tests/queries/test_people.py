"""Searching people: by parts of the name, address, number or id, in any order and spelling."""

import pytest

from lmskit.errors import SearchTextError, UnknownPersonError
from lmskit.models import ExternalId, SectionMember
from lmskit.models.section import Section
from lmskit.queries.person import count_people, found_person, people
from lmskit.queries.person_courses import person_courses, person_ids
from lmskit.queries.roster import course_roster, roster_size
from lmskit.vocabulary import EntityKind, Role, SectionKind
from tests import factories


@pytest.fixture
def named(session):
    """Six people by the name by which a test calls them, whose family names no other test has."""
    names = {
        "zoe": ("Quxmüller-Lux", "Zoé Anna"),
        "soren": ("Qøxrensen", "Sören"),
        "obrien": ("Qx\u2019Brien", "Pat"),
        "plain": ("Quxmueller", "Ann"),
        "percent": ("Q%x_", "Odd"),
        "lecturer": ("Qxlecturer", "Lee"),
    }
    made = {
        key: factories.student(session, family_name=family, given_name=given) for key, (family, given) in names.items() if key != "lecturer"
    }
    made["lecturer"] = factories.lecturer(session, family_name="Qxlecturer", given_name="Lee")
    session.add(ExternalId(source="qx-sis", kind=EntityKind.PERSON, external_id="00QX4711", person_id=made["soren"].id))
    session.flush()
    return made


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("quxmuller", ["zoe"]),
        ("QUXMÜLLER", ["zoe", "plain"]),
        ("quxmueller", ["zoe", "plain"]),
        ("anna  quxm", ["zoe"]),
        ("Quxm, zoe", ["zoe"]),
        ("lux qux", ["zoe"]),
        ("qoxrensen", ["soren"]),
        ("soren qox", ["soren"]),
        ("qx'brien", ["obrien"]),
        ("qx\u02bcbrien pat", ["obrien"]),
        ("q%x_", ["percent"]),
        ("qx4711", ["soren"]),
        ("qox 00qx47", ["soren"]),
        ("quxm nobody", []),
        ("qx\0nobody", []),
    ],
)
def test_people_are_found_whatever_the_order_the_accents_and_the_capitals(session, named, search, found):
    expected = sorted(named[key].id for key in found)
    assert sorted(people(session, search=search)["person_id"]) == expected
    assert count_people(session, search=search) == len(expected)


def test_people_are_found_by_address_and_by_number_and_kept_by_role(session, named):
    zoe, lecturer = named["zoe"], named["lecturer"]
    assert people(session, search=factories.address(zoe).upper())["person_id"].tolist() == [zoe.id]
    assert zoe.id in people(session, search=str(zoe.id))["person_id"].tolist()
    assert people(session, search="qxlect", role=Role.LECTURER)["person_id"].tolist() == [lecturer.id]
    assert count_people(session, search="qxlect", role=Role.STUDENT) == 0
    with pytest.raises(SearchTextError, match="at most 200 characters"):
        people(session, search="x" * 201)


def test_a_person_is_named_by_address_number_or_outside_id_and_by_nothing_else(session, named):
    soren = named["soren"]
    for who in (factories.address(soren).upper(), f" {soren.id} ", "qx-sis:00QX4711"):
        assert found_person(session, who).id == soren.id
    for who in ("Qøxrensen", "00QX4711", "qx-sis:qx4711", "0", str(2**63), "a\0@b.org", "", "²"):
        with pytest.raises(UnknownPersonError, match="lmskit person list --search TEXT"):
            found_person(session, who)


def test_lists_of_a_course_are_searched_by_name_alone(session, named):
    course = factories.course(session)
    for key in ("zoe", "soren", "plain"):
        factories.enrollment(session, course, named[key])
    for search, found in (
        ("muller quxm", ["zoe"]),
        ("qox", ["soren"]),
        ("@example", []),
        (str(named["zoe"].id), []),
        ("", ["zoe", "soren", "plain"]),
    ):
        expected = sorted(named[key].id for key in found)
        assert sorted(course_roster(session, course.code, search=search)["student_id"]) == expected
        assert roster_size(session, course.code, search=search) == len(expected)


def test_what_is_known_of_a_person(session, named):
    soren = named["soren"]
    course = factories.course(session, weeks=1, taught_by=named["lecturer"])
    factories.enrollment(session, course, soren)
    factories.attempt(session, factories.quiz(session, course), soren.id, score=1)
    for name in ("Tuesday", "Lab"):
        section = Section(course_id=course.id, kind=SectionKind.SECTION, name=name, source="csv")
        session.add(section)
        session.flush()
        session.add(SectionMember(course_id=course.id, section_id=section.id, student_id=soren.id))
    session.flush()
    (row,) = people(session, search="qoxrensen").to_dict("records")
    assert (row["role"], row["ids"], row["n_courses"]) == ("student", "qx-sis:00QX4711", 1)
    assert person_ids(session, soren.id).to_dict("records") == [{"source": "qx-sis", "external_id": "00QX4711"}]
    (learnt,) = person_courses(session, soren.id).to_dict("records")
    assert (learnt["code"], learnt["role"], learnt["status"], learnt["sections"], learnt["n_attempts"]) == (
        course.code, "student", "active", "Lab, Tuesday", 1,
    )  # fmt: skip
    (led,) = person_courses(session, named["lecturer"].id).to_dict("records")
    assert (led["code"], led["role"], led["n_attempts"]) == (course.code, "responsible", 0)
