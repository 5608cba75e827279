"""From markup to text: what a person reads is kept, tags are removed, and no text takes long."""

import time
import timeit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmskit.importers.question_banks.markup import plain_text


@pytest.mark.parametrize(("markup", "text"), [
    ("<p>one</p><p>two</p>", "one\ntwo"),
    ("one<br>two<br/>\n three", "one\ntwo\nthree"),
    ("<ol><li>one</li><li>two</li></ol>end", "- one\n- two\nend"),
    ("<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>", "a | b\n1 | 2"),
    ("<pre>for i:\n    x</pre>", "for i:\n    x"),
    ("<p>a  </p>\n<pre>b  \n c</pre> <p>d <b> </b><br>e</p>", "a\nb  \n c\nd\ne"),
    ("2<sup>10</sup> and x<sub>n + 1</sub>", "2^10 and x_(n + 1)"),
    ("&lt;b&gt; &amp;amp; &nbsp;&euro; &nosuch; R&D", "<b> &amp; € &nosuch; R&D"),
    ('<a href="https://example.org/">here</a> <a href="javascript:alert(1)">there</a>', "here (https://example.org/) there"),
    ("<!-- a\ncomment -->x<!-- another -->y", "xy"),
    ("a<script>alert('<p>')</script>b<style>p{}</style>c", "abc"),
    ("1 < 2 and 3 > 2, <3 </ > <", "1 < 2 and 3 > 2, <3 </ > <"),
    ("<p title='a > b'>x</p><p class=it's>y</p>", "x\ny"),
    ("\\(a<b\\) $$x_1$$", "\\(a<b\\) $$x_1$$"),
])  # fmt: skip
def test_html_becomes_text(markup, text):
    assert plain_text(markup, "html").text == text


def test_text_that_may_have_tags_keeps_its_lines():
    assert plain_text("if a<b:\n  c &gt; d", "moodle").text == "if a<b:\n  c > d"
    assert plain_text("<b>one</b>\n two", "moodle").text == "one\n two"


@pytest.mark.parametrize("form", ["plain", "markdown"])
def test_text_without_markup_stays_as_it_is(form):
    assert plain_text(" <b>*one*</b> &lt;\n", form) == ("<b>*one*</b> &lt;", ())


def test_what_cannot_be_written_as_text_is_listed():
    markup = '<img src=x onerror=alert(1)><svg><text>drawn</text></svg><audio src="a.mp3"></audio><a href="@@PLUGINFILE@@/a.pdf">notes</a>'
    assert plain_text(markup, "html") == ("[picture]notes", ("a picture", "a drawing", "a recording", "a linked file"))


@pytest.mark.parametrize("piece", ["<", "<a ", "<!--", '<a "', "<a x='", "<sup>x", "&", "<![if ", "<p", "</", "<script>", "<!"])
def test_unclosed_markup_is_read_in_linear_time(piece):
    def seconds(length):
        markup = piece * (length // len(piece))
        return min(
            timeit.repeat(lambda: [plain_text(markup, form) for form in ("html", "moodle")], number=1, repeat=3, timer=time.process_time)
        )

    assert seconds(200_000) < 40 * seconds(25_000)


@given(st.lists(st.sampled_from(["<", ">", "/", "p", "a", "sup", "pre", " ", "\n", "=", '"', "'", "x", "&lt;", "<!--", "-->", "script"])))
def test_any_text_can_be_read(pieces):
    for form in ("html", "moodle"):
        assert isinstance(plain_text("".join(pieces), form).text, str)
