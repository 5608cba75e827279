"""The words that Moodle writes above columns and into cells, in English, German, French and Spanish.

Reports are in the language of the person who downloads them. A header is recognised as a whole, never by a part of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmskit.errors import ImportFileError
from lmskit.importers import advice
from lmskit.importers.plain_headers import HEADERS as PLAIN_HEADERS
from lmskit.importers.plain_headers import plain_header
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
"""The headers of each field, in the form that `plain` gives them."""
IDS_OF_SITES: Mapping[str, frozenset[str]] = {
    field: frozenset(header for group in PLAIN_HEADERS[field] for header in group) for field in ("sis_id", "email")
}
"""Headers that a site's administrators gave to Moodle's own columns, such as `Matrikelnummer`; read if its own header is not there."""
PERSON = ("given_name", "family_name", "username", "sis_id", "email")
NO_GRADE = frozenset({"", "-"})
"""Cells of columns about people and times that contain nothing; `lmskit.importers.cell_meaning` has those about results."""
STATES = {
    "notstarted": "not started",
    "inprogress": "in progress",
    "overdue": "overdue",
    "submitted": "submitted and not graded yet",
    "abandoned": "abandoned",
}
"""What the states of attempts that are not finished are called, by the words that Moodle stores."""
NEVER_SUBMITTED = frozenset({"never submitted", "nie abgegeben", "jamais remis", "nunca enviado"})
"""States of an attempt that its student did not end in time, and that stays without a grade."""
UNFINISHED = NEVER_SUBMITTED | frozenset(
    {
        "not started",
        "in progress",
        "overdue",
        "nicht gestartet",
        "in bearbeitung",
        "überfällig",
        "pas commencé",
        "en cours",
        "en retard",
        "no comenzado",
        "en curso",
        "vencido",
    }
)
"""States of an attempt that is not finished."""


def plain(text: str) -> str:
    r"""Return a header or a word in the form in which it is compared: lower case, single blanks, plain apostrophes.

    Examples
    --------
    >>> plain("\ufeffNom d\u2019utilisateur ")
    "nom d'utilisateur"
    """
    return " ".join(text.replace("\ufeff", "").replace("\u2019", "'").split()).casefold()


def unfinished(stored: str) -> str:
    """Return what is said of attempts in this state, in which they are not finished; those that are abandoned never will be.

    Examples
    --------
    >>> unfinished("inprogress"), unfinished("abandoned")
    ('in progress, and are imported once they are finished', 'abandoned')
    >>> unfinished("of a plugin")
    'in another state, and are imported once they are finished'
    """
    state = STATES.get(stored, "in another state")
    return state if stored == "abandoned" else f"{state}, and are imported once they are finished"


def columns_of(name: str, header: Sequence[str], fields: Collection[str], given: Mapping[str, str]) -> dict[str, int]:
    """Return the column index of each field that the header has.

    Parameters
    ----------
    name
        Name of the file.
    header
        Its headers.
    fields
        Keys of `HEADERS`.
    given
        Headers that were given for fields; an empty one says that the file does not have the field.

    Raises
    ------
    ImportFileError
        A given field or header does not exist, or the headers of two columns belong to the same field.
    """
    columns: dict[str, int] = {}
    for field, text in given.items():
        if field not in fields:
            raise ImportFileError(f"{name}: there is no field {shortened(field)!r} to map a column to; there are {', '.join(fields)}.")
        if not text:
            continue
        if text not in header:
            raise ImportFileError(f"{name} has no column {shortened(text)!r}; it has {', '.join(map(shortened, header[:20]))}.")
        columns[field] = header.index(text)
    for column, text in enumerate(header):
        found = next((field for field in fields if plain(text) in HEADERS[field]), None)
        if found is None or found in given or column in columns.values():
            continue
        if found in columns:
            other = shortened(header[columns[found]])
            raise ImportFileError(f"{name}: both {other!r} and {shortened(text)!r} may be the {found}; {advice.COLUMN.about(found)}")
        columns[found] = column
    for field in [field for field in IDS_OF_SITES if field in fields and field not in columns and field not in given]:
        named = [column for column, text in enumerate(header) if plain_header(text) in IDS_OF_SITES[field]]
        if len(named) == 1 and named[0] not in columns.values():
            columns[field] = named[0]
    return columns
