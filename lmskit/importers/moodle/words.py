"""The words that Moodle writes above columns and into cells, in English, German, French and Spanish.

Reports come in the language of whoever downloads them. A header is known by the whole of it, never by a part.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmskit.errors import ImportFileError
from lmskit.importers.report import shortened

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

HEADERS: Mapping[str, frozenset[str]] = {
    "given_name": frozenset({"first name", "vorname", "prénom", "nombre"}),
    "family_name": frozenset({"surname", "last name", "nachname", "nom", "nom de famille", "apellido(s)", "apellidos"}),
    "username": frozenset({"username", "anmeldename", "nom d'utilisateur", "nombre de usuario"}),
    "sis_id": frozenset({"id number", "id-nummer", "numéro d'identification", "número de id"}),
    "email": frozenset(
        {
            "email address",
            "e-mail-adresse",
            "adresse de courriel",
            "adresse e-mail",
            "dirección de correo",
            "dirección email",
            "correo electrónico",
        }
    ),
    "suspended": frozenset({"suspended", "gesperrt", "suspendu", "suspendido"}),
    "exported": frozenset(
        {
            "last downloaded from this course",
            "zuletzt aus diesem kurs geladen",
            "dernier téléchargement depuis ce cours",
            "última descarga de este curso",
        }
    ),
    "state": frozenset({"state", "status", "état", "statut", "estado"}),
    "started": frozenset({"started on", "started", "begonnen am", "begonnen", "commencé le", "comenzado el"}),
    "completed": frozenset({"completed", "beendet", "terminé", "finalizado"}),
    "duration": frozenset(
        {
            "time taken",
            "duration",
            "verbrauchte zeit",
            "dauer",
            "temps utilisé",
            "durée",
            "tiempo requerido",
            "tiempo empleado",
            "duración",
        }
    ),
}
"""Headers by what stands below them, as `plain` gives them."""
PERSON = ("given_name", "family_name", "username", "sis_id", "email")
NO_GRADE = frozenset({"", "-"})
NOT_YET_GRADED = frozenset(
    {
        "not yet graded",
        "requires grading",
        "noch nicht bewertet",
        "bewertung notwendig",
        "pas encore évalué",
        "nécessite une évaluation",
        "sin calificar aún",
        "requiere calificación",
    }
)
UNFINISHED = frozenset(
    {
        "not started",
        "in progress",
        "overdue",
        "never submitted",
        "nicht gestartet",
        "in bearbeitung",
        "überfällig",
        "nie abgegeben",
        "pas commencé",
        "en cours",
        "en retard",
        "jamais remis",
        "no comenzado",
        "en curso",
        "vencido",
        "nunca enviado",
    }
)
"""What stands for an attempt that nobody handed in."""


def plain(text: str) -> str:
    r"""Return a header or a word as it is compared: without blanks around it, in lower case, with plain apostrophes.

    Examples
    --------
    >>> plain("\ufeffNom d\u2019utilisateur ")
    "nom d'utilisateur"
    """
    return " ".join(text.replace("\ufeff", "").replace("\u2019", "'").split()).casefold()


def places_of(name: str, header: Sequence[str], fields: Collection[str], said: Mapping[str, str]) -> dict[str, int]:
    """Find the columns of some fields.

    Parameters
    ----------
    name
        The file's.
    header
        Its headers.
    fields
        Keys of `HEADERS`.
    said
        The header of a field, where somebody says so.

    Raises
    ------
    ImportFileError
        A column that somebody names is not there, or two columns have a header of the same field.
    """
    places: dict[str, int] = {}
    for field, column in said.items():
        if field not in fields:
            raise ImportFileError(f"{name}: there is no field {shortened(field)!r} to map a column to; there are {', '.join(fields)}.")
        if column not in header:
            raise ImportFileError(f"{name} has no column {shortened(column)!r}; it has {', '.join(map(shortened, header[:20]))}.")
        places[field] = header.index(column)
    for place, column in enumerate(header):
        known_as = next((each for each in fields if plain(column) in HEADERS[each]), None)
        if known_as is None or known_as in said or place in places.values():
            continue
        if known_as in places:
            either = shortened(header[places[known_as]])
            raise ImportFileError(
                f"{name}: {either!r} and {shortened(column)!r} may both be the {known_as}; say which: --map {known_as}=HEADER"
            )
        places[known_as] = place
    return places
