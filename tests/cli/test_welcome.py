"""The welcome message on the command line."""


def test_a_text_is_tried_kept_previewed_and_removed(lmskit, course, tmp_path):
    of_course = ("--course", course.code)
    assert lmskit("welcome", "show", *of_course).stdout.endswith("have the built-in text.\n")
    text = tmp_path / "welcome.txt"
    text.write_text("Liebe/r {name},\n\nwillkommen in {course}.\n", encoding="utf-8")
    said = ("--subject", "Willkommen", "--text-file", str(text), "--language", "de")
    tried = lmskit("welcome", "set", *of_course, *said, "--dry-run").stdout
    letter = f"To: ada.lovelace@example.org\nSubject: Willkommen\nLanguage: de\n\nLiebe/r Ada Lovelace,\n\nwillkommen in {course.code}.\n"
    assert tried == f"{letter}\nThis was a dry run: nothing was changed.\n"
    assert lmskit("welcome", "show", *of_course).stdout.endswith("have the built-in text.\n")
    assert lmskit("welcome", "set", *of_course, *said).stdout.startswith(letter)
    assert lmskit("welcome", "preview", *of_course).stdout == letter
    assert lmskit("welcome", "clear", *of_course).stdout.endswith("have the built-in text.\n")
    assert lmskit("welcome", "clear", *of_course).exit_code == 1


def test_a_placeholder_that_stands_for_nothing_is_named_with_its_option(lmskit, course):
    refused = lmskit("welcome", "set", "--course", course.code, "--subject", "Hi", "--text-file", "-", typed="Dear {nmae}")
    assert refused.exit_code == 1
    assert "--text" in refused.stderr
    assert "{nmae} stands for nothing. Braces are for {name}, {course}, {title}, {term}." in refused.stderr
