"""Write docs/commands.md from the commands' own help: `python -m scripts.commands`."""

from pathlib import Path

import typer.cli
from typer import Context

from lmskit.cli.nouns import NOUNS, loaded

PAGE = Path(__file__).resolve().parent.parent / "docs" / "commands.md"
HEAD = (
    "# Commands\n\nWritten from the commands themselves by `python -m scripts.commands`; each also prints it with `--help`.\n"
    "[command-line.md](command-line.md) has what all of them have in common.\n\n"
)


def page() -> str:
    """Return the page: every noun and verb with its arguments and options."""
    parts = []
    for noun in NOUNS:
        command = loaded(noun)
        context = Context(command, info_name=f"lmskit {noun}", help_option_names=["-h", "--help"])
        parts.append(typer.cli.get_docs_for_click(obj=command, ctx=context, name=f"lmskit {noun}", indent=1))
    return HEAD + "\n".join(part.strip() + "\n" for part in parts)


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
