"""How names of people are sorted and shown."""

import unicodedata


def sort_name(family: str, given: str = "") -> str:
    """Return the key that names sort by: case-folded, without accents, family name first.

    It is stored beside the name, because the embedded server has no collation that would do the same.

    Examples
    --------
    >>> sort_name("Ångström", "Élodie")
    'angstrom, elodie'
    >>> sort_name("Student 11391")
    'student 11391'
    """
    name = display_name(family, given)
    if name.isascii():  # most are, and have no accents
        return name.casefold().strip()
    decomposed = unicodedata.normalize("NFKD", name)
    return "".join(character for character in decomposed if not unicodedata.combining(character)).casefold().strip()


def display_name(family: str, given: str = "") -> str:
    """Return the name as lists show it.

    Examples
    --------
    >>> display_name("Ångström", "Élodie")
    'Ångström, Élodie'
    >>> display_name("Student 11391")
    'Student 11391'
    """
    return f"{family}, {given}" if given else family
