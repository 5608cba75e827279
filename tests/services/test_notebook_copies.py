"""A person's own copies of the notebooks, brought up to date without losing what the person changed."""

import json
import os

import pytest

from lmskit.errors import NotebookCopyError
from lmskit.services.notebook_copies import RECORD, copy_notebooks
from lmskit.settings import PROJECT_ROOT


def notebook(*sources, outputs=()):
    cells = [{"cell_type": "code", "source": source, "outputs": list(outputs), "metadata": {}} for source in sources]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


@pytest.fixture
def originals(tmp_path):
    """Two notebooks as they come with lmskit."""
    folder = tmp_path / "originals"
    (folder / "admin").mkdir(parents=True)
    for name in ("people", "outbox"):
        (folder / "admin" / f"{name}.ipynb").write_text(notebook(f"{name} = 1"))
    return folder


@pytest.fixture
def copies(tmp_path):
    return tmp_path / "copies"


def test_every_notebook_of_lmskit_is_copied_and_a_second_call_changes_nothing(copies):
    originals = PROJECT_ROOT / "notebooks"
    names = {path.relative_to(originals).as_posix() for path in originals.glob("*/*.ipynb")}
    assert set(copy_notebooks(originals, copies).added) == names
    before = {path: path.read_bytes() for path in copies.rglob("*") if path.is_file()}
    assert set(copy_notebooks(originals, copies).unchanged) == names
    assert {path: path.read_bytes() for path in copies.rglob("*") if path.is_file()} == before


def test_a_copy_that_was_only_run_is_replaced_by_the_new_original(originals, copies):
    copy_notebooks(originals, copies)
    (copies / "admin/people.ipynb").write_text(notebook("people = 1", outputs=[{"output_type": "stream", "name": "stdout", "text": "1"}]))
    (originals / "admin/people.ipynb").write_text(notebook("people = 2"))
    result = copy_notebooks(originals, copies)
    assert (result.updated, result.unchanged) == (("admin/people.ipynb",), ("admin/outbox.ipynb",))
    assert (copies / "admin/people.ipynb").read_text() == notebook("people = 2")


def test_a_changed_copy_is_kept_and_each_new_original_is_written_beside_it_once(originals, copies):
    copy_notebooks(originals, copies)
    mine = copies / "admin/people.ipynb"
    mine.write_text(notebook("people = 'mine'"))
    assert copy_notebooks(originals, copies).kept == ("admin/people.ipynb",)

    (originals / "admin/people.ipynb").write_text(notebook("people = 2"))
    result = copy_notebooks(originals, copies)
    assert result.beside == (("admin/people.ipynb", "admin/people.new.ipynb"),)
    assert mine.read_text() == notebook("people = 'mine'")
    assert (copies / "admin/people.new.ipynb").read_text() == notebook("people = 2")
    assert copy_notebooks(originals, copies).kept == ("admin/people.ipynb",)

    (originals / "admin/people.ipynb").write_text(notebook("people = 3"))
    assert copy_notebooks(originals, copies).beside == (("admin/people.ipynb", "admin/people.new.ipynb"),)
    (copies / "admin/people.new.ipynb").write_text(notebook("people = 'mine, too'"))
    (originals / "admin/people.ipynb").write_text(notebook("people = 4"))
    assert copy_notebooks(originals, copies).beside == (("admin/people.ipynb", "admin/people.new2.ipynb"),)
    assert (copies / "admin/people.new.ipynb").read_text() == notebook("people = 'mine, too'")


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[" * 100_000, b'{"cells": 1}', b"null"])
def test_a_copy_that_is_no_notebook_any_more_is_kept(originals, copies, content):
    copy_notebooks(originals, copies)
    (copies / "admin/people.ipynb").write_bytes(content)
    assert copy_notebooks(originals, copies).kept == ("admin/people.ipynb",)
    assert (copies / "admin/people.ipynb").read_bytes() == content


@pytest.mark.parametrize("record", [b"{", b"[]", b"\xff"])
def test_without_a_readable_record_nothing_that_differs_is_replaced(originals, copies, record):
    copy_notebooks(originals, copies)
    (copies / RECORD).write_bytes(record)
    (copies / "admin/people.ipynb").write_text(notebook("people = 'mine'"))
    assert copy_notebooks(originals, copies).beside == (("admin/people.ipynb", "admin/people.new.ipynb"),)


def test_a_deleted_copy_comes_back_and_other_files_stay(originals, copies):
    copy_notebooks(originals, copies)
    (copies / "admin/people.ipynb").unlink()
    (copies / "admin/own.ipynb").write_text(notebook("own = 1"))
    assert copy_notebooks(originals, copies).added == ("admin/people.ipynb",)
    assert (copies / "admin/own.ipynb").read_text() == notebook("own = 1")


def test_the_originals_are_never_the_folder_of_copies(originals):
    with pytest.raises(NotebookCopyError, match="contains the originals"):
        copy_notebooks(originals, originals)


def test_a_folder_that_is_a_file_is_refused_in_one_sentence(originals, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(NotebookCopyError, match=r"cannot be copied to .*file"):
        copy_notebooks(originals, tmp_path / "file")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="every folder is writable for this user")
def test_a_folder_of_someone_else_is_refused_in_one_sentence(originals, tmp_path):
    (tmp_path / "theirs").mkdir(mode=0o555)
    with pytest.raises(NotebookCopyError, match="Permission denied"):
        copy_notebooks(originals, tmp_path / "theirs")
