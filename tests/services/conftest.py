"""Fixtures for the tests of services: a mail server with given answers."""

from collections.abc import Callable
from email.message import EmailMessage

import pytest

from lmskit.errors import DeliveryError


class Post:
    """A mail server that accepts everything, or raises the error given for an address."""

    accepted = "The message was posted."
    instead_of_mail = ""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.answers: dict[str, DeliveryError] = {}
        self.on_send: Callable[[], None] = lambda: None

    def send(self, message: EmailMessage) -> None:
        self.on_send()
        if (answer := self.answers.get(str(message["To"]))) is not None:
            raise answer
        self.messages.append(message)

    def close(self) -> None:
        pass

    @property
    def recipients(self) -> list[str]:
        return [str(message["To"]) for message in self.messages]


@pytest.fixture
def post() -> Post:
    return Post()
