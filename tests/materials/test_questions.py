"""The labelled questions: enough of each sort, and every label finds a passage of the real materials."""

import pytest

from lmskit.materials.reading import MaterialReader
from tests.materials.questions import FILE, LONGEST_QUOTE, labelled_questions
from tests.materials.quizzes import REAL, course_materials, quiz_questions
from tests.real_data import REAL_DATA

FOLDER = REAL_DATA / "materials"
QUESTIONS = labelled_questions()
QUIZZES = quiz_questions()


def test_there_are_enough_of_each_sort():
    answered = [question for question in QUESTIONS if question.answers]
    assert len(answered) >= 80
    assert sum(question.language != "en" for question in answered) >= 20
    assert len(QUESTIONS) - len(answered) >= 15
    held_out = [question for question in QUESTIONS if question.held_out]
    assert len(QUESTIONS) * 0.45 < len(held_out) < len(QUESTIONS) * 0.55
    assert sum(not question.answers for question in held_out) >= 15


def test_each_question_is_asked_once():
    assert len({question.text.casefold() for question in QUESTIONS}) == len(QUESTIONS)


def test_labels_repeat_only_a_few_words_of_the_materials():
    answers = [answer for question in QUESTIONS for answer in question.answers]
    answers += [answer for question in QUIZZES for answer in question.answers]
    assert all(0 < len(answer.words.split()) <= LONGEST_QUOTE for answer in answers)


@pytest.mark.long
@pytest.mark.skipif(not FOLDER.is_dir(), reason=f"{FOLDER} is not on this machine")
def test_every_label_finds_a_passage_and_few_of_them():
    with MaterialReader() as reader:
        names = {answer.file for question in QUESTIONS for answer in question.answers}
        passages = {name: reader.read((FOLDER / name).read_bytes(), name=name).passages for name in sorted(names)}
    for question in QUESTIONS:
        for answer in question.answers:
            assert 1 <= sum(answer.is_in(passage.body) for passage in passages[answer.file]) <= 4, (FILE.name, question.text, answer)


def test_both_halves_of_the_quizzes_have_questions_with_and_without_an_answer():
    for held_out in (True, False):
        half = [question for question in QUIZZES if question.held_out is held_out]
        assert len(QUIZZES) * 0.45 < len(half) < len(QUIZZES) * 0.55
        assert sum(bool(question.answers) for question in half) >= 40
        assert sum(not question.answers for question in half) >= 40


@pytest.mark.long
def test_every_label_of_a_quiz_finds_a_passage():
    for course in dict.fromkeys(question.course for question in QUIZZES):
        if course == REAL and not FOLDER.is_dir():
            continue
        materials = course_materials(course)
        for question in QUIZZES:
            if question.course == course:
                assert all(any(answer.is_in(passage.body) for passage in materials[answer.file].passages) for answer in question.answers)
