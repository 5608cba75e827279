"""Import what a reader found in a file: every format is written by one pipeline, all of it or nothing."""

from lmskit.services.file_import.any_format import import_opened, import_path
from lmskit.services.file_import.writer import import_file
from lmskit.services.importing import ImportOptions

__all__ = ["ImportOptions", "import_file", "import_opened", "import_path"]
