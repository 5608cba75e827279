"""Searching materials: hits with location, snippet and link, overlapping neighbours as one, and words alone where there is no vector."""

import pytest

from lmskit.errors import CourseNotFoundError, PageLimitError
from lmskit.materials.vectors.character_hash import CharacterHash
from lmskit.materials.vectors.embedder import vectors_of
from lmskit.models import EmbeddingModel
from lmskit.queries.material_search import PassageFilter
from lmskit.queries.search_words import plain_words
from lmskit.read_models.passage_search import least_distinction, prepared_search, search_passages
from lmskit.vocabulary import EmbeddingModelState, MaterialKind
from tests import factories

EMBEDDER = CharacterHash()
TEXTS = (
    "A loop repeats statements.",
    "statements. A list stores values in their order.",
    "order. Lists can be sorted.",
    "Errors have a traceback.",
)


def with_vectors(session, passages, state=EmbeddingModelState.IN_USE):
    model = EmbeddingModel(name=EMBEDDER.name, dimension=EMBEDDER.dimension, checksum=EMBEDDER.checksum, state=state)
    session.add(model)
    session.flush()
    for passage, numbers in zip(passages, vectors_of(EMBEDDER, [passage.body for passage in passages]), strict=True):
        factories.vector(session, passage, model, numbers.tolist())


@pytest.fixture
def course(session):
    return factories.course(session, weeks=2)


@pytest.fixture
def script(session, course):
    """Passages on the pages of a PDF; the second and the third repeat the end of the one before."""
    made = factories.material(session, course, kind=MaterialKind.PDF, title="Script", url="https://example.org/script.pdf", week_number=2)
    return [
        factories.passage(session, made, number, body=body, page=number, headings=["Part"], overlap=overlap)
        for number, (body, overlap) in enumerate(zip(TEXTS, (0, 11, 6, 0), strict=True), start=1)
    ]


def test_a_hit_says_where_it_is_and_what_was_found(session, course, script):
    with_vectors(session, script)
    result = search_passages(session, course.code, prepared_search("storing a value in a list", EMBEDDER))
    hit = result.hits[0]
    assert (hit.course, hit.title, hit.kind, hit.week) == (course.code, "Script", MaterialKind.PDF, 2)
    assert (hit.ordinal, str(hit.location), hit.link) == (2, "page 2, Part", "https://example.org/script.pdf#page=2")
    assert hit.snippet.marked("[", "]") == "statements. A [list] [stores] [values] in their order."
    assert (result.caveat, result.model) == (None, EMBEDDER.name)
    assert hit.score == pytest.approx(0.8 * hit.by_words + 0.2 * (hit.by_meaning or 0.0))


def test_neighbours_that_share_text_are_one_hit(session, course, script):
    with_vectors(session, script)
    result = search_passages(session, course.code, prepared_search("list", EMBEDDER), limit=2)
    assert (result.hits[0].ordinal, result.hits[0].overlapping) in {(2, (1, 3)), (2, (3,)), (3, (2,))}
    assert len(result.hits) == 2
    shown = {hit.ordinal for hit in result.hits}
    assert not shown & {ordinal for hit in result.hits for ordinal in hit.overlapping}


def test_neighbours_without_shared_text_are_hits_of_their_own(session, course, script):
    hits = search_passages(session, course.code, prepared_search("sorted traceback", None)).hits
    assert {hit.ordinal: hit.overlapping for hit in hits} == {3: (), 4: ()}


def test_of_passages_with_the_same_text_one_is_a_hit_in_each_course(session, course, script):
    second = factories.course(session, weeks=2)
    for of in (course, second):
        factories.material(session, of, passages=[TEXTS[3]], title="Copy")
    hits = search_passages(session, [course.code, second.code], prepared_search("traceback", None)).hits
    assert [(hit.course, hit.body) for hit in hits] == [(course.code, TEXTS[3]), (second.code, TEXTS[3])]


def test_without_an_embedder_words_are_compared(session, course, script):
    with_vectors(session, script)
    result = search_passages(session, course.code, prepared_search("lists", None))
    assert [hit.by_meaning for hit in result.hits] == [None] * len(result.hits)
    assert result.caveat == (
        "The passages were compared by their words alone: none of them has a vector of a model that this process can ask. "
        "An administrator computes vectors: lmskit material embed"
    )


@pytest.mark.parametrize("state", [EmbeddingModelState.FILLING, EmbeddingModelState.RETIRED, None])
def test_vectors_that_are_not_in_use_are_not_compared(session, course, script, state):
    if state is not None:
        with_vectors(session, script, state)
    result = search_passages(session, course.code, prepared_search("lists", EMBEDDER))
    assert [hit.by_meaning for hit in result.hits] == [None] * len(result.hits)
    assert "the model character-hash-384 is not the one whose vectors are in use" in str(result.caveat)


def test_vectors_of_another_version_of_a_model_are_not_compared(session, course, script):
    with_vectors(session, script)
    session.get_one(EmbeddingModel, EMBEDDER.name).checksum = "0" * 64
    session.flush()
    assert search_passages(session, course.code, prepared_search("lists", EMBEDDER)).model is None


def test_a_passage_that_waits_for_its_vector_is_found_by_its_words(session, course, script):
    with_vectors(session, script[:3])
    result = search_passages(session, course.code, prepared_search("traceback", EMBEDDER))
    assert {hit.ordinal: hit.by_meaning is None for hit in result.hits}[4]
    assert result.caveat is not None
    assert result.caveat.startswith("Some passages wait for their vector, and were compared by their words alone.")


def test_several_courses_are_searched_after_one(session, course, script):
    other = factories.course(session, weeks=1)
    factories.material(session, other, passages=["A list of lists."], title="Other")
    assert {hit.title for hit in search_passages(session, course.code, prepared_search("list", None)).hits} == {"Script"}
    both = search_passages(session, [other.code, course.code, other.code], prepared_search("list", None))
    assert {hit.title for hit in both.hits} == {"Script", "Other"}


def test_a_search_is_narrowed_by_week_kind_and_language(session, course, script):
    factories.material(session, course, passages=["A list of lists."], title="Page", week_number=1)
    for only, title in (
        (PassageFilter(week=1), "Page"),
        (PassageFilter(week=2), "Script"),
        (PassageFilter(kind=MaterialKind.PDF), "Script"),
    ):
        assert {hit.title for hit in search_passages(session, course.code, prepared_search("list", None), only=only).hits} == {title}
    nothing = search_passages(session, course.code, prepared_search("list", None), only=PassageFilter(language="fr"))
    assert (nothing.hits, nothing.suitable) == ((), ())


def test_what_stands_out_is_suitable(session, course, script):
    result = search_passages(session, course.code, prepared_search(plain_words("traceback"), None))
    assert result.suitable == result.hits[:1]
    weak = search_passages(session, course.code, prepared_search("photosynthesis chlorophyll traceback sunlight carbon", None))
    assert [hit.ordinal for hit in weak.hits] == [4]
    assert weak.hits[0].score - weak.typical < least_distinction(None)
    assert weak.suitable == ()


def test_an_unknown_course_or_limit_is_refused(session, course):
    with pytest.raises(CourseNotFoundError):
        search_passages(session, [course.code, "no such course\0"], prepared_search("list", None))
    for limit in (0, 1001, True):
        with pytest.raises(PageLimitError):
            search_passages(session, course.code, prepared_search("list", None), limit=limit)
