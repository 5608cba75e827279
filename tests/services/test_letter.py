"""What messages say, and how they become files."""

import email
import os
import re
import stat
from email.policy import default
from pathlib import Path

import pytest

from lmskit.errors import MessageRefusedError, NoMailServerError
from lmskit.schemas.written_message import PLACEHOLDERS
from lmskit.services import mail
from lmskit.services.mail import Letter, compose
from lmskit.services.transport import EmlFolder


def body(message, kind):
    part = message.get_body((kind,))
    assert part is not None
    return part.get_content()


EVIL = "<img src=x onerror=alert(1)>"


def letter(**changes):
    context = {"name": "Ada Student", "course": "CS101-2026", "title": "Programming", "term": "Autumn 2026", "ended_before": None}
    return Letter(
        message_id="<0123456789abcdef@lmskit.invalid>",
        recipient=changes.pop("recipient", "ada@example.org"),
        template="welcome",
        context=context | changes,
    )


def test_a_message_names_student_and_course_in_text_and_in_html():
    message = compose(letter())
    assert str(message["Subject"]) == "Your enrollment in Programming (CS101-2026)"
    assert str(message["Message-ID"]) == "<0123456789abcdef@lmskit.invalid>"
    for kind in ("plain", "html"):
        content = body(message, kind)
        assert "Ada Student" in content
        assert "Autumn 2026" in content


def test_names_are_escaped_in_html_and_unchanged_in_text():
    message = compose(letter(name=EVIL, title=EVIL))
    assert EVIL not in body(message, "html")
    assert "&lt;img src=x" in body(message, "html")
    assert EVIL in body(message, "plain")


@pytest.mark.parametrize("recipient", ["eve,ada@example.org", "ada@example.org>", "(ada)eve@example.org", "ada..eve@example.org"])
def test_a_recipient_that_is_not_one_address_is_refused_before_sending(recipient):
    with pytest.raises(MessageRefusedError, match="is not an address that mail can be sent to"):
        compose(letter(recipient=recipient))


NAMES = ["Ada\r\nBcc: eve@example.org\r\n\r\nSend money", "Ada \u202egnp.exe", "Ada\x1b[31m\x00", "\u2067Ada\u2066"]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_stays_on_its_line_and_does_not_change_the_direction_of_text(name):
    message = compose(letter(name=name, title=name))
    read = email.message_from_bytes(bytes(message), policy=default)
    assert set(read.keys()) == {"Message-ID", "From", "To", "Subject", "Auto-Submitted", "MIME-Version", "Content-Type"}
    for content in (str(read["Subject"]), *(body(read, kind) for kind in ("plain", "html"))):
        assert not set(content) & set("\u202e\u2067\u2066\x1b\x00")
    assert body(read, "plain").splitlines()[0].startswith("Dear Ada")
    assert body(read, "plain").splitlines()[1] == ""


def test_names_in_any_script_arrive_as_they_are():
    name = "אדה لوفليس 🎓 Ada\u0301 نام\u200cمن"
    read = email.message_from_bytes(bytes(compose(letter(name=name, title=name))), policy=default)
    assert name in str(read["Subject"])
    for kind in ("plain", "html"):
        assert name in body(read, kind)


def test_a_message_contains_no_scores():
    sources = [path.read_text("utf-8") for path in Path(mail.__file__).parents[1].joinpath("templates", "mail").iterdir()]
    fields = set(re.findall(r"{{ (\w+) }}", " ".join(sources)))
    written = {"line", "language", "subject"}  # with the placeholders
    assert fields == {"name", "title", "course", "term", "code", "server", "recipient", "expires"} | written
    assert set(PLACEHOLDERS) == {"name", "title", "course", "term"}


def test_a_title_cannot_add_a_header():
    message = compose(letter(title="Programming\r\nBcc: everyone@example.org"))
    assert message["Bcc"] is None
    assert "\n" not in str(message["Subject"])


@pytest.mark.parametrize(
    ("recipient", "shown"),
    [
        ("ada@example.org", "ada@example.org"),
        ("élodie@example.org", "élodie@example.org"),
        ("ada@münchen.example", "ada@xn--mnchen-3ya.example"),  # as every mail server can take it
    ],
)
def test_a_message_to_any_address_can_be_written_and_read_again(tmp_path, recipient, shown):
    folder = EmlFolder(tmp_path)
    message = compose(letter(recipient=recipient))
    folder.send(message)
    read = email.message_from_bytes(folder.path_of(message).read_bytes(), policy=default)
    assert str(read["To"]) == shown


def test_a_message_sent_twice_is_one_file(tmp_path):
    folder = EmlFolder(tmp_path / "mail")
    for _ in range(2):
        folder.send(compose(letter()))
    assert [path.name for path in (tmp_path / "mail").iterdir()] == ["0123456789abcdef@lmskit.invalid.eml"]


def test_a_message_id_with_a_path_stays_in_the_folder(tmp_path):
    message = compose(letter())
    message.replace_header("Message-ID", "<../../etc/passwd@x>")
    assert EmlFolder(tmp_path).path_of(message).parent == tmp_path


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_only_their_owner_can_read_messages(tmp_path):
    folder = EmlFolder(tmp_path / "mail")
    message = compose(letter())
    folder.send(message)
    assert stat.S_IMODE((tmp_path / "mail").stat().st_mode) == 0o700
    assert stat.S_IMODE(folder.path_of(message).stat().st_mode) == 0o600


def test_a_folder_that_is_not_writable_postpones_the_message(tmp_path):
    (tmp_path / "mail").write_text("a file where the folder should be")
    with pytest.raises(NoMailServerError, match="LMSKIT_MAIL_DIR"):
        EmlFolder(tmp_path / "mail").send(compose(letter()))


def test_a_failed_write_leaves_no_file(tmp_path, monkeypatch):
    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(NoMailServerError, match="No space left on device"):
        EmlFolder(tmp_path).send(compose(letter()))
    assert list(tmp_path.iterdir()) == []
