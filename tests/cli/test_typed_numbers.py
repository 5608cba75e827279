"""Numbers that no row can have: refused by the option that has them, before the database reports an integer out of range."""

import pytest

from lmskit.cli.nouns import NOUNS, loaded

HUGE = "99999999999"
BEYOND_64_BITS = "99999999999999999999"
LOOKED_UP = {
    "doctor end",
    "mail retry messages",
    "material change number",
    "material show number",
    "material remove numbers",
    "material refresh number",
    "material advice student",
    "material pin material",
    "material pin passage",
    "material ban material",
    "material ban passages",
    "material take-back decision",
    "enrollment list after",
    "person list after",
    "audit list after",
    "mail list after",
    "import list after",
    "import runs after",
}
"""Numbers of rows: one that no row has gets the sentence for one that does not exist."""
ANY_NUMBER = {"knowledge fit seed"}
"""Every whole number from 0 has an effect of its own; the service refuses others."""


def parameters():
    """Give out every option and argument that takes numbers, with its name."""
    for noun in NOUNS:
        command = loaded(noun)
        for verb, called in getattr(command, "commands", {"": command}).items():
            for parameter in called.params:
                if any(kind.__name__ in {"int", "float"} for kind in kinds_of(parameter)):
                    yield f"{noun} {verb} {parameter.name}".replace("  ", " "), parameter


def kinds_of(parameter):
    annotation = parameter.type_descriptor.annotation
    return getattr(annotation, "__args__", None) or (annotation,)


def test_every_number_has_bounds():
    found = dict(parameters())
    assert {"material search week", "mail list limit", "lab port"} <= found.keys()
    unbounded = {
        name for name, parameter in found.items() if (parameter.min is None or parameter.max is None) and parameter.callback is None
    }
    assert unbounded == LOOKED_UP | ANY_NUMBER


@pytest.mark.parametrize("number", [HUGE, BEYOND_64_BITS, "-1"])
def test_a_number_that_no_row_can_have_is_refused_in_plain_words(lmskit, course, number):
    of_course = ("--course", course.code)
    no_week = (
        f"--week: There is no week {number}: a course has at most the weeks 1 to 60. To see those of {course.code}: lmskit course show "
    )
    for arguments, sentence in (
        (("material", "search", "lists", *of_course, "--week", number), no_week),
        (("material", "list", *of_course, "--week", number), no_week),
        (("material", "advice", *of_course, "--week", number), no_week),
        (("material", "decisions", *of_course, "--week", number), no_week),
        (("material", "crawl", "https://example.org/", *of_course, "--week", number), no_week),
        (("material", "add", "a.md", *of_course, "--week", number), no_week),
        (("material", "pin", "1", "1", *of_course, "--week", number), no_week),
        (("material", "ban", "1", "1", *of_course, "--week", number), no_week),
        (("mastery", "compare", course.code, "--rule", "latest", "--week", number), no_week),
        (("import", "detect", "a.csv", "--week", number), f"--week: There is no week {number}:"),
        (("material", "list", *of_course, "--limit", number), f"A list shows 1 to 1000 rows at once, not {number}."),
        (("material", "show", f"--save={number}", "--", number), f"There is no material {number} among those you can see."),
        (("material", "change", "--title=A", "--", number), f"There is no material {number} among those you can see."),
        (("material", "remove", "--", number), f"There is no material {number} among those you can see."),
        (("material", "refresh", *of_course, "--stored", f"--material={number}"), f"There is no material {number} among those"),
        (("material", "pin", *of_course, "--week", "1", "--", number, "1"), f"There is no material {number} among those you can see."),
        (
            ("material", "advice", *of_course, "--week", "1", f"--student={number}"),
            f"{course.code} has no student {number} that you can see.",
        ),
        (("material", "take-back", "--", number), f"There is no decision {number} about reading advice"),
        (("mail", "retry", "--", number), f"There is no message {number}."),
        (("doctor", f"--end={number}"), f"The database has no session {number} of another person"),
    ):
        refused = lmskit(*arguments)
        assert (refused.exit_code, refused.stdout) == (1, ""), arguments
        assert refused.stderr.startswith(sentence), arguments
    beyond = lmskit("material", "list", *of_course, f"--offset={number}")
    said = {
        HUGE: f"{course.code} has no materials yet.",
        BEYOND_64_BITS: f"No list has a row {number}",
        "-1": "A list begins at row 0 or a later one, not at -1.",
    }
    assert said[number] in beyond.output
    far = lmskit("material", "pin", "1", "1", *of_course, "--week", "1", f"--position={number}")
    assert far.exit_code == 2
    assert "Invalid value for '--position': Input should be" in far.stderr


def test_a_week_that_the_syllabus_lacks_is_named(lmskit, course):
    sentence = f"The syllabus of {course.code} has no week 59. To see its weeks: lmskit course show {course.code}"
    for command in (("search", "lists"), ("list",), ("decisions",), ("advice",)):
        refused = lmskit("material", *command, "--course", course.code, "--week", "59")
        assert (refused.exit_code, refused.stderr.strip()) == (1, sentence), command
