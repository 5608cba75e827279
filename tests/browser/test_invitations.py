"""An administrator invites a lecturer and revokes the invitation; a person who was invited sets a password in a notebook, and changes it.

Driven in Chromium. A code is shown once, and neither code nor password is in a saved notebook.
"""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import lmskit
from tests.browser.lab import RUN_ALL
from tests.browser.test_admin_forms import ADMINISTRATOR, press, shows

pytestmark = pytest.mark.browser

expect.set_options(timeout=60_000)

INVITED, OLIVE = "ivory.ida@example.org", "olive.otto@example.org"
CODE = re.compile(r"(?:[0-9A-Z]{4}-){7}[0-9A-Z]{4}")
OWN, LATER = "several words of Olive", "several other words"


def test_a_lecturer_is_invited_with_a_code_that_is_shown_once_and_the_invitation_is_revoked(open_lab, environment, pictures):
    lab = open_lab(ADMINISTRATOR, "admin/invitations.ipynb")
    lab.run_all()
    expect(lab.output.locator(".lmskit").first).to_be_visible()
    pictures(lab, "invitations_opened")
    lab.field("E-mail").fill("ivory.ida")
    press(lab, "Invite")
    shows(lab, "E-mail: This is not an e-mail address")
    pictures(lab, "invitations_mistake")
    lab.field("E-mail").fill(INVITED)
    lab.field("Family name").fill("Ivory")
    press(lab, "Invite")
    shows(lab, f"{INVITED} is invited until ")
    note = lab.output.locator(".lmskit-secret")
    code = note.locator("code").inner_text()
    assert CODE.fullmatch(code)
    pictures(lab, "invitations_code")
    assert code not in lab.saved(Path(environment["LMSKIT_PROJECT_ROOT"]) / "notebooks" / "admin" / "invitations.ipynb")
    note.get_by_role("button", name="Hide").click()
    row = lab.output.locator("tr", has_text=INVITED)
    expect(row).to_contain_text("UTC")
    press(lab, "Revoke the invitation")
    shows(lab, f"Revoke the invitation of {INVITED}?")
    pictures(lab, "invitations_question")
    press(lab, "Yes, revoke the invitation")
    shows(lab, f"The invitation of {INVITED} is revoked")
    expect(row).to_have_count(0)
    lab.output.get_by_label("Only those that can still be accepted").uncheck()
    expect(row).to_contain_text("revoked")
    pictures(lab, "invitations_revoked")


def test_who_was_invited_sets_a_password_in_a_notebook_and_changes_it_and_the_notebook_keeps_nothing(open_lab, environment, pictures):
    shown = CODE.search(lmskit(environment, "invitation", "create", OLIVE, "--family-name", "Olive", "--show-code").stdout)
    assert shown is not None
    lab = open_lab(OLIVE, "lecturer/my_password.ipynb")
    lab.page.evaluate(RUN_ALL)
    form = lab.output.locator(".lmskit-secret-form")
    expect(form).to_be_visible()
    pictures(lab, "sign_in_opened", top=form)
    form.get_by_role("button", name="I have a code").click()
    fill(form, {"E-mail address": OLIVE, "Code": shown[0], "New password": "short", "New password again": OWN})
    form.get_by_label("Also for the other notebooks").check()
    form.get_by_role("button", name="Set the password and sign in").click()
    expect(form.get_by_text("A password has 12 to 200 characters.")).to_be_visible()
    expect(form.get_by_label("New password", exact=True)).to_be_focused()
    pictures(lab, "sign_in_mistake", top=form)
    fill(form, {"E-mail address": ADMINISTRATOR, "New password": OWN, "New password again": OWN})
    lab.page.keyboard.press("Enter")
    expect(form.get_by_text("This code cannot be used: ")).to_be_visible()
    pictures(lab, "sign_in_refused", top=form)
    fill(form, {"E-mail address": OLIVE, "New password": OWN, "New password again": OWN})
    lab.page.keyboard.press("Enter")
    expect(form.get_by_text(f"Your password is set. You are signed in as {OLIVE} and in the other notebooks")).to_be_visible()
    pictures(lab, "sign_in_done", top=form)
    path = Path(environment["LMSKIT_PROJECT_ROOT"]) / "notebooks" / "lecturer" / "my_password.ipynb"
    saved = lab.saved(path)
    lab.run_all()
    expect(form.get_by_text(f"Change the password of {OLIVE}")).to_be_visible()
    pictures(lab, "my_password_opened", top=form)
    fill(form, {"Present password": "a wrong password", "New password": LATER, "New password again": LATER})
    lab.page.keyboard.press("Enter")
    expect(form.get_by_text("The address and the password do not belong to an open login.")).to_be_visible()
    pictures(lab, "my_password_mistake", top=form)
    fill(form, {"Present password": OWN, "New password": LATER, "New password again": LATER})
    lab.page.keyboard.press("Enter")
    expect(form.get_by_text(f"{OLIVE} has a new password.")).to_be_visible()
    saved += lab.saved(path)
    assert not [secret for secret in (shown[0], OWN, LATER, "a wrong password") if secret in saved]


def fill(form, values):
    for label, text in values.items():
        form.get_by_label(label, exact=True).fill(text)
