"""The passages of a material, as they were read."""

import hashlib

import pytest

from lmskit.errors import MaterialNotFoundError, PageLimitError
from lmskit.listings import PASSAGES
from lmskit.queries.passage import count_passages, passages_of_material
from tests import factories


def test_the_passages_of_a_material_and_of_no_other(session):
    course = factories.course(session, weeks=1)
    material = factories.material(session, course, language="de")
    factories.material(session, course, passages=["Of another material"])
    factories.passage(session, material, 2, body="Zweite\nStelle", headings=["Kapitel 1", "Residuen"], slide=3, overlap=6, is_notes=True)
    factories.passage(session, material, 1, body="Erste", seconds=65.25, language=None)
    first, second = passages_of_material(session, material.id).to_dict("records")
    assert (first["ordinal"], first["body"], first["seconds"], first["headings"]) == (1, "Erste", 65.25, [])
    assert second == {
        **second,
        "ordinal": 2,
        "slide": 3,
        "headings": ["Kapitel 1", "Residuen"],
        "language": "de",
        "is_notes": True,
        "overlap": 6,
        "checksum": hashlib.sha256(b"Zweite\nStelle").hexdigest(),
    }
    assert count_passages(session, material.id) == 2
    assert list(passages_of_material(session, material.id, limit=1, offset=1)["ordinal"]) == [2]


def test_a_material_without_text_has_an_empty_table_with_the_same_columns(session):
    material = factories.material(session, factories.course(session, weeks=1))
    found = passages_of_material(session, material.id)
    assert (list(found), len(found)) == ([column.name for column in PASSAGES], 0)


@pytest.mark.parametrize("number", [0, -1, 10**15, 2**63])
def test_a_material_that_there_is_not_is_not_found(session, number):
    with pytest.raises(MaterialNotFoundError):
        passages_of_material(session, number)


def test_a_page_that_no_list_has_is_refused(session):
    material = factories.material(session, factories.course(session, weeks=1))
    with pytest.raises(PageLimitError):
        passages_of_material(session, material.id, limit=0)
