"""What other programs did to ids, addresses and names is mended where it is certain, and said, and is rejected elsewhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmskit.importers import person_name
from lmskit.importers.cell import UnreadableCellError
from lmskit.importers.identity_cell import NO_ID, is_plain_id, read_address, read_id
from lmskit.importers.person_name import is_plain_name, read_family_name, read_full_name, read_given_name
from lmskit.importers.spreadsheet_damage import ERRORS
from lmskit.importers.text_cell import code, family_name, identifier, optional_address, plain_address, title


@pytest.mark.parametrize(
    ("cell", "read"),
    [
        ('="00078"', "00078"), ('= "00078"', "00078"), ("'00079", "00079"), ("\u201900079", "00079"), ("120451.0", "120451"),
        ("120451,00", "120451"), ("-", None), ("N/A", None), ("null", None), ("\u2013", None),
    ],
)  # fmt: skip
def test_an_id_is_mended_where_it_is_certain_and_that_is_said(cell, read):
    found = read_id(cell)
    assert found.value == read
    assert found.mended


@pytest.mark.parametrize("cell", ["00078", " 01103 ", "s-001", "a.b@x.org", "1E10", "1,000", "O'Neil", "Nana", "7.5", "X1.0", ""])
def test_an_id_that_is_not_damaged_stays_as_it_is(cell):
    assert read_id(cell) == (cell.strip() or None, None)


@pytest.mark.parametrize("cell", ["1.23457E+08", "1,23457E+08", "5E+15", "1.2e9", '="1.2E+08"', "'#N/A", *sorted(ERRORS), "Err:502"])
def test_an_id_whose_digits_are_lost_is_rejected(cell):
    with pytest.raises(UnreadableCellError, match=r"spreadsheet"):
        read_id(cell)


@pytest.mark.parametrize("read", [identifier, code, title, read_family_name, read_given_name, read_full_name])
def test_an_error_of_a_spreadsheet_is_not_a_value_of_any_column(read):
    with pytest.raises(UnreadableCellError, match="is an error of a spreadsheet"):
        read("#REF!")


@pytest.mark.parametrize("cell", ['=T("00128")', "=A1", "########"])
def test_an_id_of_which_a_spreadsheet_shows_no_value_is_rejected(cell):
    with pytest.raises(UnreadableCellError, match="spreadsheet"):
        read_id(cell)


@pytest.mark.parametrize(
    ("cell", "read"),
    [("Ann Rae (she/her)", ("Rae", "Ann")), ("Rae, Ann (er/ihm)", ("Rae", "Ann")), ("Rae, Ann (a@b.example)", ("Rae", "Ann"))],
)
def test_pronouns_and_an_address_behind_a_name_are_left_out_and_that_is_said(cell, read):
    found = read_full_name(cell)
    assert found[:2] == read
    assert "behind the name" in (found.mended or "")


@pytest.mark.parametrize("cell", ["M\u00b3ller", "J\u00f7rg", "M?ller", "M\u00a3ller", "\u00d0\u00d0\u00b2\u00d0\u00b0"])
def test_a_sign_that_no_name_has_is_said(cell):
    assert "lost a character" in (read_family_name(cell).mended or "")


@pytest.mark.parametrize("read", [identifier, code])
def test_an_id_of_a_course_whose_digits_are_lost_is_rejected_too(read):
    with pytest.raises(UnreadableCellError, match="power of ten"):
        read("1.23457E+08")


@pytest.mark.parametrize(
    ("cell", "read"),
    [
        ("mailto:b@uni.example", "b@uni.example"), ("MAILTO:b@uni.example?subject=x", "b@uni.example"),
        ("Cat Row <c@uni.example>", "c@uni.example"), ('"Row, Cat" <c@uni.example>', "c@uni.example"),
        ("a@uni.example; a2@home.example", "a@uni.example"), ("a@uni.example, a2@home.example", "a@uni.example"),
        ("a@uni.example a2@home.example", "a@uni.example"), ("Cat Row <c@uni.example>; Rae <r@uni.example>", "c@uni.example"),
        ("a@uni.example;", "a@uni.example"), ("-", None),
    ],
)  # fmt: skip
def test_an_address_is_found_in_its_cell_and_the_rest_is_said(cell, read):
    found = read_address(cell)
    assert found.value == read
    assert found.mended


def test_the_case_of_an_address_and_blanks_around_it_need_no_word():
    assert read_address(" D@UNI.Example ") == ("d@uni.example", None)


@pytest.mark.parametrize("cell", ["e@uni", "no address", "<>", "mailto:", "Cat Row <c@uni>", "x;y"])
def test_a_cell_without_an_address_is_rejected(cell):
    with pytest.raises(UnreadableCellError, match="is not an e-mail address that can receive mail"):
        read_address(cell)


@pytest.mark.parametrize(
    ("cell", "read"),
    [
        ("M\u00c3\u00bcller", "Müller"), ("\u00c3\u201enne", "Änne"), ("M\u00c3\u0192\u00c2\u00bcller", "Müller"),
        ("\u00c5\u0081ukasz", "Łukasz"),
        ("M\u221a\u00baller", "Müller"), ("O&#039;Connor", "O'Connor"), ("Sin&eacute;ad", "Sinéad"),
        ("O&amp;#x27;Neil", "O'Neil"),
        ("Dr. Kurz", "Kurz"), ("Prof. Dr. med. Kurz", "Kurz"), ("Prof.Dr. Kurz", "Kurz"), ("Dr.-Ing. Kurz", "Kurz"),
        ("Mag. (FH) Kurz", "Kurz"),
        ("Frau Kurz", "Kurz"), ("Kurz, PhD", "Kurz"), ('="Kurz"', "Kurz"),
    ],
)  # fmt: skip
def test_a_name_is_mended_where_it_is_certain_and_that_is_said(cell, read):
    found = read_family_name(cell)
    assert found.value == read
    assert found.mended


@pytest.mark.parametrize(
    "cell",
    [
        "Müller", "JOÃO", "Ångström", "AT&T", "Mag", "Dr.", "Herr", "Drăgan", "=CMD", "O\u02bczbek", "\u0413\u0440\u0443\u043f\u043f\u0430",
        "\u738b", "\u202e\u05ea\u05de\u202c", "#1", "Prince & Co;",
    ],
)  # fmt: skip
def test_a_name_that_is_not_damaged_stays_as_it_is(cell):
    assert read_family_name(cell) == (cell, None)


def test_decomposed_letters_are_composed():
    assert read_given_name("Jose\u0301") == ("José", None)


def test_a_lost_character_is_said():
    found = read_family_name("M\ufffdller")
    assert found.value == "M\ufffdller"
    assert "lost a character" in (found.mended or "")


@pytest.mark.parametrize(
    ("cell", "family", "given"),
    [
        ("Müller, Änne", "Müller", "Änne"), ("de la Cruz, Ana María", "de la Cruz", "Ana María"), ("Lovelace,", "Lovelace", ""),
        ("Chen, Ma", "Chen", "Ma"), ("Lux, Max, PhD", "Lux", "Max"), ("von der Leyen, Dr. Eva", "von der Leyen", "Eva"),
        ("Max Lux", "Lux", "Max"), ("Dr. Eva von der Leyen", "von der Leyen", "Eva"), ("Ana de la Cruz", "de la Cruz", "Ana"),
        ("José Ortega y Gasset", "Ortega y Gasset", "José"), ("Juan GARCÍA LÓPEZ", "GARCÍA LÓPEZ", "Juan"),
        ("GARCÍA LÓPEZ Juan", "GARCÍA LÓPEZ", "Juan"), ("J.R. Tolkien", "Tolkien", "J.R."), ("John Smith III", "Smith III", "John"),
    ],
)  # fmt: skip
def test_a_name_in_one_cell_is_split_and_the_split_is_certain(cell, family, given):
    found = read_full_name(cell)
    assert found[:2] == (family, given)
    assert found.doubt is None


@pytest.mark.parametrize(
    ("cell", "family", "given", "doubt"),
    [
        ("Juan Carlos García López", "García López", "Juan Carlos", "not certain"), ("Ana María Cruz", "Cruz", "Ana María", "not certain"),
        ("María del Carmen García", "del Carmen García", "María", "not certain"),
        ("Ludwig Van Beethoven", "Van Beethoven", "Ludwig", "not certain"),
        ("Ito", "Ito", "", "one word"), ("Dr. Ito", "Ito", "", "one word"),
    ],
)  # fmt: skip
def test_a_split_that_may_be_wrong_says_so(cell, family, given, doubt):
    found = read_full_name(cell)
    assert found[:2] == (family, given)
    assert doubt in (found.doubt or "")


WORDS = st.sampled_from(
    [
        "Ann",
        "Müller",
        "Jose\u0301",
        "M\u00c3\u00bcller",
        "O'Neil",
        "Dr",
        "PhD",
        "nan",
        "NaN",
        "7",
        "&amp;",
        "\u212bke",
        "von",
        "#N/A",
        "\ufffd",
    ]
)


@given(st.lists(st.one_of(WORDS, st.text(max_size=5)), max_size=4), st.sampled_from([" ", "-", "", ", ", "  "]))
def test_what_is_plain_at_first_sight_is_read_as_everything_else_is(words, between):
    text = between.join(words)
    if is_plain_name(text):
        mended = person_name._mended(text)
        assert (mended, family_name(mended.value)) == ((text, None), text)
    if is_plain_id(text):
        assert (identifier(text), text.casefold() in NO_ID) == (text, False)
    address = f"{between.join(words)}@example.org"
    read_address("first@example.org")
    if (found := plain_address(address)) is not None:
        assert found == optional_address(address) == read_address(address).value


def test_every_letter_of_two_bytes_that_was_read_in_another_encoding_is_mended():
    for letter in map(chr, range(0xA0, 0x800)):
        if letter.isalnum():
            damaged = letter.encode().decode("latin-1").encode("latin-1").decode("cp1252", errors="ignore")
            if len(damaged) == 2:
                assert person_name._in_its_encoding(f"A{damaged}a") == f"A{letter}a"
