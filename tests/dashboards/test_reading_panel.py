"""What to read again on the mastery dashboard: passages with reasons, decisions at a click, and nothing of a material becomes HTML."""

from contextlib import nullcontext
from dataclasses import replace
from html.parser import HTMLParser

import ipywidgets as widgets
import pytest
from sqlalchemy import select, update

from lmskit.dashboards import MasteryDashboard
from lmskit.dashboards.dashboard import ALL_WEEKS, TABLES
from lmskit.dashboards.mastery import CHOOSE_A_WEEK
from lmskit.dashboards.reading import HINT, OVERVIEW, WHAT_TO_DO, advice_table, passage_html
from lmskit.errors import UnreachableError
from lmskit.models import Material, Syllabus
from lmskit.widgets import Download
from tests.advised_course import HOSTILE_TITLE, advised_course


@pytest.fixture(scope="module")
def made(module_session):
    return advised_course(module_session)


@pytest.fixture
def dashboard(made, in_session, session):
    return MasteryDashboard(made.course.code, open_session=in_session, open_transaction=lambda: nullcontext(session))


def inside(widget, kind):
    found = [widget] if isinstance(widget, kind) else []
    return found + [match for child in getattr(widget, "children", ()) for match in inside(child, kind)]


def titles(panel):
    return [passage.title for passage in panel.advice.passages]


def press(panel, label, which=0):
    [button for button in inside(panel.view, widgets.Button) if button.description == label][which].click()


def texts(view):
    return " ".join(label.value for label in inside(view, widgets.Label) if label.layout.display != "none")


class Tags(HTMLParser):
    """The tags and attributes of HTML."""

    def __init__(self, markup):
        super().__init__()
        self.found, self.attributes = set(), set()
        self.feed(markup)

    def handle_starttag(self, tag, attributes):
        self.found.add(tag)
        self.attributes |= {name for name, _ in attributes}


def test_a_week_is_chosen_and_its_passages_are_shown_with_reasons(dashboard):
    panel = dashboard.reading
    assert HINT in texts(panel.view)
    panel.week.value = 1
    assert titles(panel) == [HOSTILE_TITLE, "Dictionaries"]
    shown = " ".join(item.value for item in inside(panel.view, widgets.HTML))
    assert "missed by 5 of 6 students" in shown
    assert "Nothing suitable for question 4 of Quiz <i>1</i>, missed by 5 of 6 students: “Who composed Fidelio?”." in texts(panel.view)
    assert HINT not in texts(panel.view)


def test_while_another_week_is_searched_the_panel_says_so_and_shows_nothing_of_the_former(dashboard):
    panel = dashboard.reading
    seen = []

    def watched(read):
        def reading(*week):
            seen.append((panel.message.value, len(panel.list.view.children), len(panel.decided.children), HINT in texts(panel.view)))
            return read(*week)

        return reading

    panel._read, panel._read_course = watched(panel._read), watched(panel._read_course)
    panel.week.value = 1
    press(panel, "Do not show")
    panel.week.value = OVERVIEW
    panel.week.value = 2
    week = "Searching the materials for the questions of week {} …"
    assert [seen[0], *seen[2:]] == [
        (week.format(1), 0, 0, False),
        ("Searching the materials for the questions of all weak weeks …", 0, 0, False),
        (week.format(2), 0, 0, False),
    ]
    assert seen[1][1], "what is shown about the same week stays until it is read again"
    assert panel.message.value == ""


def test_all_weak_weeks_are_listed_with_what_there_is_to_read_and_what_there_is_not(dashboard, made, session):
    panel = dashboard.reading
    panel.week.value = OVERVIEW
    topic = session.scalar(select(Syllabus.topic).where(Syllabus.course_id == made.course.id, Syllabus.week_number == 1))
    assert panel.weak_weeks.frame.to_numpy().tolist() == [[f"1: {topic}", 2, 3, f"question 4 of {made.quiz.title}"]]
    assert WHAT_TO_DO in texts(panel.view)
    assert "<i>" not in " ".join(item.value for item in inside(panel.list.view, widgets.HTML))
    panel.week.value = 2
    assert panel.overview is None
    assert "No question of this week has been answered by the class yet" in texts(panel.view)


def test_questions_without_passages_are_named_with_what_to_do(dashboard):
    panel = dashboard.reading
    panel.week.value = 1
    while panel.advice.passages:
        press(panel, "Do not show")
    assert "Nothing suitable here" in texts(panel.view)
    assert "The questions: question 1 of Quiz <i>1</i>, missed by 5 of 6 students: “What ends a recursion?" in texts(panel.view)
    assert WHAT_TO_DO in texts(panel.view)


def test_a_passage_names_three_questions_and_its_table_all(dashboard):
    dashboard.reading.week.value = 1
    passage = dashboard.reading.advice.passages[0]
    question = passage.questions[0]
    five = replace(passage, questions=tuple(replace(question, number=number) for number in range(1, 6)))
    assert five.main_reasons.endswith("question 3 of Quiz <i>1</i>, missed by 5 of 6 students; and 2 more questions")
    assert "question 5" in advice_table(replace(dashboard.reading.advice, passages=(five,)))["Why"][0]
    assert replace(five, questions=five.questions[:3]).main_reasons == "; ".join(five.reasons[:3])
    assert replace(five, decision_id=1).main_reasons.count("missed") == 3


def test_a_file_without_an_address_can_be_downloaded(dashboard, made, session, configure, tmp_path):
    (tmp_path / "store").mkdir(mode=0o700)
    configure(LMSKIT_MATERIAL_STORE=str(tmp_path / "store"))
    file = {"url": None, "file_name": "week-01/dictionaries.md", "checksum": "a" * 64}
    session.execute(update(Material).where(Material.id == made.page.id).values(file))
    panel = dashboard.reading
    panel.week.value = 1
    [download] = inside(panel.view, Download)
    assert download.label == "Download week-01/dictionaries.md"
    assert download._make() is None
    assert panel.message.value == "Dictionaries: the file was removed or replaced since this list was read. Read it again."


def test_no_text_of_a_material_or_quiz_becomes_html(dashboard):
    dashboard.reading.week.value = 1
    for passage in dashboard.reading.advice.passages:
        tags = Tags(passage_html(passage))
        assert tags.found <= {"div", "p", "span", "a", "mark"}
        assert tags.attributes <= {"class", "dir", "href", "target", "rel"}
    dashboard.mode.value = TABLES
    assert Tags(" ".join(item.value for item in inside(dashboard.reading.list.view, widgets.HTML))).found <= {
        "table", "thead", "tbody", "tr", "th", "td", "wbr",
    }  # fmt: skip


def test_passages_are_pinned_moved_banned_and_taken_back_at_a_click(dashboard):
    panel = dashboard.reading
    panel.week.value = 1
    press(panel, "Pin", 1)
    assert panel.message.value.startswith("Pinned to the advice")
    assert titles(panel) == ["Dictionaries", HOSTILE_TITLE]
    press(panel, "Pin")
    press(panel, "Up")
    assert [passage.pinned for passage in panel.advice.passages] == [True, True]
    assert titles(panel) == [HOSTILE_TITLE, "Dictionaries"]
    press(panel, "Down")
    assert titles(panel) == ["Dictionaries", HOSTILE_TITLE]
    assert panel.message.value == "The passage is number 2 of the pinned ones now."
    assert [button.description for button in inside(panel.view, widgets.Button) if button.description in {"Up", "Down"}] == ["Down", "Up"]
    press(panel, "Up")
    press(panel, "Unpin")
    press(panel, "Unpin")
    press(panel, "Do not show")
    assert titles(panel) == ["Dictionaries"]
    assert "banned" in texts(panel.decided)
    press(panel, "Take back")
    press(panel, "Take back")
    assert titles(panel) == [HOSTILE_TITLE, "Dictionaries"]


def test_a_decision_that_fails_leaves_what_is_shown_and_says_why(dashboard, losable):
    panel = dashboard.reading
    panel.week.value = 1
    panel._open = losable
    losable.lost = True
    press(panel, "Pin")
    assert panel.message.value == str(UnreachableError("The database does not answer."))
    assert titles(panel) == [HOSTILE_TITLE, "Dictionaries"]


def test_the_card_of_a_student_says_what_that_student_should_read_about_a_week(dashboard, made):
    panel = dashboard.panel
    panel.choose(made.students[4], 1)
    assert "What to read again about week 1" in texts(panel.view)
    shown = " ".join(item.value for item in inside(panel.advice.view, widgets.HTML))
    assert "question 1 of Quiz &lt;i&gt;1&lt;/i&gt;, missed" in shown
    assert "Dictionaries" not in shown
    panel.week.value = ALL_WEEKS
    assert CHOOSE_A_WEEK in texts(panel.view)
    [week] = [button for button in inside(panel.view, widgets.Button) if button.description.startswith("1: ")]
    week.click()
    assert panel.week.value == 1
    assert "What to read again about week 1" in texts(panel.view)
