"""The decimal mark is a property of a file; a cell that does not follow it is rejected."""

import pytest

from lmskit.errors import ImportFileError
from lmskit.importers.cell import UnreadableCellError
from lmskit.importers.number_format import DecimalMark, decimal_mark, score_reader

POINT, COMMA = DecimalMark(".", is_given=True), DecimalMark(",", is_given=True)


@pytest.mark.parametrize(
    ("cells", "mark"),
    [
        (["12.5"], "."),
        (["12,5"], ","),
        (["1,234.5"], "."),
        (["1.234,5"], ","),
        (["1 234,5"], ","),
        (["1\u202f234,5"], ","),
        (["1'234.5"], "."),
        (["1.234.567"], ","),
        (["1,234,567"], "."),
        (["0,500"], ","),
        (["1234,567"], ","),
        (["83,38 %"], ","),
        (["7", "1234", "-", "EX", "", "B+"], "."),
        (["7,5", "8,5", "9.5"], ","),
        (["7.5", "8.5", "9,5"], "."),
        (["1.500", "7,5"], ","),
    ],
)
def test_the_decimal_mark_is_the_one_that_most_cells_have(cells, mark):
    assert decimal_mark(cells).mark == mark


def test_a_given_decimal_mark_is_used_and_the_cells_are_not_read():
    assert decimal_mark(iter(["7.5"]), given=",") == COMMA
    with pytest.raises(ImportFileError, match=r"';' is not a decimal mark. Use . or , instead."):
        decimal_mark([], given=";")


@pytest.mark.parametrize(
    ("decimal", "cell", "value"),
    [
        (POINT, "1,234.5", 1234.5),
        (POINT, "1,234", 1234),
        (POINT, "1'234.50", 1234.5),
        (POINT, "12 345 678.5", 12_345_678.5),
        (POINT, " 0.25 ", 0.25),
        (COMMA, "1.234,5", 1234.5),
        (COMMA, "1.234", 1234),
        (COMMA, "1 234,5", 1234.5),
        (COMMA, "1\u00a0234,5", 1234.5),
        (COMMA, "+7,0", 7),
        (POINT, "99999999", 99_999_999),
    ],
)
def test_thousands_may_be_grouped_by_the_other_mark(decimal, cell, value):
    assert score_reader(decimal)(cell) == value


@pytest.mark.parametrize(
    ("decimal", "cell", "reason"),
    [
        (POINT, "12,5", "has a decimal comma, and the file's decimal mark is the point"),
        (COMMA, "12.5", "has a decimal point, and the file's decimal mark is the comma"),
        (POINT, "inf", "is not a finite number"),
        (POINT, "-NaN", "is not a finite number"),
        (POINT, "85.5 %", "is a percentage and not a number of points"),
        (POINT, "B+", "is a grade in letters and not a number of points"),
        (POINT, "-0.5", "is below 0"),
        (POINT, "100000000", "is above 99,999,999, the most that is read"),
        (POINT, "9" * 5000, "is not a number"),
        (POINT, "1e3", "is not a number"),
        (POINT, "0x1F", "is not a number"),
        (POINT, "1_000", "is not a number"),
        (POINT, "\u0665", "is not a number"),
        (POINT, "12 34", "is not a number"),
        (POINT, "1,23,456", "is not a number"),
        (POINT, "=1+1", "is not a number"),
        (POINT, "", "is not a number"),
    ],
)
def test_a_cell_that_is_not_a_score_is_rejected_with_the_reason(decimal, cell, reason):
    with pytest.raises(UnreadableCellError) as refusal:
        score_reader(decimal)(cell)
    assert str(refusal.value) == reason


@pytest.mark.parametrize(
    ("cells", "delimiter", "sentence"),
    [
        (["1,234", "7"], ",", r"a.csv: '1,234' may be thousands or have three decimals, and no other number of the file shows which\."),
        (["7", "1.500 %", "1.750"], ";", r"a.csv: '1.500' may be thousands or have three decimals"),
        (
            ["8,5", "9.5", "1.234", "7"],
            ";",
            r"a.csv has a decimal comma in 1 cell such as '8,5', and a decimal point in 1 cell such as '9.5'\.",
        ),
        (["8,5", "9.5"], ",", "a decimal comma in 1 cell such as '8,5', and a decimal point in 1 cell"),
        (["8,5", "9.5", "7.5"], ";", "a decimal comma in 1 cell such as '8,5', and a decimal point in 2 cells such as '9.5'"),
    ],
)
def test_a_file_that_does_not_show_its_decimal_mark_is_refused_until_a_person_says_it(cells, delimiter, sentence):
    with pytest.raises(ImportFileError, match=f"{sentence}.*Say which the file has: --decimal point or --decimal comma"):
        decimal_mark(cells, file="a.csv", delimiter=delimiter)
    assert decimal_mark(cells, given=",", file="a.csv", delimiter=delimiter).mark == ","


def test_three_decimals_are_decimals_if_the_system_groups_no_thousands():
    assert decimal_mark(["1.500", "7"], groups_thousands=False) == DecimalMark(".", cells_with_it=1)
    assert decimal_mark(["1,500", "7"], delimiter=";", groups_thousands=False).mark == ","


def test_a_number_that_may_be_thousands_is_read_only_if_another_cell_shows_the_decimal_mark():
    uncertain = decimal_mark(["7"])
    assert score_reader(uncertain)("7") == 7
    for cell in ("1,234", "1.234"):
        with pytest.raises(UnreadableCellError, match="may be thousands or decimals"):
            score_reader(uncertain)(cell)
    assert score_reader(decimal_mark(["1,234", "7.5"]))("1,234") == 1234


def test_a_note_shows_the_decimal_mark_and_how_many_cells_have_it():
    assert decimal_mark(["7"]).note("a.csv") is None
    assert decimal_mark(["7,5"]).note("a.csv") == "a.csv was read with the decimal comma."
    assert decimal_mark(["7,5", "8,5", "9.5"]).note("a.csv") == (
        "a.csv was read with the decimal comma; cells with it: 2, with the other mark: 1. --decimal changes that."
    )
    assert POINT.note("a.csv") == "a.csv was read with the decimal point, as asked for."
