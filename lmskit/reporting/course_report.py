"""The report of one course: what it contains, read in one snapshot, and the pieces of its page."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from importlib.metadata import version

import pandas as pd

from lmskit.charts.distribution import level_distribution, level_distribution_table, level_share, level_share_table
from lmskit.charts.heat_map import mastery_heat_map, mastery_heat_map_table
from lmskit.errors import InputError
from lmskit.listings import STUDENTS_TO_HELP
from lmskit.read_models.advised_passage import AdvisedPassage, question_names
from lmskit.read_models.course_report import CourseReportData, course_report_data
from lmskit.read_models.prepared_advice import prepared_searches
from lmskit.reporting.display import Fragment, Link, Picture, beside, folded, heading, note, stacked, table
from lmskit.reporting.parameters import ReportParameters
from lmskit.reporting.snapshot import open_snapshot
from lmskit.rounding import number_text, percent_text

LEAD = "Term report: the results of the class week by week, and the students who need help."
SIMULATED = "Simulated data: the students, their answers and these results come from a simulation. No real person is described."
NO_COURSE = "No course was given: the parameter `course` is empty. Set it to the code of a course. To list them: lmskit course list"
NO_ESTIMATES = "There are no mastery estimates yet. To estimate mastery from the submitted attempts: lmskit mastery refresh"


NO_MATERIALS = "There are no materials of this course in lmskit, so nothing can be advised. To add some: lmskit material add"
NO_WEAK_TOPIC = "There is no weak topic: on average, the class has mastered every week that is assessed."
ADVISED = 3
"""Passages that the report names for a weak topic."""


@dataclass(frozen=True)
class CourseReport:
    """The report of a course, piece by piece.

    Attributes
    ----------
    data
        What the report contains.
    asked
        The parameters of the report.
    """

    data: CourseReportData
    asked: ReportParameters

    def head(self) -> Fragment:
        """Return the title, a note on simulated data, and the caveat about the rule."""
        course, caveat = self.data.course, self.data.in_use.caveat()
        term = f"term {course['term']}, {course['starts_on']:%Y-%m-%d} to {course['ends_on']:%Y-%m-%d}"
        title = heading(str(course["title"]), f"{course['code']} · {term} · {course['lecturer']}", LEAD)
        simulated = [note(SIMULATED, kind="simulated")] if self.data.is_simulated else []
        limited = [note(self._limits(), kind="caution")] if self.data.seen is not None else []
        return stacked(title, *simulated, *limited, *([note(caveat, kind="caution")] if caveat else []))

    def glance(self) -> Fragment:
        """Return the class in a few numbers."""
        latest = self.data.by_week.latest
        facts = [
            ("Students, active and completed", f"{self.data.n_students:,}"),
            ("Weeks in the syllabus", f"{len(self.data.by_week.weeks):,}"),
            ("Weeks with mastery estimates", f"{len(self.data.by_week.assessed):,}"),
            ("Students who need help", f"{self.data.n_to_help:,}"),
        ]
        if latest is not None:
            facts += [
                (f"Class mean in week {latest['week_number']}, 0 to 1", number_text(float(latest["mean_value"]))),
                (f"Students assessed in week {latest['week_number']}", f"{latest['n_assessed']:,} of {self.data.n_students:,}"),
            ]
        summary = table(pd.DataFrame(facts, columns=["", "Class"]), caption="The class in numbers")
        if latest is None:
            return stacked(summary, note(NO_ESTIMATES))
        caption = f"Levels in week {latest['week_number']}: {latest['topic']}"
        levels = table(level_share_table(self.data.by_week.latest_shares), caption=caption, left=("Level",))
        return beside(summary, levels)

    def level_shares(self) -> Picture:
        """Draw the share of students at each level in the last assessed week."""
        week = "no week" if self.data.by_week.latest is None else f"week {self.data.by_week.latest['week_number']}"
        return Picture(level_share(self.data.by_week.latest_shares, group=week, rule=self.data.in_use.rule))

    def heat_map(self) -> Picture:
        """Draw the class row above the students who need most help."""
        return Picture(mastery_heat_map(self._cells(), self.data.by_week.only_assessed.weeks, rule=self.data.in_use.rule))

    def heat_map_table(self) -> Fragment:
        """Return the heat map as a table, folded."""
        twin = mastery_heat_map_table(self._cells(), self.data.by_week.only_assessed.weeks, rule=self.data.in_use.rule)
        return folded("The heat map as a table", table(twin, caption="Mastery of each week", left=twin.columns))

    def distribution(self) -> Picture:
        """Draw the share of students at each level, week by week."""
        return Picture(level_distribution(self.data.by_week.only_assessed.shares, rule=self.data.in_use.rule))

    def distribution_table(self) -> Fragment:
        """Return the distribution as a table."""
        return table(
            level_distribution_table(self.data.by_week.only_assessed.shares), caption="Students per week and level", left=("Topic",)
        )

    def help_table(self) -> Fragment:
        """Return the students who need help, those who need it most first."""
        to_help, n_to_help = self.data.to_help, self.data.n_to_help
        headings = STUDENTS_TO_HELP.headings
        rows = pd.DataFrame(
            {
                headings["name"]: to_help["name"],
                headings["mean_value"]: to_help["mean_value"].map(number_text, na_action=None),
                headings["last_submitted_at"]: to_help["last_submitted_at"].dt.strftime("%Y-%m-%d"),
                headings["reason"]: to_help["reason"],
            }
        )
        caption = f"The first {len(rows)} of {n_to_help:,} students" if n_to_help > len(rows) else "All students who need help"
        return table(rows, caption=caption, left=(headings["name"], headings["reason"]))

    def quiz_table(self) -> Fragment:
        """Return the attempts and scores of each quiz."""
        rows = pd.DataFrame(
            {
                "Quiz": self.data.quizzes["quiz_title"],
                "Week": self.data.quizzes["week_number"],
                "Students": self.data.quizzes["n_students"],
                "Attempts": self.data.quizzes["n_attempts"],
                "Mean share": self.data.quizzes["mean_share"].map(percent_text, na_action=None),
                "Not graded": self.data.quizzes["not_graded"],
                "Banked": self.data.quizzes["n_banked"],
            }
        )
        return table(rows, caption="One row per quiz; attempts of active and completed students", left=("Quiz",))

    def reading_advice(self) -> Fragment:
        """Return what to read again about each weak topic, and what the materials lack."""
        advice = self.data.advice
        if not advice.weeks or not advice.n_materials:
            return note(NO_WEAK_TOPIC if not advice.weeks else NO_MATERIALS)
        rows = [
            {
                "Week": f"{found.week}: {found.topic}",
                "Material": _material(passage),
                "Where": passage.where or None,
                "Why": passage.main_reasons,
            }
            for found in advice.weeks
            for passage in found.passages[:ADVISED]
        ]
        gaps = [
            {
                "Week": f"{gap.week}: {gap.topic}",
                "Mean value": number_text(gap.mean_value),
                "What is missing": gap.finding,
                "For": question_names(gap.unanswered),
            }
            for gap in advice.gaps
        ]
        left = ("Week", "Material", "Where", "Why", "What is missing", "For")
        shown = [table(pd.DataFrame(rows), caption="What to read again about the weak topics", left=left)] if rows else []
        missing = [table(pd.DataFrame(gaps), caption="Weak topics without suitable material", left=left)] if gaps else []
        caveats = dict.fromkeys(found.caveat for found in advice.weeks if found.caveat)
        return stacked(*shown, *missing, *(note(caveat) for caveat in caveats))

    def provenance(self) -> Fragment:
        """Return where the numbers come from."""
        given = ", ".join(f"{name} = {value:g}" for name, value in self.data.in_use.rule.parameters.items())
        facts = [
            ("Snapshot of the database", f"{self.data.read_at:%Y-%m-%d %H:%M:%S} UTC"),
            ("Schema revision", self.data.revision),
            ("lmskit", version("lmskit")),
            ("Course", str(self.data.course["code"])),
            ("Students in the heat map, at most", str(self.asked.n_students)),
            ("Mastery rule", f"{self.data.in_use.rule.name} ({given})"),
            *((f"Rows in {name}", f"{rows:,}") for name, rows in self.data.row_counts.itertuples(index=False, name=None)),
        ]
        return table(
            pd.DataFrame(facts, columns=["", "Provenance"]),
            caption="All numbers of this report come from one snapshot of the database",
            left=("Provenance",),
        )

    def _limits(self) -> str:
        """Say whom "the class" means to an assistant of some sections, for whom no number here is about all students."""
        named = ", ".join(self.data.seen or ()) or "none"
        return f"In this report, the class is the students of the sections and groups that you see ({named}), not all of the course."

    def _cells(self) -> pd.DataFrame:
        shown = self.data.by_week.only_assessed.weeks["week_number"]
        return self.data.cells[self.data.cells["week_number"].isin(shown)]


def _material(passage: AdvisedPassage) -> Link:
    """The title, which opens the passage; of a material without an address, with its file."""
    file = f" ({passage.file_name})" if passage.link is None and passage.file_name else ""
    return Link(f"{passage.title}{file}", passage.link)


def course_report(course: str, *, n_students: int = 50, snapshot: str = "", snapshot_at: str = "") -> CourseReport:
    """Read the report of a course, all of it in one snapshot.

    Parameters
    ----------
    course
        Code of the course.
    n_students
        At most so many students are in the heat map.
    snapshot
        Name of the snapshot of the build that this report belongs to; empty for a snapshot of its own.
    snapshot_at
        Time of that snapshot, ISO 8601; empty without one.

    Raises
    ------
    InputError
        No course was given.
    CourseNotFoundError
        There is no such course among those the signed-in person can see.
    ValidationError
        A parameter is out of range.
    """
    if not course:
        raise InputError(NO_COURSE)
    taken = dt.datetime.fromisoformat(snapshot_at) if snapshot_at else None
    return read(ReportParameters(course=course, n_students=n_students, snapshot=snapshot, snapshot_at=taken))


def read(asked: ReportParameters) -> CourseReport:
    """Read the report that these parameters describe."""
    searches = prepared_searches(lambda: open_snapshot(asked.snapshot), asked.course)
    with open_snapshot(asked.snapshot) as session:
        data = course_report_data(session, asked.course, n_students=asked.n_students, read_at=asked.snapshot_at, searches=searches)
    return CourseReport(data, asked)
