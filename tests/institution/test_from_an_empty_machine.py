"""From an empty machine to a term's reports: the wheel, a server behind TLS without a superuser, and a user of the machine for each person.

What is typed is what the documentation says; every process, file, table and log is searched for the passwords afterwards.
"""

import json
import re
import signal
import ssl
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

import nbformat
import pytest
from jupyter_client.blocking.client import BlockingKernelClient

from lmskit.cli.exit_status import PARTLY
from lmskit.db import login_name
from lmskit.db.passfile import ANY, Entry, line_of, read_entries
from tests.institution.conftest import Institution
from tests.institution.persons import Person
from tests.reliability.mail_server import MailServer

ROOT, ADA = "root@uni.example", "ada@uni.example"
COURSE, TERM = "LOG-2031", "2031-AUTUMN"
STUDENTS = [f"student{number:02}@uni.example" for number in range(1, 25)]

LOOKED_AT = (
    *(
        f"{part} of .*{process}"
        for part in ("command line", "environment")
        for process in (
            "ipykernel_launcher",
            "psql",
            *(f"lmskit {verb}" for verb in ("init", "sign-in", "lab", "report build", "mail deliver")),
        )
    ),
    *(rf"^file .*{name}$" for name in (r"\.bash_history", r"executed\.ipynb", r"page\.html", r"LOG-2031\.html", r"postgresql-\w+\.log")),
    *("pg_stat_activity", r"table lms\.outbox", r"table lms\.audit_log", r"table pg_catalog\.pg_authid", r"table .*pg_stat_statements"),
    *("messages", "terminal of", "output of a kernel"),
)
"""Patterns of spots that the search must have seen."""

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def walked(institution: Institution) -> dict[str, str]:
    """Go the whole way; returns what was printed, by step."""
    steps: dict[str, str] = {}
    steps |= begin(institution)
    with mail_server(institution) as variables:
        steps |= administer(institution, variables)
        steps |= deliver_with_the_login_for_jobs(institution, variables)
    steps |= teach(institution)
    steps |= report_and_leave(institution)
    steps |= try_the_demonstration(institution)
    return steps


def begin(at: Institution) -> dict[str, str]:
    """The operator prepares the server, with a superuser's help for one step, and makes the first administrator."""
    person, secret = at.people["operator"], at.passwords
    answers = (
        ("makes the roles: ", secret["operator"]), ("first administrator: ", ROOT), ("Family name: ", "Root"), ("Given name: ", ""),
        ("Password: ", secret["admin"]), ("Repeat for confirmation: ", secret["admin"]),
    )  # fmt: skip
    command = f"lmskit init '{at.address('manager')}' --operator-password"
    with person.terminal() as terminal:
        refused = terminal.type(command, *answers, status=1)
        found = re.search(r"A superuser has to run in the database lmskit: (CREATE .*?;) then bootstrap again", refused)
        assert found, refused
        with closing(at.superuser("lmskit")) as connection:
            connection.execute(found[1].encode())
        made = terminal.type(command, *answers)
        terminal.type(f"export LMSKIT_DATABASE_URL='{at.address()}'")
        who = terminal.type("lmskit whoami")
        out = terminal.type("lmskit sign-out")
        terminal.type(
            f"psql '{at.address('manager', 'postgres')}'", ("Password for user manager: ", secret["operator"]),
            ("postgres=> ", "\\password lmskit_dispatcher"), ("[Ee]nter new password", secret["dispatcher"]),
            ("Enter it again: ", secret["dispatcher"]), ("postgres=> ", "\\q"),
        )  # fmt: skip
    return {"init": made, "operator whoami": who, "operator sign-out": out}


@contextmanager
def mail_server(at: Institution) -> Iterator[dict[str, str]]:
    """A mail server with TLS that asks for a password; yields the settings for it."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*at.authority.certify("localhost", address="127.0.0.1"))
    with MailServer(tls=context, password=at.passwords["mail server"]) as server:
        yield {
            "LMSKIT_SMTP_HOST": "127.0.0.1", "LMSKIT_SMTP_PORT": str(server.port), "LMSKIT_SMTP_USER": "courses",
            "LMSKIT_MAIL_FROM": "Courses <courses@uni.example>", "SSL_CERT_FILE": str(at.authority.certificate),
        }  # fmt: skip
        at.record.add("messages", b"\n".join(message.content for message in server.accepted))
        assert sorted(server.recipients()) == sorted([*STUDENTS, "late@uni.example"])


def with_password(person: Person, password: str) -> dict[str, str]:
    """Keep the mail server's password in a file of the person's own."""
    file = person.home / "mail-password"
    person.run("sh", "-c", "umask 077; cat > mail-password", typed=password + "\n")
    return {"LMSKIT_SMTP_PASSWORD_FILE": str(file)}


def administer(at: Institution, mail: dict[str, str]) -> dict[str, str]:
    """The administrator signs in on a machine of their own and sets up a course with its people, results and mail."""
    person, secret = at.people["admin"], at.passwords
    with person.terminal() as terminal:
        terminal.type(f"export LMSKIT_DATABASE_URL='{at.address()}'")
        wrong = terminal.type(f"lmskit sign-in {ROOT}", ("Password: ", secret["operator"]), status=1)
        signed_in = terminal.type(f"lmskit sign-in {ROOT}", ("Password: ", secret["admin"]))
        who = terminal.type("lmskit whoami")
    person.variables |= {"LMSKIT_DATABASE_URL": at.address()} | mail | with_password(person, secret["mail server"])
    printed = person.lmskit("login", "create", ADA, "--family-name", "Lovelace", "--given-name", "Ada", shown=True)
    secret["first of the lecturer"] = re.findall(r"password: (\S+)", printed)[0]
    weeks = [option for number, topic in enumerate(("Sets", "Logic", "Proof"), 1) for option in ("--week", f"{number}: {topic}")]
    person.lmskit(
        "course", "create", COURSE, "--title", "Logic", "--term", TERM, "--lecturer", ADA, *weeks,
        "--term-name", "Autumn 2031", "--term-starts", "2031-09-01", "--term-ends", "2031-12-20",
    )  # fmt: skip
    (roster, results) = write_files(at, person)
    dry = person.lmskit("import", roster, "--dry-run", status=PARTLY)
    roster_import = person.lmskit("import", roster, "--notify", "--report", "rejected.csv", status=PARTLY)
    delivered = person.lmskit("mail", "deliver")
    imported = person.lmskit("import", results, "--course", COURSE)
    refreshed = person.lmskit("mastery", "refresh")
    doctor = person.lmskit("doctor", status=1)
    return {
        "wrong password": wrong, "admin sign-in": signed_in, "admin whoami": who, "dry run": dry, "roster": roster_import,
        "mail": delivered, "results": imported, "refresh": refreshed, "doctor": doctor,
    }  # fmt: skip


def write_files(at: Institution, person: Person) -> tuple[str, str]:
    """Write a roster as Moodle exports it, with passwords that are nobody's business, and quiz results."""
    head = "username,password,firstname,lastname,email,idnumber,course1,role1\n"
    secret = at.passwords["student"].replace('"', '""')
    rows = [f'{mail.partition("@")[0]},"{secret}",Gen,Öztürk {mail[7:9]},{mail},{n:04},{COURSE},student' for n, mail in enumerate(STUDENTS)]
    rows.append(f'broken,"{secret}",No,Address,not an address,,{COURSE},student')
    results = ["email;quiz;week;points;max score;attempt;submitted"]
    results += [
        f"{mail};Week {week};{week};{(n * 7 + week) % 11};10;1;2031-09-{9 + 7 * (week - 1):02} 20:00:00 UTC"
        for n, mail in enumerate(STUDENTS)
        for week in (1, 2, 3)
    ]
    person.run("sh", "-c", "umask 077; cat > users.csv", typed=head + "\n".join(rows) + "\n")
    person.run("sh", "-c", "cat > results.csv", typed="\n".join(results) + "\n")
    return "users.csv", "results.csv"


def deliver_with_the_login_for_jobs(at: Institution, mail: dict[str, str]) -> dict[str, str]:
    """A message waits, and the operator's job sends it with the login that can do nothing else."""
    admin, operator = at.people["admin"], at.people["operator"]
    nobody = {"LMSKIT_SMTP_HOST": "127.0.0.1", "LMSKIT_SMTP_PORT": "1"}
    added = admin.lmskit(
        "enrollment", "add", COURSE, "late@uni.example", "--family-name", "Late", "--given-name", "Too", "--yes", there=nobody
    )
    line = line_of(Entry(ANY, ANY, ANY, "lmskit_dispatcher", at.passwords["dispatcher"]))
    operator.run("sh", "-c", "umask 077; cat > .pgpass", typed=line)
    mail = mail | with_password(operator, at.passwords["mail server"]) | {"LMSKIT_DATABASE_URL": at.address("lmskit_dispatcher")}
    return {"enrollment": added, "job": operator.lmskit("mail", "deliver", there=mail)}


def teach(at: Institution) -> dict[str, str]:
    """The lecturer signs in with the first password, changes it, looks at the dashboard and uses SQL and code of their own."""
    person, secret = at.people["lecturer"], at.passwords
    with person.terminal() as terminal:
        terminal.type(f"export LMSKIT_DATABASE_URL='{at.address()}'")
        terminal.type(f"lmskit sign-in {ADA}", ("Password: ", secret["first of the lecturer"]))
        new = ("New password: ", secret["lecturer"]), ("Repeat for confirmation: ", secret["lecturer"])
        changed = terminal.type("lmskit passwd", *new)
        who = terminal.type("lmskit whoami")
        terminal.type(f"lmskit sign-in --keep {ADA}", ("Password: ", secret["lecturer"]))
        new = ("New password: ", secret["new lecturer"]), ("Repeat for confirmation: ", secret["new lecturer"])
        terminal.type("lmskit passwd", *new)
        kept = terminal.type("lmskit whoami")
        psql = terminal.type("lmskit db psql -X -A -t -c 'SELECT session_user, count(*) FROM courses'")
    person.variables |= {"LMSKIT_DATABASE_URL": at.address()}
    person.lmskit("notebooks", "copy", "work")
    notebook = "work/lecturer/mastery_dashboard.ipynb"
    person.run("python", "-m", "papermill", notebook, "executed.ipynb", "-p", "course", COURSE, "-k", "python3", "--cwd", "work/lecturer")
    person.run("python", "-m", "nbconvert", "--to", "html", "--output", "page", "executed.ipynb")
    with lab(person, "--as", ADA) as found:
        code = "import lmskit; engine = lmskit.connect(); print(lmskit.read_frame('SELECT code FROM courses')['code'].tolist())"
        printed = run_in_kernel(person, found, code)
    return {"changed": changed, "whoami after": who, "kept": kept, "psql": psql, "kernel": printed}


def report_and_leave(at: Institution) -> dict[str, str]:
    """Both build the reports that they may see, and sign out."""
    admin, lecturer = at.people["admin"], at.people["lecturer"]
    built = {person.name: person.lmskit("report", "build", "--term", TERM) for person in (admin, lecturer)}
    at.record.add_files(lecturer.home, kept=[lecturer.lmskit_home / "pgpass"])
    at.record.add_files(admin.home, kept=[admin.lmskit_home / "sign-in.json", admin.home / "users.csv", admin.home / "mail-password"])
    audit = admin.lmskit("audit", "list")
    out = [person.lmskit("sign-out") for person in (lecturer, admin)]
    refused = lecturer.lmskit("course", "list", status=1)
    reports = {"admin report": built[admin.name], "lecturer report": built[lecturer.name]}
    return reports | {"audit": audit, "sign-out": "".join(out), "out": refused}


def try_the_demonstration(at: Institution) -> dict[str, str]:
    """`make run`: the demonstration on the embedded server, then JupyterLab."""
    person = at.people["newcomer"]
    try:
        printed = person.lmskit("demo", "--students", "5", "--no-reports", shown=True)
        with lab(person) as found:
            shown = run_in_kernel(person, found, "import lmskit; print(lmskit.connect().url.username)")
        at.passwords.update({f"demonstration's {login}": password for login, password in kept_by(person).items()})
    finally:
        person.lmskit("db", "stop")
    return {"demo": printed, "demo kernel": shown}


def kept_by(person: Person) -> dict[str, str]:
    """The passwords in a person's passfile, by login."""
    with NamedTemporaryFile("w") as copy:  # only its owner reads a passfile
        copy.write(person.run("cat", person.lmskit_home / "pgpass", shown=True))
        copy.flush()
        return {entry.user: entry.password for entry in read_entries(Path(copy.name))}


@contextmanager
def lab(person: Person, *arguments: str) -> Iterator[tuple[str, str]]:
    """Run JupyterLab; yields its address and token."""
    command = ["lmskit", "lab", "--no-browser", "--port", "8931", *arguments]
    with subprocess.Popen(
        command, env=person.environment(), cwd=person.home, user=person.uid, group=person.gid, extra_groups=[],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        printed = ""
        try:
            while "Ctrl-C ends" not in printed:
                line = process.stdout.readline()
                assert line, printed
                printed += line
            ((address, token),) = re.findall(r"(http://\S+/)lab\?token=(\w+)", printed)
            yield address, token
        finally:
            process.send_signal(signal.SIGINT)
            rest, _ = process.communicate(timeout=60)
            person.record.add(f"printed by {' '.join(command)}", printed + rest)


def run_in_kernel(person: Person, where: tuple[str, str], code: str) -> str:
    """Run code in a new kernel of JupyterLab, and return what it prints."""
    address, token = where
    request = urllib.request.Request(f"{address}api/kernels", data=b"{}", headers={"Authorization": f"token {token}"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - an address of ours
        kernel = json.load(answer)["id"]
    (connection,) = person.home.rglob(f"kernel-{kernel}.json")
    client = BlockingKernelClient(connection_file=str(connection))
    client.load_connection_file()
    client.start_channels(hb=False)  # on a busy machine a heart may be late
    printed: list[str] = []
    try:
        client.wait_for_ready(timeout=120)
        answer = client.execute_interactive(
            code, timeout=120, output_hook=lambda message: printed.append(str(message["content"].get("text") or message["content"]))
        )
    finally:
        client.stop_channels()
    assert answer["content"]["status"] == "ok", printed
    person.record.add("output of a kernel", "".join(printed))
    return "".join(printed)


# What came of it ------------------------------------------------------------------------------------------


def test_everybody_gets_where_they_wanted(walked: dict[str, str], institution: Institution):
    for step, expected in {
        "init": f"{ROOT} is the first administrator and signed in on this machine",
        "operator whoami": f"You are signed in as {ROOT}, an administrator, at the server postgresql://db.uni.example",
        "operator sign-out": f"{ROOT} is signed out.",
        "wrong password": "The address and the password do not belong to an open login.",
        "admin sign-in": f"You are signed in as {ROOT}, an administrator, until",
        "admin whoami": f"You are signed in as {ROOT}, an administrator",
        "dry run": "24",
        "roster": "24 sent",
        "mail": "0 sent",
        "results": "72",
        "refresh": "72",
        "job": "1 sent",
        "changed": f"{ADA} has a new password.",
        "whoami after": f"You are signed in as {ADA}, a lecturer",
        "kept": "lasts until you sign out",
        "psql": f"{login_name('lmskit', ADA)}|1",
        "kernel": f"['{COURSE}']",
        "admin report": "1 of 1 reports",
        "lecturer report": "1 of 1 reports",
        "audit": "users",
        "sign-out": f"{ADA} is signed out.\n{ROOT} is signed out.",
        "out": "No person is signed in at the server db.uni.example",
        "demo kernel": "u_",
    }.items():
        assert expected in walked[step], (step, walked[step])


def test_no_password_is_where_others_could_read_it(walked: dict[str, str], institution: Institution):
    record, people = institution.record, institution.people
    institution.passwords.update(kept_by(people["operator"]))
    kept = {
        "operator": ["data/pgpass", ".pgpass", "mail-password"],
        "admin": ["users.csv", "mail-password"],
        "newcomer": ["data/pgpass"],
    }
    for name, person in people.items():
        record.add_files(person.home, kept=[person.home / file for file in kept.get(name, ())])
    record.add_files(institution.cluster.layout.log)
    record.add_files_of({person.uid for person in people.values()}, Path("/tmp"))  # noqa: S108 - where programs leave files
    with closing(institution.superuser("lmskit")) as connection:
        connection.execute("CREATE EXTENSION pg_stat_statements")
        record.add_database(connection)
    assert record.found(institution.passwords) == []

    # It was looked at all of these.
    for pattern in LOOKED_AT:
        assert record.spots(pattern), pattern
    log = b"".join(content for spot in record.spots(r"\.log$") for content in record.seen[spot])
    assert b"SCRAM-SHA-256$" in log
    executed = nbformat.reads(next(iter(record.seen[record.spots(r"^file .*executed\.ipynb$")[0]])).decode(), as_version=4)
    assert any(output for cell in executed.cells for output in cell.get("outputs", []))
