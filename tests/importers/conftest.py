"""What the tests of imports share."""

from tests.importers.plain import course, imported
from tests.services.conftest import begin, post

__all__ = ["begin", "course", "imported", "post"]
