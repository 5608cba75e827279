"""The words of plain tables for roles and for the state of an enrollment, in English, German, French and Spanish."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

from lmskit.importers.cell import UnreadableCellError
from lmskit.importers.text_cell import one_line
from lmskit.vocabulary import EnrollmentStatus, Role

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T")
OTHER_GENDER = re.compile(r"(?:[*:_\u00b7./-]{1,2}|\()(?:innen|in|r|e|a|es|as|s)\)?$")
"""What people write behind a word for all genders: `Teilnehmer*in`, `Étudiant·e`, `Alumno/a`."""


def _meaning(value: T, words: str) -> dict[str, T]:
    return dict.fromkeys((word.strip() for word in words.split("|")), value)


ROLES: Mapping[str, Role | None] = {
    "": None,
    **_meaning(
        Role.STUDENT,
        "student | students | learner | pupil | undergraduate | postgraduate | studentenrollment | enrolled student"
        " | studierende | studierender | studierende/r | studentin"
        " | studierend | teilnehmer | teilnehmerin | teilnehmer/in | teilnehmende"
        " | lernende | lernender | lerner | schüler | schülerin | hörer | hörerin"
        " | étudiant | étudiante | étudiant(e) | apprenant | apprenante | élève | participant | participante"
        " | estudiante | estudiantes | alumno | alumna",
    ),
    **_meaning(
        Role.LECTURER,
        "lecturer | teacher | instructor | editingteacher | teacherenrollment | professor | primary instructor"
        " | lehrende | lehrender | lehrende/r | dozent | dozentin | dozierende | dozierender | trainer | trainer/in"
        " | lehrer | lehrerin | lehrkraft | lehrperson | professorin"
        " | enseignant | enseignante | professeur | professeure | formateur | profesor | profesora | docente",
    ),
}
"""Roles by the words in lower case that tables have for them; None for an empty cell."""
STATUSES: Mapping[str, EnrollmentStatus | None] = {
    "": None,
    **_meaning(
        EnrollmentStatus.ACTIVE,
        "active | enrolled | registered | aktiv | angemeldet | eingeschrieben | zugelassen | immatrikuliert | rückgemeldet | teilnehmend"
        " | actif | inscrit | inscrite | activo | activa | inscrito | inscrita | matriculado | matriculada",
    ),
    **_meaning(
        EnrollmentStatus.WITHDRAWN,
        "withdrawn | withdrew | dropped | inactive | suspended | unenrolled | deregistered | cancelled | canceled"
        " | left | deleted | removed"
        " | inaktiv | abgemeldet | ausgeschieden | exmatrikuliert | gesperrt | abgebrochen | zurückgetreten | storniert"
        " | inactif | désinscrit | désinscrite | abandon | suspendu | annulé | annulée | inactivo | inactiva"
        " | retirado | retirada | baja | de baja | dado de baja | dada de baja | anulado | anulada",
    ),
    **_meaning(
        EnrollmentStatus.COMPLETED,
        "completed | finished | concluded | abgeschlossen | beendet | terminé | terminée"
        " | completado | completada | finalizado | finalizada",
    ),
}
"""States of an enrollment by the words in lower case that tables have for them; None for an empty cell."""


def role(text: str) -> Role | None:
    """Read a role; None for an empty cell."""
    return _word(text, ROLES, "a role", "student or lecturer (for other staff: lmskit staff add, or the notebook admin/course_staff)")


def status(text: str) -> EnrollmentStatus | None:
    """Read the state of an enrollment; None for an empty cell."""
    return _word(text, STATUSES, "a state of an enrollment", "active, enrolled, withdrawn, dropped, inactive or completed")


def _word(text: str, words: Mapping[str, T], what: str, known: str) -> T:
    word = one_line(text).casefold()
    try:
        return words[word] if word in words else words[OTHER_GENDER.sub("", word)]
    except KeyError:
        raise UnreadableCellError(
            f"is not {what} that lmskit knows; write {known}, or a word for it in German, French or Spanish"
        ) from None
