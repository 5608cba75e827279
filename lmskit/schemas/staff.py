"""Requests about the staff of a course."""

from lmskit.schemas.request import Request
from lmskit.schemas.text import Address, Code
from lmskit.vocabulary import StaffRole


class AddStaff(Request):
    """Give the lecturer with this address a role in a course, or another one."""

    course: Code
    email: Address
    role: StaffRole = StaffRole.CO_LECTURER


class RemoveStaff(Request):
    """Take the role in a course from the person with this address."""

    course: Code
    email: Address


class HandOver(Request):
    """Make the lecturer with this address responsible for a course."""

    course: Code
    email: Address
    keep: bool = False
    """Whether the lecturer who was responsible stays as co-lecturer."""
