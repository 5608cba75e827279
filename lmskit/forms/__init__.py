"""Forms: what a person types becomes one validated request, and its result a sentence. They know no database; see `lmskit.desks`."""

from lmskit.forms.course import CourseChangeForm, CourseForm
from lmskit.forms.enrollment import EnrollmentForm, EnrollmentScreen, WithdrawalForm
from lmskit.forms.invitation import InvitationScreen
from lmskit.forms.mastery_rule import MasteryRuleForm
from lmskit.forms.material import MaterialScreen
from lmskit.forms.next_term import NextTermScreen
from lmskit.forms.outbox import OutboxScreen
from lmskit.forms.people import PeopleScreen
from lmskit.forms.person import PersonScreen
from lmskit.forms.quiz import QuizForm
from lmskit.forms.roster_import import RosterImport
from lmskit.forms.staff import StaffScreen
from lmskit.forms.term import TermScreen

__all__ = [
    "CourseChangeForm",
    "CourseForm",
    "EnrollmentForm",
    "EnrollmentScreen",
    "InvitationScreen",
    "MasteryRuleForm",
    "MaterialScreen",
    "NextTermScreen",
    "OutboxScreen",
    "PeopleScreen",
    "PersonScreen",
    "QuizForm",
    "RosterImport",
    "StaffScreen",
    "TermScreen",
    "WithdrawalForm",
]
