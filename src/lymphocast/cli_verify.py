"""The command ``verify``: run the checks and show what they found."""

from pathlib import Path
from typing import Annotated

import typer

from lymphocast.console import show_progress
from lymphocast.options import DEFAULT_SEED, Json, Seed, output_option


def verify(
    quick: Annotated[
        bool, typer.Option("--quick", help="Leave out the checks that take minutes.")
    ] = False,
    output: Annotated[Path | None, output_option(".html", ".pdf", ".json")] = None,
    seed: Seed = DEFAULT_SEED,
    json: Json = False,
) -> None:
    """Run the checks behind the answers, and say what they found."""
    from lymphocast.verification.writing import verify_and_write

    with show_progress(quiet=json) as progress:
        text, failed = verify_and_write(
            output, seed=seed, quick=quick, json=json, progress=progress
        )
    typer.echo(text)
    if failed:
        typer.echo(f"error: {failed}", err=True)
        raise typer.Exit(1)
