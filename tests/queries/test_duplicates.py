"""People who are probably in lmskit twice: who is listed, why, and in which order."""

from pathlib import Path

import pytest

import lmskit
from lmskit.models import ExternalId
from lmskit.queries.duplicates import count_duplicates, duplicates
from lmskit.vocabulary import EntityKind
from tests import factories

IMPORTS = Path(lmskit.__file__).parent / "services" / "file_import"


@pytest.fixture
def student(session):
    """Make a student, with an id of the system `dup`; the family name is nobody's in other tests."""

    def make(family_name, given_name="Ann", email=None, external_id=None):
        made = factories.student(session, family_name=f"Dup{family_name}", given_name=given_name, email=email)
        if external_id is not None:
            session.add(ExternalId(source="dup", kind=EntityKind.PERSON, external_id=external_id, person_id=made.id))
            session.flush()
        return made

    return make


def listed(session, *people):
    numbers = {person.id for person in people}
    table = duplicates(session, limit=1000).astype(object)
    table = table.where(table.notna(), None)
    return [(r["person_id"], r["other_id"], r["reason"], r["against"]) for r in table.to_dict("records") if r["person_id"] in numbers]


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        (("Alm", "Zoé"), ("ÄLM", "zoe"), "the same name"),
        (("O\u2019Alm", "Pat"), ("O'Alm", "Pat"), "the same name"),
        (("A", "One", None, "0012345"), ("B", "Two", None, "12345"), "ids of dup that differ in leading zeros: 0012345 and 12345"),
        (
            ("C", "One", None, "123456789"),
            ("D", "Two", None, "1.23457E+08"),
            "an id of dup that a spreadsheet shortened: 1.23457E+08 and 123456789",
        ),
        (("E", "One", "dup.e@gmail.com"), ("F", "Two", "dupe+x@googlemail.com"), "addresses of one mailbox"),
        (("G", "One", "dup.g+lab@uni.example"), ("H", "Two", "dup.g@uni.example"), "addresses of one mailbox"),
    ],
)
def test_two_who_are_probably_one_are_listed_with_the_reason(session, student, one, other, reason):
    first, second = student(*one), student(*other)
    against = None if reason == "the same name" else "different names"
    assert listed(session, first, second) == [(first.id, second.id, reason, against)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("Alm", "Ann"), ("Alm", "Ben")),
        (("A", "One", None, "0012345"), ("B", "Two", None, "123450")),
        (("C", "One", None, "123476789"), ("D", "Two", None, "1.23457E+08")),
        (("C", "One", None, "1234567890"), ("D", "Two", None, "1.23457E+08")),
        (("E", "One", "dup.i@uni.example"), ("F", "Two", "dupi@uni.example")),
        (("G", "One", None, "x12"), ("H", "Two", None, "0x12")),
    ],
)
def test_two_who_only_resemble_each_other_are_not(session, student, one, other):
    assert listed(session, student(*one), student(*other)) == []


def test_what_is_certain_comes_first_and_what_contradicts_itself_last(session, student):
    contradicted = student("Twin", external_id="1"), student("Twin", external_id="2")
    named = student("Xsame"), student("Xsame"), student("Xsame")
    damaged = student("Zero", external_id="007"), student("Zero", external_id="7")
    found = listed(session, *contradicted, *named, *damaged)
    assert [row[:2] for row in found] == [
        (damaged[0].id, damaged[1].id),
        (named[0].id, named[1].id),
        (named[0].id, named[2].id),
        (contradicted[0].id, contradicted[1].id),
    ]
    assert found[0][2:] == ("ids of dup that differ in leading zeros: 007 and 7; the same name", None)
    assert found[3][2:] == ("the same name", "different ids of dup")
    pages = [duplicates(session, limit=2, offset=offset) for offset in range(0, count_duplicates(session), 2)]
    assert sum(map(len, pages)) == count_duplicates(session) == len(duplicates(session, limit=1000))
    pairs = [(r["person_id"], r["other_id"]) for page in pages for r in page.to_dict("records")]
    assert len(set(pairs)) == len(pairs)


def test_lecturers_and_students_are_not_one_person(session, student):
    taught = student("Role", "Lee")
    teaching = factories.lecturer(session, family_name="DupRole", given_name="Lee")
    assert listed(session, taught, teaching) == []


def test_names_are_compared_as_importers_compare_them():
    """The rule stands in statements of imports, too."""
    rule = "translate({}sort_name, '\u2019\u2018\u02bc', '''''''')"
    mine = (IMPORTS.parents[1] / "queries" / "duplicates.sql").read_text(encoding="utf-8")
    assert rule.format("u.") in mine
    for name in ("enrollments.sql", "identities.sql"):
        statement = (IMPORTS / name).read_text(encoding="utf-8")
        assert statement.count("translate(") == sum(statement.count(rule.format(alias)) for alias in ("u.", "p.", "t."))
