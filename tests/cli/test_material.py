import csv
import io
import json
import os
import re
import shlex
from pathlib import Path

import pytest

from lmskit.db import transaction
from lmskit.materials.folder import file_alone
from lmskit.materials.store import FolderStore, store_name_of
from lmskit.services.material_folder import add_files

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
    assert f"Passages of {course.code} have no vector yet" in added.stderr
    assert added.stderr.endswith("Next: lmskit material embed\n")
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
    listed = lmskit("material", "list", "--course", course.code).output
    assert "=Loops & <b>more</b>" in listed
    assert "Rows 1 to 1 of 1." in listed
    (row,) = json.loads(lmskit("material", "list", "--course", course.code, "--format", "json").stdout)
    assert (row["material_id"], row["week_number"], row["kind"], row["n_passages"]) == (int(number), 2, "markdown", 1)
    (cells,) = csv.DictReader(io.StringIO(lmskit("material", "list", "--course", course.code, "--format", "csv").stdout))
    assert cells["title"] == "'=Loops & <b>more</b>"
    assert "has no materials of this kind yet" in lmskit("material", "list", "--course", course.code, "--week", "1").stderr


def test_a_folder_is_previewed_and_added_and_refused_files_give_status_3(lmskit, course, file, tmp_path, store):
    folder = tmp_path / "folder"
    (folder / "week-01").mkdir(parents=True)
    file.rename(folder / "week-01" / "loops.md")
    (folder / "week-09.md").write_text("# Late\n")
    (folder / "picture.png").touch()
    preview = lmskit("material", "add", str(folder), "--course", course.code, "--dry-run")
    assert preview.exit_code == 3
    assert "3 files: 1 added, 0 changed, 0 unchanged, 1 skipped, 1 refused. This was a dry run: nothing was changed." in preview.stdout
    assert not list(store.iterdir())
    added = lmskit("material", "add", str(folder), "--course", course.code)
    assert added.stdout == preview.stdout.replace(" This was a dry run: nothing was changed.", "")
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


def test_reading_again_goes_on_after_a_file_that_is_missing(lmskit, course, file, material, store):
    first = material(str(file))
    file.write_text("# Lists\n\nA list has values.\n")
    material(str(file), "--name", "lists.md")
    (store / store_name_of(LOOPS.encode())).unlink()
    read = lmskit("material", "refresh", "--course", course.code, "--stored")
    assert (read.exit_code, read.stdout) == (3, "2 materials read again: 0 changed, 1 unchanged.\n")
    assert f"Material {first}: " in read.stderr


def test_adding_again_keeps_what_was_said_and_says_what_changes(lmskit, course, tmp_path):
    folder = tmp_path / "script"
    (folder / "week-01").mkdir(parents=True)
    (folder / "week-01" / "values.txt").write_text("Values have names.\n")
    command = ("material", "add", str(folder), "--course", course.code)
    lmskit(*command, "--licence", "CC-BY-4.0")
    assert "1 file: 0 added, 0 changed, 1 unchanged" in lmskit(*command).stdout
    listed = json.loads(lmskit("material", "list", "--course", course.code, "--format", "json").stdout)
    number = str(listed[0]["material_id"])
    named = ("material", "add", str(folder / "week-01" / "values.txt"), "--course", course.code, "--name", "week-01/values.txt")
    changed = lmskit(*named, "--week", "2", "--title", "Values")
    assert changed.stdout == f"Material {number} was changed (week, title): Values, week 2, 1 passage.\n"
    assert "licence: CC-BY-4.0" in lmskit("material", "show", number).stdout
    alone = lmskit(*named[:-2])
    assert f"Note: material {number} of {course.code}, week-01/values.txt, has the same file." in alone.stdout
    advised = f"lmskit material remove {number_in(alone.stdout)}, and then {shlex.join(['lmskit', *named])}\n"
    assert alone.stdout.endswith(f"To bring that one up to date instead: {advised}")


def test_title_week_and_licence_are_changed_later(lmskit, course, file, material):
    number = material(str(file))
    changed = lmskit("material", "change", number, "--title", "Repeating", "--week", "1", "--licence", "cc0-1.0")
    assert changed.stdout == f"Material {number} was changed (title, week, licence): Repeating, week 1.\n"
    assert "licence: CC0-1.0; 1 passage" in lmskit("material", "show", number).stdout
    again = lmskit("material", "change", number, "--whole-course", "--without-licence")
    assert again.stdout == f"Material {number} was changed (week, licence): Repeating, for the whole course.\n"
    assert lmskit("material", "change", number, "--whole-course").stdout.startswith(f"Material {number} was left as it is: ")
    for arguments, said in (
        ((number,), "Name what to change: --title, --week or --whole-course, --licence or --without-licence."),
        ((number, "--week", "9"), f"The syllabus of {course.code} has no week 9. To see its weeks: lmskit course show {course.code}"),
        ((number, "--week", "1", "--whole-course"), "A material is for one week or for the whole course, not for both."),
        ((number, "--title", " "), "--title: This must not be empty."),
        (("999999999", "--week", "1"), "There is no material 999999999 among those you can see."),
    ):
        refused = lmskit("material", "change", *arguments)
        assert (refused.exit_code, refused.stdout) == (1, ""), arguments
        assert said in refused.stderr


def test_a_link_says_that_its_text_is_not_read(lmskit, course, tmp_path):
    (tmp_path / "materials.csv").write_text("file,title,url\n,A tutorial,https://example.org/tutorial\n")
    added = lmskit("material", "add", str(tmp_path), "--course", course.code)
    assert "1 file and 1 link: 1 added, 0 changed, 0 unchanged, 1 skipped, 0 refused." in added.stdout
    listed = lmskit("material", "list", "--course", course.code).stdout
    assert "link only" in listed
    (row,) = json.loads(lmskit("material", "list", "--course", course.code, "--format", "json").stdout)
    shown = lmskit("material", "show", str(row["material_id"]))
    assert "a link, whose text is not read" in shown.stdout


def test_a_folder_that_stops_midway_says_what_was_added_and_goes_on(lmskit, course, store, tmp_path):
    folder = tmp_path / "script"
    folder.mkdir()
    for name in ("a.md", "b.md", "c.md"):
        (folder / name).write_text(f"Words of {name}.")
    command = ("material", "add", str(folder), "--course", course.code)
    obstacle = store / store_name_of(b"Words of b.md.")
    obstacle.mkdir()
    stopped = lmskit(*command)
    assert stopped.exit_code == 1
    assert "It stopped after 1 file: 1 added, 0 changed" in stopped.stderr
    assert "To go on, give the same command again." in stopped.stderr
    assert "cannot be used by this account: Is a directory" in stopped.stderr
    obstacle.rmdir()
    assert "3 files: 2 added, 0 changed, 1 unchanged" in lmskit(*command).stdout


def test_a_sweep_removes_what_was_left_behind(lmskit, course, file, material, store):
    material(str(file))
    (store / store_name_of(b"left behind")).write_bytes(b"left behind")
    assert lmskit("material", "sweep").stdout.startswith("1 file of 2 removed: no material had it.\n")
    assert [path.name for path in store.iterdir()] == [store_name_of(LOOPS.encode())]


MISTAKES = [
    (["nowhere.md"], "There is no file or folder nowhere.md."),
    (["FILE", "--week", "61"], "--week: There is no week 61: a course has at most the weeks 1 to 60."),
    (["FILE", "--week", "9"], "loops.md: The syllabus of CODE has no week 9."),
    (["FILE", "--captions", "a.vtt"], "--captions is for a video"),
    (["FILE", "--language", "german"], "--language: This must be the code of a language"),
    (["FILE", "--name", "../loops.md"], "--name: This must be a path within a folder"),
    (["http://[v1.x]/"], "PATH|URL: This is not a web address: its host or port cannot be read."),
    (["https://user:secret@example.org/"], "PATH|URL: This web address contains a name or a password."),
    ([".", "--title", "All"], "--title, --url and --name are for one file."),
    (["~nobody-of-this-name/x.md"], "There is no file or folder ~nobody-of-this-name/x.md."),
    (["n" * 5000], f"{'n' * 5000} cannot be read: File name too long. Check the path"),
    (["https://example.org/v.mp4", "--captions", "."], ". is a folder. Name the file with the captions."),
    (["https://example.org/v.mp4", "--captions", "no.vtt"], "There is no file or folder no.vtt."),
    (["FILE", "--name", "n" * 501], "--name: At most 500 characters."),
    (
        ["FILE", "--name", "rules.yaml"],
        "loops.md: by its name it is data. If it is something to read all the same, give it another name",
    ),
]


def test_a_mistake_is_one_sentence_and_status_1(lmskit, course, file):
    for arguments, sentence in MISTAKES:
        given = [str(file) if argument == "FILE" else argument for argument in arguments]
        result = lmskit("material", "add", *given, "--course", course.code)
        assert (result.exit_code, result.stdout) == (1, ""), arguments
        assert result.stderr.splitlines()[-1].startswith(sentence.replace("CODE", course.code)), arguments
        assert "secret" not in result.stderr


LEFT_OUT = [
    (
        "config.yaml",
        "a: 1\n",
        "by its name it is data. If it is something to read all the same, give it another name, such as config.yaml.txt",
    ),
    (".hidden.md", "# Text\n", "by its name it is a hidden file. If it is something to read all the same, give it another name"),
    ("LICENSE", "Text.\n", "by its name it is about the folder, not a material."),
    ("empty.md", "", "it is empty. If it should not be, save or download it again; otherwise leave it out."),
    ("two\nlines.md", "# Text\n", "its name cannot be stored: it must be one line of visible characters. Rename it, then try again."),
]


def test_a_file_is_refused_alone_for_the_reason_for_which_a_folder_leaves_it_out(lmskit, course, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    for name, content, reason in LEFT_OUT:
        (folder / name).write_text(content)
        alone = lmskit("material", "add", str(folder / name), "--course", course.code)
        assert (alone.exit_code, reason in alone.stderr) == (1, True), name
    assert (
        "5 files: 0 added, 0 changed, 0 unchanged, 3 skipped, 2 refused."
        in lmskit("material", "add", str(folder), "--course", course.code).stdout
    )


def test_a_file_that_is_left_out_by_its_name_is_added_under_another(material, tmp_path):
    (tmp_path / "config.yaml").write_text("The settings of the exercise.\n")
    assert material(str(tmp_path / "config.yaml"), "--name", "config.txt")


def test_the_week_of_its_folder_holds_for_a_file_that_is_added_alone(lmskit, course, tmp_path, monkeypatch):
    folder = tmp_path / "one" / "week-02"
    folder.mkdir(parents=True)
    (folder / "x.md").write_text("# Text\n\nA loop repeats its lines.\n")
    monkeypatch.chdir(tmp_path)
    for further in ([], ["--name", "another.md"]):
        assert ", week 2, " in lmskit("material", "add", "one/week-02/x.md", *further, "--course", course.code).stdout
    named = lmskit("material", "add", "one/week-02/x.md", "--name", "week-01.md", "--course", course.code)
    assert ", week 1, " in named.stdout


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with a name")
def test_a_pipe_and_a_device_are_refused_without_reading_them(lmskit, course, tmp_path):
    os.mkfifo(tmp_path / "pipe.md")
    for path in (tmp_path / "pipe.md", "/dev/null"):
        for arguments in ([str(path)], ["https://example.org/v.mp4", "--captions", str(path)]):
            refused = lmskit("material", "add", *arguments, "--course", course.code)
            assert refused.exit_code == 1
            assert refused.stderr.startswith(f"{path} is neither a file nor a folder, but a pipe, a device or the like.")


def test_a_file_whose_name_looks_like_an_option_is_added_as_the_advice_says(lmskit, course, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "-dash.md").write_text("# Text\n")
    refused = lmskit("material", "add", "-dash.md", "--course", course.code)
    assert refused.exit_code == 2
    assert (
        "No such option: -d. A text or file that begins with - comes last, after --; a file can also be named as ./-name" in refused.stderr
    )
    assert " was added" in lmskit("material", "add", "./-dash.md", "--course", course.code).stdout
    assert "left as it is" in lmskit("material", "add", "--course", course.code, "--", "-dash.md").stdout
    assert "comes last" not in lmskit("material", "add", "a.md", "--curse", "x").stderr


def test_a_copy_that_cannot_be_written_is_one_sentence(lmskit, material, file, tmp_path):
    number = material(str(file))
    for path, reason in ((tmp_path / "missing" / "x.md", "No such file or directory"), (tmp_path, "Is a directory")):
        refused = lmskit("material", "show", number, "--save", str(path))
        assert refused.exit_code == 1
        assert refused.stderr.startswith(f"{path} cannot be written: {reason}. Name a file in a folder that exists")
    long = lmskit("material", "show", number, "--save", str(tmp_path / ("n" * 300)))
    assert (long.exit_code, "cannot be written: File name too long." in long.stderr) == (1, True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["loops.md", "store"]


def test_the_passages_of_a_material_are_listed_with_their_numbers_as_a_missing_one_advises(lmskit, course, material, tmp_path):
    (tmp_path / "two.md").write_text("# Lists\n\nA list stores values.\n\n# Loops\n\n" + "A loop repeats its lines. " * 20)
    number = material(str(tmp_path / "two.md"))
    refused = lmskit("material", "pin", number, "9", "--course", course.code, "--week", "1")
    assert refused.stderr == f"Material {number} has no passage 9. To list its passages: lmskit material show {number} --passages\n"
    listed = lmskit(*refused.stderr.rpartition(": lmskit ")[2].split()).stdout
    first, second = [line for line in listed.splitlines() if re.match(r"[12]\t", line)]
    assert ("Lists" in first, "A list stores values." in first) == (True, True)
    assert ("Loops" in second, second.rstrip().endswith("…")) == (True, True)
    assert "Rows 2 to 2 of 2." in lmskit("material", "show", number, "--passages", "--offset", "1").stderr
    assert "A list stores" not in lmskit("material", "show", number).stdout
    for_a_program = ("material", "show", number, "--format", "json", "--save", str(tmp_path / "copy.md"))
    saved = lmskit(*for_a_program, "--passages")
    assert [row["ordinal"] for row in json.loads(saved.stdout)] == [1, 2]
    assert f"Its file was written to {tmp_path / 'copy.md'}.\n" in saved.stderr
    without = lmskit(*for_a_program)
    assert (without.exit_code, without.stdout) == (1, "")
    assert without.stderr == "--format is for the list of passages. To list them: --passages\n"


def test_a_name_of_300_characters_is_stored_whole(lmskit, material, file):
    name = f"{'n' * 297}.md"
    assert f"File: {name}, " in lmskit("material", "show", material(str(file), "--name", name)).stdout


@pytest.mark.skipif(not Path("/proc/self/ns").is_dir(), reason="this system has no folder in which even root cannot write")
def test_a_store_that_cannot_be_written_is_one_sentence_and_nothing_is_half_done(lmskit, course, file, configure):
    configure(LMSKIT_MATERIAL_STORE="/proc/self/ns")
    refused = lmskit("material", "add", str(file), "--course", course.code)
    assert refused.exit_code == 1
    assert "The store of materials, /proc/self/ns, cannot be used by this account:" in refused.stderr
    assert f"{course.code} has no materials yet." in lmskit("material", "list", "--course", course.code).stderr


def test_a_file_that_grows_while_it_is_read_is_refused(tmp_path, course):
    class Growing(type(tmp_path)):  # type: ignore[misc]
        """A file to which another program writes."""

        def open(self, mode="r", **options):
            stream = super().open(mode, **options)
            read = stream.read

            class Stream:
                __enter__, __exit__ = lambda self: self, lambda self, *_: stream.close()
                fileno = stream.fileno

                def read(self, size):
                    content = read(size)
                    os.truncate(stream.name, len(content) + 1)
                    return content

            return Stream()

    (tmp_path / "log.txt").write_text("One line.\n")
    store = FolderStore(tmp_path / "store")
    (result,) = add_files(transaction, store, course.code, [file_alone(Growing(tmp_path / "log.txt"))])
    assert (result.outcome, result.reason) == (
        "refused",
        "it changed while it was read. Add it again when the program that writes it has ended.",
    )
    assert list(store.names()) == []
