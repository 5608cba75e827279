"""Lists of imports, and of the ids of other systems."""

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from lmskit.db import transaction
from lmskit.errors import BusyError, PageLimitError
from lmskit.queries.external_id import entity_named, external_ids
from lmskit.queries.import_run import count_import_runs, import_runs
from lmskit.services.importing import ImportOptions, importing
from lmskit.services.oulad import import_oulad
from lmskit.vocabulary import EntityKind
from tests.importers.sample import SAMPLE


def test_imports_are_listed_newest_first_with_the_person_who_made_them(session):
    before = count_import_runs(session)
    import_oulad(session, SAMPLE)
    import_oulad(session, SAMPLE)
    newest = import_runs(session, limit=2)
    assert newest["added"].tolist() == [0, 32]
    assert newest["unchanged"].tolist() == [32, 0]
    assert newest["actor"].tolist() == ["demo.admin@example.org"] * 2
    assert newest["id"].is_monotonic_decreasing
    assert count_import_runs(session) == before + 2


def test_pages_of_external_ids_neither_overlap_nor_skip(session):
    import_oulad(session, SAMPLE)
    whole = external_ids(session, "oulad", EntityKind.PERSON)
    pages = [external_ids(session, "oulad", EntityKind.PERSON, limit=3, offset=offset) for offset in (0, 3, 6)]
    assert [name for page in pages for name in page["external_id"]] == whole["external_id"].tolist()
    assert len(whole) == 7


@pytest.mark.parametrize(
    ("kind", "name"),
    [(EntityKind.TERM, "2031J"), (EntityKind.COURSE, "XBB-2031J"), (EntityKind.QUIZ, "901758"), (EntityKind.PERSON, "900005")],
)
def test_an_entity_of_each_kind_is_found_by_its_external_id(session, kind, name):
    assert entity_named(session, "oulad", kind, name) is None
    import_oulad(session, SAMPLE)
    found = entity_named(session, "oulad", kind, name)
    assert found is not None
    assert found in external_ids(session, "oulad", kind)["entity_id"].tolist()


@pytest.mark.parametrize("page", [{"limit": 0}, {"limit": 1001}, {"offset": -1}])
def test_an_invalid_page_is_refused(session, page):
    with pytest.raises(PageLimitError):
        import_runs(session, **page)
    with pytest.raises(PageLimitError):
        external_ids(session, "oulad", EntityKind.PERSON, **page)


def test_a_second_import_waits_for_the_first(admin_engine):
    def impatient_import():
        with transaction(admin_engine) as second:
            second.execute(text("SET LOCAL lock_timeout = '100ms'"))
            import_oulad(second, SAMPLE, ImportOptions(dry_run=True))

    with Session(admin_engine) as first, importing(first, "csv", "a.csv", dry_run=False), pytest.raises(BusyError):
        impatient_import()
