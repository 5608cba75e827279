"""The process that reads files: what it may know and take, and what becomes of it."""

import os
import signal
import subprocess
import sys
from dataclasses import replace

import psutil
import pytest

from lmskit.errors import MaterialFileError, ReadingProcessError
from lmskit.limits import LARGEST_MATERIAL
from lmskit.materials import reading
from lmskit.materials.extraction.protocol import ReadingLimits
from lmskit.materials.extraction.reader import read
from lmskit.materials.language import with_languages
from lmskit.materials.reading import MaterialReader, read_material
from lmskit.settings import NEEDED_BY_PROGRAMS
from tests.db.test_cluster import has_ended
from tests.materials.conftest import SECRETS
from tests.materials.hostile_files import MIB, forms_in_forms, unpacking_stream
from tests.materials.pdf_files import Text, pdf
from tests.reliability.mail_server import until

LIMITS = ReadingLimits(memory=300 * MIB, computing=2, seconds=600)
"""It takes a busy machine much longer to compute for two seconds."""
GENEROUS = ReadingLimits(memory=64 * 1024 * MIB, computing=10_000, seconds=10_000)
ANSWERS = "import sys, time; sys.stdin.buffer.readline; out = sys.stdout; print('[\"ready\"]', flush=True); sys.stdin.readline();"


def child_of(reader: MaterialReader) -> psutil.Process:
    assert reader._child is not None
    return psutil.Process(reader._child._process.pid)


def stands_in(monkeypatch, program: str) -> None:
    """Another program instead of the one that reads files."""
    monkeypatch.setattr(reading, "_program", lambda _: [sys.executable, "-c", program])


def test_it_knows_no_secrets(reader, monkeypatch):
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    reader.read(b"few words", name="x.txt")  # in a new process, if a test has ended the first one
    known = child_of(reader).environ()
    allowed = {*NEEDED_BY_PROGRAMS, "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUTF8", "OPENBLAS_NUM_THREADS"}
    assert known.keys() <= allowed
    assert "secret" not in str(known.values())


def test_passages_are_the_same_through_the_process_as_without_it(reader):
    content = pdf([[Text("Means and medians of samples", size=20), Text("body words", 600)], [Text("more words")]], title="T")
    assert reader.read(content, name="x.pdf") == with_languages(read(content, "x.pdf", lambda _: None))


@pytest.mark.long
def test_a_file_that_brings_it_down_is_lost_alone_and_named():
    with MaterialReader(LIMITS) as opened:
        opened.read(b"before", name="a.txt")
        first = child_of(opened)
        with pytest.raises(MaterialFileError, match=r"^slow\.pdf, page 2: .*(2 seconds of computing|300 MiB of memory)"):
            opened.read(forms_in_forms(), name="folder/slow.pdf")
        assert not first.is_running()
        assert opened.read(b"after", name="b.txt").passages[0].body == "after"
        second = child_of(opened)
        assert second.pid != first.pid
        opened.read(b"later", name="c.txt")
        assert child_of(opened).pid == second.pid
    assert not second.is_running()


@pytest.mark.long
def test_the_processor_is_limited():
    links = b"<html><body><p>x" + b"<a href='x'>" * 100_000
    with (
        MaterialReader(replace(GENEROUS, computing=2)) as opened,
        pytest.raises(MaterialFileError, match=r"^x\.html, the page: .*more than 2 seconds of computing"),
    ):
        opened.read(links, name="x.html")


@pytest.mark.long
@pytest.mark.parametrize(
    ("make", "limits", "said"),
    [
        (unpacking_stream, replace(GENEROUS, memory=200 * MIB), "it takes more than 200 MiB of memory"),
        (forms_in_forms, replace(GENEROUS, seconds=2), "reading it takes longer than 2 seconds"),
    ],
)
def test_the_parent_alone_enforces_the_limits_where_the_system_does_not(monkeypatch, make, limits, said):
    monkeypatch.setattr(
        reading, "asdict", lambda _: {"memory": GENEROUS.memory, "computing": GENEROUS.computing, "seconds": GENEROUS.seconds}
    )
    with MaterialReader(limits) as reader, pytest.raises(MaterialFileError, match=said):
        reader.read(make(), name="x.pdf")


@pytest.mark.long
def test_it_writes_no_files_whatever_it_runs(tmp_path):
    pytest.importorskip("resource", reason="Windows has no limits of processes")
    writes = f"open({str(tmp_path / 'x')!r}, 'wb', buffering=0).write(b'x')"
    program = f"from lmskit.materials.extraction.child import _limit_for_good as limit; limit(); {writes}"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "File too large" in ended.stderr
    assert (tmp_path / "x").stat().st_size == 0


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="there are no process groups here")
def test_what_it_starts_is_killed_with_it(monkeypatch, tmp_path):
    pid = tmp_path / "pid"
    starts = "import subprocess, sys; started = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])"
    begins = f"{ANSWERS} print('[\"begun\"]', flush=True)"
    stands_in(monkeypatch, f"{starts}; open({str(pid)!r}, 'w').write(str(started.pid)); {begins}; time.sleep(600)")
    with MaterialReader(replace(LIMITS, seconds=1)) as opened, pytest.raises(MaterialFileError, match="longer than"):
        opened.read(b"x", name="x.txt")
    assert until(lambda: has_ended(int(pid.read_text())))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("print('no JSON', flush=True); time.sleep(60)", "answered what it should not"),
        ("print('[\"passage\", [1, 2]]', flush=True); time.sleep(60)", "answered what it should not"),
        (
            'print(\'["passage", ["a", ["1", null, null, null, []], 0, null, false, null]]\', flush=True); time.sleep(60)',
            "answered what it",
        ),
        ('print(\'["done", ["program", "t", null, null, [], null, null]]\', flush=True); time.sleep(60)', "answered what it should not"),
        (
            'print(\'["at", "page 7"]\', flush=True); import os; os.kill(os.getpid(), 11)',
            r"x\.txt, page 7: reading it ended the process that read it \(SIGSEGV\)",
        ),
        ("[out.write('[\"at\", \"' + 'x' * 2**20 + '\"]\\n') for _ in range(9)]; time.sleep(60)", "MiB of text"),
    ],
)
def test_what_it_answers_is_not_trusted(monkeypatch, answer, said):
    stands_in(monkeypatch, f"{ANSWERS} {answer}")
    monkeypatch.setattr(reading, "LARGEST_MATERIAL_TEXT", 4 * MIB)
    with MaterialReader(LIMITS) as reader, pytest.raises(MaterialFileError, match=said):
        reader.read(b"x", name="x.txt")


def test_a_process_that_cannot_start_is_not_the_files_fault(monkeypatch):
    stands_in(monkeypatch, "raise SystemExit('No module named pypdfium2')")
    with pytest.raises(ReadingProcessError, match="cannot start: No module named pypdfium2"):
        read_material(b"x")


@pytest.mark.long
def test_an_interrupted_reader_leaves_no_process(monkeypatch):
    with MaterialReader(LIMITS) as reader:
        reader.read(b"x", name="x.txt")
        child = child_of(reader)
        monkeypatch.setattr(reading, "text_from_json", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            reader.read(b"x", name="x.txt")
        assert not child.is_running()


@pytest.mark.long
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no kill -9 here")
def test_it_ends_when_its_parent_is_killed():
    program = (
        "from lmskit.materials.reading import MaterialReader as R; r = R(); r.read(b'x'); print(r._child._process.pid, flush=True); input()"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    child.wait(20)


def test_a_file_that_is_too_large_is_not_even_sent(monkeypatch):
    monkeypatch.setattr(reading, "_Child", pytest.fail)
    with pytest.raises(MaterialFileError, match=r"^big\.pdf: it is larger than 100 MiB, which is the most that is read\. Split it\.$"):
        read_material(bytes(LARGEST_MATERIAL + 1), name="big.pdf")


@pytest.mark.long
def test_libraries_of_materials_are_loaded_in_the_child_only():
    program = (
        "import sys, lmskit, lmskit.materials.reading as r; r.read_material(b'some words');"
        "print(sorted({name.partition('.')[0] for name in sys.modules} & set(sys.argv[1:])))"
    )
    heavy = ["lxml", "trafilatura", "pypdfium2", "docx", "pptx", "webvtt", "py3langid", "markdown_it", "nbformat", "numpy", "PIL"]
    ended = subprocess.run([sys.executable, "-c", program, *heavy], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"
