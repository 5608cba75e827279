import pytest

from lmskit.importers.pasted_people import pasted_people


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("Ann Rae <ann@x.org>", [("Ann Rae", "ann@x.org")]),
        ('"Rae, Ann" <Ann@X.org>, "Roe, Bo" <bo@x.org>;', [("Rae, Ann", "ann@x.org"), ("Roe, Bo", "bo@x.org")]),
        ("ann@x.org, bo@x.org;cy@x.org", [("", "ann@x.org"), ("", "bo@x.org"), ("", "cy@x.org")]),
        ("Rae\tAnn\tann@x.org", [("Rae Ann", "ann@x.org")]),
        ("ann@x.org Ann Rae", [("Ann Rae", "ann@x.org")]),
        ("ann@x.org, Bo Roe", [("", "ann@x.org"), ("Bo Roe", None)]),
        ("  \n\u2022 Rae, Ann \n\n;;", [("Rae, Ann", None)]),
        ("Ann Rae (ann@x.org)", [("Ann Rae", "ann@x.org")]),
        ("ann at x.org", [("ann at x.org", None)]),
        ("", []),
    ],
)
def test_addresses_and_names_are_read_as_programs_and_people_write_them(text, people):
    assert [(who.name, who.email) for who in pasted_people(text)] == people


def test_every_entry_knows_its_line_and_what_was_typed():
    found = pasted_people("a@x.org; b@x.org\n\nAnn  Rae")
    assert [(who.line, who.typed) for who in found] == [(1, "a@x.org"), (1, "b@x.org"), (3, "Ann  Rae")]
