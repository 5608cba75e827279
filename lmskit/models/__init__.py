"""The tables, as typed SQLAlchemy models; the database holds the invariants, the docstrings the reasons."""

from lmskit.models.base import Base
from lmskit.models.course import Course, Syllabus, Term
from lmskit.models.enrollment import Enrollment
from lmskit.models.external_id import ExternalId
from lmskit.models.knowledge_fit import KnowledgeFit
from lmskit.models.material import EmbeddingModel, Material, MaterialFile, MaterialPassage, PassageVector, PassageWords
from lmskit.models.operations import Archive, AuditEntry, Erasure, ImportChoice, ImportRun, OutboxMessage
from lmskit.models.performance import ArchivedEstimate, TopicPerformance
from lmskit.models.question import BankQuestion, QuestionSlot
from lmskit.models.quiz import ArchivedAttempt, Quiz, QuizAttempt
from lmskit.models.reading import CrawlPage, MaterialCrawl, ReadingDecision
from lmskit.models.section import Section, SectionMember
from lmskit.models.staff import CourseStaff
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
    "KnowledgeFit",
    "Material",
    "MaterialCrawl",
    "MaterialFile",
    "MaterialPassage",
    "OutboxMessage",
    "PassageVector",
    "PassageWords",
    "QuestionSlot",
    "Quiz",
    "QuizAttempt",
    "ReadingDecision",
    "Section",
    "SectionMember",
    "Syllabus",
    "Term",
    "TopicPerformance",
    "User",
]
