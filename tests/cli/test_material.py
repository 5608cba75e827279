import csv
import io
import json
import re

import pytest

from lmskit.materials.store import store_name_of

LOOPS = "---\ntitle: Loops\nweek: 2\n---\n\nA loop repeats its lines.\n"


@pytest.fixture(autouse=True)
def store(tmp_path, configure):
    folder = tmp_path / "store"
    folder.mkdir(mode=0o700)
    configure(LMSKIT_MATERIAL_STORE=str(folder))
    return folder


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "loops.md"
    path.write_text(LOOPS)
    return path


def number_in(line):
    found = re.match(r"Material (\d+) was ", line)
    assert found is not None, line
    return found[1]


@pytest.fixture
def material(lmskit, course):
    """Add a material; return its number."""

    def add(*arguments):
        line = lmskit("material", "add", *arguments, "--course", course.code).stdout
        return number_in(line)

    return add


def test_a_file_is_added_shown_saved_and_removed(lmskit, course, file, store, tmp_path):
    added = lmskit("material", "add", str(file), "--course", course.code, "--licence", "cc-by-4.0")
    number = number_in(added.stdout)
    assert added.stdout == f"Material {number} was added: Loops, week 2, 1 passage.\n"
    shown = lmskit("material", "show", number, "--save", str(tmp_path / "copy.md")).stdout
    assert shown.startswith(f"Material {number} of {course.code}, week 2: Loops\nmarkdown; licence: CC-BY-4.0; 1 passage\nFile: loops.md, ")
    assert (tmp_path / "copy.md").read_text() == LOOPS
    assert "left as it is" in lmskit("material", "add", str(file), "--course", course.code, "--licence", "cc-by-4.0").stdout
    assert lmskit("material", "remove", number).stdout == f"Material {number}, Loops, was removed.\n"
    assert not list(store.iterdir())
    gone = lmskit("material", "show", number)
    assert (gone.exit_code, gone.stderr.startswith(f"There is no material {number} among those you can see.")) == (1, True)


def test_a_list_is_printed_as_table_json_or_csv(lmskit, course, file, material):
    number = material(str(file), "--title", "=Loops & <b>more</b>")
    listed = lmskit("material", "list", "--course", course.code).stdout
    assert "=Loops & <b>more</b>" in listed
    assert "Rows 1 to 1 of 1." in listed
    (row,) = json.loads(lmskit("material", "list", "--course", course.code, "--format", "json").stdout)
    assert (row["material_id"], row["week_number"], row["kind"], row["n_passages"]) == (int(number), 2, "markdown", 1)
    (cells,) = csv.DictReader(io.StringIO(lmskit("material", "list", "--course", course.code, "--format", "csv").stdout))
    assert cells["title"] == "'=Loops & <b>more</b>"
    assert "has no materials of this kind yet" in lmskit("material", "list", "--course", course.code, "--week", "1").stdout


def test_a_folder_is_previewed_and_added_and_refused_files_give_status_3(lmskit, course, file, tmp_path, store):
    folder = tmp_path / "folder"
    (folder / "week-01").mkdir(parents=True)
    file.rename(folder / "week-01" / "loops.md")
    (folder / "week-09.md").write_text("# Late\n")
    (folder / "picture.png").touch()
    preview = lmskit("material", "add", str(folder), "--course", course.code, "--dry-run")
    assert preview.exit_code == 3
    assert "3 files: 1 added, 0 changed, 0 unchanged, 1 skipped, 1 refused. This was a dry run: nothing was written." in preview.stdout
    assert not list(store.iterdir())
    added = lmskit("material", "add", str(folder), "--course", course.code)
    assert added.stdout == preview.stdout.replace(" This was a dry run: nothing was written.", "")
    assert f"The syllabus of {course.code} has no week 9." in added.stdout
    (folder / "week-09.md").unlink()
    again = lmskit("material", "add", str(folder), "--course", course.code)
    assert (again.exit_code, "0 added, 0 changed, 1 unchanged, 1 skipped, 0 refused." in again.stdout) == (0, True)


def test_a_video_has_its_captions(lmskit, course, material, tmp_path):
    captions = tmp_path / "lecture.vtt"
    captions.write_text("WEBVTT\n\n00:00.000 --> 01:05.000\nToday we look at loops.\n")
    number = material("https://lectures.example.org/loops.mp4", "--captions", str(captions), "--week", "1", "--title", "The lecture")
    shown = lmskit("material", "show", number).stdout
    assert "week 1: The lecture\nvideo, 1:05" in shown
    assert "Address: https://lectures.example.org/loops.mp4\n" in shown


def test_files_are_read_again(lmskit, course, file, material):
    material(str(file))
    assert lmskit("material", "refresh", "--course", course.code).stdout == "1 material read again: 0 changed, 1 unchanged.\n"


def test_a_sweep_removes_what_was_left_behind(lmskit, course, file, material, store):
    material(str(file))
    (store / store_name_of(b"left behind")).write_bytes(b"left behind")
    assert lmskit("material", "sweep").stdout == "1 file of 2 removed: no material had it.\n"
    assert [path.name for path in store.iterdir()] == [store_name_of(LOOPS.encode())]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere.md"], "There is no file or folder nowhere.md."),
        (["FILE", "--week", "61"], "--week: This must be at most 60."),
        (["FILE", "--week", "9"], "loops.md: The syllabus of CODE has no week 9."),
        (["FILE", "--captions", "a.vtt"], "--captions is for a video"),
        (["FILE", "--language", "german"], "--language: This must be the code of a language"),
        (["FILE", "--name", "../loops.md"], "--name: This must be a path within a folder"),
        (["https://user:secret@example.org/"], "PATH|URL: This web address contains a name or a password."),
        ([".", "--title", "All"], "--title, --url and --name are for one file."),
    ],
)
def test_a_mistake_is_one_sentence_and_status_1(lmskit, course, file, arguments, sentence):
    given = [str(file) if argument == "FILE" else argument for argument in arguments]
    result = lmskit("material", "add", *given, "--course", course.code)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.splitlines()[-1].startswith(sentence.replace("CODE", course.code))
    assert "secret" not in result.stderr
