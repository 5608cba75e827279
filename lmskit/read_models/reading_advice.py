"""What to read again: for a week of a course and its class, or one student, the passages that help with what was missed."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from lmskit.analytics.reading_advice import MISSED_OFTEN, PER_QUESTION, FoundPassage, head_starts, question_weights, ranked_passages
from lmskit.errors import WeekNotFoundError
from lmskit.materials.location import Location
from lmskit.queries.course import course_by_code, narrow, syllabus_rows
from lmskit.queries.mastery import class_weeks
from lmskit.queries.material_search import best_passages_of_each, found_words, is_in_use
from lmskit.queries.missed_questions import missed_questions
from lmskit.queries.page import MAX_PAGE
from lmskit.queries.reading_decision import reading_decisions, weeks_of_materials
from lmskit.queries.search_words import plain_words
from lmskit.read_models.advised_passage import AdvisedPassage, CourseAdvice, DecidedPassage, MaterialGap, MissedQuestion, ReadingAdvice
from lmskit.read_models.material_link import link_to
from lmskit.read_models.passage_search import BY_WORDS_ALONE, PreparedSearch, least_distinction, without_overlaps
from lmskit.read_models.rule_in_use import rule_in_use
from lmskit.read_models.snippet import snippet_of, words_of
from lmskit.vocabulary import Decision, MaterialKind

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence

    import pandas as pd
    from sqlalchemy.orm import Session

    from lmskit.analytics.reading_advice import PassageKey, RankedPassages
    from lmskit.queries.passage_scores import SearchVector
    from lmskit.queries.search_words import SearchWords

MOST_QUESTIONS = 20
"""Questions of a week, those that count most, for which passages are searched."""
MOST_PASSAGES_ADVISED = 8
"""Items of advice for a week that are not pinned."""
LEAST_GAP = 1 / 3
"""The share of what was missed, by weight, from which the lack of suitable passages is a gap."""
_FURTHER = 9
"""Hits beyond those that a question may lead to, which take the turn of hits that share text with a better one."""


def advice_texts(session: Session, course: str, *, week: int | None = None, student_id: int | None = None) -> tuple[str, ...]:
    """What is searched for the advice of a course, of one of its weeks, or of a student, to be embedded before the advice is read.

    Without materials there is nothing to search.

    Raises
    ------
    CourseNotFoundError
        There is no such course among those the signed-in person can see.
    """
    narrow(session, course)
    if not weeks_of_materials(session, course_by_code(session, course).id):
        return ()
    missed = _counting(missed_questions(session, course, week=week, student_id=student_id), of_one=student_id is not None)
    return tuple(dict.fromkeys(missed["search_text"]))


def reading_advice(
    session: Session, course: str, week: int, searches: Mapping[str, PreparedSearch], *, student_id: int | None = None
) -> ReadingAdvice:
    """Read what the class of a course, or one student, should read again about the topic of a week.

    Parameters
    ----------
    session
        Of a snapshot.
    course
        Code of the course.
    week
        Of its syllabus.
    searches
        `advice_texts`, prepared, by text; a question that has been answered since then is searched for by its words.
    student_id
        One student, whatever the status of the enrollment; by default the active and completed students.

    Raises
    ------
    CourseNotFoundError
        There is no such course among those the signed-in person can see.
    WeekNotFoundError
        Its syllabus lacks the week.
    """
    [advice] = _advice(session, course, searches, weeks=[week], student_id=student_id)
    return advice


def course_advice(session: Session, course: str, searches: Mapping[str, PreparedSearch]) -> CourseAdvice:
    """Read what the class of a course should read again about its weak topics, and what its materials lack.

    A topic is weak when the mean of its mastery values is below the `mastery_threshold` of the course's rule.

    Raises
    ------
    CourseNotFoundError
        There is no such course among those the signed-in person can see.
    """
    narrow(session, course)
    threshold = rule_in_use(session, course).rule.thresholds["mastery_threshold"]
    weeks = class_weeks(session, course, limit=MAX_PAGE)
    weak = weeks[weeks["mean_value"] < threshold].set_index("week_number")
    found = _advice(session, course, searches, weeks=[int(week) for week in weak.index])
    n_materials = Counter(weeks_of_materials(session, course_by_code(session, course).id).values())
    gaps = [
        MaterialGap(
            week=advice.week,
            topic=advice.topic,
            mean_value=float(weak["mean_value"][advice.week]),
            n_assessed=int(weak["n_assessed"][advice.week]),
            n_materials=n_materials[advice.week],
            n_missed=advice.n_missed,
            unanswered=advice.unanswered,
        )
        for advice in found
        if advice.unanswered and advice.share_unanswered >= LEAST_GAP
    ]
    return CourseAdvice(
        n_materials.total(), tuple(found), tuple(sorted(gaps, key=lambda gap: (not gap.nothing_at_all, gap.mean_value, gap.week)))
    )


def _advice(
    session: Session, course: str, searches: Mapping[str, PreparedSearch], *, weeks: Sequence[int], student_id: int | None = None
) -> list[ReadingAdvice]:
    narrow(session, course)
    course_id = course_by_code(session, course).id
    only = weeks[0] if len(weeks) == 1 else None
    topics = {row["week_number"]: row["topic"] for row in syllabus_rows(session, course, limit=MAX_PAGE)}
    if missing := [week for week in weeks if week not in topics]:
        raise WeekNotFoundError(course=course, week=missing[0])
    answered = missed_questions(session, course, week=only, student_id=student_id)
    decided = reading_decisions(session, course_id, week=only)
    material_weeks = weeks_of_materials(session, course_id)
    n_materials = Counter(material_weeks.values())
    finder = _Finder(session, course_id, searches, material_weeks)
    return [
        _week_advice(
            week,
            topics[week],
            answered[answered["week_number"] == week],
            [row for row in decided if row["week_number"] == week],
            finder,
            n_materials=n_materials[week] + n_materials[None],
            of_one=student_id is not None,
        )
        for week in weeks
    ]


def _counting(answered: pd.DataFrame, *, of_one: bool) -> pd.DataFrame:
    """The questions that count, with their weight, those that count most first in each week; at most `MOST_QUESTIONS` of a week."""
    weighted = answered.assign(weight=question_weights(answered["lost"].to_numpy(), answered["n_students"].to_numpy()))
    often = weighted[(weighted["weight"] > 0) & (of_one | (weighted["weight"] >= MISSED_OFTEN))]
    ordered = often.sort_values(["week_number", "weight", "quiz_id", "number"], ascending=[True, False, True, True], kind="stable")
    return ordered.groupby("week_number").head(MOST_QUESTIONS)


class _Finder:
    """Searches the passages of a course for the questions of a week, each text once."""

    def __init__(
        self, session: Session, course_id: int, searches: Mapping[str, PreparedSearch], material_weeks: Mapping[int, int | None]
    ) -> None:
        self._session, self._course_id, self._searches, self._material_weeks = session, course_id, searches, material_weeks
        self._in_use: dict[tuple[str, str], bool] = {}
        self.by_words_alone = False

    def suitable(self, texts: Iterable[str], week: int, *, hidden: Collection[PassageKey]) -> dict[str, list[Mapping[str, Any]]]:
        """By text, the passages that stand out for it in a week, without hidden ones, each with its `distinction`.

        Of neighbours that share text, one. The head start of the material is part of the distinction.
        """
        asked = {text: self._search(text) for text in dict.fromkeys(texts)}
        if not asked:
            return {}
        found: dict[str, list[Mapping[str, Any]]] = {}
        models = {text: None if vector is None else vector.model for text, (_, vector) in asked.items()}
        for model in set(models.values()):  # mostly one; another distinction is asked of each
            least = least_distinction(model)
            part = [text for text in asked if models[text] == model]
            hits = best_passages_of_each(
                self._session,
                [self._course_id],
                [asked[text] for text in part],
                most=PER_QUESTION + _FURTHER + len(hidden),
                head_starts=head_starts(self._material_weeks, week, least),
            )
            for text, rows in zip(part, hits, strict=True):
                far = ({**hit, "distinction": hit["score"] - hit["typical"] + hit["head_start"]} for hit in rows if _key(hit) not in hidden)
                found[text] = [hit for hit, _ in without_overlaps([hit for hit in far if hit["distinction"] >= least])]
        return found

    def _search(self, text: str) -> tuple[SearchWords, SearchVector | None]:
        search = self._searches.get(text, PreparedSearch(plain_words(text), None))
        vector = search.vector
        if vector is not None:
            model = (vector.model, vector.checksum)
            if model not in self._in_use:
                self._in_use[model] = is_in_use(self._session, *model)
            vector = vector if self._in_use[model] else None
        self.by_words_alone |= vector is None
        return search.words, vector

    def marked(self, questions: Iterable[str], passages: Collection[Mapping[str, Any]]) -> dict[str | None, set[str]]:
        """Which words of the passages the questions share with them, by the language of the passages."""
        searched = plain_words(" ".join(questions))
        written: dict[str | None, set[str]] = defaultdict(set)
        for passage in passages:
            written[passage["language"]] |= words_of(passage["body"], searched.wished)
        return found_words(self._session, searched, written)


def _week_advice(
    week: int,
    topic: str,
    answered: pd.DataFrame,
    decided: Sequence[Mapping[str, Any]],
    finder: _Finder,
    *,
    n_materials: int,
    of_one: bool,
) -> ReadingAdvice:
    counting = _counting(answered, of_one=of_one).to_dict("records")
    questions: dict[Hashable, MissedQuestion] = {(row["quiz_id"], row["number"]): _question(row, of_one=of_one) for row in counting}
    texts: dict[Hashable, str] = {(row["quiz_id"], row["number"]): str(row["search_text"]) for row in counting}
    pins = [row for row in decided if row["decision"] == Decision.PINNED and row["ordinals"]]
    pinned = {(row["material_id"], row["ordinals"][0]): row for row in pins}
    # A text that stands in a material twice is banned in both, and pinned where it stands first.
    banned = {(row["material_id"], ordinal) for row in decided if row["decision"] == Decision.BANNED for ordinal in row["ordinals"] or ()}
    repeated = {(row["material_id"], ordinal) for row in pins for ordinal in row["ordinals"][1:]}
    hidden = (banned | repeated) - pinned.keys()
    suitable = finder.suitable(texts.values(), week, hidden=hidden)
    hits = {question: suitable[text] for question, text in texts.items()}
    passages: dict[PassageKey, Mapping[str, Any]] = {_key(hit): hit for found in hits.values() for hit in found} | pinned
    ranking = ranked_passages(
        {question: missed.weight for question, missed in questions.items()},
        [FoundPassage(question, _key(hit), hit["distinction"], _section(hit)) for question, found in hits.items() for hit in found],
        pinned=list(pinned),
        banned=hidden,
    )
    kept = [item for item in ranking.items if item.pinned] + [item for item in ranking.items if not item.pinned][:MOST_PASSAGES_ADVISED]
    marked = finder.marked(texts.values(), [passages[item.best] for item in kept])
    caveats = [f"{BY_WORDS_ALONE}."] if finder.by_words_alone and texts else []
    if any(not question.number for question in questions.values()):
        caveats.append("Of some quizzes only totals are known: their title and the topic were searched for, not their questions.")
    return ReadingAdvice(
        week=week,
        topic=topic,
        passages=tuple(_advised(item, passages[item.best], questions, pinned, marked) for item in kept),
        unanswered=tuple(questions[question] for question in ranking.unanswered),
        decided=tuple(_decided(row) for row in decided if row["decision"] == Decision.BANNED or not row["ordinals"]),
        n_questions=len(answered),
        n_missed=len(questions),
        share_unanswered=_share(questions.values(), [questions[question] for question in ranking.unanswered]),
        n_materials=n_materials,
        caveat=" ".join(caveats) or None,
        of_one=of_one,
    )


def _share(questions: Iterable[MissedQuestion], of: Iterable[MissedQuestion]) -> float:
    whole = math.fsum(question.weight for question in questions)
    return math.fsum(question.weight for question in of) / whole if whole else 0.0


def _key(hit: Mapping[str, Any]) -> PassageKey:
    return hit["material_id"], hit["ordinal"]


def _section(hit: Mapping[str, Any]) -> tuple[Any, ...]:
    return hit["page"], hit["slide"], hit["cell"], tuple(hit["headings"])


def _location(row: Mapping[str, Any]) -> Location:
    return Location(row["page"], row["slide"], row["cell"], row["seconds"], tuple(row["headings"]))


def _question(row: Mapping[Any, Any], *, of_one: bool) -> MissedQuestion:
    return MissedQuestion(
        quiz_id=int(row["quiz_id"]),
        quiz_title=str(row["quiz_title"]),
        number=int(row["number"]),
        prompt=row["prompt"] if isinstance(row["prompt"], str) else "",
        n_students=int(row["n_students"]),
        n_missed=int(row["n_missed"]),
        weight=float(row["weight"]),
        of_one=of_one,
    )


def _advised(
    item: RankedPassages,
    passage: Mapping[str, Any],
    questions: Mapping[Any, MissedQuestion],
    pinned: Mapping[PassageKey, Mapping[str, Any]],
    marked: Mapping[str | None, set[str]],
) -> AdvisedPassage:
    location = _location(passage)
    return AdvisedPassage(
        material_id=item.best[0],
        ordinals=tuple(ordinal for _, ordinal in item.passages),
        ordinal=item.best[1],
        title=passage["title"],
        kind=MaterialKind(passage["kind"]),
        file_name=passage["file_name"],
        location=location,
        link=link_to(passage["url"], location),
        snippet=snippet_of(passage["body"], marked.get(passage["language"], set()), passage["overlap"]),
        questions=tuple(questions[question] for question in item.questions),
        score=item.score,
        decision_id=pinned[item.best]["decision_id"] if item.pinned else None,
    )


def _decided(row: Mapping[str, Any]) -> DecidedPassage:
    return DecidedPassage(
        decision_id=row["decision_id"],
        decision=Decision(row["decision"]),
        material_id=row["material_id"],
        title=row["title"],
        location=_location(row) if row["ordinals"] else None,
        beginning=str(snippet_of(row["body"], (), row["overlap"])) if row["ordinals"] else "",
    )
