"""What a person typed into a search, in the parts that a search takes."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from lmskit.errors import SearchTextError
from lmskit.limits import LONGEST_SEARCH

_TERM = re.compile(r'-?"[^"]*"?|[^\s"]+')
NOT_TEXT = re.compile(r"[\x00\ud800-\udfff]")
"""What PostgreSQL does not take as text."""
_NOT_OF_WORDS = re.compile(r"[!-/:-@\[-^`{-~]")
"""What can have a meaning in a regular expression; a mark that is combined with a letter has none."""


@dataclass(frozen=True, slots=True)
class SearchWords:
    """What to search for.

    Words are wishes: a passage with more of them, and with rarer ones, comes first. Only what is in quotation marks is demanded, and
    what has a minus sign before it is excluded.
    """

    wished: str
    """All words that count for the order: also those in quotation marks, but not the excluded ones. An embedder is given this text."""
    demanded: str = ""
    """Quotations and exclusions alone, as `websearch_to_tsquery` reads them; empty if there are none."""

    @property
    def excluded(self) -> tuple[str, ...]:
        r"""Regular expressions of PostgreSQL for the exclusions as they are written.

        Full text search takes `numpy.min` for one word, the name of a host, so that excluding `numpy` alone would leave it in.

        >>> search_words("array -numpy").excluded
        ('\\mnumpy\\M',)
        """
        return tuple(_pattern(term) for term in _TERM.findall(self.demanded) if _is_excluded(term))

    @property
    def unwanted(self) -> str:
        """The exclusions alone, as `websearch_to_tsquery` reads them."""
        return " ".join(term for term in _TERM.findall(self.demanded) if _is_excluded(term))

    @property
    def quoted(self) -> str | None:
        r"""A regular expression of PostgreSQL for the quotations as they are written; None if there are none.

        Full text search does not find `numpy` in `numpy.min`, which it takes for one word.

        >>> search_words('"numpy" "by value" or "list" -copy').quoted
        '^(?:(?=.*\\mnumpy\\M)(?=.*\\mby\\s+value\\M)|(?=.*\\mlist\\M))'
        """
        alternatives: list[list[str]] = [[]]
        for term in _TERM.findall(self.demanded):
            if term == "or":
                alternatives.append([])
            elif not _is_excluded(term):
                alternatives[-1].append(f"(?=.*{_pattern(term)})")
        return f"^(?:{'|'.join(map(''.join, alternatives))})" if any(alternatives) else None


def search_words(text: str) -> SearchWords:
    """Read a search as a person types it, with quotation marks, minus signs and `or` between quotations.

    Raises
    ------
    SearchTextError
        It has no word, or is too long.

    Examples
    --------
    >>> search_words('copy a list -numpy "by value"')
    SearchWords(wished='copy a list by value', demanded='-numpy "by value"')
    >>> search_words('"deep copy" or "shallow copy" or clone').demanded
    '"deep copy" or "shallow copy"'
    """
    if len(text) > LONGEST_SEARCH:
        raise SearchTextError(f"The search text has {len(text):,} characters, and at most {LONGEST_SEARCH:,} are searched for. Shorten it.")
    terms = _TERM.findall(" ".join(NOT_TEXT.sub(" ", text).split()))
    wished = [term.replace('"', " ") for term in terms if not _is_excluded(term) and term.casefold() != "or"]
    words = plain_words(" ".join(wished))
    if not _has_word(words.wished) and any(map(_is_excluded, terms)):
        excluded = next(filter(_is_excluded, terms))
        raise SearchTextError(
            f"The search text only excludes words, such as {excluded}. Type what the passage should explain, too: list {excluded}"
        )
    if not _has_word(words.wished):
        raise SearchTextError("The search text has no word to search for. Type what the passage should explain.")
    return SearchWords(words.wished, " ".join(_demanded(terms)))


def plain_words(text: str) -> SearchWords:
    """Take any text as words, such as the prompt of a question; signs have no meaning in it, and what is too long is cut.

    >>> plain_words('What does "-x" do?')
    SearchWords(wished='What does "-x" do?', demanded='')
    """
    return SearchWords(" ".join(NOT_TEXT.sub(" ", text[:LONGEST_SEARCH]).split()))


def _demanded(terms: list[str]) -> list[str]:
    kept: list[str] = []
    for before, term, after in zip(["", *terms], terms, [*terms[1:], ""], strict=False):
        if _is_excluded(term) or (term.startswith('"') and _has_word(term)):
            kept.append(term if term.count('"') != 1 else f'{term}"')
        elif term.casefold() == "or" and all(part.startswith('"') and _has_word(part) for part in (before, after)):
            kept.append("or")
    return kept


def _is_excluded(term: str) -> bool:
    return term.startswith("-") and _has_word(term)


def _pattern(term: str) -> str:
    words = term.strip('-"').split()
    text = r"\s+".join(_NOT_OF_WORDS.sub(r"\\\g<0>", word) for word in words)
    last = words[-1][-1]
    is_mark = unicodedata.category(last).startswith("M")  # after which PostgreSQL sees the end of a word only in some locales
    end = r"\M" if last.isalnum() else r"(?!\w)" if is_mark else ""
    return ("\\m" if words[0][0].isalnum() else "") + text + end


def _has_word(term: str) -> bool:
    return any(character.isalnum() for character in term)
