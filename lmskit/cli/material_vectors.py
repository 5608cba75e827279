"""`lmskit material embed` and `models`: the vectors that search by meaning uses."""

from functools import partial
from typing import Annotated

import typer

from lmskit.cli.exit_status import INTERRUPTED
from lmskit.cli.page import ListPage, paged
from lmskit.cli.printing import print_error, print_line, spinner
from lmskit.db import access, snapshot, transaction
from lmskit.errors import EmbedderError
from lmskit.listings import EMBEDDING_MODELS
from lmskit.materials.vectors.choice import chosen_embedder
from lmskit.queries.material_vectors import count_embedding_models, embedding_model_rows
from lmskit.services.material_vectors import embed_passages

app = typer.Typer(name="material", help="Vectors of passages, which search by meaning uses.", no_args_is_help=True)


@app.command()
def embed(
    *,
    model: Annotated[
        str | None,
        typer.Option(
            "--model", metavar="NAME", help="The model that search shall use from now on; for administrators.", show_default=False
        ),
    ] = None,
) -> None:
    """Compute the vectors of passages that have none yet; interrupted, it goes on where it was.

    With another model than the one in use, search goes on with the old vectors until all new ones are there.
    """
    settings = access().settings
    if (note := chosen_embedder(settings).note) is not None:
        print_error(note)
    with spinner("Looking for passages without a vector") as show:

        def progress(step: str, done: int, total: int | None) -> None:
            show(step if total is None else f"{step}: {done:,} of {total:,}", done, total)

        try:
            report = embed_passages(transaction, settings, model=model, progress=progress)
        except KeyboardInterrupt:
            print_error("Stopped. The vectors that were computed are stored; to go on, give the same command again.")
            raise typer.Exit(INTERRUPTED) from None
    print_line(report.sentence)


@app.command()
@paged()
def models(page: ListPage) -> None:
    """List the models whose vectors are stored, and the one that this process would use for new ones."""
    with snapshot() as session:
        total, nothing = count_embedding_models(session), "There are no vectors yet: lmskit material embed"
        page.show(partial(embedding_model_rows, session), EMBEDDING_MODELS, total=total, nothing=nothing)
    try:
        chosen = chosen_embedder(access().settings)
    except EmbedderError as error:
        print_error(str(error))
    else:
        page.say(f"This process would compute new vectors with {chosen.embedder.name}.")
        if chosen.note is not None:
            page.say(chosen.note)
