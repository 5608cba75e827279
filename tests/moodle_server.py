"""A small Moodle on this machine: it serves a course over the web services as a real one does, and fails as one may.

What it answers has the fields that lmskit reads, under the names and with the types of a real Moodle 4.5. Its state is plain data, which
tests change; `asked` has every call.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from typing import Any
from urllib.parse import parse_qsl

from tests.lms_server import Answer, Request, serving

TOKEN = "0123456789abcdef-canary-token"
PAGE_LIMIT = 10**9


@dataclass
class Asked:
    """A question of an attempt: what was shown, what was answered and what that was worth."""

    kind: str
    text: str
    response: str | None
    mark: float | None
    maximum: float
    state: str
    options: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    right: str | None = None

    def record(self, attempt: int, slot: int) -> dict[str, Any]:
        mark = "" if self.mark is None else f"{self.mark:.2f}"
        found = {"slot": slot, "type": self.kind, "page": 0, "number": slot, "html": self._html(attempt, slot), "state": self.state}
        return found | {"mark": mark, "maxmark": self.maximum, "flagged": False}

    def _html(self, attempt: int, slot: int) -> str:
        name = f"q{attempt}:{slot}_"
        right = "" if self.right is None else f'<div class="rightanswer">The correct answer is: {escape(self.right)}</div>'
        return (
            f'<div id="question-{attempt}-{slot}" class="que {self.kind} deferredfeedback complete"><div class="info">Question {slot}</div>'
            f'<div class="content"><div class="formulation clearfix"><div class="qtext"><p>{escape(self.text)}</p></div>'
            f'{self._form(name)}</div><div class="outcome">{right}</div></div>{self._history()}</div><script>var x = "</div>";</script>'
        )

    def _form(self, name: str) -> str:
        match self.kind:
            case "multichoice":
                options = "".join(self._option(name, *each) for each in enumerate(self.options))
                return f'<div class="ablock"><div class="answer">{options}</div></div>'
            case "truefalse":
                on = ('checked="checked"' if self.response == word else "" for word in ("True", "False"))
                fields = "".join(
                    f'<input type="radio" name="{name}answer" value="{value}" {each} />' for value, each in zip("10", on, strict=True)
                )
                return f'<div class="answer">{fields}</div>'
            case "match":
                chosen = dict(pair.split(" -> ") for pair in (self.response or "").split("; ") if " -> " in pair)
                rows = "".join(self._stem(name, nth, stem, chosen.get(stem)) for nth, stem in enumerate(self.options))
                return f'<div class="ablock"><table class="answer"><tbody>{rows}</tbody></table></div>'
            case "essay":
                shown = escape(self.response or "").replace("\n", "<br />\n")
                return f'<div class="answer"><div class="qtype_essay_response readonly">{shown}</div></div>'
            case "calculated" | "numerical" | "shortanswer":
                return f'<span class="answer"><input type="text" name="{name}answer" value="{escape(self.response or "")}" /></span>'
        return ""

    def _option(self, name: str, nth: int, text: str) -> str:
        given = (self.response or "").split("; ") if self.right and "; " in self.right else [self.response]
        several = bool(self.right and "; " in self.right)
        field_name, kind, value = (f"{name}choice{nth}", "checkbox", 1) if several else (f"{name}answer", "radio", nth)
        on = 'checked="checked"' if text in given else ""
        return (
            f'<div class="r{nth % 2}"><input type="{kind}" name="{field_name}" disabled="disabled" value="{value}" id="{name}{nth}" '
            f'aria-labelledby="{name}{nth}_label" {on} /><div class="d-flex" id="{name}{nth}_label"><span class="answernumber">'
            f'{chr(97 + nth)}. </span><div class="flex-fill">{escape(text)}</div></div></div>'
        )

    def _stem(self, name: str, nth: int, stem: str, chosen: str | None) -> str:
        options = "".join(
            f'<option {"selected" if target == chosen else ""} value="{number}">{escape(target)}</option>'
            for number, target in enumerate(self.targets, 1)
        )
        select = f'<select name="{name}sub{nth}"><option value="0">Choose...</option>{options}</select>'
        return f'<tr class="r{nth % 2}"><td class="text">{escape(stem)}</td><td class="control">{select}</td></tr>'

    def _history(self) -> str:
        saved = f'<tr><td>2</td><td>now</td><td>Saved: {escape(self.response or "")}<a href="/user">Admin</a></td><td>x</td><td></td></tr>'
        started = "<tr><td>1</td><td>now</td><td>Started</td><td>Not yet answered</td><td></td></tr>"
        return f'<div class="history"><table><tbody>{started}{saved if self.response else ""}</tbody></table></div>'


@dataclass
class Attempt:
    """An attempt at a quiz."""

    id: int
    quiz: int
    user: int
    number: int
    start: int
    finish: int
    total: float | None
    questions: list[Asked] = field(default_factory=list)
    state: str = "finished"
    changed: int | None = None
    """When it was last changed; with None when it was finished."""
    preview: int = 0

    def record(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "quiz": self.quiz,
            "userid": self.user,
            "attempt": self.number,
            "preview": self.preview,
            "state": self.state,
            "timestart": self.start,
            "timefinish": self.finish,
            "timemodified": self.changed or self.finish,
            "sumgrades": self.total,
        }


def person(number: int, first: str, last: str, *, role: str = "student", groups: tuple[str, ...] = ()) -> dict[str, Any]:
    """A person as a teacher sees one, without the user name."""
    return {
        "id": number,
        "firstname": first,
        "lastname": last,
        "email": f"{first}.{last}.{number}@example.org".lower(),
        "idnumber": f"M{number:05}",
        "groups": [{"id": 1, "name": group} for group in groups],
        "roles": [{"roleid": 5, "shortname": role}],
    }


def quiz(number: int, name: str, *, grade: float, points: float, section: int = 2) -> dict[str, Any]:
    return {"id": number, "coursemodule": number + 100, "course": 2, "name": name, "section": section, "timeclose": 0} | {
        "sumgrades": points,
        "grade": grade,
    }


def refusal(code: str, message: str = "Sorry") -> Answer:
    """How Moodle refuses a call."""
    return Answer(json.dumps({"exception": "moodle_exception", "errorcode": code, "message": message}).encode())


@dataclass
class MoodleServer:
    """One course of one Moodle."""

    people: list[dict[str, Any]]
    quizzes: list[dict[str, Any]]
    attempts: list[Attempt]
    items: list[dict[str, Any]] = field(default_factory=list)
    """Grade items beside those of quizzes, each with `grades` and `feedback` by user."""
    suspended: set[int] = field(default_factory=set)
    recorded: dict[str, Any] = field(default_factory=dict)
    """Answers that are sent as they are, by function."""
    course: dict[str, Any] = field(default_factory=lambda: {"id": 2, "shortname": "SYNC", "fullname": "Data &amp; models"})
    lacking: set[str] = field(default_factory=set)
    """Functions that its service does not have."""
    page_limit: int = PAGE_LIMIT
    """How many people it sends at once, whatever is asked."""
    count: int | None = None
    """How many people it says the course has; None: it cannot say."""
    fault: Callable[[str, int], Answer | None] = lambda _function, _nth: None
    """What it sends instead, by function and how often that was called."""
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    url: str = ""
    site: str = ""
    """The address that it has by itself, if it is another than the one at which it is asked."""

    def calls(self, function: str) -> int:
        return sum(name == function for name, _ in self.asked)

    def answer(self, function: str, asked: dict[str, str]) -> Any:
        if function in self.recorded:
            return self.recorded[function]
        return getattr(self, function)(asked)

    # The functions -------------------------------------------------------------------------------------------

    def core_webservice_get_site_info(self, _asked: dict[str, str]) -> Any:
        names = [name for name in dir(self) if name.startswith(("core_", "mod_", "gradereport_"))]
        offered = [
            name for name in names if name not in self.lacking and (self.count is not None or name != "core_enrol_get_users_courses")
        ]
        return {
            "sitename": "Tests",
            "siteurl": self.site or self.url,
            "userid": 1,
            "functions": [{"name": name, "version": "1"} for name in offered],
        }

    def core_course_get_courses_by_field(self, asked: dict[str, str]) -> Any:
        return {"courses": [self.course] if self.course.get(asked["field"]) == asked["value"] else [], "warnings": []}

    def core_course_get_contents(self, _asked: dict[str, str]) -> Any:
        sections: dict[int, list[dict[str, Any]]] = {}
        for each in self.quizzes:
            sections.setdefault(each["section"], []).append({"id": each["coursemodule"], "modname": "quiz", "instance": each["id"]})
        for item in self.items:
            if item["itemtype"] == "mod":
                module = {"id": item["id"] + 500, "modname": item["itemmodule"], "instance": item["iteminstance"]}
                sections.setdefault(item["section"], []).append(module)
        return [{"id": number + 1, "section": number, "name": "", "modules": modules} for number, modules in sections.items()]

    def core_enrol_get_enrolled_users(self, asked: dict[str, str]) -> Any:
        options = {asked[f"options[{nth}][name]"]: asked[f"options[{nth}][value]"] for nth in range(5) if f"options[{nth}][name]" in asked}
        found = [each for each in self.people if "onlysuspended" not in options or each["id"] in self.suspended]
        begin = int(options.get("limitfrom", 0))
        return found[begin : begin + min(int(options.get("limitnumber", 0)) or PAGE_LIMIT, self.page_limit)]

    def core_enrol_get_users_courses(self, _asked: dict[str, str]) -> Any:
        return [self.course | {"enrolledusercount": self.count}]

    def mod_quiz_get_quizzes_by_courses(self, _asked: dict[str, str]) -> Any:
        return {"quizzes": self.quizzes, "warnings": []}

    def mod_quiz_get_user_attempts(self, asked: dict[str, str]) -> Any:
        wanted = (int(asked["quizid"]), int(asked["userid"]))
        return {"attempts": [each.record() for each in self.attempts if (each.quiz, each.user) == wanted], "warnings": []}

    def mod_quiz_get_attempt_review(self, asked: dict[str, str]) -> Any:
        found = next((each for each in self.attempts if each.id == int(asked["attemptid"])), None)
        if found is None:
            return json.loads(refusal("invalidrecordunknown").body)
        questions = [each.record(found.id, slot) for slot, each in enumerate(found.questions, 1)]
        return {"grade": None, "attempt": found.record(), "additionaldata": [], "questions": questions, "warnings": []}

    def core_course_get_updates_since(self, asked: dict[str, str]) -> Any:
        since, instances = int(asked["since"]), []
        for each in self.quizzes:
            changed = [found.id for found in self.attempts if found.quiz == each["id"] and (found.changed or found.finish) > since]
            if changed:
                updates = [{"name": "userattempts", "itemids": changed}]
                instances.append({"contextlevel": "module", "id": each["coursemodule"], "updates": updates})
        return {"instances": instances, "warnings": []}

    def gradereport_user_get_grade_items(self, _asked: dict[str, str]) -> Any:
        students = [each["id"] for each in self.people if each["roles"][0]["shortname"] == "student"]
        return {"usergrades": [{"userid": user, "gradeitems": [*self._quiz_cells(user), *self._cells(user)]} for user in students]}

    def _quiz_cells(self, user: int) -> Iterator[dict[str, Any]]:
        for each in self.quizzes:
            own = [found for found in self.attempts if (found.quiz, found.user) == (each["id"], user) and found.state == "finished"]
            graded = [found.total for found in own if found.total is not None]
            points = max(graded) * each["grade"] / each["sumgrades"] if graded else None
            yield _cell(each["id"] + 900, each["name"], "quiz", each["id"], 0, each["grade"], points) | {
                "gradedatesubmitted": max(found.finish for found in own) if graded else None
            }

    def _cells(self, user: int) -> Iterator[dict[str, Any]]:
        for item in self.items:
            own = {name: value for name, value in item.items() if name not in {"grades", "feedbacks", "section"}}
            yield own | {"graderaw": item["grades"].get(user), "feedback": item.get("feedbacks", {}).get(user, "")}

    # The server ----------------------------------------------------------------------------------------------

    @contextmanager
    def served(self) -> Iterator[MoodleServer]:
        """Serve on a free port of the loopback address."""
        with serving(self._answered) as self.url:
            yield self

    def _answered(self, request: Request) -> Answer:
        if request.method != "POST":
            return Answer(b"this is not how web services are asked", 400)
        asked = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
        token, function = asked.pop("wstoken"), asked.pop("wsfunction")
        self.asked.append((function, asked))
        assert TOKEN not in request.path
        if token != TOKEN:
            return refusal("invalidtoken", f"Invalid token {token} - token not found")
        if function in self.lacking:
            return refusal("accessexception", "Access control exception")
        found = self.fault(function, self.calls(function))
        return found or Answer(json.dumps(self.answer(function, asked)).encode())


def _cell(  # noqa: PLR0917 - as Moodle has them
    number: int, name: str, module: str, instance: int, low: float, high: float, points: float | None
) -> dict[str, Any]:
    return {
        "id": number,
        "itemname": name,
        "itemtype": "mod",
        "itemmodule": module,
        "iteminstance": instance,
        "grademin": low,
        "grademax": high,
        "graderaw": points,
        "gradeishidden": False,
        "feedback": "",
    }


def graded_item(number: int, name: str, grades: dict[int, float], *, low: float = 0, high: float = 100) -> dict[str, Any]:
    """An assignment with its grades."""
    return _cell(number, name, "assign", number, low, high, None) | {"section": 3, "grades": grades}


HOUR, BEGIN = 3600, 1_790_000_000


def small_course() -> MoodleServer:
    """Three students, a teacher, a quiz with three questions, and an assignment."""
    people = [
        person(11, "Ada", "Lovelace", groups=("Group A &amp; B",)),
        person(12, "Alan", "Turing"),
        person(13, "Grace", "Hopper-Lang", groups=("Second",)),
        person(14, "Mary", "Somerville", role="editingteacher"),
    ]
    attempts = [attempt(1, 11, 1, "5", 1.0, "3.14"), attempt(2, 12, 1, "4", 0.0, "22/7"), attempt(3, 12, 2, "5", 1.0, "3.14")]
    items = [graded_item(31, "Essay &amp; notes", {11: 71.5, 12: 40.0}, low=0)]
    return MoodleServer(people, [quiz(7, "Means &amp; modes", grade=20, points=4)], attempts, items, suspended={13})


def attempt(  # noqa: PLR0917 - short calls
    number: int, user: int, nth: int, choice: str | None, mark: float, pi: str, essay: float | None = 0.66667
) -> Attempt:
    """An attempt at the quiz of the small course; without marks for the essay it has no total."""
    right = 2.0 if pi == "3.14" else 0.0
    questions = [
        Asked(
            "multichoice", "What is the mean?", choice, mark, 1, "gradedright" if mark else "gradedwrong", ("4", "5 < 6", "5"), right="5"
        ),
        Asked("numerical", "Give π.", pi, right, 2, "gradedright" if right else "gradedwrong", right="3.14"),
        Asked("essay", "Why?", "Because\n<b>so</b>", essay, 1, "needsgrading" if essay is None else "mangrpartial"),
    ]
    total = None if essay is None else mark + right + essay
    begin = BEGIN + number * HOUR
    return Attempt(number, 7, user, nth, begin, begin + 1234, total, questions)
