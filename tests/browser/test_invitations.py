"""An administrator invites a lecturer and revokes the invitation in JupyterLab, driven in Chromium; the code is shown once."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.test_admin_forms import ADMINISTRATOR, press, shows

pytestmark = pytest.mark.browser

expect.set_options(timeout=60_000)

INVITED = "ivory.ida@example.org"


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
    assert re.fullmatch(r"(?:[0-9A-Z]{4}-){7}[0-9A-Z]{4}", code)
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
