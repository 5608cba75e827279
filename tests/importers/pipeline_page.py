"""The generated part of docs/import-pipeline.md: the stages and steps of an import.

`python -m tests.importers.pipeline_page` writes it again after a change of `services/file_import/pipeline.py`.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from lmskit.services.file_import.pipeline import PIPELINE
from lmskit.services.file_import.stage import Code, Repeat, Sql, Stage, Step

PAGE = Path(__file__).resolve().parents[2] / "docs" / "import-pipeline.md"
BEGIN, END = "<!-- generated from pipeline.py -->", "<!-- end of the generated part -->"
WHEN = {
    "remove_missing": "only with `--remove-missing`",
    "withdraw_missing": "only with `--withdraw-missing`",
    "notify": "only with `--notify`",
}


def generated() -> str:
    """Every stage with a table of its steps."""
    lines: list[str] = []
    repeated: list[Repeat] = []
    for number, stage in enumerate(PIPELINE, 1):
        lines += [f"### {number}. {title(stage)}", ""]
        if condition := condition_of(stage):
            lines += [f"This stage runs {condition}.", ""]
        lines += ["| step | needs | makes | may report |", "|---|---|---|---|"]
        lines += [row(step) for step in stage.steps]
        lines.append("")
        repeated += [step for step in stage.steps if isinstance(step, Repeat)]
    lines += ["### Rows that depend on rejected rows", ""]
    lines += ["These steps are repeated until none of them rejects a row.", ""]
    lines += ["| step | needs | makes | may report |", "|---|---|---|---|"]
    lines += [row(step) for step in repeated[0].steps]
    return "\n".join(lines)


def title(stage: Stage) -> str:
    """The title of the progress display, else the first Python function."""
    if stage.title is not None:
        return stage.title
    (code, *_) = [step for step in stage.steps if isinstance(step, Code)]
    return code.run.__name__.replace("_", " ").capitalize()


def condition_of(stage: Stage) -> str:
    """The option that a stage needs; empty if it always runs."""

    class Options:
        notify = withdraw_missing = remove_missing = False

    for option, words in WHEN.items():
        options = Options()
        setattr(options, option, True)
        if not stage.when(Options()) and stage.when(options):  # type: ignore[arg-type]
            return words
    return ""


def row(step: Step) -> str:
    """A line of the table of steps."""
    match step:
        case Sql():
            return line(
                f"`{step.file}.{step.part}`", step.needs, [step.makes] if step.makes else [], [step.reports] if step.reports else []
            )
        case Code():
            queries = f" with {names(step.queries)}" if step.queries else ""
            return line(f"`{step.run.__name__}()`{queries}", step.needs, step.makes, step.reports)
        case Repeat():
            only = ", if the step before rejected a row" if step.only_after_rejections else ""
            return f"| reject rows that depend on rejected rows (below){only} | | | rejections |"


def line(step: str, needs: Iterable[str], makes: Iterable[str], reports: Iterable[str]) -> str:
    """The cells of one step."""
    return f"| {step} | {names(needs)} | {names(makes)} | {' and '.join(reports)} |"


def names(tables: Iterable[str]) -> str:
    """Names as code."""
    return ", ".join(f"`{name}`" for name in tables)


def steps() -> Iterator[Sql | Code]:
    """Every step in order; those of a `Repeat` each time."""
    for stage in PIPELINE:
        for step in stage.steps:
            if isinstance(step, Repeat):
                yield from step.steps
            else:
                yield step


def split(page: str) -> tuple[str, str, str]:
    """The page before, in and after its generated part."""
    before, _, rest = page.partition(f"{BEGIN}\n")
    inside, _, after = rest.partition(f"{END}\n")
    return before, inside, after


def main() -> None:
    """Write the generated part again."""
    before, _, after = split(PAGE.read_text(encoding="utf-8"))
    PAGE.write_text(f"{before}{BEGIN}\n{generated()}\n{END}\n{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
