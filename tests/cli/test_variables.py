"""A wrong value of a setting, and a variable that is almost called like a setting, are named as the person wrote them."""

import os

import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from lmskit.cli import app
from lmskit.cli.messages import message_for
from lmskit.settings import Settings, variable_of
from lmskit.variables import misspelt_variables


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("LMSKIT_SMTP_PORT", "70000", "LMSKIT_SMTP_PORT: This must be at most 65535."),
        ("LMSKIT_LOCK_TIMEOUT", "long", "LMSKIT_LOCK_TIMEOUT: This must be a number."),
        ("LMSKIT_POSTGRES_VERSION", "15", "LMSKIT_POSTGRES_VERSION: This must be one of: 16 or 18."),
        ("LMSKIT_MAIL_FROM", "nobody", "LMSKIT_MAIL_FROM must be one address, such as Courses <courses@example.org>."),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_variable(monkeypatch, variable, value, sentence):
    monkeypatch.setenv(variable, value)
    with pytest.raises(ValidationError) as error:
        Settings()
    assert message_for(error.value) == sentence


def test_no_setting_is_taken_for_a_misspelling_of_another():
    assert list(misspelt_variables(map(variable_of, Settings.model_fields))) == []


@pytest.mark.parametrize("arguments", [("course", "list"), ("doctor",)])
def test_a_variable_that_is_almost_called_like_a_setting_is_named(admin_engine, monkeypatch, arguments):
    sentence = "The variable LMSKIT_SMTP_HSOT sets nothing. If LMSKIT_SMTP_HOST is meant, give it that name."
    before = CliRunner().invoke(app, arguments)
    monkeypatch.setitem(os.environ, "LMSKIT_SMTP_HSOT", "mail.example.org")
    after = CliRunner().invoke(app, arguments)
    assert sentence not in before.output
    assert after.stderr.splitlines().count(sentence) == 1
    assert ("wrong variables: " + sentence in " ".join(after.stdout.split())) == (arguments == ("doctor",))
