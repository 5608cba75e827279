"""The words of plain tables for roles and for the state of an enrollment, in English, German, French and Spanish."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from lmskit.importers.cell import UnreadableCellError
from lmskit.importers.text_cell import one_line
from lmskit.vocabulary import EnrollmentStatus, Role

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T")


def _meaning(value: T, words: str) -> dict[str, T]:
    return dict.fromkeys((word.strip() for word in words.split("|")), value)


ROLES: Mapping[str, Role | None] = {
    "": None,
    **_meaning(
        Role.STUDENT,
        "student | students | learner"
        " | studierende | studierender | studierende/r | studentin | teilnehmer | teilnehmerin | teilnehmer/in"
        " | étudiant | étudiante | étudiant(e) | apprenant | participant"
        " | estudiante | alumno | alumna | participante",
    ),
    **_meaning(
        Role.LECTURER,
        "lecturer | teacher | instructor | editingteacher"
        " | lehrende | lehrender | lehrende/r | dozent | dozentin | trainer | trainer/in"
        " | enseignant | enseignante | professeur | profesor | profesora | docente",
    ),
}
"""Roles by the words in lower case that tables have for them; None for an empty cell."""
STATUSES: Mapping[str, EnrollmentStatus | None] = {
    "": None,
    **_meaning(
        EnrollmentStatus.ACTIVE,
        "active | enrolled | registered | aktiv | angemeldet | eingeschrieben | zugelassen"
        " | actif | inscrit | inscrite | activo | activa | inscrito | inscrita | matriculado | matriculada",
    ),
    **_meaning(
        EnrollmentStatus.WITHDRAWN,
        "withdrawn | withdrew | dropped | inactive | suspended | unenrolled | deregistered | cancelled | canceled | left"
        " | inaktiv | abgemeldet | ausgeschieden | exmatrikuliert | gesperrt"
        " | inactif | désinscrit | désinscrite | abandon | suspendu | inactivo | inactiva | retirado | retirada",
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
    return _word(text, ROLES, "a role", "student or lecturer")


def status(text: str) -> EnrollmentStatus | None:
    """Read the state of an enrollment; None for an empty cell."""
    return _word(text, STATUSES, "a state of an enrollment", "active, enrolled, withdrawn, dropped, inactive or completed")


def _word(text: str, words: Mapping[str, T], what: str, known: str) -> T:
    try:
        return words[one_line(text).casefold()]
    except KeyError:
        raise UnreadableCellError(
            f"is not {what} that lmskit knows; write {known}, or a word for it in German, French or Spanish"
        ) from None
