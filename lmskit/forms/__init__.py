"""Forms: what a person types becomes one validated request, and what came of it a sentence."""

from lmskit.forms.course import CourseForm, course_desk
from lmskit.forms.course_change import CourseChangeForm, course_change_desk
from lmskit.forms.enrollment import EnrollmentForm, WithdrawalForm
from lmskit.forms.enrollment_desk import EnrollmentDesk, enrollment_desk
from lmskit.forms.mastery_rule import MasteryRuleForm, mastery_rule_desk
from lmskit.forms.outbox import OutboxDesk
from lmskit.forms.outbox_desk import outbox_desk
from lmskit.forms.people import PeopleDesk
from lmskit.forms.people_desk import people_desk
from lmskit.forms.quiz import QuizForm
from lmskit.forms.quiz_desk import quiz_desk
from lmskit.forms.roster_import import RosterImport
from lmskit.forms.roster_import_desk import roster_import_desk

__all__ = [
    "CourseChangeForm",
    "CourseForm",
    "EnrollmentDesk",
    "EnrollmentForm",
    "MasteryRuleForm",
    "OutboxDesk",
    "PeopleDesk",
    "QuizForm",
    "RosterImport",
    "WithdrawalForm",
    "course_change_desk",
    "course_desk",
    "enrollment_desk",
    "mastery_rule_desk",
    "outbox_desk",
    "people_desk",
    "quiz_desk",
    "roster_import_desk",
]
