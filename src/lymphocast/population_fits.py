"""Population fits of a data file: individuals of a NONMEM-style file that share typical values."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import final

from lymphocast.errors import UsageError
from lymphocast.forecast.simulation import event_names
from lymphocast.inference.population.design import PopulationDesign
from lymphocast.inference.population.design_file import read_design
from lymphocast.inference.population.fit import (
    PopulationFit,
    PopulationMethod,
    fit_population,
)
from lymphocast.inference.population.fit_file import (
    Checked,
    read_population_fit,
    write_population_fit,
)
from lymphocast.inference.population.posterior import PopulationPosterior
from lymphocast.inference.population.prediction_errors import Npde, npde
from lymphocast.inference.population.problem import Population, make_population
from lymphocast.inference.population.replicates import replicate
from lymphocast.inference.population.visual_checks import visual_checks
from lymphocast.interchange.nonmem import read_events
from lymphocast.models.component import Component
from lymphocast.models.library import find_model
from lymphocast.models.user_file import SUFFIX, read_user_model

__all__ = ["PopulationRun", "fit_population_data", "population_lines", "read_population_fit"]

Progress = Callable[[str, float], None]
NEEDED = "a population without its file or a model; needed --model NAME --population FILE"
REPLICATES = 500  # of the predictive checks


@final
@dataclass(frozen=True)
class PopulationRun:
    """A population's fit with its predictive checks."""

    fit: PopulationFit
    checked: Checked


def fit_population_data(
    data: Path,
    output: Path,
    design: Path | None,
    *,
    model: str | None,
    method: str,
    seed: int,
    draws: int | None = None,
    covariates: Sequence[str] = (),
    occasion: str | None = None,
    progress: Progress | None = None,
) -> PopulationRun:
    """Fit a population and write the fit.

    Parameters
    ----------
    data, output
        Event records, and the fit file (netCDF-4) to write.
    design
        The population file (:mod:`lymphocast.inference.population.design_file`).
    model
        Name of a library model, or the path of a user's model, which ends in ``.py``.
    method, seed
        ``foce``, ``focei``, ``laplace``, ``saem`` or ``nuts``, and the seed of every random number.
    draws
        Draws of all chains of ``nuts`` together; its usual number if ``None``.
    covariates
        Columns that stand for parameters of the model.
    occasion
        Column that numbers occasions.
    progress
        Called with a stage's name and the share that is done.

    Raises
    ------
    UsageError
        If a name does not exist or a value is missing.
    RecordError
        At the first thing that is wrong with a file.
    """
    if design is None or model is None:
        raise UsageError(NEEDED)
    shared = read_design(design)
    equations = _model_of(model)
    population = _population(equations, data, shared, covariates, occasion)
    found = fit_population(
        population, method=PopulationMethod(method), seed=seed, draws=draws, progress=progress
    )
    replicates = replicate(population, found.vector, REPLICATES, seed)
    checked = Checked(visual_checks(population, replicates), npde(population, replicates))
    write_population_fit(found, equations.name, output, checked)
    return PopulationRun(found, checked)


def _model_of(name: str) -> Component:
    if name.endswith(SUFFIX):
        return read_user_model(Path(name)).model
    return find_model(name).model


def _population(
    model: Component,
    data: Path,
    design: PopulationDesign,
    covariates: Sequence[str],
    occasion: str | None,
) -> Population:
    """Return the population of a data file."""
    columns = (*covariates, *(c.column for c in design.covariates))
    names = event_names(model, (*columns, *((occasion,) if occasion else ())))
    known = tuple(dict.fromkeys([*names.outputs, *(e.name for e in design.endpoints)]))
    tables = read_events(data, replace(names, outputs=known, fitted=True))
    return make_population(model, tables, design, occasion)


def population_lines(run: PopulationRun) -> Iterator[str]:
    """Yield the fit as a table, and what the checks say."""
    found = run.fit
    if found.posterior is None:
        yield from _estimate_lines(found)
    else:
        yield from _posterior_lines(found, found.posterior)
    for name, share in zip(found.effects, found.effect_shrinkage, strict=False):
        yield f"shrinkage of {name}: {100.0 * share:.1f} %"
    if found.residual_shrinkage == found.residual_shrinkage:
        yield f"shrinkage of residuals: {100.0 * found.residual_shrinkage:.1f} %"
    yield npde_line(run.checked.npde)
    for check in run.checked.vpc:
        yield (
            f"vpc of {check.endpoint} ({check.kind}): {100.0 * check.inside:.0f} % of the points "
            "inside"
        )
    yield from found.messages


def npde_line(errors: Npde | None) -> str:
    """Return the prediction errors, and how many observations take no part."""
    if errors is None:
        return "npde: none, since fewer than three values were measured with a normal error"
    line = f"npde: mean {errors.mean:.3f}, variance {errors.variance:.3f}, p {errors.p:.3f}"
    if errors.left_out:
        line += f"; {errors.left_out} of {errors.left_out + len(errors.values)} observations left "
        line += "out (beyond a limit, cultures, grades)"
    return line


def _estimate_lines(found: PopulationFit) -> Iterator[str]:
    """Yield the objective, and estimates with their standard errors."""
    yield f"{found.method}: {len(found.ids)} individuals, objective {found.objective:.3f}"
    error = f" (se {found.log_likelihood_se:.2f})" if found.log_likelihood_se else ""
    yield f"log-likelihood {found.log_likelihood:.3f}{error}"
    width = max(len(e.name) for e in found.estimates)
    yield f"{'':{width}}  {'estimate':>12} {'se':>12} {'rse %':>7}"
    for one in found.estimates:
        known = one.robust_se > 0.0
        se, rse = (f"{one.robust_se:.4g}", f"{one.rse:.1f}") if known else ("fixed", "")
        yield f"{one.name:{width}}  {one.value:12.5g} {se:>12} {rse:>7}"


def _posterior_lines(found: PopulationFit, own: PopulationPosterior) -> Iterator[str]:
    """Yield posterior medians, spreads and intervals, what the chains are worth, and priors."""
    chains, draws = own.stats["diverging"].shape
    yield f"{found.method}: {len(found.ids)} individuals, {chains} chains of {draws} draws"
    yield f"divergent transitions: {own.divergences}"
    width = max(len(e.name) for e in found.estimates)
    heads = ("median", "sd", "2.5 %", "97.5 %")
    yield f"{'':{width}}  {' '.join(f'{h:>12}' for h in heads)} {'r-hat':>6} {'ess':>6}"
    for one in found.estimates:
        if one.name not in own.draws:
            yield f"{one.name:{width}}  {one.value:12.5g} {'fixed':>12}"
            continue
        low, high = own.interval(one.name)
        numbers = " ".join(f"{v:12.5g}" for v in (one.value, one.se, low, high))
        r_hat, ess = own.r_hat(one.name), own.ess(one.name)
        yield f"{one.name:{width}}  {numbers} {r_hat:6.3f} {ess:6.0f}"
    for name, prior in own.priors.items():
        yield f"prior of {name}: {prior}"
