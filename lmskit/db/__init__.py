"""The database: access to it (who this process acts as, on which server), transactions, rows in bulk and the schema's revision."""

from lmskit.db.access import Access, access, engine_for, keep_login, migrator_engine, using
from lmskit.db.failure import violated_constraint
from lmskit.db.roles import generate_password, login_name, scram_verifier
from lmskit.db.transaction import PATIENT, Opener, retried, snapshot, transaction

__all__ = [
    "PATIENT",
    "Access",
    "Opener",
    "access",
    "engine_for",
    "generate_password",
    "keep_login",
    "login_name",
    "migrator_engine",
    "retried",
    "scram_verifier",
    "snapshot",
    "transaction",
    "using",
    "violated_constraint",
]
