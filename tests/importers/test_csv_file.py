"""Reading CSV files from elsewhere."""

import codecs

import pytest

from lmskit.errors import ImportFileError
from lmskit.importers import csv_file, text_file
from lmskit.importers.csv_file import CsvFile

COLUMNS = ["id", "name"]


@pytest.fixture
def written(tmp_path):
    def write(content, name="people.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def rows_of(path, columns=COLUMNS, **options):
    file = CsvFile(path, columns, **options)
    return list(file.rows()), file


def test_a_row_is_numbered_as_a_text_editor_numbers_its_first_line(written):
    rows, _ = rows_of(written('id,name\n1,"A\nB"\n\n2,C\n'))
    assert rows == [(2, ("1", "A\nB")), (5, ("2", "C"))]


def test_rows_of_blank_cells_are_not_counted_and_a_note_says_so(written):
    rows, file = rows_of(written("id,name\n,\n1,A\n , \n,,,\n"))
    assert rows == [(3, ("1", "A"))]
    assert (file.rows_in, file.rejections) == (1, [])
    assert file.notes == ["people.csv: rows whose cells are all blank are not counted: 3."]


def test_cells_are_in_the_order_of_the_requested_columns_and_other_columns_are_skipped(written):
    rows, file = rows_of(written("name,age,id\r\nA,7,1\r\n"))
    assert rows == [(2, ("1", "A"))]
    assert file.skipped_columns == ("age",)


@pytest.mark.parametrize(
    ("encoding", "mark", "note"),
    [
        ("utf-8", b"", []),
        ("utf-8", codecs.BOM_UTF8, []),
        ("utf-16-le", codecs.BOM_UTF16_LE, ["people.csv was read as UTF-16."]),
        ("utf-16-be", codecs.BOM_UTF16_BE, ["people.csv was read as UTF-16."]),
        ("cp1252", b"", ["people.csv was read as Windows-1252."]),
    ],
)
def test_the_encoding_is_detected(written, encoding, mark, note):
    rows, file = rows_of(written(mark + "id,name\n1,Zoë\n".encode(encoding)))
    assert rows == [(2, ("1", "Zoë"))]
    assert file.notes == note


@pytest.mark.parametrize(
    ("encoding", "names", "said"),
    [
        ("cp1252", "Müller Jörg Änne Groß L\u2019Étang Señor", "Windows-1252"),
        ("cp1252", "Jäger 5m\u00b2 \u00a320 \u20ac15 MÜLLER", "Windows-1252"),
        ("cp1252", "What is the \u201cmean\u201d of 1\u20263\u2026 it\u2019s", "Windows-1252"),
        ("cp1252", "the mean is\u2026", "Windows-1252"),
        ("cp1252", "\u00bfCu\u00e1l es? \u00a1Hola!", "Windows-1252"),
        ("cp1252", "\u201c\u00c9tude\u201d \u00abtest\u00bb \u201egro\u00df\u201c", "Windows-1252"),
        ("cp1252", "1 kg/m\u00b3 and x\u00b3", "Windows-1252"),
        ("cp1252", "2\u00b7x", "Windows-1252"),
        ("cp1252", "2\u00d7m and \u00bdx", "Windows-1252"),
        ("cp1252", "see \u00a7a of Office\u2122 for 5 EUR\u20ac", "Windows-1252"),
        ("cp1250", "Król Łukasz Zbyněk", "Windows-1250"),
        ("mac_roman", "Müller Jörg Änne Groß", "Mac Roman"),
        ("mac_roman", "Lefèvre François Zoé", "Mac Roman"),
        ("cp850", "Müller Jörg Änne Groß", "code page 850 of DOS"),
        ("cp850", "Peña Núñez Julián", "code page 850 of DOS"),
    ],
)
def test_an_old_encoding_is_the_one_in_which_words_have_no_signs(written, encoding, names, said):
    rows, file = rows_of(written(f"id,name\n1,{names}\n".encode(encoding)))
    assert rows == [(2, ("1", names))]
    assert file.notes == [f"people.csv was read as {said}."]


@pytest.mark.parametrize(
    ("encoding", "names"),
    [("cp850", "Schröder Köhler"), ("cp850", "François Garçon"), ("mac_roman", "Ma\u00eetre Beno\u00eet"), ("mac_roman", "Hernández")],
)
def test_names_that_are_others_in_another_encoding_are_refused_and_not_guessed(written, encoding, names):
    with pytest.raises(ImportFileError, match=r"^people.csv may be in Mac Roman or in code page 850 of DOS, .* Save it as UTF-8.$"):
        rows_of(written(f"id,name\n1,{names}\n".encode(encoding)))


def test_a_single_accent_at_the_end_is_windows_1252_and_not_a_cut_off_character(written):
    rows, _ = rows_of(written(b"id,name\n1,Zo\xeb"))
    assert rows == [(2, ("1", "Zoë"))]


@pytest.mark.parametrize(("delimiter", "name"), [(";", "semicolon"), ("\t", "tab")])
def test_the_delimiter_is_detected_and_reported(written, delimiter, name):
    rows, file = rows_of(written(f'"id"{delimiter}"name"\n1{delimiter}"A, B"\n'))
    assert rows == [(2, ("1", "A, B"))]
    assert file.notes == [f"people.csv was read with the {name} between columns."]


@pytest.mark.parametrize(
    ("above", "header_row", "notes"),
    [
        ("", 1, []),
        ("sep=;\n", 2, []),
        ('"sep=;"\r\n', 2, []),
        ("\n\n", 3, ["people.csv: the header is row 3; the rows above it are not read."]),
        ("Students of 2026;;\nat: 28.11.;\n;;\n", 4, ["people.csv: the header is row 4; the rows above it are not read."]),
        ('sep=;\n"a ""title"";\nof two lines";\n', 4, ["people.csv: the header is row 4; the rows above it are not read."]),
    ],
)
@pytest.mark.parametrize("columns", [[], ["name", "mail"]], ids=["any table", "known columns"])
def test_the_header_is_found_below_a_title_and_the_line_of_a_spreadsheet(written, above, header_row, notes, columns):
    rows, file = rows_of(written(f"{above}name;mail\nA;a@example.org\n;\nB\n"), columns, whole=True)
    assert (file.header, file.header_row) == (["name", "mail"], header_row)
    assert rows == [(header_row + 1, ("A", "a@example.org"))]
    assert [(rejection.row, rejection.reason) for rejection in file.rejections] == [(header_row + 3, "has fewer cells than the header")]
    assert file.notes[: len(notes)] == notes
    assert file.notes[-1] == "people.csv was read with the semicolon between columns."


@pytest.mark.parametrize(
    "first", ["id,name", "Kennung,Nachname,Rolle", "Kennung"], ids=["a known header", "an unknown header", "a header of one column"]
)
def test_a_row_of_data_with_words_of_headers_is_no_header(written, first):
    file = CsvFile(written(f"{first}\n7,student\nname,email\n"), [])
    assert file.header == first.split(",")


def test_the_line_that_names_the_delimiter_decides_about_it(written):
    file = CsvFile(written("sep=,\nid,name;email;role\n1,A\n"), [])
    assert (file.header, file.delimiter) == (["id", "name;email;role"], ",")
    assert CsvFile(written("sep=|\nid;name\n"), []).header == ["id", "name"]


def test_a_colon_separates_columns_only_if_it_gives_known_ones_or_is_asked_for(written):
    rows, file = rows_of(written('"id":"name"\n1:"A: B"\n'), [], whole=True)
    assert (rows, file.delimiter) == ([(2, ("1", "A: B"))], ":")
    assert CsvFile(written("Title: about x\n1:2\n"), []).header == ["Title: about x"]
    assert CsvFile(written("a:b\n1:2\n"), [], delimiter=":").header == ["a", "b"]


def test_columns_behind_the_last_header_are_not_read(written):
    rows, file = rows_of(written("id,name,,\n1,A,,\n2,B\n3,C,x,\n4,D,,,\n"))
    assert rows == [(2, ("1", "A")), (3, ("2", "B")), (4, ("3", "C"))]
    assert [(rejection.row, rejection.reason) for rejection in file.rejections] == [(5, "has more cells than the header")]
    assert file.notes == ["people.csv: cells behind the last header are not read; rows with such cells: 1."]
    assert file.skipped_columns == ()


def test_a_bad_row_never_hides_a_good_row(written):
    rows, file = rows_of(written('id,name\n1,A\n2\n3,C,x\n4,"D"x\n5,E\0\n6,F\n'))
    assert rows == [(2, ("1", "A")), (7, ("6", "F"))]
    assert file.rows_in == 6
    assert [(rejection.row, rejection.column, rejection.reason) for rejection in file.rejections] == [
        (3, None, "has fewer cells than the header"),
        (4, None, "has more cells than the header"),
        (5, None, "has a quotation mark inside a cell that is not doubled"),
        (6, "name", "contains a NUL character"),
    ]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "people.csv is empty. Get the file again from the system it comes from."),
        ("id,title\n1,A\n", "people.csv lacks the column name; it has id, title. Is it the right file?"),
        ("id,name,name\n1,A,B\n", "people.csv has the column name more than once. Remove one of them."),
        ("id,name\n1,A\n2", "people.csv, row 3: the file ends after 1 of 2 cells: it seems to be cut off. Get it again."),
        ('id,name\n1,A\n2,"B', "people.csv, row 3: a quoted cell is never closed: the file seems to be cut off. Get it again."),
        ('id,name\n1,"A\n2,"B"\n', "people.csv, row 2: the quotation marks of a cell do not match, so the end of the row is unknown."),
        (b"id,name\n1,\xc3\xa9\n2,\xc3", "people.csv ends in the middle of a character: the file seems to be cut off. Get it again."),
        (b"id,name\n1,\x81\n", "people.csv is neither UTF-8 nor Windows-1252: row 2 contains the byte 0x81. Save it as UTF-8."),
        (codecs.BOM_UTF16_LE + "id,name\n".encode("utf-16-le") + b"\x00\xdc\x00", "people.csv is not valid UTF-16. Save it as UTF-8."),
        ("id,name\n".encode("utf-16-le"), "people.csv has NUL characters in its header. Save it as UTF-8."),
        ("i\0d,name,id\n1,A\n", "people.csv has NUL characters in its header. Save it as UTF-8."),
    ],
)
def test_a_file_that_cannot_be_read_to_its_end_is_refused_with_one_sentence(written, content, sentence):
    with pytest.raises(ImportFileError) as refusal:
        rows_of(written(content))
    assert str(refusal.value).startswith(sentence)


def test_a_file_without_a_line_end_at_its_end_is_not_cut_off(written):
    assert rows_of(written("id,name\n1,A"))[0] == [(2, ("1", "A"))]


def test_a_cell_has_a_limit(written, monkeypatch):
    monkeypatch.setattr(csv_file, "MAX_CELL", 1000)
    with pytest.raises(ImportFileError, match=r"people.csv, row 2: a cell is longer than 1 MiB, or a quotation mark is never closed."):
        rows_of(written("id,name\n1,{}\n".format("x" * 1001)))


def test_a_line_has_a_limit(written, monkeypatch):
    monkeypatch.setattr(text_file, "MAX_LINE", 1000)
    with pytest.raises(ImportFileError, match=r"people.csv, row 2: the line is longer than 1,000 characters."):
        rows_of(written("id,name\n{}\n".format("x," * 600)))


def test_a_file_has_a_limit(written, monkeypatch):
    monkeypatch.setattr(text_file, "MAX_FILE", 10)
    with pytest.raises(ImportFileError, match="larger than 2 GiB"):
        rows_of(written("id,name\n1,A\n"))


def test_columns_have_a_limit(written, monkeypatch):
    monkeypatch.setattr(csv_file, "MAX_COLUMNS", 2)
    with pytest.raises(ImportFileError, match="has 3 columns; at most 2 are read"):
        rows_of(written("id,name,age\n"))


def test_a_file_with_too_many_rejections_is_refused(written, monkeypatch):
    monkeypatch.setattr(csv_file, "MAX_REJECTIONS", 2)
    with pytest.raises(ImportFileError, match="More than 2 rows of people"):
        rows_of(written("id,name\n1\n2\n3\n"))


def test_a_path_that_is_not_a_file_is_refused(tmp_path):
    with pytest.raises(ImportFileError, match="is not a file"):
        CsvFile(tmp_path, COLUMNS)
    with pytest.raises(ImportFileError, match="There is no file"):
        CsvFile(tmp_path / "nothing.csv", COLUMNS)
