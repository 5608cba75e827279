"""A folder of materials: every file is accounted for, and a second time changes nothing."""

import contextlib
import functools
import json
import os
from collections import Counter

import pytest

from lmskit.errors import MaterialFileError
from lmskit.materials.folder import files_of
from lmskit.materials.store import FolderStore, store_name_of
from lmskit.queries.material import materials_of_course
from lmskit.schemas.material import MaterialDetails
from lmskit.services.material_folder import add_files
from lmskit.vocabulary import Origin
from tests import factories

CAPTIONS = "WEBVTT\n\n00:00.000 --> 01:05.000\nToday we look at functions that call themselves.\n"
PAGE = "<!doctype html><html lang='en'><title>Vectors</title><body><main><h1>Vectors</h1><p>A vector has a length.</p></main></body></html>"
NOTEBOOK = json.dumps(
    {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {},
        "cells": [{"cell_type": "markdown", "id": "a", "metadata": {}, "source": "# Functions\n\nA function has a name."}],
    }
)
FILES = {
    "week-01/intro.md": "# Introduction\n\nThis is how it begins.\n",
    "week-01/front.md": "---\nweek: 2\ntitle: From the front matter\n---\n\nThis is of another week.\n",
    "week-02/vectors.html": PAGE,
    "Woche 3/functions.ipynb": NOTEBOOK,
    "Woche 3/recursion.vtt": CAPTIONS,
    "notes.txt": "What holds for the whole course.\n",
    "week-01/picture.png": "not read",
    "LICENSE.md": "MIT\n",
    ".hidden.md": "# Hidden\n",
    "broken.pdf": "%PDF-1.7 and no more",
    "week-09/late.md": "# Late\n\nThe course has no such week.\n",
    "empty.md": "",
    "materials.csv": "file,week,title,url,licence\n"
    "Woche 3/recursion.vtt,3,Lecture: recursion,https://lectures.example.org/recursion.mp4,CC BY 4.0\n"
    "missing.pdf,1,Not there,,\n"
    ",2,A tutorial,https://example.org/tutorial,\n"
    "notes.txt,99,,,\n",
}


@pytest.fixture
def folder(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / "folder" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "folder"


@pytest.fixture
def store(tmp_path):
    (tmp_path / "store").mkdir(mode=0o700)
    return FolderStore(tmp_path / "store")


@pytest.fixture
def course(session):
    return factories.course(session, weeks=3)


@pytest.fixture
def add(session, store, course, folder, connection):
    opener = functools.partial(_part_of, session)

    def added(**options):
        return {result.name: result for result in add_files(opener, store, course.code, files_of(folder), **options)}

    return added


@contextlib.contextmanager
def _part_of(session):
    """A transaction within that of the test."""
    savepoint = session.begin_nested()
    try:
        yield session
    except BaseException:
        savepoint.rollback()
        raise
    if savepoint.is_active:
        savepoint.commit()


def test_every_file_is_accounted_for(add, folder):
    results = add()
    assert Counter(result.outcome for result in results.values()) == {"added": 6, "skipped": 4, "refused": 5}
    on_disk = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert on_disk | {"missing.pdf", "materials.csv, row 4"} == results.keys()


def test_weeks_and_titles_come_from_manifest_file_and_names(add):
    results = add()
    assert {name: (result.week, result.title) for name, result in results.items() if result.outcome == "added"} == {
        "week-01/intro.md": (1, "Introduction"),
        "week-01/front.md": (2, "From the front matter"),
        "week-02/vectors.html": (2, "Vectors"),
        "Woche 3/functions.ipynb": (3, "Functions"),
        "Woche 3/recursion.vtt": (3, "Lecture: recursion"),
        "materials.csv, row 4": (2, "A tutorial"),
    }


def test_what_is_not_added_says_why_and_where_and_leaves_no_file(add, course, store, folder):
    reasons = {name: result.reason for name, result in add().items() if result.reason is not None}
    assert reasons["week-01/picture.png"] == "a picture"
    assert reasons["LICENSE.md"] == "about the folder, not a material"
    assert reasons[".hidden.md"] == "a hidden file"
    assert reasons["materials.csv"] == "the manifest"
    assert reasons["missing.pdf"].startswith("materials.csv, row 3: there is no such file in the folder.")
    assert reasons["notes.txt"] == "materials.csv, row 5: week: This must be at most 60."
    assert reasons["week-09/late.md"].startswith(f"The syllabus of {course.code} has no week 9.")
    assert not store.has(store_name_of((folder / "week-09/late.md").read_bytes()))
    assert reasons["empty.md"] == "it is empty. If it should not be, save or download it again; otherwise leave it out."
    assert "broken.pdf" in reasons


def test_captions_with_an_address_are_a_video(add, session, course):
    add(origin=Origin.IMPORT)
    listed = materials_of_course(session, course.code).set_index("file_name")
    video = listed.loc["Woche 3/recursion.vtt"]
    assert (video["kind"], video["url"], video["licence"]) == ("video", "https://lectures.example.org/recursion.mp4", "CC-BY-4.0")
    assert video["length"] == 65
    assert set(listed["origin"]) == {"import"}


def test_a_second_time_nothing_is_changed(add, store, session, course):
    first, names = add(), list(store.names())
    before = materials_of_course(session, course.code)
    second = add()
    assert {result.outcome for name, result in second.items() if first[name].outcome == "added"} == {"unchanged"}
    assert list(store.names()) == names
    assert materials_of_course(session, course.code).equals(before)


def test_a_preview_says_the_same_and_writes_nothing(add, store, session, course):
    preview = add(dry_run=True)
    assert not list(store.names())
    assert materials_of_course(session, course.code).empty
    done = add()
    assert [(result.name, result.outcome, result.reason, result.week, result.title, result.n_passages) for result in preview.values()] == [
        (result.name, result.outcome, result.reason, result.week, result.title, result.n_passages) for result in done.values()
    ]


def test_what_holds_for_all_does_not_override_what_a_file_says(add):
    results = add(defaults=MaterialDetails(week=1, licence="CC-BY-4.0"))
    assert (results["week-01/front.md"].week, results["Woche 3/functions.ipynb"].week) == (2, 3)


def test_a_manifest_in_yaml_says_the_same_and_has_values_for_all(folder):
    (folder / "materials.csv").unlink()
    (folder / "materials.yaml").write_text(
        "licence: CC BY 4.0\nmaterials:\n  - file: notes.txt\n    week: 3\n    language: en\n  - url: https://example.org/tutorial\n"
    )
    found = {file.name: file for file in files_of(folder)}
    assert found["notes.txt"].details == MaterialDetails(week=3, licence="CC-BY-4.0", language="en")
    assert found["materials.yaml, entry 2"].details.url == "https://example.org/tutorial"


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("materials.csv", "file,wek\na.md,1\n", "materials.csv, row 1: there is no field 'wek'. The fields are: file, week, title"),
        ("materials.csv", "file,week\na.md,1,x\n", "materials.csv, row 2: it has 3 cells, and the header has 2."),
        ("materials.yaml", "materials:\n  - [a.md]\n", "materials.yaml, entry 1: it is not a mapping"),
        ("materials.yaml", "a: [1\n", "materials.yaml, line 2: it is not valid YAML"),
        ("materials.yml", "just text", "materials.yml: it has no list of materials"),
    ],
)
def test_a_manifest_that_cannot_be_read_ends_before_any_file(folder, name, text, sentence):
    (folder / "materials.csv").unlink()
    (folder / name).write_text(text)
    with pytest.raises(MaterialFileError) as refused:
        files_of(folder)
    assert str(refused.value).startswith(sentence)


def test_two_manifests_are_refused(folder):
    (folder / "materials.yaml").write_text("materials: []")
    with pytest.raises(MaterialFileError, match=r"there is materials.yaml too. Keep one of them"):
        files_of(folder)


@pytest.mark.skipif(os.name == "nt", reason="links and names of POSIX")
def test_links_pipes_and_names_that_are_not_text(folder, tmp_path):
    (tmp_path / "outside.md").write_text("# Outside\n")
    (folder / "link.md").symlink_to(tmp_path / "outside.md")
    (folder / "loop").symlink_to(folder)
    os.mkfifo(folder / "pipe.md")
    (folder / "line\nbreak.md").write_text("# Two lines\n")
    with open(os.fsencode(folder) + b"/\xff.md", "w") as file:  # noqa: PTH123 - a name of bytes
        file.write("# Bytes\n")
    found = {file.name: file for file in files_of(folder)}
    assert found["link.md"].skipped == found["loop"].skipped == "a link; add what it leads to"
    assert found["pipe.md"].skipped == "not a file"
    assert str(found["line\nbreak.md"].refused).startswith("its name cannot be stored: ")
    assert "?.md" in found
