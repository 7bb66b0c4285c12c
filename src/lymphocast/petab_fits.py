"""The fit of a PEtab problem file, and the fit file that it becomes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lymphocast.dataset.events import EventRecord, EventTable
from lymphocast.errors import UsageError
from lymphocast.inference.individual_fit import FitStatus, SamplingMethod
from lymphocast.inference.individual_fit_file import (
    IndividualFits,
    parameters_json,
    write_individual_fits,
)
from lymphocast.inference.parameters import ParameterSpace
from lymphocast.inference.petab_fit import PetabFit, fit_petab, petab_lines, petab_space
from lymphocast.interchange.petab import read_petab
from lymphocast.interchange.petab_problem import PetabProblem


def fit_petab_file(
    path: Path, output: Path, *, method: str, seed: int, draws: int | None = None
) -> tuple[Sequence[str], bool]:
    """Fit the problem of a PEtab file (version 1) and write the fit.

    Parameters
    ----------
    path, output
        The problem file (YAML), and the fit file (netCDF-4) to write.
    method
        ``map`` for the best fit and a normal distribution around it; ``is``, ``smc`` or ``nuts``
        for draws of the posterior.
    seed, draws
        Seed of every random number; draws of all chains together.

    Returns
    -------
    tuple
        The lines to print, and whether the diagnostics passed.

    Raises
    ------
    UsageError
        If no parameter is estimated, or none can be fitted.
    ExchangeError
        If the problem cannot be read, or needs what is not supported.
    """
    problem = read_petab(path)
    found = fit_petab(problem, method=SamplingMethod(method), seed=seed, draws=draws)
    _write(problem, found, output)
    return petab_lines(found, problem), found.fit.status is not FitStatus.DOUBTFUL


def _write(problem: PetabProblem, found: PetabFit, output: Path) -> None:
    """Write the fit; the measurements stand beside it, each condition as an individual."""
    try:
        space = petab_space(problem)
    except UsageError:  # a prior that is not sampled from: the best fit has no need of it
        space = ParameterSpace(())
    fit = found.fit
    held = IndividualFits(
        problem.model.model.name, fit.method, fit.seed, (fit,), parameters_json(space), fit.versions
    )
    write_individual_fits(held, _tables(problem), space, _endpoints(problem), output)


def _tables(problem: PetabProblem) -> list[EventTable]:
    """Return the measurements of each condition."""
    return [
        EventTable(
            condition,
            tuple(
                EventRecord(m.time, compartment=m.observable, value=m.value)
                for m in sorted(problem.measurements, key=lambda m: m.time)
                if m.condition == condition
            ),
        )
        for condition in dict.fromkeys(m.condition for m in problem.measurements)
    ]


def _endpoints(problem: PetabProblem) -> list[Mapping[str, Any]]:
    return [
        {
            "name": name,
            "output": name,
            "lloq": None,
            "error": f"{o.distribution} on the scale {o.transformation}",
            "parameters": [],
        }
        for name, o in problem.observables.items()
    ]
