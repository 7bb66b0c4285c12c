"""A population made ready for a fit: individuals, their covariates, what they observe."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import log, pi
from typing import NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from lymphocast.dataset.events import EventTable
from lymphocast.dataset.occasion_column import with_occasions
from lymphocast.engine.replay_population import LaidPopulation, lay_population
from lymphocast.engine.settings import SolverSettings
from lymphocast.errors import UsageError
from lymphocast.inference.individual_density import Observations, observations_of
from lymphocast.inference.population.design import PopulationDesign
from lymphocast.inference.population.joint import Data, Joint, log_likelihood
from lymphocast.inference.population.moments import is_normal
from lymphocast.inference.population.vector import Values, VectorForm
from lymphocast.models.component import Component
from lymphocast.models.occasion_effects import OccasionModel, effect_name, indicator_name
from lymphocast.models.random_effects import EffectTransform

Floats = NDArray[np.float64]

SOLVER = SolverSettings(hands_on=False)
FINER = (0, 1, 2)  # halvings of the march's pieces that are tried


@final
class Spread(NamedTuple):
    """A population's numbers at some places, as the individuals have them.

    Parameters
    ----------
    typical
        Each individual's typical values, covariates included, ``[place, individual]``.
    covariance
        Of all effects, those between occasions included, ``[place, effect, effect]``.
    """

    typical: Mapping[str, Floats]
    covariance: Floats


@final
@dataclass(frozen=True, eq=False)
class Population:
    """A population ready for a fit.

    Parameters
    ----------
    ids
        The individuals that observe something.
    design, form
        What they share, and the order of its free numbers.
    joint, data
        Their observations as a function of effects.
    columns
        Covariates ``[individual]``.
    occasions
        How many occasions there are at most; 0 without effects between occasions.
    times
        Study day of each reading ``[unit, reading]``.
    """

    ids: tuple[str, ...]
    design: PopulationDesign
    form: VectorForm
    joint: Joint
    data: Data
    columns: Mapping[str, Floats]
    occasions: int
    times: Floats

    @property
    def effects(self) -> int:
        """How many effects an individual has."""
        return len(self.joint.effects)

    @property
    def observed(self) -> NDArray[np.bool_]:
        """Which readings are observations, ``[unit, reading]``."""
        return np.asarray(self.data.endpoint) >= 0

    @property
    def measured(self) -> NDArray[np.bool_]:
        """Which readings are measured values with a normal error, ``[unit, reading]``."""
        kinds = np.array([is_normal(e.error) for e in self.design.endpoints])
        endpoint, censoring = np.asarray(self.data.endpoint), np.asarray(self.data.censoring)
        return np.asarray((endpoint >= 0) & kinds[endpoint] & (censoring == 0.0))

    @property
    def normal_constant(self) -> float:
        """Number of measured values with a normal error, times ln(2 pi): what NONMEM leaves out."""
        return float(self.measured.sum()) * log(2.0 * pi)

    @property
    def all_normal(self) -> bool:
        """Whether every observation was measured with an error that is normal on some scale."""
        kinds = np.array([is_normal(e.error) for e in self.design.endpoints])
        endpoint = np.asarray(self.data.endpoint)
        whole = bool(kinds[endpoint[endpoint >= 0]].all())
        return whole and not np.asarray(self.data.censoring).any()

    def spread(self, values: Values) -> Spread:
        """Return the individuals' typical values and the covariance of all their effects."""
        number = len(self.ids)
        typical = {n: np.repeat(v[:, None], number, axis=1) for n, v in values.typical.items()}
        for effect in self.design.covariates:
            factor = effect.factor(self.columns[effect.column], values.coefficients[effect.name])
            typical[effect.parameter] = typical[effect.parameter] * np.asarray(factor)
        base = len(self.design.effects)
        places = len(values.covariance)
        covariance = np.zeros((places, self.effects, self.effects))
        covariance[:, :base, :base] = values.covariance
        for name, _ in self.design.between:
            for k in range(1, self.occasions + 1):
                typical[effect_name(name, k)] = np.zeros((places, number))
        rows = [n for n, _ in self.design.between for _ in range(self.occasions)]
        for i, name in enumerate(rows, base):
            covariance[:, i, i] = values.between[name]
        return Spread(typical, covariance)


def make_population(
    model: Component,
    tables: Sequence[EventTable],
    design: PopulationDesign,
    occasion: str | None = None,
) -> Population:
    """Return a population ready for a fit; individuals without an observation are left out.

    Parameters
    ----------
    model
        The equations.
    tables
        Every individual's records.
    design
        What the individuals share; it names every parameter of the model and the error models.
    occasion
        The column that numbers occasions.

    Raises
    ------
    UsageError
        If a parameter has no typical value, a covariate no column, an observation no endpoint, or
        the model cannot be solved at the values to begin with.
    """
    _check_names(model, tables, design, occasion)
    found = [(table, *observations_of(table, design.endpoints)) for table in tables]
    kept = [(table, places, seen) for table, places, seen in found if places]
    if not kept:
        msg = "a population without an observation; needed at least one"
        raise UsageError(msg)
    columns = {
        c.column: np.array([_first(table, c.column) for table, _, _ in kept])
        for c in design.covariates
    }
    for effect in design.covariates:
        effect.check(columns[effect.column])
    moved, number = _with_occasions(model, [t for t, _, _ in kept], design, occasion)
    for halvings in FINER:
        ready = _made(moved, number, kept_tables(moved, kept), design, columns, halvings)
        if _solved(ready):
            return ready
    msg = f"model '{model.name}' cannot be solved at the typical values; needed other values"
    raise UsageError(msg)


@final
class _Moved(NamedTuple):
    """The model that is solved, and the records with what it reads."""

    model: Component
    tables: tuple[EventTable, ...]


Kept = Sequence[tuple[EventTable, Sequence[int], Observations]]


def kept_tables(moved: _Moved, kept: Kept) -> list[tuple[EventTable, Sequence[int], Observations]]:
    """Return the individuals with the records that are solved."""
    return [(t, places, seen) for t, (_, places, seen) in zip(moved.tables, kept, strict=True)]


def _check_names(
    model: Component,
    tables: Sequence[EventTable],
    design: PopulationDesign,
    occasion: str | None,
) -> None:
    known = {t.name for t in design.typical}
    supplied = set(tables[0].covariates) if tables else set()
    errors = [n for e in design.endpoints for n in e.error.parameters]
    needed = [*(p.name for p in model.parameters), *errors]
    missing = [n for n in dict.fromkeys(needed) if n not in known and n not in supplied]
    if missing:
        msg = f"no typical value for {', '.join(missing)}; needed one each"
        raise UsageError(msg)
    unused = sorted(known - set(needed))
    if unused:
        msg = f"found a typical value for '{unused[0]}', which nothing reads; needed one of "
        raise UsageError(msg + ", ".join(dict.fromkeys(needed)))
    offered = {v.name for v in (*model.outputs, *model.states)}
    for endpoint in design.endpoints:
        if endpoint.output not in offered:
            msg = f"model '{model.name}' has no output '{endpoint.output}'; needed one of "
            raise UsageError(msg + ", ".join(sorted(offered)))
    absent = [c.column for c in design.covariates if c.column not in supplied]
    if absent:
        msg = f"covariate '{absent[0]}' has no column; needed one of that name in the records"
        raise UsageError(msg)
    if bool(design.between) != (occasion is not None):
        msg = "effects between occasions need an occasion column, and it needs them"
        raise UsageError(msg)


def _first(table: EventTable, column: str) -> float:
    """Return the first value of a covariate."""
    place = table.covariates.index(column)
    return next(float(v) for r in table.records if (v := r.covariates[place]) is not None)


def _with_occasions(
    model: Component,
    tables: Sequence[EventTable],
    design: PopulationDesign,
    occasion: str | None,
) -> tuple[_Moved, int]:
    """Return the model with effects of occasions, and the records with indicators of them."""
    if occasion is None:
        return _Moved(model, tuple(tables)), 0
    found = [with_occasions(table, occasion, indicator_name) for table in tables]
    most = max(number for _, number in found)
    effects = tuple((name, EffectTransform.LOG_NORMAL) for name, _ in design.between)
    filled = tuple(_filled(table, number, most) for table, number in found)
    return _Moved(OccasionModel(model, effects, most), filled), most


def _filled(table: EventTable, number: int, most: int) -> EventTable:
    """Return records with indicators of occasions that the individual does not have."""
    names = tuple(indicator_name(k) for k in range(number + 1, most + 1))
    records = tuple(
        replace(r, covariates=(*r.covariates, *(0.0 for _ in names))) for r in table.records
    )
    return replace(table, records=records, covariates=(*table.covariates, *names))


def _made(
    moved: _Moved,
    number: int,
    kept: Kept,
    design: PopulationDesign,
    columns: Mapping[str, Floats],
    halvings: int,
) -> Population:
    """Return the population with its courses laid out."""
    model, tables = moved
    between = [effect_name(n, k) for n, _ in design.between for k in range(1, number + 1)]
    effects = (
        *zip(design.effects, design.transforms, strict=True),
        *((name, EffectTransform.ADDITIVE) for name in between),
    )
    typical = {t.name: t.value for t in design.typical} | dict.fromkeys(between, 0.0)
    read = tuple(p.name for p in model.parameters if p.name not in tables[0].covariates)
    moving = {t.name for t in design.typical if not t.fixed or t.transform is not None}
    moving |= {c.parameter for c in design.covariates} | set(between)
    outputs = tuple(dict.fromkeys(e.output for e in design.endpoints))
    laid = lay_population(
        model,
        tables,
        [places for _, places, _ in kept],
        outputs,
        {n: typical[n] for n in read},
        [n for n in read if n in moving],
        SOLVER,
        halvings,
    )
    joint = Joint(
        laid.course,
        read,
        tuple((e.output, e.error) for e in design.endpoints),
        tuple(effects),
        tuple(laid.individual.tolist()),
    )
    data, times = _data(laid, kept)
    ids = tuple(t.id for t in tables)
    return Population(ids, design, VectorForm(design), joint, data, columns, number, times)


def _data(laid: LaidPopulation, kept: Kept) -> tuple[Data, Floats]:
    """Return the observations where the courses are read, and their study days."""
    shape = laid.record.shape
    endpoint, value = np.full(shape, -1), np.ones(shape)
    censoring, times = np.zeros(shape), np.full(shape, np.nan)
    for unit, own in enumerate(laid.individual):
        table, places, seen = kept[own]
        for reading, record in enumerate(laid.record[unit]):
            if record >= 0:
                i = list(places).index(record)
                endpoint[unit, reading] = seen.endpoint[i]
                value[unit, reading] = seen.value[i]
                censoring[unit, reading] = seen.censoring[i]
                times[unit, reading] = table.records[record].time
    of_unit = (laid.individual[:, None] == np.arange(len(kept))[None]).astype(float)
    return Data(laid.arrays, endpoint, value, censoring, of_unit), times


def _solved(population: Population) -> bool:
    """Return whether every individual has a likelihood at the values to begin with."""
    spread = population.spread(population.form.values(population.form.start()[None]))
    eta = np.zeros((1, len(population.ids), population.effects))
    found = log_likelihood(population.joint, population.data, spread.typical, eta)
    return bool(np.isfinite(np.asarray(found)).all())
