"""Write a made-up backup of a Moodle course, as large as is wanted, in the shape of those that Moodle 4.5 makes.

    python benchmarks/made_up_backup.py FILE [--students 100] [--quizzes 5] [--attempts 1] [--bank 0] [--megabytes 0] [--biography 0]

An attempt has ten questions, with the fields and steps that Moodle writes: about 25 kB. `--bank` adds questions that are in no quiz,
`--megabytes` files that people uploaded, and `--biography` a description of so many characters to each user.
"""

from __future__ import annotations

import argparse
import io
import os
import tarfile
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

QUESTIONS = 10
"""Questions of a quiz."""
OPTIONS = 4
BEGIN, WEEK = 1_789_344_000, 7 * 24 * 3600
"""The start of the course, as seconds since 1970, and how many a week has."""
STATES = ("gradedwrong", "gradedright")
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
FIRST_USER = 11


class Backup:
    """What a backup has, by the sizes that are wanted."""

    def __init__(self, *, students: int, quizzes: int, attempts: int, bank: int = 0, biography: int = 0) -> None:
        self.students, self.quizzes, self.attempts, self.bank = students, quizzes, attempts, bank
        self.biography = "x" * biography

    @property
    def users(self) -> range:
        """The numbers of the students."""
        return range(FIRST_USER, FIRST_USER + self.students)

    def files(self) -> Iterator[tuple[str, Iterable[str]]]:
        """Give out the names of the files and their pieces."""
        quizzes = range(1, self.quizzes + 1)
        yield "moodle_backup.xml", self._contents()
        yield "users.xml", self._users()
        yield "roles.xml", ["<roles_definition><role id='5'><archetype>student</archetype></role></roles_definition>"]
        yield "course/roles.xml", self._listed("roles", "assignment", "<roleid>5</roleid>")
        yield "course/enrolments.xml", self._listed("enrolments", "enrolment", "<status>0</status>")
        yield "questions.xml", self._questions()
        for quiz in quizzes:
            yield (
                f"sections/section_{quiz}/section.xml",
                [f'<section id="{quiz}"><number>{quiz}</number><name>Topic {quiz}</name></section>'],
            )
            yield f"activities/quiz_{quiz}/quiz.xml", self._quiz(quiz)

    def _contents(self) -> Iterator[str]:
        yield (
            "<moodle_backup><information><moodle_release>4.5.6</moodle_release><original_course_id>4</original_course_id>"
            "<original_course_fullname>A course</original_course_fullname><original_course_shortname>CS1</original_course_shortname>"
            f"<original_course_startdate>{BEGIN}</original_course_startdate><details><detail><type>course</type></detail></details>"
            "<contents><activities>"
        )
        for quiz in range(1, self.quizzes + 1):
            yield (
                f"<activity><moduleid>{quiz}</moduleid><sectionid>{quiz}</sectionid><modulename>quiz</modulename><title>Quiz {quiz}</title>"
                f"<directory>activities/quiz_{quiz}</directory></activity>"
            )
        yield "</activities><sections>"
        for quiz in range(1, self.quizzes + 1):
            yield f"<section><sectionid>{quiz}</sectionid><title>{quiz}</title><directory>sections/section_{quiz}</directory></section>"
        yield (
            "</sections></contents><settings><setting><level>root</level><name>users</name><value>1</value></setting></settings>"
            "</information></moodle_backup>"
        )

    def _users(self) -> Iterator[str]:
        yield "<users>\n"
        for user in self.users:
            yield (
                f'<user id="{user}" contextid="{user}"><username>student{user}</username><idnumber>S{user}</idnumber>'
                f"<email>student.{user}@example.org</email><firstname>Ada</firstname><lastname>Student {user}</lastname>"
                f"<deleted>0</deleted><description>{self.biography}</description></user>\n"
            )
        yield "</users>"

    def _listed(self, root: str, element: str, content: str) -> Iterator[str]:
        yield f"<{root}>\n"
        yield from (f'<{element} id="{user}">{content}<userid>{user}</userid></{element}>\n' for user in self.users)
        yield f"</{root}>"

    def _questions(self) -> Iterator[str]:
        yield "<question_categories><question_category id='1'><name>Topic</name><question_bank_entries>\n"
        for question in range(1, QUESTIONS * self.quizzes + self.bank + 1):
            answers = "".join(
                f'<answer id="{question * OPTIONS + option}"><answertext>Option {option} of {question}</answertext>'
                f"<answerformat>1</answerformat><fraction>{float(option == 0)}</fraction><feedback></feedback></answer>"
                for option in range(OPTIONS)
            )
            yield (
                f'<question_bank_entry id="{question}"><question_version><question_versions><version>1</version>'
                f'<status>ready</status><questions><question id="{question}"><parent>0</parent><name>Q{question}</name>'
                f"<questiontext>{'Which of these is right? ' * 8}({question})</questiontext><questiontextformat>1</questiontextformat>"
                "<generalfeedback></generalfeedback><defaultmark>1.0000000</defaultmark><qtype>multichoice</qtype>"
                f"<plugin_qtype_multichoice_question><answers>{answers}</answers><multichoice><single>1</single></multichoice>"
                "</plugin_qtype_multichoice_question></question></questions></question_versions></question_version></question_bank_entry>\n"
            )
        yield "</question_bank_entries></question_category></question_categories>"

    def _quiz(self, quiz: int) -> Iterator[str]:
        yield (
            f'<activity id="{quiz}" modulename="quiz"><quiz id="{quiz}"><name>Quiz {quiz}</name><grademethod>1</grademethod>'
            f"<sumgrades>{QUESTIONS}.00000</sumgrades><grade>{QUESTIONS}.00000</grade><question_instances>\n"
        )
        first = (quiz - 1) * QUESTIONS
        for slot in range(1, QUESTIONS + 1):
            yield (
                f'<question_instance id="{first + slot}"><slot>{slot}</slot><maxmark>1.0000000</maxmark><question_reference>'
                f"<questionbankentryid>{first + slot}</questionbankentryid><version>$@NULL@$</version></question_reference>"
                "</question_instance>\n"
            )
        yield "</question_instances><grades>\n"
        yield from (f'<grade id="{user}"><userid>{user}</userid><gradeval>5.0</gradeval></grade>\n' for user in self.users)
        yield "</grades><attempts>\n"
        for user in self.users:
            for number in range(1, self.attempts + 1):
                yield _attempt(quiz, user, number)
        yield "</attempts></quiz></activity>"


def _attempt(quiz: int, user: int, number: int) -> str:
    begun = BEGIN + quiz * WEEK + number * 3600
    asked = [(quiz - 1) * QUESTIONS + slot for slot in range(1, QUESTIONS + 1)]
    right = [(user + number + question) % 3 > 0 for question in asked]
    answers = "".join(
        _question_attempt(slot, question, begun, is_right=is_right)
        for slot, (question, is_right) in enumerate(zip(asked, right, strict=True), 1)
    )
    return (
        f'<attempt id="{user * 1000 + number}">\n<userid>{user}</userid>\n<attemptnum>{number}</attemptnum>\n<preview>0</preview>\n'
        f"<state>finished</state>\n<timestart>{begun}</timestart>\n<timefinish>{begun + 600}</timefinish>\n"
        f"<sumgrades>{sum(right)}.00000</sumgrades>\n<question_usage id='{user}'>\n<component>mod_quiz</component>\n<question_attempts>\n"
        f"{answers}</question_attempts></question_usage></attempt>\n"
    )


def _question_attempt(slot: int, question: int, begun: int, *, is_right: bool) -> str:
    order = [question * OPTIONS + (option + begun // 3600) % OPTIONS for option in range(OPTIONS)]
    chosen = order.index(question * OPTIONS + (not is_right))
    text = f"Option {int(not is_right)} of {question}"
    steps = (
        ("todo", "$@NULL@$", "_order", ",".join(map(str, order))),
        ("complete", "$@NULL@$", "answer", str(chosen)),
        (STATES[is_right], f"{float(is_right):.7f}", "-finish", "1"),
    )
    written = "".join(
        f'                <step id="{begun + nth}">\n                  <sequencenumber>{nth}</sequencenumber>\n'
        f"                  <state>{state}</state>\n                  <fraction>{fraction}</fraction>\n"
        f"                  <timecreated>{begun + nth * 300}</timecreated>\n                  <userid>2</userid>\n"
        f"                  <response>\n                    <variable>\n                      <name>{name}</name>\n"
        f"                      <value>{value}</value>\n                    </variable>\n                  </response>\n"
        "                </step>\n"
        for nth, (state, fraction, name, value) in enumerate(steps)
    )
    return (
        f'            <question_attempt id="{begun + slot}">\n              <slot>{slot}</slot>\n'
        f"              <behaviour>deferredfeedback</behaviour>\n              <questionid>{question}</questionid>\n"
        "              <variant>1</variant>\n              <maxmark>1.0000000</maxmark>\n              <flagged>0</flagged>\n"
        f"              <questionsummary>Which of these is right? ({question})</questionsummary>\n"
        f"              <rightanswer>Option 0 of {question}</rightanswer>\n              <responsesummary>{text}</responsesummary>\n"
        f"              <timemodified>{begun}</timemodified>\n              <steps>\n{written}              </steps>\n"
        "            </question_attempt>\n"
    )


def written(path: Path, backup: Backup, *, megabytes: int = 0) -> int:
    """Write a backup as Moodle packs it, with so many megabytes of uploaded files; return the bytes of its XML."""
    size = 0
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for name, pieces in backup.files():
            with _made(pieces) as content:
                size += _added(archive, name, content)
        for number in range(megabytes):
            _added(archive, f"files/{number % 256:02x}/{number:040x}", io.BytesIO(os.urandom(1024**2)))
    return size


@contextmanager
def _made(pieces: Iterable[str]) -> Iterator[IO[bytes]]:
    with tempfile.TemporaryFile() as content:
        content.write(HEAD.encode())
        content.writelines(piece.encode() for piece in pieces)
        yield content


def _added(archive: tarfile.TarFile, name: str, content: IO[bytes]) -> int:
    entry = tarfile.TarInfo(name)
    entry.size = content.seek(0, os.SEEK_END)
    content.seek(0)
    archive.addfile(entry, content)
    return entry.size


def main() -> None:
    """Read the arguments, and write the backup."""
    parser = argparse.ArgumentParser(description="Write a made-up backup of a Moodle course.")
    parser.add_argument("file", type=Path, help="where it is written")
    for name, default, meaning in (
        ("students", 100, "students of the course"),
        ("quizzes", 5, "quizzes, each in a week of its own"),
        ("attempts", 1, "attempts of each student at each quiz"),
        ("bank", 0, "questions that are in no quiz"),
        ("megabytes", 0, "megabytes of uploaded files"),
        ("biography", 0, "characters of the description of each user"),
    ):
        parser.add_argument(f"--{name}", type=int, default=default, help=meaning)
    asked = vars(parser.parse_args())
    path, megabytes = asked.pop("file"), asked.pop("megabytes")
    size = written(path, Backup(**asked), megabytes=megabytes)
    print(f"{path}: {size / 1024**2:,.0f} MiB of XML, {path.stat().st_size / 1024**2:,.0f} MiB packed")


if __name__ == "__main__":
    main()
