"""What each reader makes of an ordinary file: text, location, title, language and what it leaves out."""

import json
from random import Random

import pytest

from lmskit.errors import MaterialFileError
from lmskit.materials.extraction.reader import read
from lmskit.materials.kinds import DocumentKind, kind_of
from lmskit.materials.language import with_languages
from lmskit.materials.material_text import MaterialText
from tests.materials.office_files import notebook, presentation, with_macros, word_document
from tests.materials.pdf_files import Text, pdf, prose, stream
from tests.materials.words import ENGLISH, GERMAN, numbered, words

HEBREW = "ממוצע הוא סכום הערכים חלקי מספרם"
ARABIC = "الوسيط أقل حساسية للقيم البعيدة"


def text_of(content: bytes, name: str | None = None) -> MaterialText:
    return with_languages(read(content, name, lambda _: None))


def bodies(content: bytes, name: str | None = None) -> str:
    return "\n".join(passage.body for passage in text_of(content, name).passages)


def html(body: str, head: str = "") -> bytes:
    return f"<!DOCTYPE html><html lang='en'><head><title>A page</title>{head}</head><body><main>{body}</main></body></html>".encode()


# --- kinds ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [
        (pdf([[Text("a")]]), "page.html", DocumentKind.PDF),
        (b"\n\n%PDF-1.4 ...", None, DocumentKind.PDF),
        (presentation([("T", ["a"])]), "x.docx", DocumentKind.PPTX),
        (word_document([("Normal", "a")]), "x.zip", DocumentKind.DOCX),
        (with_macros(word_document([("Normal", "a")])), "x.docm", DocumentKind.DOCX),
        (with_macros(presentation([("T", ["a"])])), "x.pptm", DocumentKind.PPTX),
        (notebook([("markdown", "a")]), "x.json", DocumentKind.NOTEBOOK),
        (html("x"), "x.txt", DocumentKind.HTML),
        (b"<!-- one --><!-- two -->\n<html><p>x", None, DocumentKind.HTML),
        (b'<div class="a">x</div>', None, DocumentKind.HTML),
        (b'<div class="a">\n\n# Markdown may begin so\n</div>', "x.md", DocumentKind.MARKDOWN),
        (b"# A heading\n\ntext", None, DocumentKind.MARKDOWN),
        (b"# A comment of a program\nx = 1", "x.py", DocumentKind.TEXT),
        (b"# Not a heading", "x.txt", DocumentKind.TEXT),
        (b"plain words", None, DocumentKind.TEXT),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\nhi".encode("utf-16"), None, DocumentKind.VTT),
        (b"\xef\xbb\xbf1\r\n00:00:01,000 --> 00:00:02,000\r\nhi", "x.txt", DocumentKind.SRT),
        (b"WEBVTTX is a word", None, DocumentKind.TEXT),
        (b'{"a": 1}', None, DocumentKind.TEXT),
    ],
)
def test_the_kind_is_that_of_the_content(content, name, kind):
    assert kind_of(content, name) is kind


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b" \x00\r\n", "empty"),
        (b"\x89PNG\r\n\x1a\n....", "picture"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Office file"),
        (b"\x00\x00\x00\x18ftypmp42", "captions"),
        (b"\x7fELF\x02\x01\x01\x00" + bytes(200), "not text"),
        (b"PK\x03\x04 and no archive", "damaged"),
        (html("x").replace(b"<title>", b"%PDF-1.4<title>"), "two|same time"),
    ],
)
def test_what_is_not_a_material_is_refused_in_words(content, said):
    with pytest.raises(MaterialFileError, match=said):
        kind_of(content)


# --- PDF ------------------------------------------------------------------------------------------


def test_passages_of_a_pdf_have_their_page():
    material = text_of(pdf([prose(numbered(150, "first")), prose(numbered(130, "second"))], title="Means"), "x.pdf")
    assert (material.title, material.length, material.findings) == ("Means", 2, ())
    assert [(passage.location.page, passage.body.split()[-1]) for passage in material.passages] == [(1, "first149"), (2, "second129")]


def test_headers_footers_and_page_numbers_are_dropped_and_repeated_titles_stay():
    pages = [
        [
            Text("Statistics I, winter term", 800, size=9),
            Text("Example", 770, size=18),
            *prose(words(90), top=730),
            Text(f"{number} / 6", 30, size=9),
        ]
        for number in range(1, 7)
    ]
    material = text_of(pdf(pages))
    assert "winter" not in "".join(passage.body for passage in material.passages)
    assert "/ 6" not in "".join(passage.body for passage in material.passages)
    assert {passage.location.headings for passage in material.passages} == {("Example",)}
    assert [passage.location.page for passage in material.passages] == [1, 2, 3, 4, 5, 6]


def test_a_line_that_only_looks_like_a_header_stays():
    pages = [[Text(f"Theorem {number * number} holds.", 790), *prose(words(80))] for number in range(1, 6)]
    assert "Theorem 16 holds." in bodies(pdf(pages))


def test_words_cut_at_the_end_of_a_line_are_mended():
    lines = [
        "the regres-",
        "sion line and a well-",
        "known fact. A well-known fact, and age-",
        "specific things in 2020-",
        "2021 by Gauss-",
        "Markov.",
    ]
    text = bodies(pdf([[Text(line, 700 - 14 * number) for number, line in enumerate(lines)]]))
    for word in ("regression", "well-known fact. A", "2020-2021", "Gauss-Markov"):
        assert word in " ".join(text.split())


def test_ligatures_are_letters():
    assert "define the \ufb02ow".replace("\ufb02", "fl") in bodies(pdf([[Text("define the \ufb02ow")]]))


def test_invisible_tiny_and_far_away_text_is_dropped():
    page = [Text("seen words"), Text("hidden words", 650, mode=3), Text("tiny words", 600, size=0.1), Text("far words", 550, x=5000)]
    assert bodies(pdf([page])).strip() == "seen words"


def test_the_layer_that_was_recognised_in_a_scan_is_read_and_said():
    material = text_of(pdf([[Text(" ".join(words(30)), mode=3)], [Text("shown")]]))
    assert [passage.location.page for passage in material.passages] == [1]
    assert material.findings == ("The text of 1 of 2 pages was recognised in scans, and can contain mistakes.",)


def scanned(pages: int) -> bytes:
    image = stream(b"\x00" * 100, "/Type /XObject /Subtype /Image /Width 10 /Height 10 /ColorSpace /DeviceGray /BitsPerComponent 8")
    made = pdf([[Text("X")] for _ in range(pages)], further=[image])
    from tests.materials.pdf_files import assembled

    kids = [20 + 2 * number for number in range(pages)]
    objects = {
        1: b"<< /Type /Catalog /Pages 2 0 R >>",
        2: f"<< /Type /Pages /Count {pages} /Kids [{' '.join(f'{kid} 0 R' for kid in kids)}] >>".encode(),
        10: image,
    }
    for kid in kids:
        objects[kid] = (
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {kid + 1} 0 R /Resources << /XObject << /I 10 0 R >> >> >>"
        ).encode()
        objects[kid + 1] = stream(b"q 500 0 0 700 0 0 cm /I Do Q")
    assert made
    return assembled(objects)


def test_a_scan_without_text_is_a_finding():
    material = text_of(scanned(12), "scan.pdf")
    assert material.passages == ()
    assert material.findings[0].startswith("No text on 12 of 12 pages: they seem to be scanned")


def test_the_outline_of_a_pdf_gives_its_headings():
    pages = [
        [Text("1 Means", 760), *prose(words(90))],
        [Text("2 Lines", 760), *prose(words(90)), Text("2 Lines again", 300)],
    ]
    material = text_of(pdf(pages, outline=[("1 Means", 1), ("2 Lines", 2)]))
    assert [passage.location.headings for passage in material.passages] == [("1 Means",), ("2 Lines",)]


def test_each_page_of_slides_is_a_passage_with_its_title():
    pages = [
        [
            Text(f"Topic {number}", 400, size=28),
            Text(f"text {'abc'[number - 1]}", 300, size=16),
            Text(f"more {'abc'[number - 1]}", 250, size=16),
        ]
        for number in range(1, 4)
    ]
    material = text_of(pdf(pages, box=(842, 595)))
    assert [(str(passage.location), passage.body.split()) for passage in material.passages] == [
        (f"page {number}, Topic {number}", ["text", "abc"[number - 1], "more", "abc"[number - 1]]) for number in (1, 2, 3)
    ]


def test_right_to_left_text_of_a_pdf_is_in_reading_order():
    drawn = [Text(HEBREW[::-1], 700), Text(ARABIC[::-1], 600)]
    text = bodies(pdf([drawn]))
    assert HEBREW in text
    assert ARABIC in text


# --- web pages --------------------------------------------------------------------------------------


def test_a_web_page_is_its_main_text_below_its_headings():
    page = html(
        "<nav>Home Courses</nav><h1>Means</h1><p>The <b>mean</b> is a<br>sum.</p><h2>Median</h2><ul><li>half</li><li>of all</li></ul>"
        "<table><tr><th>x</th><th>y</th></tr><tr><td>1</td><td>2</td></tr></table><pre>x = 1\n  y = 2</pre><aside>Advertisement</aside>"
        "<a rel='license' href='https://creativecommons.org/licenses/by/4.0/'>CC BY</a>"
    )
    material = text_of(page)
    assert (material.title, material.licence) == ("A page", "https://creativecommons.org/licenses/by/4.0/")
    assert [passage.location.headings for passage in material.passages] == [("Means",), ("Means", "Median")]
    assert material.passages[0].body == "The mean is a\nsum."
    assert material.passages[1].body == "half\nof all\nx\ty\n1\t2\n\nx = 1\n  y = 2\n\nCC BY"


@pytest.mark.parametrize(
    "hidden",
    [
        "<p style='display:none'>SECRET</p>",
        "<p style='color:red; display : none !important'>SECRET</p>",
        "<p hidden>SECRET</p>",
        "<p style='visibility:hidden'>SECRET</p>",
        "<p style='font-size:0px'>SECRET</p>",
        "<span aria-hidden='true'>SECRET</span>",
        "<template>SECRET</template>",
        "<noscript>SECRET</noscript>",
        "<script>SECRET</script>",
        "<style>SECRET</style>",
        "<!-- SECRET -->",
        "<nav>SECRET</nav>",
        "<div role='navigation'>SECRET</div>",
        "<select><option>SECRET</select>",
        "<textarea>SECRET</textarea>",
        "<iframe>SECRET</iframe>",
    ],
)
def test_hidden_text_and_navigation_are_dropped_and_what_follows_stays(hidden):
    text = bodies(html(f"<p>before</p>{hidden} after"))
    assert "SECRET" not in text
    assert text.split() == ["before", "after"]


def test_a_page_that_does_not_mark_its_main_text_is_read_without_its_surroundings():
    menu = "".join(f"<li><a href='/{number}'>Menu {number}</a></li>" for number in range(20))
    paragraphs = "".join(f"<p>{ENGLISH}</p>" for _ in range(4))
    page = (
        f"<html><head><title>T</title></head><body><div id='menu'><ul>{menu}</ul></div>"
        f"<div class='content'><h2>Lines</h2>{paragraphs}</div><footer>Imprint</footer></body></html>"
    )
    text = bodies(page.encode())
    assert "residual" in text
    assert "Menu 7" not in text
    assert "Imprint" not in text


def test_a_fragment_of_a_course_page_is_read_whole():
    assert (
        bodies(b"<div class='x'><h4>+ Try it</h4><div style='height: 0px'><p>See the <a href='#'>guide</a>.</p></div></div>")
        == "See the guide."
    )


# --- Markdown and text --------------------------------------------------------------------------------


def test_front_matter_gives_title_week_licence_and_language():
    material = text_of(b"---\ntitle: Loops\nweek: 4\nlicense: CC-BY-4.0\nlang: en\n---\n\n# One\n\ntext\n", "x.md")
    assert (material.title, material.week, material.licence, material.language) == ("Loops", 4, "CC-BY-4.0", "en")


@pytest.mark.parametrize("week", ["0", "61", "four", "-1"])
def test_a_week_that_cannot_be_is_a_finding(week):
    material = text_of(f"---\nweek: {week}\n---\ntext".encode(), "x.md")
    assert material.week is None
    assert week in material.findings[0]


def test_markdown_is_read_without_its_markup():
    source = (
        "# Loops {#loops}\n\n:::::: challenge\n\nSay *hello* to [the guide](https://x.org/SECRET) and `range(3)`.\n"
        "![a picture](x.png)\n\n:::\n\n"
        "- one\n- two\n\n```python\n# not a heading\nfor x in y:\n    print(x)\n```\n\n| a | b |\n|---|---|\n"
        "| 1 | 2 |\n\n<div hidden>SECRET</div>\n<!-- SECRET -->\n"
    )
    (passage,) = text_of(source.encode(), "x.md").passages
    assert passage.location.headings == ("Loops",)
    assert passage.body == (
        "Say hello to the guide and range(3).\na picture\none\ntwo\n\n# not a heading\nfor x in y:\n    print(x)\na\tb\n1\t2"
    )


def test_the_language_of_each_passage_is_detected():
    source = f"# One\n\n{ENGLISH}\n\n# Two\n\n{GERMAN}\n\n# Three\n\nR² = 0.9\n\n# Four\n\n{ENGLISH}\n"
    material = text_of(source.encode(), "x.md")
    assert material.language == "en"
    assert [passage.language for passage in material.passages] == ["en", "de", "en", "en"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252", "latin-1"])
def test_text_in_any_encoding_is_read(encoding):
    assert "Ausreißer" in bodies(GERMAN.encode(encoding), "x.txt")


# --- presentations, documents, notebooks -----------------------------------------------------------------


def test_random_bytes_are_no_text():
    for seed in range(40):
        name = ("data.txt", "data.md", "data", "data.html")[seed % 4]
        content = b"x" + Random(seed).randbytes(5_000)
        with pytest.raises(MaterialFileError, match=r"it is not text|is not valid UTF"):
            bodies(content, name)


OLD_TEXTS = {
    "cp437": "\x1b[1mGrüße\x1b[0m\f\n╔══╗ Die Schleife wiederholt ihre Zeilen.\x1a",
    "koi8-r": "Цикл повторяет свои строки, пока условие верно. " * 5,
    "shift_jis": "ループは条件が真である限り、その行を繰り返します。" * 5,
    "iso2022_jp": "ループは条件が真である限り、その行を繰り返します。" * 5,
    "mac_roman": "Die Schleife wiederholt ihre Zeilen über größere Bögen. " * 5,
    "big5": "迴圈會在條件為真時重複執行其程式碼。" * 5,
    "cp1252": "A “loop” repeats its lines – while the condition holds… " * 5,
    "utf-16-le": "A loop repeats its lines while the condition holds. " * 5,
}


def test_texts_in_old_encodings_with_escapes_of_terminals_are_text():
    for encoding, text in OLD_TEXTS.items():
        assert bodies(text.encode(encoding), "old.txt"), encoding


def test_slides_are_passages_with_title_and_notes():
    content = presentation(
        [("Means", ["The sum", "by the number"]), ("", ["no title"]), ("Questions?", [])], notes={1: "Say it slowly"}, hidden=[2]
    )
    material = text_of(content, "lecture.pptx")
    assert [(str(passage.location), passage.body, passage.is_notes) for passage in material.passages] == [
        ("slide 1, Means", "The sum\nby the number", False),
        ("slide 1, Means", "Say it slowly", True),
        ("slide 2", "no title", False),
        ("slide 3, Questions?", "Questions?", False),
    ]
    assert material.length == 3
    assert material.findings == ("1 of 3 slides are hidden, and were read too: 2.",)


def test_a_word_document_is_read_by_its_headings():
    content = word_document(
        [
            ("Title", "Script"),
            ("Heading 1", "Means"),
            ("Normal", "The sum."),
            ("Heading 2", "Median"),
            ("List Bullet", "half"),
            ("Normal", HEBREW),
        ],
        title="Statistics",
    )
    material = text_of(content)
    assert material.title == "Statistics"
    assert [(passage.location.headings, passage.body) for passage in material.passages] == [
        (("Script", "Means"), "The sum."),
        (("Script", "Means", "Median"), f"half\n\n{HEBREW}"),
    ]


@pytest.mark.parametrize("written", ["Word Document", "PowerPoint Presentation", "Untitled document", ""])
def test_what_a_program_writes_where_there_is_no_title_is_none(written):
    material = text_of(word_document([("Normal", "Strings are text.")], title=written), "w4_strings.docx")
    assert (material.title, material.names_title) == ("w4 strings", False)


def test_hidden_deleted_and_doubled_text_of_a_word_document_is_dropped():
    from tests.materials.office_files import changed

    extra = (
        b"<w:p><w:r><w:t>kept </w:t></w:r><w:r><w:rPr><w:vanish/></w:rPr><w:t>SECRET</w:t></w:r>"
        b"<w:del><w:r><w:delText>SECRET</w:delText></w:r></w:del>"
        b"<w:ins><w:r><w:t>inserted</w:t></w:r></w:ins><w:r><w:instrText>SECRET</w:instrText></w:r></w:p><w:sectPr"
    )
    content = changed(word_document([("Normal", "first")]), {"word/document.xml": lambda xml: xml.replace(b"<w:sectPr", extra, 1)})
    assert bodies(content) == "first\n\nkept inserted"


def test_a_notebook_is_read_by_cell_without_outputs():
    content = notebook(
        [("raw", "---\nweek: 3\n---\n"), ("markdown", "# Means\n\ntext"), ("code", "np.mean(x)"), ("markdown", "## Median\n\nhalf")],
        outputs=[{"output_type": "stream", "name": "stdout", "text": "SECRET"}],
    )
    material = text_of(content, "x.ipynb")
    assert (material.title, material.week, material.length) == ("Means", 3, 4)
    assert [(str(passage.location), passage.body) for passage in material.passages] == [
        ("cell 2, Means", "text\n\nnp.mean(x)"),
        ("cell 4, Means > Median", "half"),
    ]


def test_an_old_notebook_is_read():
    cell = {"cell_type": "markdown", "metadata": {}, "source": "old text"}
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": [{"cells": [cell], "metadata": {}}]}
    assert bodies(json.dumps(old).encode()) == "old text"


# --- captions -----------------------------------------------------------------------------------------


def test_captions_have_their_second():
    cues = "\n\n".join(
        f"{number}\n00:00:{number:02},500 --> 00:00:{number:02},900\n{' '.join(numbered(10, f'c{number}w'))}" for number in range(60)
    )
    material = text_of(cues.encode(), "talk.srt")
    assert (material.title, material.length) == ("talk", 60)
    for passage in material.passages:
        second = int(passage.body[passage.overlap :].split()[0].partition("w")[0][1:])
        assert passage.location.seconds == second + 0.5


def test_captions_are_read_without_tags_and_repeated_lines():
    vtt = (
        "WEBVTT\n\nNOTE a comment\n\nSTYLE\n::cue { color: red }\n\n00:01.000 --> 00:02.000\n<v Ada>we look at <i>means</i>\n\n"
        "00:02.000 --> 00:04.000\nwe look at means and medians &amp; modes\n\n1:00:00.000 --> 1:00:01.000\n<c.x>the end</c>\n"
    )
    material = text_of(vtt.encode())
    assert material.passages[0].body == "we look at means and medians & modes\n\nthe end"
    assert material.length == 3601
