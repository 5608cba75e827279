"""The tables, as typed SQLAlchemy models; the database holds the invariants, the docstrings the reasons.

Each module of models is imported when one of its models is first used: a command that lists courses knows no table of materials. All of
them are imported with `Base`, whose metadata is that of all tables, and before anything is written, since rows are written in the order
of the references between all tables.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from sqlalchemy import event
from sqlalchemy.orm import Session

if TYPE_CHECKING:
    from sqlalchemy.orm import ORMExecuteState

    from lmskit.models.activity import StudentActivity
    from lmskit.models.base import Base
    from lmskit.models.course import Course, Syllabus, Term
    from lmskit.models.enrollment import Enrollment
    from lmskit.models.external_id import ExternalId
    from lmskit.models.invitation import Invitation
    from lmskit.models.knowledge_fit import KnowledgeFit
    from lmskit.models.material import EmbeddingModel, Material, MaterialFile, MaterialPassage, PassageVector, PassageWords
    from lmskit.models.message_text import MessageText
    from lmskit.models.operations import Archive, AuditEntry, Erasure, ImportChoice, ImportRun, OutboxMessage
    from lmskit.models.performance import ArchivedEstimate, TopicPerformance
    from lmskit.models.person_merge import PersonMerge
    from lmskit.models.question import BankQuestion, QuestionSlot
    from lmskit.models.quiz import ArchivedAttempt, Quiz, QuizAttempt
    from lmskit.models.quiz_exception import QuizException
    from lmskit.models.reading import CrawlPage, MaterialCrawl, ReadingDecision
    from lmskit.models.section import Section, SectionMember
    from lmskit.models.staff import CourseStaff, StaffSection
    from lmskit.models.user import LOCKED_PASSWORD_HASH, User

__all__ = [
    "LOCKED_PASSWORD_HASH",
    "Archive",
    "ArchivedAttempt",
    "ArchivedEstimate",
    "AuditEntry",
    "BankQuestion",
    "Base",
    "Course",
    "CourseStaff",
    "CrawlPage",
    "EmbeddingModel",
    "Enrollment",
    "Erasure",
    "ExternalId",
    "ImportChoice",
    "ImportRun",
    "Invitation",
    "KnowledgeFit",
    "Material",
    "MaterialCrawl",
    "MaterialFile",
    "MaterialPassage",
    "MessageText",
    "OutboxMessage",
    "PassageVector",
    "PassageWords",
    "PersonMerge",
    "QuestionSlot",
    "Quiz",
    "QuizAttempt",
    "QuizException",
    "ReadingDecision",
    "Section",
    "SectionMember",
    "StaffSection",
    "StudentActivity",
    "Syllabus",
    "Term",
    "TopicPerformance",
    "User",
]

_MODULES = {
    "Archive": "operations",
    "ArchivedAttempt": "quiz",
    "ArchivedEstimate": "performance",
    "AuditEntry": "operations",
    "BankQuestion": "question",
    "Base": "base",
    "Course": "course",
    "CourseStaff": "staff",
    "StaffSection": "staff",
    "CrawlPage": "reading",
    "EmbeddingModel": "material",
    "Enrollment": "enrollment",
    "Erasure": "operations",
    "ExternalId": "external_id",
    "ImportChoice": "operations",
    "ImportRun": "operations",
    "Invitation": "invitation",
    "KnowledgeFit": "knowledge_fit",
    "LOCKED_PASSWORD_HASH": "user",
    "Material": "material",
    "MaterialCrawl": "reading",
    "MaterialFile": "material",
    "MaterialPassage": "material",
    "OutboxMessage": "operations",
    "PassageVector": "material",
    "PassageWords": "material",
    "PersonMerge": "person_merge",
    "QuestionSlot": "question",
    "Quiz": "quiz",
    "QuizAttempt": "quiz",
    "QuizException": "quiz_exception",
    "ReadingDecision": "reading",
    "Section": "section",
    "SectionMember": "section",
    "StudentActivity": "activity",
    "Syllabus": "course",
    "Term": "course",
    "TopicPerformance": "performance",
    "User": "user",
    "MessageText": "message_text",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a model, or a value of its module
    """Import the module of a model when the model is first used."""
    if name not in _MODULES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    if name == "Base":
        _import_all()
    found = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """Offer only the public names to tab completion."""
    return __all__


@event.listens_for(Session, "before_flush")
def _import_all(*_about: object) -> None:
    for module in dict.fromkeys(_MODULES.values()):
        import_module(f"{__name__}.{module}")


@event.listens_for(Session, "do_orm_execute")
def _import_all_to_write(state: ORMExecuteState) -> None:
    if state.is_insert or state.is_update:  # of many rows at once, in the order of the references too
        _import_all()
