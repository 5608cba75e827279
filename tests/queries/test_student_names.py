import pytest

from lmskit.queries.student_names import students_named
from tests import factories


@pytest.fixture
def students(session):
    names = [("Ráe-Zwölf", "Ann Marie"), ("von der Søndergaard", "Bo"), ("Plato", ""), ("Søndergaard", "Bo"), ("Zwölf", "Plato")]
    return {f"{family}/{given}": factories.student(session, family_name=family, given_name=given).id for family, given in names}


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("ann rae-zwolf", ["Ráe-Zwölf/Ann Marie"]),
        ("Zwoelf, Ann", ["Ráe-Zwölf/Ann Marie"]),
        ("Soendergaard Bo", ["Søndergaard/Bo", "von der Søndergaard/Bo"]),
        ("Rae-Smith, Ann", []),
        ("PLATO", ["Plato/"]),
        ("Zwölf", []),
        ("Ann Rae Smith", []),
    ],
)
def test_a_name_means_students_who_have_all_its_words(session, students, name, meant):
    assert sorted(each.student_id for each in students_named(session, [name])[name]) == sorted(students[key] for key in meant)


def test_only_the_students_of_the_course_are_meant_where_one_is_given(session, students):
    course = factories.course(session)
    name = "Bo Søndergaard"
    assert len(students_named(session, [name])[name]) == 2
    assert students_named(session, [name], course_id=course.id) == {name: []}
