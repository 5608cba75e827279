"""Plain CSV: which column holds which field, and what its cells may hold."""

import datetime as dt

import pytest

from lmskit.errors import ImportFileError
from lmskit.importers.formats import ReadOptions
from lmskit.importers.plain_csv import FORMAT
from lmskit.importers.plain_headers import HEADERS, plain_header
from lmskit.importers.plain_words import ROLES, STATUSES
from lmskit.importers.record import AttemptRecord, EnrollmentRecord, ExcuseRecord, PersonKey, PersonRecord, QuizRecord
from lmskit.importers.times import DayOrder
from lmskit.vocabulary import EnrollmentStatus, Role
from tests.importers.plain import csv_file


@pytest.fixture
def opened(tmp_path):
    def open_(rows, **options):
        return FORMAT.open(csv_file(tmp_path / "file.csv", rows), ReadOptions(**options))

    return open_


def read(source, kind):
    return [record for record in source.records() if isinstance(record, kind)]


def rejected(source):
    list(source.records())
    return [(rejection.row, rejection.column, rejection.reason) for rejection in source.parts[0].rejections]


def test_usual_headers_are_recognised_in_upper_and_lower_case(opened):
    source = opened("E-Mail Address,LAST NAME,First name,Age\nAda@Example.org,Lovelace,Ada,36")
    [person] = read(source, PersonRecord)
    assert (person.key, person.family_name, person.given_name) == (PersonKey(email="ada@example.org"), "Lovelace", "Ada")
    assert source.parts[0].skipped_columns == ("Age",)
    assert source.notes == ["file.csv: email from 'E-Mail Address', family_name from 'LAST NAME', given_name from 'First name'."]


@pytest.mark.parametrize("header", ["my email", "email2", "emails", "e mail"])
def test_a_header_is_never_recognised_by_a_part_of_it(opened, header):
    with pytest.raises(ImportFileError, match=f"no column that identifies people: id, sis_id, email. It has {header}, family_name"):
        opened(f"{header},family_name\nada@example.org,Lovelace")


def test_another_header_can_be_given(opened):
    source = opened("Kennung,Nachname,Name\n007,Lovelace,ignored", columns={"id": "Kennung", "family_name": "Nachname"})
    [person] = read(source, PersonRecord)
    assert (person.key.source_id, person.family_name) == ("007", "Lovelace")


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"nickname": "Name"}, "There is no field 'nickname'. Fields are id, "),
        ({"id": "Number"}, "file.csv has no column 'Number' for the field id. It has id, Name."),
    ],
)
def test_a_given_field_and_its_header_must_exist(opened, columns, sentence):
    with pytest.raises(ImportFileError, match=sentence):
        opened("id,Name\n1,Ada", columns=columns)


def test_two_columns_for_one_field_are_not_guessed(opened):
    rows = "email,mail,name\nada@example.org,ada@x.example.org,Ada"
    with pytest.raises(ImportFileError, match=r"'email' and 'mail' could both be the email. Choose one: --map email=HEADER"):
        opened(rows)
    assert read(opened(rows, columns={"email": "mail"}), PersonRecord)[0].key.email == "ada@x.example.org"


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Lovelace, Ada", ("Lovelace", "Ada")), ("Ada Lovelace", ("Lovelace", "Ada")), ("Ada von Lux", ("von Lux", "Ada")), ("", ("", ""))],
)
def test_a_name_is_split_at_its_comma_else_before_the_family_name(opened, name, expected):
    [person] = read(opened([("id", "name"), ("1", name)]), PersonRecord)
    assert (person.family_name, person.given_name) == expected


def test_a_column_name_beside_given_names_has_family_names(opened):
    [person] = read(opened("id,Name,First name\n1,von Lux,Eva"), PersonRecord)
    assert (person.family_name, person.given_name) == ("von Lux", "Eva")
    assert rejected(opened("id,Name,First name\n1,,Eva")) == [(2, "Name", "is empty, though there is a given name")]


def test_a_note_counts_the_names_that_were_split_without_a_comma(opened):
    source = opened([("id", "name"), ("1", "Max Lux"), ("2", "Ito"), ("3", "Lux, Max")])
    list(source.records())
    assert [note for note in source.notes if "comma" in note] == [
        "file.csv: names without a comma, whose last word is read as the family name, with the particles before it: 1."
    ]


def test_a_cell_that_was_mended_is_a_warning_with_both_texts(opened):
    source = opened([("id", "email", "family_name"), ('="00078"', "mailto:m@uni.example", "M\u00c3\u00bcller")])
    read(source, PersonRecord)
    [person] = read(source, PersonRecord)  # which does not repeat the warnings
    assert (person.key, person.family_name) == (PersonKey("00078", None, "m@uni.example"), "Müller")
    assert [(warning.row, warning.column, warning.value) for warning in source.warnings] == [
        (2, "id", '="00078" → 00078'),
        (2, "email", "mailto:m@uni.example → m@uni.example"),
        (2, "family_name", "M\u00c3\u00bcller → Müller"),
    ]


def test_role_status_course_and_days_are_read(opened):
    [enrollment] = read(
        opened("id,role,status,course,started_on,ended_on\n1,Student,Withdrawn,CS1,2026-09-14,2026-10-01"),
        EnrollmentRecord,
    )
    assert (enrollment.role, enrollment.status, enrollment.course) == (Role.STUDENT, EnrollmentStatus.WITHDRAWN, "CS1")
    assert (enrollment.started_on, enrollment.ended_on) == (dt.date(2026, 9, 14), dt.date(2026, 10, 1))


def test_a_bad_cell_rejects_only_its_row(opened):
    source = opened("""
        id,email,family_name,role,started_on
        1,no address,Lovelace,,
        ,,Lovelace,,
        3,,Lovelace,parent,
        4,,Lovelace,,soon
        5,,NaN,,
        6,,Lovelace,,
    """)
    assert [column for _, column, _ in rejected(source)] == ["email", None, "role", "started_on", "family_name"]
    assert [person.key.source_id for person in read(source, PersonRecord)] == ["6"]
    assert source.parts[0].rows_in == 6


def test_results_are_a_quiz_and_an_attempt_per_row(opened):
    rows = 'email,quiz,week,score,max_score,attempt,submitted_at\nada@example.org,Sets,3,"7,5",10,2,2026-10-01'
    source = opened([line.split("|") for line in rows.replace(',"7,5",', "|7,5|").replace(",", "|").replace("7|5", "7,5").splitlines()])
    [quiz] = read(source, QuizRecord)
    assert (quiz.title, quiz.week_number, quiz.max_score, quiz.has_source_id) == ("Sets", 3, 10, False)
    [attempt] = read(source, AttemptRecord)
    assert (attempt.score, attempt.number, attempt.is_total) == (7.5, 2, False)
    assert attempt.submitted_at == dt.datetime(2026, 10, 1, tzinfo=dt.UTC)
    assert "file.csv was read with the decimal comma." in source.notes


def test_times_of_one_day_are_two_attempts_and_the_file_proves_the_order_of_its_dates(opened):
    header = "email,quiz,week,score,max_score,submitted_at"
    rows = [f"ada@example.org,Sets,1,9,10,{time}" for time in ("09/10/2026 20:15", "09/10/2026 08:05", "09/28/2026 08:05")]
    source = opened("\n".join([header, *rows]))
    assert [(attempt.submitted_at.month, attempt.submitted_at.day) for attempt in read(source, AttemptRecord)] == [
        (9, 10),
        (9, 10),
        (9, 28),
    ]
    assert any("no zone and are read as UTC" in note for note in source.notes)
    undecided = opened("\n".join([header, *rows[:2]]))
    assert [(row, column) for row, column, _ in rejected(undecided)] == [(2, "submitted_at"), (3, "submitted_at")]
    given = opened("\n".join([header, *rows[:2]]), day_order=DayOrder.DAY_FIRST, time_zone="Europe/London")
    assert [str(attempt.submitted_at) for attempt in read(given, AttemptRecord)] == [
        "2026-10-09 19:15:00+00:00",
        "2026-10-09 07:05:00+00:00",
    ]
    assert any("those of Europe/London" in note for note in given.notes)


def test_a_year_of_two_digits_is_read_with_a_warning(opened):
    source = opened("id,family_name,started_on,ended_on\n1,Rae,03.04.2026,\n2,Roe,03.04.26,31.05.2026")
    days = [(record.started_on, record.ended_on) for record in read(source, EnrollmentRecord)]
    assert days == [(dt.date(2026, 4, 3), None), (dt.date(2026, 4, 3), dt.date(2026, 5, 31))]
    assert [(warning.row, warning.value) for warning in source.warnings] == [(3, "03.04.26")]


def test_without_a_number_and_a_time_a_score_is_a_total(opened):
    [attempt] = read(opened("id,quiz,points\n1,Sets,7"), AttemptRecord)
    assert (attempt.is_total, attempt.max_score) == (True, None)


@pytest.mark.parametrize("cell", ["", "-", "N/A"])
def test_a_cell_without_a_score_is_not_an_attempt(opened, cell):
    source = opened(f"id,quiz,score\n1,Sets,{cell}")
    assert read(source, AttemptRecord) == []
    assert source.parts[0].rejections == []


def test_an_excused_student_has_no_attempt_whatever_the_row_says_of_one(opened):
    source = opened("id,quiz,score,attempt\n1,Sets,excused,\n2,Sets,Exempt,1")
    assert read(source, AttemptRecord) == []
    assert [(record.quiz, record.person.source_id) for record in read(source, ExcuseRecord)] == [("Sets", "1"), ("Sets", "2")]


@pytest.mark.parametrize(
    ("score", "maximum", "expected"),
    [
        ("85 %", "20", (17, 20)),
        ("85 %", "", (85, 100)),
        ("complete", "20", (20, 20)),
        ("incomplete", "20", (0, 20)),
    ],
)
def test_a_score_may_be_a_share_of_the_maximum_score(opened, score, maximum, expected):
    source = opened(f"id,quiz,score,max_score\n1,Sets,{score},{maximum}")
    [attempt], [quiz] = read(source, AttemptRecord), read(source, QuizRecord)
    assert (attempt.score, attempt.max_score) == expected
    assert quiz.max_score == expected[1]


def test_a_maximum_score_can_be_given_for_a_quiz(opened):
    rows = "id,quiz,score,max_score\n1,Sets,7,\n2,Sets,7,20\n3,Maps,7,"
    assert [attempt.max_score for attempt in read(opened(rows, max_scores={"Sets": 10.0}), AttemptRecord)] == [10, 20, None]


def test_a_word_for_all_points_needs_the_maximum_score(opened):
    assert rejected(opened("id,quiz,score\n1,Sets,complete")) == [
        (2, "score", "means all or no points, and the file does not contain how many points there are")
    ]


def test_an_attempt_that_requires_grading_has_no_score(opened):
    [attempt] = read(opened("id,quiz,score,attempt\n1,Sets,Requires grading,2"), AttemptRecord)
    assert (attempt.score, attempt.number) == (None, 2)


def test_results_show_that_a_student_took_part_and_a_roster_that_they_are_enrolled(opened):
    assert [enrollment.is_implied for enrollment in read(opened("id,quiz,score\n1,Sets,7"), EnrollmentRecord)] == [True]
    assert [enrollment.is_implied for enrollment in read(opened("id,quiz,score,status\n1,Sets,7,active"), EnrollmentRecord)] == [False]
    assert [enrollment.is_implied for enrollment in read(opened("id,name\n1,Ada"), EnrollmentRecord)] == [False]


@pytest.mark.parametrize("header", ["id,quiz", "id,score", "id,quiz,week"])
def test_results_need_a_quiz_and_a_score(opened, header):
    with pytest.raises(ImportFileError, match="results need a column quiz and a column score"):
        opened(f"{header}\n")


@pytest.mark.parametrize("field", ["quiz", "score"])
def test_results_are_left_out_if_a_person_says_so(opened, field):
    with pytest.raises(ImportFileError, match="To import only the people: --map quiz= --map score="):
        opened(f"id,name,{field}\n1,Ada,7")
    source = opened(f"id,name,{field}\n1,Ada,7", columns={field: ""})
    assert [person.family_name for person in read(source, PersonRecord)] == ["Ada"]
    assert read(source, AttemptRecord) == []


def test_a_file_is_detected_by_headers_of_people_or_results(tmp_path):
    assert FORMAT.detect(csv_file(tmp_path / "a", "email,last name\n"))
    assert FORMAT.detect(csv_file(tmp_path / "b", "id,quiz,score\n"))
    assert not FORMAT.detect(csv_file(tmp_path / "c", "id,colour\n"))
    assert not FORMAT.detect(tmp_path)


def test_no_header_belongs_to_two_fields():
    known = [header for groups in HEADERS.values() for group in groups for header in group]
    assert len(known) == len(set(known))
    assert all(header == plain_header(header) for header in known)
    assert all(word == word.casefold() for word in [*ROLES, *STATUSES])


@pytest.mark.parametrize(
    ("header", "fields"),
    [
        ("Matrikel-Nr.;Nachname;Vorname;E-Mail", "sis_id family_name given_name email"),
        ("Anrede;Titel;Name;Vorname;Matrikel;Mail", "family_name given_name sis_id email"),
        ("Numéro étudiant;Nom;Prénom;Courriel;Statut", "sis_id family_name given_name email status"),
        ("Nom;Courriel", "name email"),
        ("Matrícula;Apellidos;Nombre;Correo electrónico;Rol", "sis_id family_name given_name email role"),
        ("Nombre;Correo", "name email"),
        ("Student ID,Student Name,E-Mail:", "id name email"),
        ("id,last_name,first_name,email", "id family_name given_name email"),
        ("UIN,Username,Name,Assessment,Instance,Points,Max points", "sis_id id name quiz attempt score max_score"),
        ("ID,Username,Name", "id name"),
        ("Timestamp,Email Address,Name,Assignment", "email name"),
        ("NOM;PRENOM;NUMERO ETUDIANT;ADRESSE MAIL", "family_name given_name sis_id email"),
        ("Primer apellido;Segundo apellido;Nombre;NIA;Correo electrónico institucional", "family_name given_name sis_id email"),
        ("First,Last,Middle,ID,E-mail", "given_name family_name id email"),
        ("Preferred Name,Legal First Name,Legal Last Name,Student Number,University Email", "given_name family_name sis_id email"),
        ("Vor- und Nachname;Matrikel-Nr;Uni-Mail", "name sis_id email"),
        ("Name,Last,Email", "name email"),
    ],
)
def test_headers_of_student_systems_and_tools_in_four_languages(opened, header, fields):
    assert set(opened(header).fields) == set(fields.split())


@pytest.mark.parametrize(
    ("header", "field", "read_from"),
    [
        ("Nom;Nom d'usage;Prénom;Courriel", "family_name", "Nom"),
        ("Nom d'usage;Nom de naissance;Prénom;Courriel", "family_name", "Nom de naissance"),
        ("First,Last,Name,Email", "family_name", "Last"),
        ("Preferred Name,Name,Email", "name", "Name"),
        ("Participant,Name,Email", "name", "Name"),
        ("Display name,Teilnehmer,Email", "name", "Teilnehmer"),
        ("Roll No,Enrollment Number,Name", "sis_id", "Enrollment Number"),
        ("Account,Login,Name", "id", "Login"),
        ("NetID,UID,Name", "id", "UID"),
    ],
)
def test_of_two_columns_for_one_field_the_one_that_every_row_has_is_read(opened, header, field, read_from):
    assert opened(header).fields[field].header == read_from


@pytest.mark.parametrize("header", ["Name,Surname,Email", "Email,Name,Nachname", "Last Name,Preferred Name,Email"])
def test_a_name_that_may_be_the_given_one_is_not_left_out(opened, header):
    with pytest.raises(ImportFileError, match=r"could both be names of people\. Say which has the given names: --map given_name=HEADER"):
        opened(header)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"given_name": "Name"}, ("Lovelace", "Ada")),
        ({"name": ""}, ("Lovelace", "")),
        ({"family_name": ""}, ("King", "Ada")),
        ({"name": "Name"}, ("King", "Ada")),
    ],
)
def test_a_person_says_which_of_two_columns_has_the_given_names(opened, columns, expected):
    name = "Ada" if "given_name" in columns else "Ada King"
    [person] = read(opened([["id", "Name", "Surname"], ["1", name, "Lovelace"]], columns=columns), PersonRecord)
    assert (person.family_name, person.given_name) == expected


@pytest.mark.parametrize(("header", "kind"), [("Group,Groups", "group"), ("Section,Sektion", "section")])
def test_two_columns_of_sections_are_left_out_with_a_note(opened, header, kind):
    source = opened(f"id,name,{header}\n1,Ada,A,B")
    assert [enrollment.sections for enrollment in read(source, EnrollmentRecord)] == [()]
    assert [note for note in source.notes if f"could both be the {kind}, and none is read. Choose one: --map {kind}=HEADER" in note]
    chosen = opened(f"id,name,{header}\n1,Ada,A,B", columns={kind: header.partition(",")[0]})
    assert [section.name for enrollment in read(chosen, EnrollmentRecord) for section in enrollment.sections] == ["A"]
    assert not [note for note in chosen.notes if "none is read" in note]


def test_a_login_that_is_an_address_is_an_address(opened):
    assert set(opened("UID,Name\nada@example.org,Ada\n,Ben").fields) == {"email", "name"}
    assert set(opened("UID,Name\nada@example.org,Ada\nben,Ben").fields) == {"id", "name"}


@pytest.mark.parametrize(
    ("header", "name", "expected"),
    [
        ("Nachname Vorname", "Leyen Eva", ("Leyen", "Eva")), ("Nom prénom", "de la Tour Zoé", ("de la Tour", "Zoé")),
        ("Apellidos y nombre", "García López Juan Carlos", ("García López", "Juan Carlos")),
        ("Apellidos, Nombre", "García López, Juan", ("García López", "Juan")),
        ("NOM PRENOM", "Zoé DUPONT", ("DUPONT", "Zoé")), ("Vorname Nachname", "Eva Leyen", ("Leyen", "Eva")),
    ],
)  # fmt: skip
def test_a_header_says_that_the_family_name_comes_first(opened, header, name, expected):
    source = opened([["id", header], ["1", name]])
    [person] = read(source, PersonRecord)
    assert (person.family_name, person.given_name) == expected
    assert any("first word is read as the family name" in note for note in source.notes) == (
        header != "Vorname Nachname" and "," not in name
    )


@pytest.mark.parametrize(
    ("rows", "family"),
    [
        ("id,Primer apellido,Segundo apellido,Nombre\n1,García,López,Ana", "García López"),
        ("id,Primer apellido,Segundo apellido,Nombre\n1,Smith,,Ana", "Smith"),
        ("id,Namenszusatz,Name,Vorname\n1,von der,Leyen,Eva", "von der Leyen"),
        ("id,Voornaam,Namenszusatz,Nachname\n1,x,de,Vries", "de Vries"),
    ],
)
def test_a_family_name_may_be_in_two_columns(opened, rows, family):
    source = opened(rows)
    assert [person.family_name for person in read(source, PersonRecord)] == [family]
    assert any("family_name from '" in note and "' and '" in note for note in source.notes)


@pytest.mark.parametrize(
    ("word", "role"),
    [
        ("Studierende", Role.STUDENT), ("étudiante", Role.STUDENT), ("Teilnehmer*in", Role.STUDENT), ("Étudiant\u00b7e", Role.STUDENT),
        ("Alumno/a", Role.STUDENT), ("Schüler:innen", Role.STUDENT), ("Profesora", Role.LECTURER), ("Dozent/-in", Role.LECTURER),
        ("", None),
    ],
)  # fmt: skip
def test_roles_in_four_languages(opened, word, role):
    assert [person.role for person in read(opened([["id", "name", "role"], ["1", "A", word]]), PersonRecord)] == [role]


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("Enrolled", EnrollmentStatus.ACTIVE),
        ("dropped", EnrollmentStatus.WITHDRAWN),
        ("Abgemeldet", EnrollmentStatus.WITHDRAWN),
        ("terminé", EnrollmentStatus.COMPLETED),
        ("Baja", EnrollmentStatus.WITHDRAWN),
        ("Immatrikuliert", EnrollmentStatus.ACTIVE),
    ],
)
def test_states_of_an_enrollment_in_four_languages(opened, word, status):
    assert [record.status for record in read(opened([["id", "name", "status"], ["1", "A", word]]), EnrollmentRecord)] == [status]


def test_an_unknown_state_is_rejected_with_the_words_that_are_known(opened):
    [(row, column, reason)] = rejected(opened("id,name,status\n1,A,Waitlisted"))
    assert (row, column) == (2, "status")
    assert "write active, enrolled, withdrawn, dropped, inactive or completed" in reason


def test_a_row_that_sums_up_the_others_is_not_counted(opened):
    source = opened("id,name,quiz,score\n1,Summer,Sets,7\n2,Total,Sets,8\nSum: 2,,,15\n,,Average,7.5\nTotal,,,")
    assert [person.family_name for person in read(source, PersonRecord)] == ["Summer", "Total"]
    assert (source.parts[0].rows_in, rejected(source)) == (2, [])
    assert "file.csv: rows with sums, averages or footnotes are not counted: 3." in source.notes


@pytest.mark.parametrize(
    "row",
    [
        "Max:,,,8", "Std. dev.,,,1.5", "Points possible,,,10", "Ende der Liste,,,", "* late work is marked,,,", "Stand: 28.11.2026,,,",
        "Exported by Ada on 28.11.2026,,,", "N = 1,,,", "1 Datensatz,,,", "\u00a9 Example University,,,", "Page 1 of 1,,,",
    ],
)  # fmt: skip
def test_a_row_about_no_person_is_not_counted(opened, row):
    source = opened(f"email,name,quiz,score\na@b.example,Lux,Sets,7\n{row}")
    assert len(read(source, PersonRecord)) == source.parts[0].rows_in == 1
    assert rejected(source) == []
    assert "file.csv: rows with sums, averages or footnotes are not counted: 1." in source.notes


@pytest.mark.parametrize("row", ["7,,,", "Max,,,", "Lux Page 1,,,", "Total,Ada,Sets,8", "Standish,,,"])
def test_a_row_that_may_be_about_a_person_is_counted(opened, row):
    source = opened(f"id,name,quiz,score\n1,Lux,Sets,7\n{row}")
    list(source.records())
    assert source.parts[0].rows_in == 2


@pytest.mark.parametrize(
    ("cell", "week"), [("3", 3), ("3.0", 3), ("Woche 3", 3), ("W3", 3), ("Semana 3", 3), ("99", None), ("KW 12", None), ("x", None)]
)
def test_the_cell_of_a_week_may_have_a_word_for_week(opened, cell, week):
    source = opened(f"id,name,quiz,score,week\n1,Lux,Sets,7,{cell}")
    assert [quiz.week_number for quiz in read(source, QuizRecord)] == [week] * (week is not None)


def test_a_sum_is_not_a_person_whose_id_is_the_word_for_it(opened):
    source = opened("Matrikelnummer;Nachname;Vorname\n7;Lux;Max\nSumme;1;")
    assert [person.family_name for person in read(source, PersonRecord)] == ["Lux"]
    assert rejected(source) == []


@pytest.mark.parametrize(
    ("name", "number"),
    [("Sum Wing", "12345"), ("Sum Wing", "12"), ("Sum", "12345"), ("Media Luz", "7"), ("Gesamt, Jan", "7"), ("Mean, John", "1234567")],
)
def test_a_person_whose_name_begins_with_the_word_for_a_sum_is_no_sum(opened, name, number):
    source = opened([["Name", "Matrikelnummer"], ["Ada Lux", "12344"], [name, number]])
    assert [person.key.sis_id for person in read(source, PersonRecord)] == ["12344", number]


@pytest.mark.parametrize("first", ["Sum", "Summe:", "Total students", "Anzahl Studierende", "Nombre total d'étudiants", "Count: 25"])
def test_a_count_of_the_ids_is_no_person(opened, first):
    source = opened([["Name", "Matrikelnummer"], ["Ada Lux", "12344"], [first, "25"]])
    assert [person.key.sis_id for person in read(source, PersonRecord)] == ["12344"]


def test_the_quiz_of_all_rows_can_be_named(opened):
    source = opened("id,name,points\n1,Ada,7\n2,Ben,", title=" Week 3\n")
    assert [(attempt.quiz, attempt.score) for attempt in read(source, AttemptRecord)] == [("Week 3", 7)]
    assert [enrollment.is_implied for enrollment in read(source, EnrollmentRecord)] == [True, False]


def test_the_system_of_the_ids_can_be_named(opened):
    assert opened("id,name\n1,Ada").system == "csv"
    assert opened("id,name\n1,Ada", source="campus").system == "campus"
    with pytest.raises(ImportFileError, match=r"'My System' is not the name of a source of ids: .*--source campus"):
        opened("id,name\n1,Ada", source="My System")


def test_a_list_of_participants_is_a_roster_only_if_all_are_said_to_be_students(opened):
    rows = "First name,Last name,ID number,Email address,Groups\nAda,Lovelace,7,ada@example.org,A"
    with pytest.raises(ImportFileError, match=r"does not say who is a student .* --all-students"):
        opened(rows)
    assert [person.key.sis_id for person in read(opened(rows, all_students=True), PersonRecord)] == ["7"]


def test_reading_twice_gives_the_same(opened):
    source = opened("id,quiz,score\n1,Sets,7\n2,Sets,x")
    assert list(source.records()) == list(source.records())
    assert len(source.parts[0].rejections) == 1


def test_an_id_may_hold_every_character_that_can_be_seen(opened):
    seen, hidden = "12\u00a034/ä", ["12\x0034", "12\u200b34"]
    source = opened([["id", "family_name"], *([name, "Lovelace"] for name in (seen, *hidden))])
    assert [person.key.source_id for person in read(source, PersonRecord)] == [seen]
    assert [row for row, _, _ in rejected(opened([["id", "family_name"], *([name, "L"] for name in (seen, *hidden))]))] == [3, 4]
