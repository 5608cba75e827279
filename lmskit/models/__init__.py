"""The tables, as typed SQLAlchemy models; the database holds the invariants, the docstrings the reasons."""

from lmskit.models.base import Base
from lmskit.models.course import Course, Syllabus, Term
from lmskit.models.enrollment import Enrollment
from lmskit.models.external_id import ExternalId
from lmskit.models.knowledge_fit import KnowledgeFit
from lmskit.models.material import EMBEDDING_SIZE, Material, MaterialPassage
from lmskit.models.operations import Archive, AuditEntry, ImportRun, OutboxMessage
from lmskit.models.performance import TopicPerformance
from lmskit.models.quiz import Quiz, QuizAttempt
from lmskit.models.user import LOCKED_PASSWORD_HASH, User

__all__ = [
    "EMBEDDING_SIZE",
    "LOCKED_PASSWORD_HASH",
    "Archive",
    "AuditEntry",
    "Base",
    "Course",
    "Enrollment",
    "ExternalId",
    "ImportRun",
    "KnowledgeFit",
    "Material",
    "MaterialPassage",
    "OutboxMessage",
    "Quiz",
    "QuizAttempt",
    "Syllabus",
    "Term",
    "TopicPerformance",
    "User",
]
