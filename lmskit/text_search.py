"""In which of PostgreSQL's languages the words of a passage are compared: `houses` is found by `house` in an English text only.

The generated column of text vectors and the queries that ask it read the list here; a test compares it with the server's.
"""

from __future__ import annotations

CONFIGURATIONS = {
    "ar": "arabic",
    "ca": "catalan",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "eu": "basque",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "ne": "nepali",
    "nl": "dutch",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
    "yi": "yiddish",
}
"""By language (ISO 639-1), the text search configuration of every supported PostgreSQL; a language that is not here has `simple`."""
SIMPLE = "simple"
"""The configuration that compares words as they are written."""


def configuration_of(language: str | None) -> str:
    """Return the text search configuration for a language.

    >>> configuration_of("de"), configuration_of("zh"), configuration_of(None)
    ('german', 'simple', 'simple')
    """
    return CONFIGURATIONS.get(language or "", SIMPLE)


def configuration_expression(column: str) -> str:
    """Return an SQL expression for the configuration of the language in a column; it is immutable, as a generated column needs it."""
    cases = " ".join(f"WHEN '{language}' THEN '{name}'::regconfig" for language, name in CONFIGURATIONS.items())
    return f"CASE {column} {cases} ELSE '{SIMPLE}'::regconfig END"
