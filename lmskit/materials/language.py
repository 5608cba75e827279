"""The language of a text, from its letters: a model of a few megabytes that comes with py3langid, loaded at first use."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

    from lmskit.materials.material_text import MaterialText

_OF_DETECTION = frozenset(
    [
        "af",
        "ar",
        "az",
        "be",
        "bg",
        "bn",
        "bs",
        "ca",
        "cs",
        "cy",
        "da",
        "de",
        "el",
        "en",
        "es",
        "et",
        "eu",
        "fa",
        "fi",
        "fr",
        "ga",
        "gl",
        "gu",
        "he",
        "hi",
        "hr",
        "hu",
        "hy",
        "id",
        "is",
        "it",
        "ja",
        "ka",
        "kk",
        "km",
        "kn",
        "ko",
        "ku",
        "lo",
        "lt",
        "lv",
        "mk",
        "ml",
        "mn",
        "mr",
        "ms",
        "mt",
        "my",
        "ne",
        "nl",
        "no",
        "pa",
        "pl",
        "ps",
        "pt",
        "ro",
        "ru",
        "si",
        "sk",
        "sl",
        "sq",
        "sr",
        "sv",
        "sw",
        "ta",
        "te",
        "th",
        "tl",
        "tr",
        "uk",
        "ur",
        "uz",
        "vi",
        "zh",
    ]
)
"""Languages that are distinguished. Dialects, small languages and Latin are left out: lists of names would be taken for them."""
LEAST_CERTAIN = 0.8
"""Probability from which a detection counts."""
FEWEST_LETTERS = 40
"""Letters that a text needs for a detection to count; names, formulas and lists of numbers have no language."""
_MOST = 800
"""Characters of a text that are looked at: more do not make the detection surer."""
_ENOUGH = 150
"""Characters that a passage needs to count as one in another language than the rest."""
_AROUND_WORDS = ".,;:!?()[]\"'\u201a\u2018\u2019\u201c\u201d\u201e«»\u2026\u3002\uff0c\uff1b\uff1a\uff01\uff1f\uff08\uff09"
_SAMPLES = 40
"""Passages of a material that are looked at for its main language."""


def detected(text: str) -> str | None:
    """Return the language of a text, as ISO 639-1, or None if it is too short or unclear.

    >>> detected("Die Regressionsgerade minimiert die Summe der quadrierten Residuen.")
    'de'
    >>> detected("x = 1") is None
    True
    """
    return _detected(_words(text))


def with_languages(material: MaterialText) -> MaterialText:
    """Return a material's text with its main language and that of each passage; `language` is what its file declares until then."""
    prose = [passage.body if passage.prose is None else passage.prose for passage in material.passages]
    main = main_language(prose, material.language)
    passages = tuple(replace(passage, language=of_passage(text, main)) for passage, text in zip(material.passages, prose, strict=True))
    return replace(material, language=main, passages=passages)


def of_passage(text: str, main: str | None) -> str | None:
    """Return the language of a passage of a material whose main language is known; a few words do not speak against that one."""
    words = _words(text)
    found = _detected(words)
    if found is None or (main is not None and found != main and len(words) < _ENOUGH and not _is_dense(words)):
        return main
    return found


def _words(text: str) -> str:
    """The words of a text without numbers, formulas and names with signs in them."""
    return " ".join(word for part in text[:_MOST].split() if (word := part.strip(_AROUND_WORDS)).isalpha())


def _detected(words: str) -> str | None:
    if len(words) < FEWEST_LETTERS and not _is_dense(words):
        return None
    language, certainty = _identifier().classify(words)
    return str(language) if certainty >= LEAST_CERTAIN else None


def main_language(texts: Iterable[str], declared: str | None = None) -> str | None:
    """Return the language of most of the texts; the declared one if it cannot be detected.

    What a file declares is often the language of the program that wrote it, so that what is detected counts more.
    """
    texts = list(texts)
    sample = texts[:: max(1, len(texts) // _SAMPLES)][:_SAMPLES]
    whole = detected(" ".join(text[: _MOST // len(sample)] for text in sample)) if sample else None
    return whole or _two_letters(declared)


def _two_letters(declared: str | None) -> str | None:
    """Return a declared language, as `de-CH`, without its region; None if it is not a language that can be detected.

    >>> _two_letters("de_CH"), _two_letters("tlh")
    ('de', None)
    """
    code = (declared or "").strip().lower().replace("_", "-").partition("-")[0]
    return {"nb": "no", "nn": "no"}.get(code, code) if code in {*_OF_DETECTION, "nb", "nn"} else None


def _is_dense(letters: str) -> bool:
    """Whether a text is in a script of which a few characters are enough."""
    return sum(character > "\u2e7f" for character in letters) >= FEWEST_LETTERS // 4


@cache
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(_OF_DETECTION)
    return identifier
