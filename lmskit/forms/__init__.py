"""Forms: what a person types becomes one validated request, and what came of it a sentence."""

from lmskit.forms.course import CourseForm, course_desk
from lmskit.forms.enrollment import EnrollmentForm, WithdrawalForm
from lmskit.forms.enrollment_desk import EnrollmentDesk, enrollment_desk

__all__ = ["CourseForm", "EnrollmentDesk", "EnrollmentForm", "WithdrawalForm", "course_desk", "enrollment_desk"]
