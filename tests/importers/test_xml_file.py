"""XML from elsewhere: content that refers to other files, or needs too much memory, is refused with its position."""

import pytest

from lmskit.errors import ImportFileError
from lmskit.importers import xml_file
from lmskit.importers.xml_file import first_elements, parsed, streamed

MIB = 1024**2
LAUGHS = "".join(f'<!ENTITY l{number} "{f"&l{number - 1};" * 10}">' for number in range(1, 10))
REFUSED = {
    "a file from elsewhere": (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>', "row 1: it has a document type"),
    "an address": (b'<!DOCTYPE a [<!ENTITY x SYSTEM "http://127.0.0.1:1/x">]><a>&x;</a>', "it has a document type"),
    "a parameter entity": (b'<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1:1/x"> %x;]><a/>', "it has a document type"),
    "a document type elsewhere": (b'\n<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd"><a/>', "row 2: it has a document type"),
    "a billion laughs": (f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]><a>&l9;</a>'.encode(), "it has a document type"),
    "quadratic blow-up": (b'<!DOCTYPE a [<!ENTITY x "' + b"x" * 50_000 + b'">]><a>' + b"&x;" * 1000 + b"</a>", "it has a document type"),
    "a document type in UTF-16": ('<!DOCTYPE a [<!ENTITY x "x">]><a>&x;</a>'.encode("utf-16"), "it has a document type"),
    "an entity nobody declared": (b"<a>&x;</a>", "row 1: it is not well-formed XML: undefined entity"),
    "deep nesting": (b"<a>" * 200 + b"</a>" * 200, "elements are nested more than 100 deep"),
    "a huge attribute": (b'<a b="' + b"x" * 3 * MIB + b'"/>', "a tag or comment is longer than 1 MiB"),
    "many attributes": (b"<a " + b" ".join(b'a%d=""' % number for number in range(200_000)) + b"/>", "a tag or comment is longer"),
    "a tag without end": (b"<a " + b"x" * 3 * MIB, "a tag or comment is longer than 1 MiB"),
    "a comment without end": (b"<a><!--" + b"x" * 3 * MIB, "a tag or comment is longer than 1 MiB"),
    "too much text": (b"<a>" + b"x" * 17 * MIB + b"</a>", "it has more than 16 MiB of text"),
    "too many elements": (b"<a>" + b"<b/>" * 500_001 + b"</a>", "there are more than 500,000 elements"),
    "UTF-7": (
        b'<?xml version="1.0" encoding="UTF-7"?><a>+ADw-b+AD4-</a>',
        "it declares the encoding 'UTF-7', which is not read. Save it as UTF-8",
    ),
    "no encoding at all": (b'<?xml version="1.0" encoding="rot13"?><a/>', "it declares the encoding 'rot13'"),
    "another encoding than it says": (b'<?xml version="1.0" encoding="UTF-16"?><a/>', "encoding specified in XML declaration is incorrect"),
    "UTF-32": ("<a/>".encode("utf-32"), "it is not well-formed XML"),
    "broken UTF-8": (b"<a>\n\xff</a>", "row 2: it is not well-formed XML: not well-formed"),
    "a NUL": (b"<a>\0</a>", "row 1: it is not well-formed XML: not well-formed"),
    "a cut-off file": (b"<a>\n<b>", "row 2: it is not well-formed XML: no element found"),
    "two roots": (b"<a/><b/>", "junk after document element"),
    "no XML": (b"id,name\n1,x\n", "row 1: it is not well-formed XML: syntax error"),
    "nothing": (b"", "is empty"),
}


@pytest.mark.parametrize(("content", "sentence"), REFUSED.values(), ids=REFUSED)
def test_harmful_content_is_refused(tmp_path, content, sentence):
    path = tmp_path / "evil.xml"
    path.write_bytes(content)
    with pytest.raises(ImportFileError) as caught:
        parsed(path)
    assert str(caught.value).startswith("evil.xml")
    assert sentence in str(caught.value)


@pytest.mark.parametrize("content", [content for content, _ in REFUSED.values()], ids=REFUSED)
def test_reading_the_first_elements_never_fails(tmp_path, content):
    path = tmp_path / "evil.xml"
    path.write_bytes(content)
    assert len(first_elements(path, 2)) <= 2


def test_a_file_that_is_too_large_is_refused_before_all_of_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(xml_file, "MAX_FILE", MIB)
    path = tmp_path / "large.xml"
    path.write_bytes(b"<a>" + b"<b>x</b>\n" * 200_000 + b"</a>")
    with pytest.raises(ImportFileError, match="is larger than 1 MiB"):
        parsed(path)


def test_a_path_that_is_not_a_file_is_refused(tmp_path):
    for path in (tmp_path / "none.xml", tmp_path):
        with pytest.raises(ImportFileError, match="There is no file"):
            parsed(path)


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16", "ISO-8859-1", "windows-1252"])
def test_common_encodings_are_read(tmp_path, encoding):
    path = tmp_path / "a.xml"
    path.write_bytes(f'<?xml version="1.0" encoding="{encoding}"?>\n<a>\n<b c="ü">Ärger</b></a>'.encode(encoding))
    found = parsed(path).root.child("b")
    assert found is not None
    assert (found.local, found.line, found.get("c"), found.text) == ("b", 3, "ü", "Ärger")


def test_dropped_text_is_not_counted(tmp_path):
    path = tmp_path / "a.xml"
    path.write_bytes(b'<a xmlns="urn:x">1<file n="1"><c/>' + b"x" * 17 * MIB + b"</file>2<b>3</b></a>")
    root = parsed(path, drop={"file"}).root
    assert root.whole_text() == "123"
    assert [element.local for element in root.everywhere("file", "c", "b")] == ["file", "c", "b"]


def test_elements_are_given_out_one_by_one_with_what_stands_before_them(tmp_path):
    path = tmp_path / "quiz.xml"
    path.write_text(
        "<quiz><name>Sets</name><attempts><attempt id='1'><a/></attempt><attempt id='2'><attempt id='3'/></attempt></attempts></quiz>"
    )
    found = [(each.get("id"), len(list(each)), [x.local for x in around], around[0][0].text) for each, around in streamed(path, "attempt")]
    assert found == [("1", 1, ["quiz", "attempts"], "Sets"), ("2", 1, ["quiz", "attempts"], "Sets")]


def test_a_long_file_is_read_piece_by_piece_and_one_element_is_not_longer_than_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(xml_file, "MAX_ELEMENTS", 50)
    path = tmp_path / "users.xml"
    path.write_text(f"<users>{'<user><name/></user>' * 1000}</users>")
    assert sum(1 for _ in streamed(path, "user")) == 1000
    path.write_text(f"<users><user>{'<name/>' * 60}</user></users>")
    with pytest.raises(ImportFileError, match="there are more than 50 elements"):
        list(streamed(path, "user"))


def test_a_streamed_file_that_is_cut_off_is_refused_after_its_first_elements(tmp_path):
    path = tmp_path / "users.xml"
    path.write_text("<users><user/><user/>")
    elements = streamed(path, "user")
    with pytest.raises(ImportFileError, match="is not well-formed XML"):
        list(elements)
