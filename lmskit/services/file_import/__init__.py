"""Import what a reader found in a file: every format is written here, all of it or nothing."""

from lmskit.services.file_import.any_format import import_path
from lmskit.services.file_import.writer import import_file

__all__ = ["import_file", "import_path"]
