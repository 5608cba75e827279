BANK = "::a::Is it?{T}\n\n::b::What?{=x ~y}\n"


def test_a_bank_that_waits_is_listed_shown_and_forgotten(lmskit, course, tmp_path):
    assert f"{course.code} has no question banks." in lmskit("question-bank", "list", course.code).stderr
    bank = tmp_path / "arrays.gift"
    bank.write_text(BANK, encoding="utf-8")
    assert lmskit("import", str(bank), "--course", course.code).exit_code == 0
    listed = lmskit("question-bank", "list", course.code).stdout
    assert listed.splitlines()[-1].split() == ["arrays.gift", "2", "0", "2"]
    assert "What?" in lmskit("question-bank", "show", course.code, "arrays.gift", "--offset", "1").stdout
    assert lmskit("question-bank", "forget", course.code, "arrays.gift").stdout.startswith("Forgot 2 questions of arrays.gift.")
    gone = lmskit("question-bank", "forget", course.code, "arrays.gift")
    assert (gone.exit_code, "has no question bank 'arrays.gift'" in gone.stderr) == (1, True)


def test_a_bank_of_which_a_quiz_was_made_is_forgotten_and_the_quiz_stays(lmskit, course, tmp_path):
    bank = tmp_path / "arrays.gift"
    bank.write_text(BANK, encoding="utf-8")
    lmskit("import", str(bank), "--course", course.code, "--week", "1", "--title", "Arrays")
    assert lmskit("question-bank", "list", course.code).stdout.splitlines()[-1].split() == ["arrays.gift", "2", "2", "0"]
    shown = lmskit("question-bank", "show", course.code, "arrays.gift").stdout
    assert shown.count("Arrays") == 2
    lmskit("question-bank", "forget", course.code, "arrays.gift")
    assert "Arrays" in lmskit("quiz", "list", course.code).stdout
