"""lmskit: a notebook-driven learning-analytics workbench over PostgreSQL."""

import sys

# jsonschema probes for this package only to support the `iri` format, which no Jupyter schema
# uses; building its grammar costs every kernel and every command two to four seconds.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

__version__ = "0.1.0"
