"""What names a person in a text, and what only looks like it, for PostgreSQL and for Python."""

import re

import pytest
from sqlalchemy import text

from lmskit.queries.personal_data import naming_pattern
from lmskit.services.erased_texts import GONE
from tests import factories

ADDRESS = "ada.king@example.org"


@pytest.fixture
def person(session):
    """A student with two given names, a preferred one, an address that she had before, and an id."""
    made = factories.student(session, email="ada.byron@example.org", family_name="Byron", given_name="Ada Augusta")
    session.execute(
        text(
            "UPDATE users SET email = :email, family_name = 'King-Noël', sort_name = 'king-noel', preferred_name = 'Lovie' WHERE id = :id"
        ),
        {"email": ADDRESS, "id": made.id},
    )
    session.execute(
        text(
            "INSERT INTO external_ids (source, kind, external_id, person_id) VALUES ('sis', 'person', 'K.1815-7', :id),"
            " ('lms', 'person', '42', :id)"
        ),
        {"id": made.id},
    )
    return made


@pytest.fixture
def without(session, person):
    """Replace what names the person, in both ways; they have to agree."""

    def replaced(written, *, family_alone=False):
        pattern = naming_pattern(session, person.id, family_alone=family_alone)
        in_database = session.scalar(
            text("SELECT regexp_replace(CAST(:written AS text), :pattern, :gone, 'gi')"),
            {"written": written, "pattern": pattern, "gone": GONE},
        )
        assert re.sub(pattern or "", GONE, written, flags=re.IGNORECASE) == in_database
        return in_database

    return replaced


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Ada Augusta King-Noël", "[…]"),
        ("KING-NOËL, ada", "[…]"),
        ("Lovie King-Noël", "[…]"),
        ("by Ada  King-Noël.", "by […]."),
        ("ada_king-noël.pdf", "[…].pdf"),
        ("Byron, Ada Augusta: her earlier name", "[…]: her earlier name"),
        ("Write to ada.king@example.org.", "Write to […]."),
        ("mailto:Ada.Byron@Example.org?subject=x", "mailto:[…]?subject=x"),
        ("https://example.org/?who=ada.king%40example.org", "https://example.org/?who=[…]"),
        ("No. K.1815-7!", "No. […]!"),
        ("Ada King-Noëlson", "Ada King-Noëlson"),
        ("Canada King-Noël", "Canada King-Noël"),
        ("mary.ada.king@example.org", "mary.ada.king@example.org"),
        ("ada.king@example.org.uk", "ada.king@example.org.uk"),
        ("Ada", "Ada"),
        ("42", "42"),
        ("K.1815-77", "K.1815-77"),
        ("the king-noël of Ada", "the king-noël of Ada"),
    ],
)
def test_what_names_her_is_replaced_and_nothing_else(without, written, expected):
    assert without(written) == expected


def test_the_family_name_alone_is_replaced_if_that_is_asked_for(without):
    assert without("of King-Noël and Byron, not Byronic", family_alone=True) == "of […] and […], not Byronic"


def test_what_another_person_has_too_is_left(session, without):
    factories.student(session, email="ada.byron@example.org", family_name="Byron", given_name="Ada")
    assert without("Ada Byron, ada.byron@example.org, Ada King-Noël") == "Ada Byron, ada.byron@example.org, […]"


def test_names_that_are_short_are_left_and_one_word_is_no_full_name(session):
    for family, given in (("Li", "Bo"), ("Plato", "")):
        made = factories.student(session, email=None, family_name=family, given_name=given)
        assert naming_pattern(session, made.id) is None


@pytest.mark.parametrize(
    ("family", "given"),
    [('O"Neil', "Sean (Jr.)"), ("Back\\slash", "Anna*"), ("Ivanova+", "[Olga]"), ("Å\u030aström", "Björn"), ("Two Words", "")],
)
def test_names_with_signs_are_found_in_texts_and_in_documents(session, family, given):
    made = factories.student(session, email=None, family_name=family, given_name=given)
    pattern = naming_pattern(session, made.id)
    name = f"{given} {family}".strip()
    assert re.sub(pattern or "", GONE, f"<{name}>", flags=re.IGNORECASE) == "<[…]>"
    document = session.scalar(
        text("SELECT lms.without_names(jsonb_build_object('a', CAST(:name AS text), 'n', 5), :pattern, :pattern)"),
        {"name": f"<{name}>", "pattern": pattern},
    )
    assert document == {"a": "<[…]>", "n": 5}
