"""What the tests of imports share."""

from tests.importers.plain import course, imported
from tests.services.conftest import post

__all__ = ["course", "imported", "post"]
