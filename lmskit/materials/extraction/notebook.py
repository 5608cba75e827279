"""Jupyter notebooks: text and code by cell. Outputs are not read, and nothing is run."""

from __future__ import annotations

import warnings

from lmskit.errors import MaterialFileError
from lmskit.limits import MOST_PAGES
from lmskit.materials.block import Block, BlockRole, one_line
from lmskit.materials.extraction.encoding import decoded
from lmskit.materials.extraction.extracted import At, Extracted
from lmskit.materials.extraction.markdown_text import front_matter, known_facts, markdown_blocks
from lmskit.materials.location import Location


def read_notebook(content: bytes, at: At) -> Extracted:
    """Read a notebook of any version of the format."""
    import nbformat
    from nbformat.reader import NotJSONError
    from nbformat.validator import NotebookValidationError

    at("the notebook")
    text, findings = decoded(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # ids that are missing in old notebooks
            notebook = nbformat.reads(text, as_version=4)
            cells = list(notebook.cells)
    except (NotJSONError, ValueError, RecursionError) as error:
        raise MaterialFileError(f"it is not valid JSON: {_first_line(error)}. Get it again: it seems to be cut off.") from error
    except (NotebookValidationError, AttributeError, KeyError, TypeError) as error:
        raise MaterialFileError(f"it is not a notebook that Jupyter can open: {_first_line(error)}. Save it again in Jupyter.") from error
    if len(cells) > MOST_PAGES:
        raise MaterialFileError(f"it has {len(cells):,} cells, and at most {MOST_PAGES:,} are read. Split it.")
    facts: dict[str, object] = {}
    blocks: list[Block] = []
    for number, cell in enumerate(cells, start=1):
        at(f"cell {number}")
        source = cell.get("source", "")
        source = source if isinstance(source, str) else "".join(map(str, source))
        if number == 1 and (found := front_matter(source, findings))[0]:
            facts, source = known_facts(found[0], findings), found[1]
        blocks += _blocks(str(cell.get("cell_type", "")), source, Location(cell=number))
    title = one_line(str(notebook.metadata.get("title") or ""), 300) or None
    result = Extracted(blocks, length=len(cells), findings=findings, **facts)  # type: ignore[arg-type]
    result.title = result.title or title
    return result


def _blocks(kind: str, source: str, location: Location) -> list[Block]:
    if kind == "markdown":
        return list(markdown_blocks(source, location))
    return [Block(source, location, BlockRole.CODE if kind == "code" else BlockRole.TEXT)] if source.strip() else []


def _first_line(error: BaseException) -> str:
    return one_line(str(error).split("\n", 1)[0], 120).rstrip(".") or type(error).__name__
