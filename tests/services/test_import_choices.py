"""How files of a source are read is remembered, found again by their headers, and forgotten."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from lmskit.importers.formats import ReadOptions
from lmskit.importers.remembered_choices import choices_of
from lmskit.importers.source_key import source_key
from lmskit.models import ImportChoice
from lmskit.services.import_choices import forget_choices, remember_choices, remembered_choices

KEY = "a" * 64
CHOSEN = ReadOptions(
    columns={"email": "Elektropost"},
    decimal_mark=",",
    delimiter=";",
    all_students=True,
    source="campus",
    time_zone="Europe/London",
    day_order="day-first",
)


def test_what_belongs_to_a_source_is_remembered_and_what_belongs_to_one_file_is_not():
    assert choices_of(ReadOptions(title="Week 1", max_scores={"Week 1": 10})) == {}
    assert choices_of(CHOSEN) == {
        "columns": {"email": "Elektropost"},
        "decimal_mark": ",",
        "delimiter": ";",
        "all_students": True,
        "source": "campus",
        "time_zone": "Europe/London",
        "day_order": "day-first",
    }


def test_choices_come_back_and_what_is_given_now_comes_first(session):
    remember_choices(session, KEY, CHOSEN)
    found = remembered_choices(session, KEY)
    assert found is not None
    assert found.under(ReadOptions(title="Week 1")) == replace(CHOSEN, title="Week 1")
    assert found.under(ReadOptions(decimal_mark=".")).decimal_mark == "."
    assert found.sentence() == (
        f"Read as chosen on {found.chosen_at:%Y-%m-%d}: email from 'Elektropost', separator semicolon, decimal mark comma, "
        "system of the ids campus, time zone Europe/London, order of dates day-first, all people are students."
    )
    assert remembered_choices(session, "b" * 64) is None


def test_other_choices_replace_those_before_and_none_forget_them(session):
    remember_choices(session, KEY, CHOSEN)
    remember_choices(session, KEY, ReadOptions(decimal_mark="."))
    found = remembered_choices(session, KEY)
    assert found is not None
    assert found.choices == {"decimal_mark": "."}
    assert len(session.scalars(select(ImportChoice.id)).all()) == 1
    remember_choices(session, KEY, ReadOptions())
    assert remembered_choices(session, KEY) is None
    assert not forget_choices(session, KEY)


@pytest.mark.parametrize(
    ("content", "is_same"),
    [
        ("Name;E-Mail\nAda;ada@example.org\n", True),
        ("e-mail,name\nben@example.org,Ben\n", True),
        ("Name;E-Mail;Gruppe\nAda;ada@example.org;1\n", False),
        ("Name\nAda\n", None),
        ("", None),
    ],
)
def test_a_source_is_known_by_the_headers_of_its_files(tmp_path, content, is_same):
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    first.write_text("Name,E-Mail\nCho,cho@example.org\n")
    second.write_text(content)
    key = source_key(second)
    assert (None if key is None else key == source_key(first)) == is_same
    assert source_key(tmp_path) is None
