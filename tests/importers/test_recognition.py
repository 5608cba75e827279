"""What a file seems to be that no reader takes, and what the refusal says to do."""

import gzip
import zipfile

import openpyxl
import pytest

from lmskit.errors import ImportFileError
from lmskit.importers.formats import ReadOptions
from lmskit.importers.plain_csv import FORMAT
from lmskit.importers.recognition import kind_of_headers
from lmskit.importers.record import AttemptRecord
from lmskit.importers.registry import detected
from tests.importers.plain import csv_file

TABLES = {
    "a Canvas gradebook without its points": (
        'Student,ID,Section,Quiz (11)\n"Vale, Ada",501,x,9',
        r"It seems to be a Canvas gradebook\. .* lacks the row Points Possible .* Export the gradebook again",
    ),
    "a Moodle gradebook with letters only": (
        "First name,Last name,Email address,Quiz: Week 1 (Letter)\nAda,Vale,ada@example.org,A",
        r"table\.csv is a Moodle gradebook with letters alone, .* with the grade display types Real and Percentage",
    ),
    "a report on a Moodle quiz without its times": (
        "Last name,First name,Email address,Status,Grade/10.00,Q. 1 /10.00\nVale,Ada,ada@example.org,Finished,9,9",
        r"It seems to be a report on a Moodle quiz\. .*no column such as 'Started on'",
    ),
    "the completion of activities in Moodle without its times": (
        ",ID number,Email address,Quiz 1,Quiz 2\nAda Vale,7,ada@example.org,Completed,Not completed",
        r"By its columns ID number, .* completion of activities in Moodle|is not Moodle's report on the completion of activities",
    ),
    "the log of a Moodle course": (
        "Time,User full name,Affected user,Event context,Component,Event name\n1,Ada,-,x,y,z",
        r"seems to be a log of a Moodle course\. .*is not the log of a Moodle course\. Download it in Moodle under Reports, Logs",
    ),
    "the participants of a Moodle course": (
        "First name,Last name,ID number,Email address,Groups\nAda,Vale,7,ada@example.org,A",
        r"seems to be a list of the participants .* or a file for Upload users, .*--all-students",
    ),
    "the same without groups": ("Vorname,Nachname,ID-Nummer,E-Mail-Adresse\nAda,Vale,7,ada@example.org", "list of the participants"),
    "one file of OneRoster": ("sourcedId,status,givenName,familyName\n1,,Ada,Vale", r"with manifest\.csv and all its files"),
    "a Gradescope gradebook": (
        "First Name,Last Name,SID,Email,HW 1,HW 1 - Max Points,HW 1 - Submission Time\nAda,Vale,7,ada@example.org,1,2,",
        "download the grades of each assignment by itself",
    ),
    "a Blackboard gradebook without the ids of its columns": (
        "Last Name,First Name,Username,Quiz 1 [Total Pts: 10 Score]\nVale,Ada,ada,9",
        r"table\.csv has no column such as 'Quiz 1 .*Download it from Blackboard again",
    ),
    "a Brightspace gradebook": (
        "OrgDefinedId,Username,Last Name,First Name,Quiz Points Grade <Numeric MaxPoints:10>,End-of-Line Indicator\n#1,ada,Vale,Ada,9,#",
        "seems to be a Brightspace gradebook",
    ),
    "assignments with points": (
        "Name,Email,HW 1 (10 pts),HW 2 (20 pts)\nAda,ada@example.org,1,2",
        r"no column of a question such as “1: Sorting \(4\.0 pts\)”; it has .* For the scores of several assignments",
    ),
    "questions without a sum": ("Name,Email,Q1 (4 pts)\nAda,ada@example.org,1", "no column Total Score"),
    "questions without points": ("Name,Email,Q1,Q2,Total\nAda,ada@example.org,1,2,3", r"such as “Q1 \(4 pts\)”"),
    "a table of something else": (
        "colour,size\nred,3",
        r"It has the columns colour, size\. The nearest format is a plain table .* no column that identifies people: .*--map email=HEADER",
    ),
    "a manifest": ("propertyName,value\nmanifest.version,1.0", r"one file of a OneRoster bundle\. Import the folder"),
    "one file of Canvas": (
        "section_id,course_id,name,status\ns1,c1,Sorting,active",
        r"one file of the Canvas SIS files\. Import the folder",
    ),
    "one file of a data set": ("id_assessment,id_student,score\n1,2,3", r"Open University Learning Analytics Dataset\. Import the folder"),
    "statistics in JSON": ("quizname,numberofcompletegradedfirstattempts\nQuiz 1,7", "statistics of a Moodle quiz"),
    "groups": (
        "id,courseid,name,description,enrolmentkey,ID number\n1,2,Group A,,,G1",
        r"groups, courses or other things that are not people\. .*lmskit import csv PATH",
    ),
    "courses": ("ID,Name,Kategorie,Beschreibung\n1,Sorting,A,B", "other things that are not people"),
    "users": ("id,fullname,email,firstaccess,lastaccess,mailformat\n1,Ada,a@b.example,1,1,1", "who is a student and who teaches"),
    "assignments without points": ("UID,UIN,Username,Name,Role,HW1,HW2,E1\na@b.example,7,a,Ada,Student,90,80,70", "column per assignment"),
    "sheets and an exam": ("Name;Matrikelnummer;Blatt 1;Blatt 2;Klausur\nAda;7;3;4;1,3", "the columns id, quiz, score and max_score"),
    "attendance and a total": (
        "Name,Student ID,Attendance,Essay,Total\nAda,7,8,9,17",
        r"table of results, whose scores a roster would leave out\. .*--map score=HEADER .*only the people: lmskit import csv PATH",
    ),
    "a column per week": ("Name;Matrikelnummer;Woche 1;Woche 2\nAda;7;8;9", "a roster would leave out"),
    "points in brackets": ("Student,Student ID,Part A (10),Part B (10)\nAda,7,8,9", "a roster would leave out"),
    "points behind a stroke": ("Student,Student ID,Part A / 10,Part B / 10\nAda,7,8,9", "a roster would leave out"),
    "one quiz": ("Last Name,First Name,Email Address,Quiz 1\nVale,Ada,a@b.example,8", "a roster would leave out"),
    "a gradebook of Canvas with translated headers": (
        "Estudiante,ID,ID de usuario de SIS,Sección,Semana 1 (101)\n    Puntos posibles,,,,10\nVale,7,s7,A,8",
        r"It seems to be a Canvas gradebook\. .*Export Entire Gradebook",
    ),
    "answers in Blackboard": (
        "Username,Last Name,First Name,Question ID 1,Question 1,Possible Points 1,Auto Score 1\nada,Vale,Ada,q1,What?,10,8",
        "answers to a test in Blackboard",
    ),
    "answers in Microsoft Forms": (
        "ID,Start time,Completion time,Email,Name,Total points,Quiz feedback,Question 1,Points - Question 1\n1,x,y,a@b.example,Ada,8,,4,8",
        r"not the numbers of the answers as ids: lmskit import csv PATH --map id= --map score=HEADER",
    ),
    "answers in German in Microsoft Forms": (
        "ID;E-Mail;Name;Gesamtpunktzahl;Frage;Punkte \u2013 Frage\n1;a@b.example;Ada;8;4;8",
        r"answers to a quiz in Microsoft Forms\. .*--map id= --map score=HEADER",
    ),
    "questions in PrairieLearn": (
        "UID,UIN,Name,Role,Assessment,Question,Max points,Question points,Score (%)\na@b.example,7,Ada,Student,HW 1,add,10,8,80",
        r"file ending in _instances\.csv",
    ),
    "a gradebook of Canvas without its points and its columns of SIS": (
        'Student,ID,Section,Quiz (11),Final Score\n"Vale, Ada",501,x,9,90',
        r"It seems to be a Canvas gradebook\. .*lacks the row Points Possible .* Export the gradebook again",
    ),
    "letters for scores": ("Name,Email,Week 1,Week 2\nAda,a@b.example,A,B+", "a roster would leave out"),
    "a score far below": ("Name,Email,Total\n" + "Ada,a@b.example,\n" * 99 + "Ada,a@b.example,7", "a roster would leave out"),
    "a score without a quiz": ("Name,Matrikelnummer,Punkte\nAda,7,3", "name the quiz of all rows: --title TITLE"),
    "ids alone": ("id,colour\n7,red", "A roster also needs a column family_name or name"),
}


@pytest.mark.parametrize(("rows", "sentence"), TABLES.values(), ids=TABLES)
def test_a_table_that_is_not_read_is_refused_for_what_it_is(tmp_path, rows, sentence):
    with pytest.raises(ImportFileError, match=rf"(?s)table\.csv is not in a format that lmskit reads\. .*{sentence}"):
        detected(csv_file(tmp_path / "table.csv", rows))


@pytest.mark.parametrize(
    "header",
    [
        "Student,ID,Section,Email",
        "Name,Vorname,Matrikelnummer,Gruppe",
        "First name,Last name,Email address",
        "First name,Last name,ID number,Email address,Role,Groups",
        "Name,Email,Question",
        "id,name,section (2026)",
        "id,first name,last name,description,category",
        "Course ID,Section ID,Student ID,Student Name",
        "Name,Email,Lab,Project,Tel1,Tel2,Semester,Address 1",
        "Matrikel-Nr.;Nachname;Vorname;E-Mail;Studiengang;Fachsemester",
        "Name,Email,Grade,Phone (1),Phone (2),WS 2026/27",
        "Student ID,First Name,Last Name,Total Credits,GPA,Notes,Session",
        "Name,Email,Total\nAda,a@b.example,",
        "Name,Email,Day 1,Day 2\nAda,a@b.example,x,",
        "Name,Email,Attendance,Note\nAda,a@b.example,yes,late",
        "Name,Email,WS 25,WS 26\nAda,a@b.example,x,",
    ],
)
def test_a_roster_with_columns_like_those_of_other_tables_is_a_roster(tmp_path, header):
    assert detected(csv_file(tmp_path / "roster.csv", header)).name == "csv"


def test_a_table_without_columns_is_of_no_kind():
    assert kind_of_headers([]) is None


def test_a_long_header_is_recognised_by_its_end():
    kind = kind_of_headers(["First name", "Last name", f"Quiz: {'x' * 400} (Letter)"])
    assert kind is not None
    assert kind.name == "a Moodle gradebook"


def test_given_columns_make_a_table_a_plain_one(tmp_path):
    path = csv_file(tmp_path / "list.csv", "Kürzel,Wer\n7,Ada")
    assert detected(path, ReadOptions(columns={"id": "Kürzel", "name": "Wer"})).name == "csv"
    with pytest.raises(ImportFileError, match=r"list\.csv has no column 'Kurz' for the field id"):
        detected(path, ReadOptions(columns={"id": "Kurz"}))


RESULTS = [
    ("Email,Name,Score,Percentage\na@b.example,Ada,7,70", {"title": "Sets"}, [7]),
    ("Email,Name,Total\na@b.example,Ada,7", {"title": "Sets", "columns": {"score": "Total"}}, [7]),
    ("Email,Name,Sheet 1,Sheet 2\na@b.example,Ada,7,8", {"title": "Sets", "columns": {"score": "Sheet 2"}}, [8]),
    ("Email,Name,Score,Percentage\na@b.example,Ada,7,70", {"columns": {"score": ""}}, []),
]


@pytest.mark.parametrize(("rows", "options", "scores"), RESULTS)
def test_a_person_says_how_a_table_of_results_is_read(tmp_path, rows, options, scores):
    path, reading = csv_file(tmp_path / "table.csv", rows), ReadOptions(**options)
    assert detected(path, reading) is FORMAT
    assert [record.score for record in FORMAT.open(path, reading).records() if isinstance(record, AttemptRecord)] == scores


def test_a_title_alone_does_not_choose_among_the_columns_of_a_table_of_results(tmp_path):
    path = csv_file(tmp_path / "table.csv", "Email,Name,Punkte,Blatt 1,Blatt 2\na@b.example,Ada,7,3,4")
    with pytest.raises(ImportFileError, match="column per assignment"):
        detected(path, ReadOptions(title="Sets"))


def archive(path, names):
    with zipfile.ZipFile(path, "w") as packed:
        for name in names:
            packed.writestr(name, "<x/>")
    return path


def workbook_with_a_title(path):
    book = openpyxl.Workbook()
    book.create_sheet("Students").append(["id", "name"])
    book.worksheets[0]["A1"] = "Read me"
    book.save(path)


OTHER_FILES = {
    "list.xls": (
        lambda path: path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99)),
        "old version of Excel .* save it as XLSX or CSV",
    ),
    "page.xls": (
        lambda path: path.write_text("<html><table><tr><td>id</td></tr></table>"),
        "web page with a table, .*save it as XLSX or CSV",
    ),
    "info.xlsx": (workbook_with_a_title, "is a workbook, .* Move the sheet with the table to the front"),
    "aiken.txt": (lambda path: path.write_text("What is two?\na. One\nb. Two\nAnswer: b\n"), "seems to be questions in Aiken"),
    "backup.mbz": (lambda path: path.write_bytes(gzip.compress(b"moodle_backup.xml ustar")), "backup of a Moodle course"),
    "moodle_backup.xml": (lambda path: path.write_text("<moodle_backup></moodle_backup>"), "Import the whole .mbz file"),
    "log.csv.gz": (lambda path: path.write_bytes(gzip.compress(b"Time,Event name")), "packed with gzip. Unpack it"),
    "cut.gz": (lambda path: path.write_bytes(gzip.compress(b"Time" * 99)[:20]), "packed with gzip. Unpack it"),
    "bank.html": (lambda path: path.write_text("<html><title>Moodle Quiz XHTML Export</title>"), "Export it as Moodle XML or as GIFT"),
    "page.csv": (
        lambda path: path.write_text("<!DOCTYPE html><html>Sign in"),
        "is a web page. If it is that of a sign-in",
    ),
    "course.imscc": (lambda path: archive(path, ["imsmanifest.xml", "web/page.html"]), "package of course content"),
    "rosters.zip": (lambda path: archive(path, ["a.csv", "b.csv"]), "files do not belong together. Import each of them by itself"),
    "one.zip": (lambda path: archive(path, ["a.csv"]), "To choose a format"),
    "slides.pptx": (lambda path: archive(path, ["[Content_Types].xml", "ppt/presentation.xml"]), "is a document to read"),
    "week_1.zip": (lambda path: archive(path, ["a.pdf", "b.md", "c.csv"]), "has documents to read. .*lmskit material add"),
    "week_1.pdf": (lambda path: path.write_bytes(b"%PDF-1.7\n"), "is a document to read. .*lmskit material add"),
    "week_1.md": (lambda path: path.write_text("# Sorting\n\nLists, and more."), "is a document to read"),
    "answer.json": (lambda path: path.write_text('{"courses": [{"id": 7}]}'), "JSON that is not a table of rows.*as CSV"),
    "bundle.zip": (lambda path: archive(path, ["orgs.csv", "users.csv"]), "lacks manifest.csv"),
}


@pytest.mark.parametrize(("name", "write", "sentence"), [(name, *case) for name, case in OTHER_FILES.items()], ids=OTHER_FILES)
def test_a_file_that_is_no_table_is_refused_for_what_it_is(tmp_path, name, write, sentence):
    write(tmp_path / name)
    with pytest.raises(ImportFileError, match=rf"{name} is not in a format that lmskit reads: .*{sentence}"):
        detected(tmp_path / name)
