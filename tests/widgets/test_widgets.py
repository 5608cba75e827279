import datetime as dt

import pandas as pd
import pytest

from lmskit.widgets import Message, Pager, Table, errors_shown, table_html

EVIL = "<img src=x onerror=alert(1)>"


def test_every_cell_of_a_table_is_text():
    html = table_html(pd.DataFrame({EVIL: [EVIL], "score": [1.0]}), nothing=EVIL)
    assert "<img" not in html
    assert html.count("&lt;img src=x onerror=alert(1)&gt;") == 2


def test_an_empty_table_says_so_in_words():
    table = Table(nothing="Nobody <yet>.")
    table.show(pd.DataFrame())
    assert table.view.value == '<p class="nothing">Nobody &lt;yet&gt;.</p>'


def test_missing_values_are_dashes_and_numbers_are_aligned_to_the_right():
    html = table_html(pd.DataFrame({"score": [float("nan")], "day": [pd.NaT], "passed": [True], "since": [dt.date(2026, 9, 14)]}))
    assert '<td class="number">–</td><td>–</td><td>yes</td><td class="day">2026-09-14</td>' in html


def test_sentences_have_a_column_wide_enough_to_read_them():
    html = table_html(pd.DataFrame({"question": ["What is the value of 7 + 7 * 8?"], "verdict": ["very good, tentative"]}))
    assert '<td class="sentence">What' in html
    assert "<td>very good, tentative</td>" in html


def test_pages_turn_forward_and_back_and_not_beyond_the_ends():
    turned = []
    pager = Pager(lambda: turned.append(pager.offset), page_size=50, noun="students")
    pager.show(total=120)
    assert (pager.label.value, pager.previous.disabled, pager.next.disabled) == ("students 1–50 of 120", True, False)
    for _ in range(4):
        pager.next.click()
        pager.show(total=120)
    assert turned == [50, 100]
    assert (pager.label.value, pager.previous.disabled, pager.next.disabled) == ("students 101–120 of 120", False, True)
    pager.previous.click()
    assert turned[-1] == 50


def test_a_list_that_has_become_shorter_than_its_page_turns_to_its_last_one():
    pager = Pager(lambda: pager.show(total=25), page_size=25, noun="invitations")
    pager.offset = 50
    pager.show(total=25)
    assert (pager.offset, pager.label.value) == (0, "invitations 1–25 of 25")
    pager.offset = 25
    pager.show(total=0)
    assert (pager.offset, pager.label.value, pager.previous.disabled) == (0, "no invitations", True)


def test_an_empty_list_has_no_pages():
    pager = Pager(pytest.fail, page_size=50, noun="students")
    pager.show(total=0)
    pager.next.click()
    assert (pager.label.value, pager.next.disabled) == ("no students", True)


def test_a_bug_keeps_its_traceback_and_is_also_shown():
    message = Message()
    with pytest.raises(ZeroDivisionError), errors_shown(message):
        _ = 1 / 0
    assert "ZeroDivisionError" in message.value
    assert "Show Log Console" in message.value


def test_any_page_of_60_000_people_is_reached_by_a_number_of_three_digits():
    turned = []
    pager = Pager(lambda: turned.append(pager.offset), page_size=100, noun="people")
    pager.show(total=200)
    assert pager.page.layout.display == "none"
    pager.show(total=60_000)
    assert (pager.page.max, pager.pages.value, pager.page.layout.display) == (600, "of 600:", None)
    pager.page.value = 600
    assert turned == [59_900]
    pager.show(total=60_000)
    assert (pager.label.value, pager.next.disabled) == ("people 59,901–60,000 of 60,000", True)
    pager.show(total=50)
    pager.show(total=50)
    assert (pager.page.value, turned) == (1, [59_900, 0])
