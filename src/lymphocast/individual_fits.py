"""Fits of a data file: every individual of a NONMEM-style file under a library or user model."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf, isfinite
from pathlib import Path
from typing import final

from lymphocast.dataset.events import EventTable
from lymphocast.dataset.occasion_column import with_occasions
from lymphocast.errors import UsageError
from lymphocast.forecast.simulation import event_names
from lymphocast.inference.endpoints import parse_endpoint, refuse_scales, with_limit
from lymphocast.inference.error_model import LogNormalError
from lymphocast.inference.fitting import versions
from lymphocast.inference.individual_density import Endpoint
from lymphocast.inference.individual_fit import FitStatus, SamplingMethod, fit_individual
from lymphocast.inference.individual_fit_file import (
    IndividualFits,
    Outcome,
    Refused,
    described,
    parameters_json,
    read_individual_fits,
    write_individual_fits,
)
from lymphocast.inference.parameters import ParameterSpace, space_of
from lymphocast.interchange.nonmem import read_events
from lymphocast.interchange.omega import read_omega
from lymphocast.models.component import Component
from lymphocast.models.library import find_model
from lymphocast.models.occasion_effects import OccasionModel, effect_name, indicator_name
from lymphocast.models.prior_file import fit_priors, model_priors
from lymphocast.models.prior_table import Family, Grade, Prior
from lymphocast.models.random_effects import EffectTransform, RandomEffects
from lymphocast.models.user_file import SUFFIX, read_user_model

__all__ = ["DataFit", "fit_data", "outcome_lines", "read_individual_fits"]

Progress = Callable[[str, float], None]
COUNT, COUNT_SD = "cd4_count", "cd4_count.sd"


@final
@dataclass(frozen=True)
class DataFit:
    """How a data file is fitted, as a person writes it.

    Parameters
    ----------
    model
        Name of a library model, or the path of a user's model, which ends in ``.py``.
    method
        ``is``, ``smc``, ``nuts`` or ``map``.
    seed, draws
        Seed of every random number; draws of all chains together, the method's usual number if
        ``None``.
    prior_file
        Rows and constants over those shipped with the model.
    errors, limits
        Endpoints with their error models (:mod:`lymphocast.inference.endpoints`), and their limits
        of quantification as ``NAME=LLOQ``. CD4 counts are log-normal if nothing else is said.
    fixed
        Values of parameters that are not inferred, as ``NAME=VALUE``.
    omega
        File of random effects: those parameters scatter around their values.
    covariates
        Columns that stand for parameters.
    occasion, between
        Column that numbers occasions, and parameters that differ between them, as ``NAME=SD``.
    """

    model: str
    method: str
    seed: int
    draws: int | None = None
    prior_file: Path | None = None
    errors: Sequence[str] = ()
    limits: Sequence[str] = ()
    fixed: Sequence[str] = ()
    omega: Path | None = None
    covariates: Sequence[str] = ()
    occasion: str | None = None
    between: Sequence[str] = ()


@final
@dataclass(frozen=True)
class _Task:
    """What all individuals share."""

    model: Component
    tables: tuple[str, ...]
    endpoints: tuple[Endpoint, ...]
    fixed: Mapping[str, float]
    effects: RandomEffects | None
    between: Mapping[str, float]


def fit_data(
    data: Path, output: Path, how: DataFit, progress: Progress | None = None
) -> IndividualFits:
    """Fit every individual of a NONMEM-style file and write the fits.

    An individual that cannot be fitted is refused with a reason, and the others are fitted.

    Parameters
    ----------
    data, output
        Event records, and the fit file (netCDF-4) to write.
    how
        The model, the method, and what belongs to them.
    progress
        Called with a stage's name and the share that is done.

    Raises
    ------
    UsageError
        If a name does not exist, options contradict each other, or a parameter has no prior.
    RecordError
        At the first thing that is wrong with a file.
    """
    if bool(how.occasion) != bool(how.between):
        msg = "an occasion column needs parameters that differ between occasions, and they need it"
        raise UsageError(msg)
    task = _task(how)
    columns = (*how.covariates, *((how.occasion,) if how.occasion else ()))
    names = event_names(task.model, columns)
    known = tuple(dict.fromkeys([*names.outputs, *(e.name for e in task.endpoints)]))
    tables = read_events(data, replace(names, outputs=known, fitted=True))
    method, outcomes, spaces = SamplingMethod(how.method), [], []
    for i, table in enumerate(tables):
        model, events, space = _prepared(task, table, how)
        spaces.append(space)
        outcomes.append(_outcome(model, events, space, task.endpoints, method, how))
        if progress is not None:
            progress("fitting individuals", (i + 1) / len(tables))
    most = max(spaces, key=lambda own: len(own.rows))
    found = IndividualFits(
        task.model.name, method, how.seed, tuple(outcomes), parameters_json(most), versions()
    )
    write_individual_fits(found, tables, most, list(map(described, task.endpoints)), output)
    return found


def _outcome(
    model: Component,
    table: EventTable,
    space: ParameterSpace,
    endpoints: Sequence[Endpoint],
    method: SamplingMethod,
    how: DataFit,
) -> Outcome:
    """Return one individual's fit, or why there is none."""
    try:
        return fit_individual(
            model, table, space, endpoints, method=method, seed=how.seed, draws=how.draws
        )
    except UsageError as error:
        return Refused(table.id, str(error))


def outcome_lines(found: IndividualFits) -> Iterator[str]:
    """Yield how each individual's fit ended."""
    for outcome in found.outcomes:
        if isinstance(outcome, Refused):
            yield f"{outcome.id}: not fitted. {outcome.reason}"
        else:
            yield " ".join([f"{outcome.id}: {outcome.status.value}", *outcome.diagnostics.messages])
    failed = len(found.outcomes) - len(found.fits)
    if failed:
        yield f"{failed} of {len(found.outcomes)} individuals were not fitted"


def passed(found: IndividualFits) -> bool:
    """Return whether every individual was fitted and its diagnostics passed."""
    doubtful = any(fit.status is FitStatus.DOUBTFUL for fit in found.fits)
    return len(found.fits) == len(found.outcomes) and not doubtful


def _task(how: DataFit) -> _Task:
    """Read what all individuals share."""
    model, tables = _model_of(how.model)
    written = [parse_endpoint(text) for text in how.errors]
    endpoints = {w.endpoint.name: w.endpoint for w in written}
    if COUNT in {o.name for o in model.outputs} and COUNT not in endpoints:
        endpoints[COUNT] = Endpoint(COUNT, COUNT, LogNormalError(COUNT_SD))
    for name, lloq in map(_assignment, how.limits):
        if name not in endpoints:
            msg = f"limit of '{name}': needed one of {', '.join(endpoints) or 'an --error'}"
            raise UsageError(msg)
        endpoints[name] = with_limit(endpoints[name], lloq)
    fixed = {n: v for w in written for n, v in w.fixed.items()}
    return _Task(
        model,
        tables,
        tuple(endpoints.values()),
        {**fixed, **dict(map(_assignment, how.fixed))},
        None if how.omega is None else read_omega(how.omega),
        dict(map(_assignment, how.between)),
    )


def _model_of(name: str) -> tuple[Component, tuple[str, ...]]:
    """Return the model of a name or a file, and the names of its prior tables."""
    if name.endswith(SUFFIX):
        return read_user_model(Path(name)).model, ()
    found = find_model(name)
    return found.model, found.priors


def _prepared(
    task: _Task, table: EventTable, how: DataFit
) -> tuple[Component, EventTable, ParameterSpace]:
    """Return an individual's model, records and parameters."""
    model, kappas = task.model, list[Prior]()
    if how.occasion is not None:
        table, number = with_occasions(table, how.occasion, indicator_name)
        effects = tuple((name, EffectTransform.LOG_NORMAL) for name in task.between)
        model = OccasionModel(model, effects, number)
        kappas = [
            _normal(effect_name(name, k), sd)
            for name, sd in task.between.items()
            for k in range(1, number + 1)
        ]
    own = [p.name for p in model.parameters if p.name not in table.covariates]
    needed = list(dict.fromkeys([*own, *(n for e in task.endpoints for n in e.error.parameters)]))
    priors = fit_priors(task.tables, how.prior_file, needed)
    rows = {row.parameter: row for row in (_count_sd(), *priors.rows, *kappas)}
    constants = {c.parameter: c.value for c in priors.constants if c.parameter in needed}
    values = {**constants, **task.fixed}
    refuse_scales(task.endpoints, values)
    space = space_of(rows, values, needed, task.effects)
    return model, table, space


def _normal(name: str, sd: float) -> Prior:
    if not sd > 0.0:
        msg = f"'{name}' with an SD of {sd:g}; needed one above 0"
        raise UsageError(msg)
    why = "Inter-occasion variability, as asked for."
    return Prior(name, Family.NORMAL, 0.0, sd, -inf, inf, "1", Grade.ASSUMED, "", why)


def _count_sd() -> Prior:
    """Return the prior of the SD of ln(CD4 count), which the course model has a source for."""
    return replace(model_priors("course").row("count_sd"), parameter=COUNT_SD)


def _assignment(text: str) -> tuple[str, float]:
    name, sign, value = text.partition("=")
    try:
        if sign and isfinite(number := float(value)):
            return name.strip(), number
    except ValueError:
        pass
    msg = f"found '{text}'; needed NAME=VALUE with a finite number"
    raise UsageError(msg)
