"""The report of one course: everything it says, read in one snapshot, and the pieces of its page."""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import pandas as pd

from lmskit.analytics.class_levels import level_shares, level_shares_by_week
from lmskit.charts.distribution import level_distribution, level_distribution_table, level_share, level_share_table
from lmskit.charts.heat_map import mastery_heat_map, mastery_heat_map_table
from lmskit.queries import attempt, mastery, provenance
from lmskit.queries.course import course_by_code, courses
from lmskit.queries.page import MAX_PAGE, all_pages
from lmskit.reporting import snapshot
from lmskit.reporting.display import Fragment, Picture, beside, folded, heading, note, stacked, table
from lmskit.reporting.parameters import ReportParameters
from lmskit.rounding import number_text, percent_text
from lmskit.services.mastery_rule import rule_in_use
from lmskit.vocabulary import Level, Origin

LEVELS = tuple(level.value for level in (Level.MASTERED, Level.DEVELOPING, Level.REMEDIAL, Level.NOT_ASSESSED))
HELP_SHOWN = 20
LEAD = "Term report: how did the class do, week by week, and who needs help?"
SIMULATED = "Simulated data: the students, their answers and these results are made up by a known model. Nobody real is described."


@dataclass(frozen=True)
class CourseReport:
    """All that the report of a course is made of.

    Attributes
    ----------
    course
        The course as `lmskit.queries.course.courses` lists it.
    rule, parameters
        By which the mastery shown was estimated, the parameters complete.
    caution
        What a reader has to know about the rule; empty where all is as the course has chosen.
    weeks
        `class_weeks`: every week of the syllabus.
    cells
        `mastery_cells` of the students who need help most.
    to_help
        `students_to_help`, the first of them.
    n_to_help
        How many there are in all.
    quizzes
        `quiz_totals`.
    read_at
        The moment of the snapshot, UTC.
    revision
        Of the schema.
    row_counts
        Rows of the course by table.
    asked
        The parameters of the report.
    """

    course: Mapping[Hashable, Any]
    rule: str
    parameters: Mapping[str, float]
    caution: str
    weeks: pd.DataFrame
    cells: pd.DataFrame
    to_help: pd.DataFrame
    n_to_help: int
    quizzes: pd.DataFrame
    read_at: dt.datetime
    revision: str
    row_counts: pd.DataFrame
    asked: ReportParameters

    @property
    def n_students(self) -> int:
        """Active and completed students."""
        return int(self.course["n_students"])

    @property
    def assessed_weeks(self) -> pd.DataFrame:
        """The weeks in which something is known of somebody; figures leave out the others."""
        return self.weeks[self.weeks["n_assessed"] > 0]

    @property
    def latest(self) -> pd.Series | None:
        """The last week of which something is known."""
        known = self.assessed_weeks
        return known.iloc[-1] if len(known) else None

    def head(self) -> Fragment:
        """Return the title, and whether this is about real people."""
        first, last = self.course["starts_on"], self.course["ends_on"]
        subtitle = f"{self.course['code']} · term {self.course['term']}, {first:%Y-%m-%d} to {last:%Y-%m-%d} · {self.course['lecturer']}"
        title = heading(str(self.course["title"]), subtitle, LEAD)
        simulated = [note(SIMULATED, kind="simulated")] if self.course["origin"] == Origin.SIMULATION else []
        caution = [note(self.caution, kind="caution")] if self.caution else []
        return stacked(title, *simulated, *caution)

    def glance(self) -> Fragment:
        """Return what there is to know of the class in a few lines."""
        latest = self.latest
        facts = [
            ("Students, active and completed", f"{self.n_students:,}"),
            ("Weeks of the syllabus", f"{len(self.weeks):,}"),
            ("Weeks with known mastery", f"{len(self.assessed_weeks):,}"),
            ("Students who need help", f"{self.n_to_help:,}"),
        ]
        if latest is not None:
            facts += [
                (f"Class mean in week {latest['week_number']}, 0 to 1", number_text(float(latest["mean_value"]))),
                (f"Students assessed in week {latest['week_number']}", f"{latest['n_assessed']:,} of {self.n_students:,}"),
            ]
        summary = table(pd.DataFrame(facts, columns=["", "Class"]), caption="The class in numbers")
        if latest is None:
            return stacked(summary, note("No mastery is known yet. To estimate it from what was submitted: lmskit mastery refresh"))
        caption = f"Levels in week {latest['week_number']}: {latest['topic']}"
        levels = table(level_share_table(self._latest_shares()), caption=caption, left=("Level",))
        return beside(summary, levels)

    def level_shares(self) -> Picture:
        """Draw the share of students per level in the last assessed week."""
        week = "no week" if self.latest is None else f"week {self.latest['week_number']}"
        return Picture(level_share(self._latest_shares(), group=week, rule=self.rule, parameters=self.parameters))

    def heat_map(self) -> Picture:
        """Draw the class row over the students who need help most."""
        return Picture(mastery_heat_map(self._cells(), self._class_row(), rule=self.rule, parameters=self.parameters))

    def heat_map_table(self) -> Fragment:
        """Return the heat map as a table, folded."""
        twin = mastery_heat_map_table(self._cells(), self._class_row(), parameters=self.parameters)
        return folded("The heat map as a table", table(twin, caption="Mastery of each week", left=twin.columns))

    def distribution(self) -> Picture:
        """Draw how the class is spread over the levels, week by week."""
        return Picture(level_distribution(self._shares_by_week(), rule=self.rule, parameters=self.parameters))

    def distribution_table(self) -> Fragment:
        """Return the distribution as a table."""
        return table(level_distribution_table(self._shares_by_week()), caption="Students per week and level", left=("Topic",))

    def help_table(self) -> Fragment:
        """Return who needs help, those who need it most first."""
        rows = pd.DataFrame(
            {
                "Student": self.to_help["name"],
                "Mean value": self.to_help["mean_value"].map(number_text, na_action=None),
                "Last submitted (UTC)": self.to_help["last_submitted_at"].dt.strftime("%Y-%m-%d"),
                "Why": self.to_help["reason"],
            }
        )
        caption = f"The first {len(rows)} of {self.n_to_help:,} students" if self.n_to_help > len(rows) else "All students who need help"
        return table(rows, caption=caption, left=("Student", "Why"))

    def quiz_table(self) -> Fragment:
        """Return how each quiz went."""
        rows = pd.DataFrame(
            {
                "Quiz": self.quizzes["quiz_title"],
                "Week": self.quizzes["week_number"],
                "Students": self.quizzes["n_students"],
                "Attempts": self.quizzes["n_attempts"],
                "Mean score": self.quizzes["mean_share"].map(percent_text, na_action=None),
                "Not graded": self.quizzes["not_graded"],
                "Banked": self.quizzes["n_banked"],
            }
        )
        return table(rows, caption="One row per quiz; attempts of active and completed students", left=("Quiz",))

    def provenance(self) -> Fragment:
        """Return where these numbers come from."""
        given = ", ".join(f"{name} = {value:g}" for name, value in self.parameters.items())
        facts = [
            ("Snapshot of the database", f"{self.read_at:%Y-%m-%d %H:%M:%S} UTC"),
            ("Schema revision", self.revision),
            ("lmskit", version("lmskit")),
            ("Course", str(self.course["code"])),
            ("Students in the heat map, at most", str(self.asked.n_students)),
            ("Mastery rule", f"{self.rule} ({given})"),
            *((f"Rows in {name}", f"{rows:,}") for name, rows in self.row_counts.itertuples(index=False, name=None)),
        ]
        return table(
            pd.DataFrame(facts, columns=["", "Provenance"]),
            caption="All numbers of this report come from one snapshot of the database",
            left=("Provenance",),
        )

    def _cells(self) -> pd.DataFrame:
        shown = self.assessed_weeks["week_number"] if len(self.assessed_weeks) else self.weeks["week_number"]
        return self.cells[self.cells["week_number"].isin(shown)]

    def _class_row(self) -> pd.DataFrame:
        shown = self.assessed_weeks if len(self.assessed_weeks) else self.weeks
        return shown.rename(columns={"mean_value": "value"} | {level: f"n_{level}" for level in LEVELS})

    def _latest_shares(self) -> pd.DataFrame:
        return level_shares(_levels(self.assessed_weeks.tail(1))["level"])

    def _shares_by_week(self) -> pd.DataFrame:
        return level_shares_by_week(_levels(self.assessed_weeks if len(self.assessed_weeks) else self.weeks))


def course_report(course: str, *, n_students: int = 50, snapshot: str = "", snapshot_at: str = "") -> CourseReport:
    """Read the report of a course, all of it in one snapshot.

    Parameters
    ----------
    course
        Code of the course.
    n_students
        At most so many students are in the heat map.
    snapshot
        Of the build that this report belongs to; empty for a snapshot of its own.
    snapshot_at
        When that snapshot was taken, ISO 8601; empty where there is none.

    Raises
    ------
    CourseNotFoundError
        There is no such course among those the signed-in person can see.
    ValidationError
        A parameter is out of range.
    """
    taken = dt.datetime.fromisoformat(snapshot_at) if snapshot_at else None
    return read(ReportParameters(course=course, n_students=n_students, snapshot=snapshot, snapshot_at=taken))


def read(asked: ReportParameters) -> CourseReport:
    """Read the report that these parameters ask for."""
    with snapshot.reading(asked.snapshot) as session:
        read_at = asked.snapshot_at or provenance.database_time(session)
        found = course_by_code(session, asked.course)
        listed = all_pages(lambda limit, offset: courses(session, limit=limit, offset=offset))
        in_use = rule_in_use(session, asked.course)
        to_help = all_pages(lambda limit, offset: mastery.students_to_help(session, asked.course, limit=limit, offset=offset))
        return CourseReport(
            course=listed[listed["code"] == found.code].iloc[0].to_dict(),
            rule=in_use.rule,
            parameters=in_use.parameters,
            caution=in_use.sentence(),
            weeks=mastery.class_weeks(session, asked.course, limit=MAX_PAGE),
            cells=mastery.mastery_cells(session, asked.course, limit=asked.n_students),
            to_help=to_help.head(HELP_SHOWN),
            n_to_help=len(to_help),
            quizzes=all_pages(lambda limit, offset: attempt.quiz_totals(session, asked.course, limit=limit, offset=offset)),
            read_at=read_at.astimezone(dt.UTC),
            revision=provenance.schema_revision(session),
            row_counts=provenance.row_counts(session, asked.course),
            asked=asked,
        )


def _levels(weeks: pd.DataFrame) -> pd.DataFrame:
    """Write counts per week out again: one row per student and week, with the level."""
    long = weeks.melt(id_vars=["week_number", "topic"], value_vars=list(LEVELS), var_name="level", value_name="n")
    return long.loc[long.index.repeat(long["n"]), ["week_number", "topic", "level"]].reset_index(drop=True)
