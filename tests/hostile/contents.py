"""Files whose form is right and whose cells are hostile."""

import unicodedata

from tests.hostile.entry import GRADEBOOK, ROSTER, Entry, Imported, Refused, written

NOT_FINITE = "is not a finite number"
NO_NUMBER = "is not a number"
BELOW, ABOVE = "is below 0", "is above 99,999,999, the most that is read"
LONG = "N" * 500
QUIZ = "Last name,First name,Email address,State,Started on,Completed,Time taken,Grade/10.00,Q. 1 /10.00\n"
ADDRESS = "is not an e-mail address that can receive mail"


def _person(name: str, cell: str, shown: str | None = None) -> Entry:
    """A family name that is only unusual: it is imported as it is, with its letters composed."""
    family = unicodedata.normalize("NFC", shown or cell)
    return Entry(name, written(ROSTER + f'1,"{cell}",Ada,\n'), Imported(1, names=(f"{family}, Ada",)))


def _grade(name: str, cell: str, reason: str) -> Entry:
    """A cell that is not a grade: only this cell is rejected."""
    content = GRADEBOOK + f'"Ober, Ada",1,x,"{cell}"\n"Tarn, Bo",2,x,7.5\n'
    return Entry(name, written(content), Imported(4, ((3, "Quiz (11)", reason),), ("Ober, Ada", "Tarn, Bo"), (7.5,)))


NAMES = (
    _person("a formula for a name", "=1+1"),
    _person("a formula that runs a program", "@SUM(1+1)*cmd|' /C calc'!A0"),
    _person("a name that begins with a minus", "-2+3"),
    _person("a name from right to left", "\u05db\u05d4\u05df"),
    _person("a name that turns the direction", "ada\u202egnp.exe"),
    _person("a name with combining marks", "O\u0308b\u0323er\u0301"),
    _person("a tower of combining marks", "O" + "\u0301" * 150),
    _person("a name of emoji that are joined", "\U0001f469\u200d\U0001f469\u200d\U0001f467"),
    _person("a name with characters of no width", "O\u200bb\u2060er"),
    _person("a name with SQL", "Robert'); DROP TABLE users;--"),
    _person("a name with HTML", "<script>alert(1)</script>"),
    _person("a name with a template in it", "{{ 7 * 7 }} %s {0}"),
    _person("a backslash", "\\N \\. \\t"),
    _person("blanks around a name", "  Ober\u00a0 ", "Ober"),
    Entry(
        "a name of 500 characters",
        written(ROSTER + f"1,{LONG},Ada,\n2,Tarn,Bo,\n"),
        Imported(2, ((2, "family_name", "is not a family name"),), ("Tarn, Bo",)),
    ),
    Entry(
        "a name that is a missing value",
        written(ROSTER + "1,NaN,Ada,\n2,Tarn,Bo,\n"),
        Imported(2, ((2, "family_name", "is not a family name"),), ("Tarn, Bo",)),
    ),
    Entry(
        "a name of control characters",
        written(ROSTER + "1,O\x1bber\x07,Ada,\n"),
        Imported(1, ((2, "family_name", "is not a family name"),)),
    ),
    Entry(
        "rows that do not name a person",
        written(ROSTER + ",,Ada,\n ,Ober,,\n3,Tarn,Bo,\n"),
        Imported(3, ((2, None, "names no person"), (3, None, "names no person")), ("Tarn, Bo",)),
    ),
    Entry(
        "rows of separators",
        written(ROSTER + ",,,\n , ,,\n3,Tarn,Bo,\n,,,,,\n"),
        Imported(1, names=("Tarn, Bo",), notes=("file.csv: rows whose cells are all blank are not counted: 3.",)),
    ),
)
IDS = (
    Entry(
        "an id with a line break",
        written(ROSTER + '"1\n2",Ober,Ada,\n3,Tarn,Bo,\n'),
        Imported(2, ((2, "id", "contains control characters"),), ("Tarn, Bo",)),
    ),
    Entry(
        "an id of 5,000 characters",
        written(ROSTER + f"{'1' * 5000},Ober,Ada,\n"),
        Imported(1, ((2, "id", "is longer than 500 characters"),)),
    ),
    Entry("one person twice", written(ROSTER + "1,Ober,Ada,\n1,Ober,Ada,\n"), Imported(2, names=("Ober, Ada",))),
    Entry("an id with blanks around it is the same", written(ROSTER + "1,Ober,Ada,\n 1 ,Ober,Ada,\n"), Imported(2, names=("Ober, Ada",))),
    Entry(
        "two people with one address",
        written(ROSTER + "1,Ober,Ada,both@example.org\n2,Tarn,Bo,BOTH@example.org\n"),
        Imported(2, ((3, None, ""),), ("Ober, Ada",)),
    ),
    Entry(
        "texts that are not addresses",
        written(
            ROSTER
            + "1,Ober,Ada,ada@\n2,Tarn,Bo,bo@example.org\\nBcc: x@example.org\n3,Lind,Nora,nora@localhost\n4,Moss,Uwe,uwe@example.org\n"
        ),
        Imported(4, ((2, "email", ADDRESS), (3, "email", ADDRESS), (4, "email", ADDRESS)), ("Moss, Uwe",)),
    ),
    Entry(
        "a course that is a path out of a folder",
        written("id,family_name,course\n1,Ober,../../etc/passwd\n"),
        Imported(1, ((2, "course", "is not a code"),)),
    ),
    Entry(
        "a user of Moodle with a password",
        written("username,password,firstname,lastname,course1\nada,geheim,Ada\n", name="users.csv"),
        Imported(1, ((2, None, "has fewer cells than the header"),)),
    ),
)
NUMBERS = (
    _grade("an endless grade", "inf", NOT_FINITE),
    _grade("a grade that is not a number", "NaN", NOT_FINITE),
    _grade("a grade beyond all numbers", "1e999", NO_NUMBER),
    _grade("a grade of 5,000 digits", "9" * 5000, NO_NUMBER),
    _grade("a grade below zero", "-5", BELOW),
    _grade("a grade beyond what the database holds", "100000000", ABOVE),
    _grade("a grade in hexadecimal digits", "0x1F", NO_NUMBER),
    _grade("a grade in Arabic digits", "\u0667", NO_NUMBER),
    _grade("a grade with an underscore between digits", "1_000", NO_NUMBER),
    _grade("a grade that is a formula", "=7+1", NO_NUMBER),
    _grade("a grade in letters", "B+", "is a grade in letters"),
    _grade("a percentage below zero", "-85 %", BELOW),
    _grade("a percentage of 5,000 digits", f"{'9' * 5000} %", NO_NUMBER),
    _grade("an endless percentage", "inf %", NO_NUMBER),
    _grade("a grade with a line break", "7\n5", NO_NUMBER),
    Entry(
        "decimal commas",
        written(
            (GRADEBOOK + '"Ober, Ada",1,x,QQ\n"Tarn, Bo",2,x,RR\n')
            .replace(", ", "#")
            .replace(",", ";")
            .replace("#", ", ")
            .replace("QQ", "7,5")
            .replace("RR", "1.234,5")
        ),
        Imported(4, names=("Ober, Ada", "Tarn, Bo"), scores=(7.5, 1234.5), notes=("file.csv was read with the decimal comma.",)),
    ),
    Entry(
        "decimal commas and points in one file",
        written(GRADEBOOK + '"Ober, Ada",1,x,"7,5"\n"Tarn, Bo",2,x,8.5\n"Lind, Nora",3,x,9.25\n'),
        Imported(6, ((3, "Quiz (11)", "has a decimal comma, and the file's decimal mark is the point"),), scores=(8.5, 9.25)),
    ),
    Entry(
        "a comma that may group thousands",
        written(GRADEBOOK + '"Ober, Ada",1,x,"1,234"\n"Tarn, Bo",2,x,7\n'),
        Refused("file.csv: '1,234' may be thousands or have three decimals, .* --decimal point or --decimal comma"),
    ),
    Entry(
        "points possible that are negative",
        written(GRADEBOOK.replace(",10", ",-10") + '"Ober, Ada",1,x,7\n'),
        Imported(2, ((3, "Quiz (11)", ""),), ("Ober, Ada",)),
    ),
)
DAYS = (
    Entry(
        "days that do not exist",
        written(
            ROSTER.strip()
            + ",started_on\n1,Ober,Ada,,2027-02-29\n2,Tarn,Bo,,2028-02-29\n3,Lind,Nora,,0000-00-00\n4,Moss,Uwe,,99999-01-01\n"
        ),
        Imported(
            4, ((2, "started_on", "is not a date"), (4, "started_on", "is not a date"), (5, "started_on", "is not a date")), ("Tarn, Bo",)
        ),
    ),
    Entry(
        "times that do not exist",
        written(
            QUIZ
            + "Ober,Ada,ada@example.org,Finished,30 February 2026 9:00 AM,30 February 2026 9:10 AM,10 mins,7.5,7.5\n"
            + "Tarn,Bo,bo@example.org,Finished,12 May 2026 9:00 AM,12 May 2026 8:00 AM,-,7.5,7.5\n"
            + "Lind,Nora,nora@example.org,Finished,12 May 2026 9:00 AM,-,999999 years,7.5,7.5\n"
            + "Moss,Uwe,uwe@example.org,Finished,12 May 2026 9:00 AM,12 May 2026 9:10 AM,10 mins,7.5,7.5\n"
        ),
        Imported(
            4,
            (
                (2, "Started on", "is not a time"),
                (3, "Completed", "is before the attempt began"),
                (4, "Time taken", "is too long for an attempt"),
            ),
            ("Moss, Uwe",),
            (7.5,),
        ),
    ),
)
TITLES = (
    Entry(
        "a title of 500 characters",
        written(f'Student,ID,Section,{"T" * 500} (11)\n    Points Possible,,,10\n"Ober, Ada",1,x,7\n'),
        Imported(2, names=("Ober, Ada",), scores=(7,)),
    ),
    Entry(
        "titles with HTML and SQL",
        written('Student,ID,Section,"<b>\'; DROP TABLE quizzes; --</b> (11)"\n    Points Possible,,,10\n"Ober, Ada",1,x,7\n'),
        Imported(2, names=("Ober, Ada",), scores=(7,)),
    ),
    Entry(
        "two items with one title in Moodle",
        written("First name,Last name,ID number,Quiz: A (Real),Quiz: A (Real)\nAda,Ober,1,7,8\n"),
        Imported(
            3,
            ((2, "Quiz: A (Real)", "several columns with the same title"), (2, "Quiz: A (Real)", "several columns with the same title")),
            ("Ober, Ada",),
        ),
    ),
    Entry(
        "a bank whose brackets do not match",
        written("::Q:: What? {=A ~B\n\n::R:: Why? {=C}\n", name="bank.gift"),
        Imported(2, ((1, None, ""),)),
        form="gift",
    ),
    Entry("a bank without an answer", written("What?\nA. this\nB. that\n", name="bank.txt"), Imported(1, ((1, None, ""),)), form="aiken"),
)
CONTENTS = (*NAMES, *IDS, *NUMBERS, *DAYS, *TITLES)
