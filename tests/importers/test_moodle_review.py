"""What the review of an attempt at a quiz of Moodle says, which shows marks rounded."""

import os
import subprocess
import sys
import time
import timeit

import pytest

from lmskit.importers.moodle.web_service.review import review_in
from tests.moodle_server import Asked, Attempt


def reviewed(total, *shown, maximum=10.0, state="gradedpartial"):
    """The marks of a review, with by how much each may be rounded."""
    attempt = Attempt(1, 7, 11, 1, 1_790_000_000, 1_790_003_600, total)
    questions = [Asked("essay", "Why?", "So", 0.0, maximum, state).record(1, slot) | {"mark": mark} for slot, mark in enumerate(shown, 1)]
    review = review_in({"attempt": attempt.record(), "questions": questions})
    return [(mark, question.half) for mark, question in zip(review.exact_marks(), review.questions, strict=True)]


@pytest.mark.parametrize(
    ("total", "shown", "expected"),
    [
        (1.5, ("0.50", "1.00"), [(0.5, 0), (1.0, 0)]),
        (1.50334, ("0.50", "1.00"), [(0.5, 0.005), (1.0, 0.005)]),
        (1.17, ("0.50", "0.67"), [(0.5, 0), (0.67, 0.005)]),
        (1.0, ("0.33", "0.67"), [(0.33, 0.005), (0.67, 0.005)]),
        (10, ("10", "0"), [(10, 0.5), (0, 0.5)]),
        (None, ("0.50", ""), [(0.5, 0.005), (None, 0)]),
        (9.6, ("10",), [(9.6, 0.5)]),
    ],
)
def test_a_mark_is_what_is_shown_only_if_the_total_confirms_it(total, shown, expected):
    assert reviewed(total, *shown) == [(mark if mark is None else pytest.approx(mark), pytest.approx(half)) for mark, half in expected]


def test_a_wrong_answer_is_worth_nothing_unless_points_below_0_may_be_hidden():
    assert reviewed(None, "0.00", state="gradedwrong") == [(0, 0)]
    assert reviewed(None, "-0.25", state="gradedwrong") == [(-0.25, 0.005)]
    assert reviewed(None, "0", state="gradedwrong") == [(0, 0.5)]
    assert reviewed(None, "10", state="gradedright") == [(10, 0)]


def test_a_question_with_many_buttons_takes_a_time_that_grows_with_their_number():
    def seconds(n):
        buttons = "".join(f'<input type="radio" value="{nth}" aria-labelledby="none"/><p id="b{nth}"></p>' for nth in range(n))
        question = Asked("multichoice", "Which?", None, 0.0, 1, "gradedwrong").record(1, 1)
        question["html"] = f'<div class="multichoice"><div class="answer">{buttons}</div></div>'
        document = {"attempt": Attempt(1, 7, 11, 1, 1, 2, 0.0).record(), "questions": [question]}
        return min(timeit.repeat(lambda: review_in(document), number=1, repeat=3, timer=time.process_time))

    assert seconds(2_000) < 30 * seconds(250)  # eight times as many; 64 times as long if each button looked at all others


@pytest.mark.long
def test_a_course_has_the_same_check_sum_in_every_process():
    """The text of a set depends on the process."""
    script = (
        "from lmskit.importers.moodle.web_service.reading import MoodleReading\n"
        "from lmskit.importers.web_service.known import KnownCourse\n"
        "from lmskit.progress import silent\n"
        "from tests.importers.synced import client_of\n"
        "from tests.moodle_server import small_course\n"
        "moodle = small_course()\n"
        "moodle.site = 'https://moodle.example.org'\n"
        "moodle.people[0]['roles'] = [{'shortname': name} for name in ('student', 'grader', 'guide', 'helper')]\n"
        "with moodle.served():\n"
        "    [batch] = MoodleReading(client_of(moodle), 'SYNC').batches(KnownCourse(), whole=True, progress=silent)\n"
        "print(batch.source.sha256)\n"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", script], env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, check=True, text=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1
