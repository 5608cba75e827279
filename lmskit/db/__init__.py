"""The database: where it is, as whom to reach it, transactions, bulk COPY and its revision."""

from lmskit.db.connection import DEMO_ADMIN, keep_login, migrator_url, url_for
from lmskit.db.constraint import violated_constraint
from lmskit.db.engine import default_engine, engine_for, migrator_engine
from lmskit.db.roles import generate_password, login_name, scram_verifier
from lmskit.db.sign_in import sign_in, sign_out
from lmskit.db.staging import copy_rows, stage
from lmskit.db.transaction import Opener, retried, snapshot, transaction

__all__ = [
    "DEMO_ADMIN",
    "Opener",
    "copy_rows",
    "default_engine",
    "engine_for",
    "generate_password",
    "keep_login",
    "login_name",
    "migrator_engine",
    "migrator_url",
    "retried",
    "scram_verifier",
    "sign_in",
    "sign_out",
    "snapshot",
    "stage",
    "transaction",
    "url_for",
    "violated_constraint",
]
