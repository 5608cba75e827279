"""The headers of plain tables, in English, German, French and Spanish, as student systems and tools write them.

A header is recognised as a whole, never by a part of it, and with `_` for a blank: `last_name` is `Last name`. A few words
have two meanings; the columns beside them decide: `Name` beside `Vorname` is the family name.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split("|"))


HEADERS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "id": (
        _words("id | user id | userid | student id | studentid"),
        _words("uid"),
        _words("net id | netid"),
        _words("campus id"),
        _words(
            "username | user name | benutzername | anmeldename | benutzerkennung | kennung | nom d'utilisateur | identifiant | "
            "nombre de usuario | usuario"
        ),
        _words("login | login id | login name"),
        _words("account"),
    ),
    "sis_id": (
        _words(
            "sis id | sis user id | sid | id number | student number | student no | student no. | registration number | "
            "matriculation number | uin | matrikelnummer | matrikel-nummer | matrikelnr | matrikelnr. | matrikel-nr | "
            "matrikel-nr. | matrikel nr | matrikel nr. | matrikel | matrnr | matr.-nr. | matr.nr. | matr. nr. | mat.-nr. | "
            "matnr | id-nummer | numéro d'identification | numéro étudiant | numéro d'étudiant | n° étudiant | no étudiant | "
            "code étudiant | matricule | número de id | número de identificación | matrícula | número de matrícula | "
            "n.º de matrícula | número de estudiante | código de estudiante | expediente | número de expediente"
        ),
        _words(
            "matriculation no | matriculation no. | matric no | matric no. | registration no | registration no. | student # | "
            "mat. nr. | mat.nr. | mat.-nr | martikelnummer | n° d'étudiant | numéro apprenant | "
            "niu | nia | número de alumno | código de alumno | carné | legajo | boleta"
        ),
        _words("code apogée | n° apogée"),
        _words("university id | banner id | emplid"),
        _words("enrolment number | enrollment number"),
        _words("roll no | roll no. | roll number"),
        _words("id no | id no."),
        _words("dni | nie | ine | code ine | n° ine"),
    ),
    "email": (
        _words(
            "email | e-mail | mail | email address | e-mail address | mail address | e-mail-adresse | email-adresse | "
            "emailadresse | mail-adresse | mailadresse | adresse de courriel | adresse e-mail | adresse email | "
            "adresse mail | courriel | mél | adresse électronique | dirección de correo | dirección de correo electrónico | "
            "dirección email | correo electrónico | correo"
        ),
        _words(
            "student email | student e-mail | university email | university e-mail | school email | campus email | college email | "
            "institutional email | user email | uni-mail | uni-e-mail | e-mail (uni) | e-mail uni | hochschul-e-mail | hochschul-mail | "
            "e-mail hochschule | e-mail (hochschule) | studentische e-mail | email universitaire | courriel universitaire | "
            "courriel institutionnel | adresse mail universitaire | correo institucional | email institucional | correo universitario | "
            "correo electrónico institucional"
        ),
    ),
    "family_name": (
        _words(
            "family name | familyname | last name | lastname | surname | nachname | familienname | zuname | nom de famille | "
            "apellido | apellidos | apellido(s)"
        ),
        _words("last | legal last name | student last name | primer apellido | apellido paterno | apellido 1 | 1er apellido"),
        _words("nom de naissance | nom patronymique"),
        _words("nom d'usage"),
    ),
    "given_name": (
        _words(
            "given name | givenname | given names | first name | firstname | forename | vorname | vornamen | prénom | "
            "prénoms | nombre(s) | nombres | nombre de pila"
        ),
        _words("first | legal first name | student first name | rufname | prénom usuel | primer nombre"),
    ),
    "name": (
        _words(
            "full name | fullname | student | student name | vollständiger name | nachname, vorname | name, vorname | "
            "nom complet | nom et prénom | nom, prénom | nom prénom | étudiant | nombre completo | apellidos y nombre | "
            "apellidos, nombre | estudiante | alumno | "
            "last name, first name | last, first | name (last, first) | first and last name | first name last name | name of student | "
            "nachname vorname | name vorname | name und vorname | nachname und vorname | "
            "vorname nachname | vorname name | vorname und nachname | vor- und nachname | vor- und zuname | "
            "name des studierenden | nom et prénoms | nom / prénom | prénom nom | "
            "prénom et nom | nom de l'étudiant | apellidos y nombres | apellido y nombre | apellidos nombre | "
            "nombre y apellidos | nombre y apellido | nombre del estudiante | nombre del alumno"
        ),
        _words(
            "learner | learner name | participant | studierende | studierende/r | teilnehmer | teilnehmer/in | teilnehmende | "
            "étudiant(e) | alumno/a"
        ),
        _words("display name | preferred name"),
    ),
    "course": (_words("course | course code | kurs | kurscode | cours | code du cours | curso | código del curso"),),
    "role": (_words("role | rolle | rôle | rol | roles | rollen | rôles"),),
    "section": (_words("section | sections | sektion | sektionen | sección | secciones"),),
    "group": (_words("group | groups | gruppe | gruppen | übungsgruppe | groupe | groupes | grupo | grupos"),),
    "status": (_words("status | statut | estado"),),
    "started_on": (_words("started on | start date | startdatum | date de début | fecha de inicio"),),
    "ended_on": (_words("ended on | end date | enddatum | date de fin | fecha de fin"),),
    "quiz": (
        _words("quiz | quiz title"),
        _words("assignment | assessment | test | aufgabe | évaluation | devoir | cuestionario | prueba | tarea"),
    ),
    "week": (_words("week | woche | semaine | semana"),),
    "score": (
        _words("score | points | punkte | erreichte punkte | puntuación | puntos"),
        _words("total score"),
    ),
    "max_score": (
        _words(
            "max score | max points | points possible | maximum score | maximum points | maximalpunkte | max. punkte | "
            "maximale punkte | höchstpunktzahl | points max | barème | puntuación máxima | puntos máximos"
        ),
    ),
    "attempt": (
        _words("attempt | attempt number | versuch | tentative | intento"),
        _words("instance"),
    ),
    "submitted_at": (
        _words("submitted at | submitted | abgegeben am | abgabezeit | date de remise | remis le | fecha de entrega | entregado"),
        _words("submission time | timestamp"),
    ),
}
"""The known headers of each field, in the form that `plain_header` gives them; of two columns, the one of the earlier group is read."""
WHOLE_OR_FAMILY = ("name", "nom")
"""The family name beside a given name, and otherwise the whole name."""
WHOLE_OR_GIVEN = ("nombre",)
"""The given name beside a family name, and otherwise the whole name."""
ONLY_BESIDE_OTHERS = "last"
"""A family name, unless there are whole names and no given names: then it may be a day."""
FAMILY_FIRST = frozenset(
    _words(
        "nachname, vorname | name, vorname | nachname vorname | name vorname | name und vorname | nachname und vorname | nom et prenom | "
        "nom et prenoms | nom, prenom | nom prenom | nom / prenom | apellidos y nombre | apellidos y nombres | apellido y nombre | "
        "apellidos, nombre | apellidos nombre | last name, first name | last, first | name (last, first)"
    )
)
"""Headers, without accents, above whole names that begin with the family name, also where no comma is behind it."""
BEFORE_FAMILY_NAME = frozenset(
    _words("namenszusatz | namensvorsatz | vorsatzwort | tussenvoegsel | voorvoegsel | voorvoegsels | particule")
)
"""Headers of a column beside that of the family name with the words before it, such as `von der`."""
BEHIND_FAMILY_NAME = frozenset(
    _words("segundo apellido | apellido materno | apellido 2 | 2º apellido | 2do apellido | second last name | second surname")
)
"""Headers of a column with a second family name."""
LOGINS = frozenset(header for group in HEADERS["id"][1:] for header in group)
"""Headers above names for signing in, which in some systems are e-mail addresses."""


def plain_header(text: str) -> str:
    r"""Return a header in the form in which it is compared.

    Examples
    --------
    >>> plain_header("\ufeffLast_Name "), plain_header("Nom d\u2019utilisateur"), plain_header("E-Mail:")
    ('last name', "nom d'utilisateur", 'e-mail')
    """
    text = unicodedata.normalize("NFC", text.replace("\ufeff", "").replace("\u2019", "'").replace("_", " "))
    return " ".join(text.split()).removesuffix(":").removesuffix("*").rstrip().casefold()


@lru_cache(maxsize=10_000)
def without_accents(header: str) -> str:
    """Return a header in the form of `plain_header` without its accents, which some systems leave out, above all in capital letters.

    Examples
    --------
    >>> without_accents(plain_header("PRÉNOM")) == without_accents(plain_header("Prenom"))
    True
    """
    if header.isascii():
        return header
    return unicodedata.normalize("NFC", "".join(each for each in unicodedata.normalize("NFD", header) if not unicodedata.combining(each)))


def is_known(text: str) -> bool:
    """Whether a header is one that plain tables have.

    Examples
    --------
    >>> is_known("Numero_Etudiant"), is_known("Studiengang")
    (True, False)
    """
    return without_accents(plain_header(text)) in KNOWN


def columns_of_fields(header: Sequence[str], taken: Mapping[str, int], ignored: Collection[str] = ()) -> dict[str, list[int]]:
    """Return the columns that could contain each field, by their index; more than one if they are equally likely.

    Parameters
    ----------
    header
        The headers of a table.
    taken
        The columns of fields that a person gave. They are not in the result.
    ignored
        The fields that a person said are not in the table.
    """
    plain = [without_accents(plain_header(text)) for text in header]
    by_header: dict[str, list[int]] = {}
    for index, text in enumerate(plain):
        if index not in taken.values():
            by_header.setdefault(text, []).append(index)
    found: dict[str, list[int]] = {}
    for field, groups in HEADERS.items():
        if field not in taken:
            columns = (
                [index for known in dict.fromkeys(map(without_accents, group)) for index in by_header.get(known, [])] for group in groups
            )
            if first := next(filter(None, columns), None):
                found[field] = first
    for words, beside, part in ((WHOLE_OR_FAMILY, "given_name", "family_name"), (WHOLE_OR_GIVEN, "family_name", "given_name")):
        known = {*found, *taken}
        is_part = beside in known and part not in taken and all(plain[index] in GIVING_WAY for index in found.get(part, []))
        field = part if is_part else "name"
        if field not in taken and (columns_of_words := [index for word in words for index in by_header.get(word, [])]):
            others = [index for index in found.get(field, []) if plain[index] not in GIVING_WAY]
            found[field] = [*others, *columns_of_words]
    has_given_names = "given_name" in {*found, *taken}
    if "name" in found and not has_given_names and all(plain[index] == ONLY_BESIDE_OTHERS for index in found.get("family_name", [])):
        found.pop("family_name", None)
    return {field: columns for field, columns in found.items() if field not in ignored}


KNOWN = frozenset(
    without_accents(header)
    for header in (*(each for groups in HEADERS.values() for group in groups for each in group), *WHOLE_OR_FAMILY, *WHOLE_OR_GIVEN)
)
"""All headers of plain tables, without accents."""
GIVING_WAY = frozenset(
    without_accents(header) for field, first in (("family_name", 2), ("name", 1)) for group in HEADERS[field][first:] for header in group
)
"""Headers whose columns are not read beside one of `WHOLE_OR_FAMILY` or `WHOLE_OR_GIVEN`, which every row has."""
