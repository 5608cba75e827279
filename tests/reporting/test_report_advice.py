"""The report's section on reading advice: the same each time, and no text of a material or quiz becomes HTML."""

import re

import pandas as pd
import pytest

from lmskit.db import transaction
from lmskit.reporting.course_report import NO_MATERIALS, course_report
from lmskit.reporting.display import Link, table
from tests.advised_course import advised_course, remove


@pytest.fixture(scope="module")
def made(admin_engine):
    with transaction(admin_engine) as session:
        made = advised_course(session)
    yield made
    with transaction(admin_engine) as session:
        remove(session, made.course.id)


def test_weak_topics_have_passages_with_reasons_and_gaps_and_every_text_is_escaped(made):
    section = course_report(made.course.code).reading_advice().markup
    assert "missed by 5 of 6 students" in section
    assert "Weak topics without suitable material" in section
    assert "question 4 of Quiz &lt;i&gt;1&lt;/i&gt;" in section
    tags = {"a", "div", "table", "caption", "thead", "tbody", "tr", "th", "td", "p", "figure", "span"}
    assert set(re.findall(r"<([a-z0-9]+)", section)) <= tags


def test_a_material_with_an_address_is_a_link_to_its_page_and_no_other_address_is(made):
    section = course_report(made.course.code).reading_advice().markup
    assert re.findall(r'<a href="([^"]*)">', section) == [f"{made.script.url}#page=3", made.page.url]
    cells = [Link("<b>", "javascript:alert(1)"), Link("<i>", None), Link("x", 'https://example.org/"onclick=')]
    shown = table(pd.DataFrame({"Material": cells}), caption="").markup
    assert "javascript" not in shown
    assert "&lt;b&gt;</th>" in shown
    assert '<a href="https://example.org/&quot;onclick=">x</a>' in shown


def test_a_second_report_of_the_same_data_advises_the_same(made):
    assert course_report(made.course.code).reading_advice() == course_report(made.course.code).reading_advice()


def test_a_course_without_materials_says_so(made, admin_engine):
    with transaction(admin_engine) as session:
        bare = advised_course(session)
        session.query(type(bare.script)).filter_by(course_id=bare.course.id).delete()
    try:
        assert NO_MATERIALS in course_report(bare.course.code).reading_advice().markup
    finally:
        with transaction(admin_engine) as session:
            remove(session, bare.course.id)
