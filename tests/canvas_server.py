"""A small Canvas on this machine: it serves a course over the REST API as its documentation says, and fails as a real one may.

Lists have pages with a `Link` header, ids are texts if they are asked for as texts, and what is asked too often is forbidden. Its state is
plain data, which tests change; `asked` has every request.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.lms_server import Answer, Request, serving

TOKEN = "7~canary-token-of-canvas"
STRING_IDS = "application/json+canvas-string-ids"
LARGEST_PAGE = 100
BEGIN = datetime(2026, 9, 21, 12, tzinfo=UTC)
COURSE = "17"


def shown(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment:%Y-%m-%dT%H:%M:%SZ}"


@dataclass
class Version:
    """A version of an attempt at a quiz: marking it by hand makes another."""

    number: int
    finished: datetime | None
    score: float | None
    data: Any
    """A list once the attempt has ended, and an object while it goes on."""
    state: str = "complete"


@dataclass
class Submission:
    """The result of a student in an assignment."""

    assignment: int
    user: int
    score: float | None
    submitted: datetime | None
    graded: datetime | None
    excused: bool = False
    versions: list[Version] = field(default_factory=list)
    """Of a quiz, the newest first."""

    @property
    def number(self) -> int:
        """Of the attempts at the quiz together, as Canvas gives one to each student."""
        return self.assignment * 1000 + self.user

    def record(self, *, with_history: bool) -> dict[str, Any]:
        found = {
            "id": self.number + 5_000_000,
            "assignment_id": self.assignment,
            "user_id": self.user,
            "score": self.score,
            "excused": self.excused,
            "attempt": self.versions[0].number if self.versions else None,
            "submitted_at": shown(self.submitted),
            "graded_at": shown(self.graded),
            "workflow_state": "graded" if self.score is not None else "submitted",
        }
        return found | ({"submission_history": [self._version(found, each) for each in self.versions]} if with_history else {})

    def _version(self, found: dict[str, Any], version: Version) -> dict[str, Any]:
        return found | {
            "id": self.number,
            "attempt": version.number,
            "score": version.score,
            "submitted_at": shown(version.finished),
            "submission_data": version.data,
            "workflow_state": version.state,
        }


def student(number: int, name: str, sections: tuple[int, ...] = (31,), state: str = "active", **user: Any) -> list[dict[str, Any]]:
    """The enrollments of a student, one for each section."""
    found = {"id": number, "name": " ".join(reversed(name.split(", "))), "sortable_name": name, "sis_user_id": f"S-{number}"} | user
    return [
        {"id": number * 10 + nth, "course_id": 17, "course_section_id": section, "user_id": number, "type": "StudentEnrollment"}
        | {"enrollment_state": state, "user": found}
        for nth, section in enumerate(sections)
    ]


def assignment(number: int, name: str, points: float | None, **further: Any) -> dict[str, Any]:
    found = {"id": number, "course_id": 17, "name": name, "points_possible": points, "due_at": None, "published": True}
    return found | {"grading_type": "points", "submission_types": ["online_text_entry"]} | further


@dataclass
class CanvasServer:
    """One course of one Canvas."""

    enrollments: list[dict[str, Any]]
    teachers: list[dict[str, Any]]
    assignments: list[dict[str, Any]]
    submissions: list[Submission]
    questions: dict[int, list[dict[str, Any]]]
    """Of each quiz."""
    drawn: dict[tuple[int, int], list[dict[str, Any]]] = field(default_factory=dict)
    """Questions that were shown in an attempt and are in no quiz, by the number of the submission and the attempt."""
    modules: list[dict[str, Any]] = field(default_factory=list)
    course: dict[str, Any] = field(default_factory=lambda: {"id": 17, "course_code": "SYNC", "name": "Data & models"})
    sections: dict[int, str] = field(default_factory=lambda: {31: "Morning", 32: "Evening"})
    total: int | None = None
    """How many students it says the course has; None: as many as are listed."""
    page: int = LARGEST_PAGE
    """How much of a list it sends at once, whatever is asked."""
    items_of_a_module: int = 100
    """Of how many items on a module is listed without them."""
    quota: float = 700.0
    fault: Callable[[str, int], Answer | None] = lambda _path, _nth: None
    """What it sends instead, by path and how often that was asked for."""
    asked: list[tuple[str, dict[str, list[str]]]] = field(default_factory=list)
    url: str = ""

    def calls(self, ending: str) -> int:
        return sum(path.endswith(ending) for path, _ in self.asked)

    @contextmanager
    def served(self) -> Iterator[CanvasServer]:
        """Serve on a free port of the loopback address."""
        with serving(self._answered) as self.url:
            yield self

    def _answered(self, request: Request) -> Answer:
        split = urlsplit(request.path)
        assert TOKEN not in request.path
        asked = parse_qs(split.query)
        self.asked.append((split.path, asked))
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return unauthorized("Invalid access token.", {"WWW-Authenticate": 'Bearer realm="canvas-lms"'})
        fault = self.fault(split.path, self.calls(split.path))
        if fault is not None:
            return fault
        found = self.answer(split.path.removeprefix("/api/v1/"), asked)
        if found is None:
            return Answer(b'{"errors":[{"message":"The specified resource does not exist."}]}', 404)
        headers = {"X-Rate-Limit-Remaining": str(self.quota)}
        if isinstance(found, list):
            found, link = self._page_of(found, request.path, asked)
            headers |= {"Link": link}
        if request.headers.get("Accept") == STRING_IDS:
            found = _with_string_ids(found)
        return Answer(json.dumps(found).encode(), headers=headers)

    def _page_of(self, found: list[Any], path: str, asked: dict[str, list[str]]) -> tuple[list[Any], str]:
        number, size = int(asked.get("page", ["1"])[0]), min(int(asked.get("per_page", ["10"])[0]), self.page)
        own = re.sub(r"[?&]page=\d+", "", path)

        def link(page: int, name: str) -> str:
            return f'<{self.url}{own}{"&" if "?" in own else "?"}page={page}>; rel="{name}"'

        links = [link(number, "current"), *([link(number + 1, "next")] if number * size < len(found) else []), link(1, "first")]
        return found[(number - 1) * size : number * size], ",".join(links)

    # The endpoints -------------------------------------------------------------------------------------------

    def answer(self, path: str, asked: dict[str, list[str]]) -> Any:
        numbers = [int(number) for number in re.findall(r"/([0-9]+)", path)]
        endpoints = {
            "courses": lambda: [self.course],
            "courses/*": self._course,
            "courses/*/sections": lambda: [{"id": number, "name": name, "course_id": 17} for number, name in self.sections.items()],
            "courses/*/enrollments": lambda: [each for each in self.enrollments if each["enrollment_state"] in asked["state[]"]],
            "courses/*/users": lambda: self.teachers if asked["enrollment_type[]"] == ["teacher"] else [],
            "courses/*/modules": self._modules,
            "courses/*/modules/*/items": lambda: next(each["items"] for each in self.modules if each["id"] == numbers[-1]),
            "courses/*/assignments": lambda: self.assignments,
            "courses/*/students/submissions": lambda: self._submissions(asked),
            "courses/*/quizzes/*/questions": lambda: self._questions(numbers[-1], asked),
        }
        answer = endpoints.get(re.sub(r"/[0-9]+", "/*", path))
        return None if answer is None or numbers[:1] not in ([], [self.course["id"]]) else answer()

    def _course(self) -> dict[str, Any]:
        present = {each["user_id"] for each in self.enrollments if each["enrollment_state"] in {"active", "invited"}}
        return self.course | {"total_students": len(present) if self.total is None else self.total}

    def _modules(self) -> list[dict[str, Any]]:
        return [each if len(each["items"]) < self.items_of_a_module else {**each, "items": None} for each in self.modules]

    def _questions(self, quiz: int, asked: dict[str, list[str]]) -> list[dict[str, Any]]:
        if "quiz_submission_id" in asked:
            return self.drawn[int(asked["quiz_submission_id"][0]), int(asked["quiz_submission_attempt"][0])]
        return self.questions[quiz]

    def _submissions(self, asked: dict[str, list[str]]) -> list[dict[str, Any]]:
        assert len(asked["student_ids[]"]) <= LARGEST_PAGE, "too many students"
        users, chosen = asked["student_ids[]"], asked.get("assignment_ids[]")
        submitted, graded = (asked.get(name, [""])[0] for name in ("submitted_since", "graded_since"))
        return [
            each.record(with_history="submission_history" in asked.get("include[]", ()))
            for each in self.submissions
            if (users == ["all"] or str(each.user) in users)
            and (chosen is None or str(each.assignment) in chosen)
            and (not submitted or (each.submitted is not None and (shown(each.submitted) or "") > submitted))
            and (not graded or (each.graded is not None and (shown(each.graded) or "") > graded))
        ]


def unauthorized(message: str, headers: dict[str, str] | None = None) -> Answer:
    """How Canvas refuses a request."""
    body = {"status": "unauthorized", "errors": [{"message": message}]}
    return Answer(json.dumps(body).encode(), 401, headers or {})


def throttled() -> Answer:
    """How Canvas says that it was asked too much."""
    return Answer(b"403 Forbidden (Rate Limit Exceeded)\n", 403, {"X-Rate-Limit-Remaining": "0.0"})


def _with_string_ids(found: Any) -> Any:
    """Write ids as texts; those in the data of an attempt stay as they are."""
    if isinstance(found, list):
        return [_with_string_ids(each) for each in found]
    if not isinstance(found, dict):
        return found
    return {
        name: str(value)
        if (name == "id" or name.endswith("_id")) and isinstance(value, int)
        else value
        if name == "submission_data"
        else _with_string_ids(value)
        for name, value in found.items()
    }


# A course --------------------------------------------------------------------------------------------------------


def question(number: int, kind: str, text: str, points: float, answers: list[dict[str, Any]], **further: Any) -> dict[str, Any]:
    found = {"id": number, "quiz_id": 91, "question_name": f"Question {number}", "question_type": f"{kind}_question"}
    return found | {"question_text": text, "points_possible": points, "answers": answers} | further


def questions() -> list[dict[str, Any]]:
    """Of the quiz of the small course: one question of each form of answers."""
    return [
        question(101, "multiple_choice", "<p>Which is the mean of 4 &amp; 6?</p>", 1, [
            {"id": 1, "text": "4", "weight": 0}, {"id": 2, "text": "", "html": "<b>5</b>", "weight": 100},
        ]),
        question(102, "multiple_answers", "Which are primary?", 2, [
            {"id": 3, "text": "red, deep", "weight": 100}, {"id": 4, "text": "blue", "weight": 100}, {"id": 5, "text": "pink", "weight": 0},
        ]),
        question(103, "matching", "Match.", 1, [
            {"id": 6, "text": "France", "match_id": 61, "weight": 100}, {"id": 7, "text": "Italy", "match_id": 71, "weight": 100},
        ], matches=[{"match_id": 61, "text": "Paris"}, {"match_id": 71, "text": "Rome"}]),
        question(104, "multiple_dropdowns", "[a] is [b].", 2, [
            {"id": 8, "text": "sky", "blank_id": "a", "weight": 100}, {"id": 9, "text": "blue", "blank_id": "b", "weight": 100},
        ]),
        question(105, "essay", "Why?", 3, []),
        question(106, "text_only", "Read this first.", 0, []),
        question(107, "numerical", "Give π.", 1, [{"id": 10, "exact": 3.14, "weight": 100}]),
    ]  # fmt: skip


def data(choice: int | None, pi: str, essay: float | None = 2.5, drawn: int | None = None) -> list[dict[str, Any]]:
    """What a student answered; an essay without points waits for them."""
    found: list[dict[str, Any]] = [
        {"question_id": 101, "answer_id": choice, "text": "", "correct": choice == 2, "points": float(choice == 2)},
        {"question_id": 102, "answer_3": "1", "answer_4": "1", "answer_5": "0", "correct": True, "points": 2.0, "text": ""},
        {"question_id": 103, "answer_6": "61", "answer_7": "61", "correct": "partial", "points": 0.5, "text": ""},
        {"question_id": 104, "answer_for_a": 8, "answer_for_b": None, "correct": "partial", "points": 1.0, "text": ""},
        {"question_id": 105, "text": "<p>Because</p>", "correct": "undefined", "points": essay or 0.0},
        {"question_id": 106, "text": "", "correct": "no_score", "points": 0},
        {"question_id": 107, "text": pi, "answer_id": None, "correct": pi == "3.14", "points": float(pi == "3.14")},
    ]
    return found + ([] if drawn is None else [{"question_id": drawn, "text": "yes", "correct": True, "points": 1.0}])


def points_of(answers: list[dict[str, Any]]) -> float:
    return float(sum(each["points"] for each in answers))


def taken(user: int, *versions: Version, score: float | None = None, assignment: int = 501) -> Submission:
    """A submitted quiz with the versions of its attempts, the newest first."""
    ended = [each for each in versions if each.finished is not None]
    last = ended[0].finished if ended else None
    return Submission(assignment, user, ended[0].score if score is None and ended else score, last, last, versions=list(versions))


def attempt(number: int, hours: int, answers: list[dict[str, Any]], state: str = "complete") -> Version:
    return Version(number, BEGIN + timedelta(hours=hours), points_of(answers), answers, state)


def small_course() -> CanvasServer:
    """Four students, a teacher, a quiz with six questions, an essay, a reading log without points, and a practice that nobody did."""
    enrollments = [
        *student(11, "Lovelace, Ada", (31, 32)),
        *student(12, "Turing, Alan"),
        *student(13, "Hopper-Lang, Grace", (32,), state="inactive"),
        *student(16, "Noether, Emmy", (32,)),
    ]
    teachers = [
        {"id": 14, "name": "Mary Somerville", "sortable_name": "Somerville, Mary", "email": "mary@canvas.example.org"},
        {"id": 15, "name": "No Address", "sortable_name": "Address, No"},
    ]
    assignments = [
        assignment(501, "Means & modes", 10, quiz_id=91, submission_types=["online_quiz"], due_at="2026-10-01T21:59:59Z"),
        assignment(502, "Essay, second draft", 20),
        assignment(503, "Reading log", None),
        assignment(504, "Not yet", 5, published=False),
        assignment(505, "Attendance", 5, grading_type="not_graded"),
        assignment(506, "Nobody's", 5),
    ]
    submissions = [
        taken(11, attempt(2, 30, data(2, "3.14")), attempt(1, 5, data(1, "22/7"))),
        taken(12, attempt(1, 6, data(2, "3"))),
        Submission(502, 11, 17.5, BEGIN, BEGIN + timedelta(days=1)),
        Submission(502, 12, None, None, BEGIN + timedelta(days=1), excused=True),
    ]
    modules = [
        {"id": 71, "name": "Week 1: Sets", "items": [{"id": 1, "type": "Page", "page_url": "sets"}]},
        {"id": 72, "name": "Week 2: Means", "items": [{"id": 2, "type": "Quiz", "content_id": 91}]},
        {"id": 73, "name": "Week 3: Essays", "items": [{"id": 3, "type": "Assignment", "content_id": 502}]},
    ]
    return CanvasServer(enrollments, teachers, assignments, submissions, {91: questions()}, modules=modules)


def gradebook_of(server: CanvasServer) -> str:
    """The gradebook that Canvas exports of the course."""
    columns = [
        each for each in server.assignments if each["published"] and each["points_possible"] and each["grading_type"] != "not_graded"
    ]
    scores = {(each.user, each.assignment): "EX" if each.excused else each.score for each in server.submissions}
    lines = [["Student", "ID", "SIS User ID", "Section", *(f"{each['name']} ({each['id']})" for each in columns)]]
    lines.append(["    Points Possible", "", "", "", *(f"{each['points_possible']:.2f}" for each in columns)])
    users = {each["user_id"]: each["user"] for each in server.enrollments if each["enrollment_state"] == "active"}
    for number, user in users.items():
        own = [server.sections[each["course_section_id"]] for each in server.enrollments if each["user_id"] == number]
        cells = [scores.get((number, each["id"])) for each in columns]
        row = [user["sortable_name"], str(number), user["sis_user_id"], " and ".join(own)]
        lines.append([*row, *("" if cell is None else str(cell) for cell in cells)])
    return "\n".join(",".join(f'"{cell}"' for cell in line) for line in lines) + "\n"


def analysis_of(server: CanvasServer, number: int) -> str:
    """The Student Analysis, with all attempts, that Canvas exports of a quiz."""
    asked = [each for each in server.questions[91] if each["question_type"] != "text_only_question"]
    texts = {each["id"]: unescape(re.sub("<[^>]*>", "", each["question_text"])) for each in asked}
    columns = [cell for each in asked for cell in (f"{each['id']}: {texts[each['id']]}", str(float(each["points_possible"])))]
    lines = [["name", "id", "sis_id", "section", "section_id", "section_sis_id", "submitted", "attempt", *columns]]
    lines[0] += ["n correct", "n incorrect", "score"]
    users = {each["user_id"]: each["user"] for each in server.enrollments}
    for submission in (each for each in server.submissions if each.assignment == number):
        user = users[submission.user]
        for version in submission.versions:
            given = {each["question_id"]: each for each in version.data}
            cells = [cell for each in asked for cell in (_cell(each, given[each["id"]]), str(given[each["id"]]["points"]))]
            who = [
                user["name"],
                str(submission.user),
                user["sis_user_id"],
                "Morning",
                "31",
                "",
                f"{version.finished:%Y-%m-%d %H:%M:%S} UTC",
            ]
            lines.append([*who, str(version.number), *cells, "0", "0", str(version.score)])
    return "\n".join(",".join(f'"{cell}"' for cell in line) for line in lines) + "\n"


def _cell(asked: dict[str, Any], given: dict[str, Any]) -> str:
    """An answer as a Student Analysis writes it."""
    texts = {each["id"]: each.get("text") or re.sub("<[^>]*>", "", each.get("html", "")) for each in asked["answers"]}
    match asked["question_type"].removesuffix("_question"):
        case "multiple_choice":
            return texts.get(given["answer_id"], "")
        case "multiple_answers":
            return ",".join(text.replace(",", "\\,") for number, text in texts.items() if given[f"answer_{number}"] == "1")
        case "matching":
            targets = {str(each["match_id"]): each["text"] for each in asked["matches"]}
            return ",".join(f"{text}=>{targets.get(given[f'answer_{number}'], '')}" for number, text in texts.items())
        case "multiple_dropdowns":
            blanks = {each["blank_id"]: texts.get(given[f"answer_for_{each['blank_id']}"], "") for each in asked["answers"]}
            return ",".join(f"{blank}=>{text}" for blank, text in blanks.items())
    return re.sub("<[^>]*>", "", given["text"])
