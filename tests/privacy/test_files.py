"""Files that name a person are found in whatever form a name has in them."""

import base64
import zipfile

import pytest

from lmskit.errors import InputError
from lmskit.queries.erasure import Remembered
from lmskit.services.erasure_memory import read_memory, write_memory
from lmskit.services.personal_files import files_naming

PATTERN = r"(?<![^\W_])Zo\S\s+Quixwell(?![^\W_])"
ENCODED = base64.b64encode("Dear Zoë Quixwell".encode()).decode()
NAMING = {
    "plain.csv": "id,name\n1,Zoë Quixwell\n",
    "report.html": "<td>Zo&euml;&nbsp;<b>Quixwell</b></td>",
    "report.ipynb": '{"text": "Zo\\u00eb Quixwell"}',
    "folder/deeper.txt": "ZOË  QUIXWELL",
    "1.eml": f"To: x@example.org\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
    f"Content-Transfer-Encoding: base64\n\n{ENCODED}\n",
    "2.eml": "To: =?utf-8?q?Zo=C3=AB_Quixwell?= <x@example.org>\n\nHello\n",
    "Zoë Quixwell.pdf": "",
}
OTHERS = {
    "other.csv": "id,name\n1,Zoë Quixwellian\n",
    "other.html": "<p>Zoe</p> <p>Quixwellian</p>",
    "3.eml": "To: x@example.org\n\nHello\n",
}


def test_every_form_is_found_and_nothing_else(tmp_path):
    for name, written in (NAMING | OTHERS).items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(written, encoding="utf-8")
    with zipfile.ZipFile(tmp_path / "book.xlsx", "w") as book:
        book.writestr("xl/sharedStrings.xml", "<si><t>Zoë Quixwell</t></si>")
    (tmp_path / "broken.xlsx").write_bytes(b"PK\x03\x04" + b"\0" * 40)
    naming, unread = files_naming([tmp_path, tmp_path / "missing"], PATTERN)
    assert {str(path.relative_to(tmp_path)) for path in naming} == {*NAMING, "book.xlsx"}
    assert unread == []


def test_links_are_not_followed(tmp_path):
    (tmp_path / "outside.txt").write_text("Zoë Quixwell", encoding="utf-8")
    folder = tmp_path / "reports"
    folder.mkdir()
    (folder / "link.txt").symlink_to(tmp_path / "outside.txt")
    assert files_naming([folder], PATTERN) == ([], [])


def test_the_memory_grows_and_is_read_back(tmp_path):
    path = tmp_path / "home" / "erasures.json"
    first, second = Remembered(7, "0" * 64), Remembered(8, "f" * 64)
    assert write_memory(path, [first]) == 1
    assert write_memory(path, [second, first]) == 2
    assert read_memory(path) == {first, second}
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "written", ["", "[]", '{"erasures": 5}', '{"erasures": [{"person_id": 1, "fingerprint": "x"}]}', '{"erasures": [{"person_id": "x"}]}']
)
def test_another_file_is_refused_and_left_alone(tmp_path, written):
    path = tmp_path / "erasures.json"
    path.write_text(written)
    with pytest.raises(InputError, match="cannot be read"):
        write_memory(path, [Remembered(7, "0" * 64)])
    assert path.read_text() == written
