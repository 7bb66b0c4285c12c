"""The commands ``models`` and ``simulate``; the command line registers them."""

from pathlib import Path
from typing import Annotated

import typer

from lymphocast.console import show_progress
from lymphocast.dataset.events import CovariateRule
from lymphocast.options import (
    DEFAULT_SEED,
    Covariate,
    Number,
    Omega,
    Parameters,
    Rule,
    Seed,
    Theta,
    Times,
    output_option,
    writable,
)

SBML = (".xml", ".sbml")


def models(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME",
            help="Model to describe, or a Python (.py) or SBML (.xml) file with one.",
        ),
    ] = None,
    structure: Annotated[
        bool, typer.Option("--structure", help="Show the blocks of its equations instead.")
    ] = False,
    latex: Annotated[bool, typer.Option("--latex", help="Print its equations as LaTeX.")] = False,
    sbml: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write it as SBML (.xml, .sbml).", callback=writable(*SBML)
        ),
    ] = None,
) -> None:
    """List the models, describe one, or export it."""
    from lymphocast.catalogue import show_model

    typer.echo(show_model(name, structure=structure, latex=latex, sbml=sbml))


def simulate(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL", help="Library model, or a Python (.py) or SBML (.xml) file with one."
        ),
    ],
    events: Annotated[
        Path,
        typer.Argument(metavar="EVENTS.csv", exists=True, dir_okay=False, help="Event records."),
    ],
    output: Annotated[Path, output_option(".csv")],
    theta: Theta = None,
    times: Times = None,
    covariate: Covariate = None,
    rule: Rule = CovariateRule.LAST_CARRIED_FORWARD,
    omega: Omega = None,
    number: Number = None,
    seed: Seed = DEFAULT_SEED,
    parameters: Parameters = None,
) -> None:
    """Simulate a model for the individuals of an event file, or for a population."""
    from lymphocast.catalogue import days, model_notes, outcome_lines, simulate_model

    for note in model_notes(model):
        typer.echo(note, err=True)
    with show_progress() as progress:
        found = simulate_model(
            model, events, output, theta or (), days(times), covariates=covariate or (),
            rule=rule, omega=omega, number=number, seed=seed, parameters=parameters,
            progress=progress,
        )  # fmt: skip
    seeded = [f"seed {seed}"] if omega is not None else []
    typer.echo("\n".join([*seeded, *outcome_lines(found)]))
