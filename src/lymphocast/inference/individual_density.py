"""The likelihood of one individual's records under any model, over lanes of draws.

Endpoints are outputs or states that records observe, each with an error model; all observations
stand in one likelihood. Parts of a composed model that no endpoint needs are left out, with the
doses into them: their parameters keep their priors. A lane whose course cannot be solved has a
log likelihood of -inf.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from math import isfinite
from typing import NamedTuple, final

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.dataset.events import Censoring, EventKind, EventRecord, EventTable
from lymphocast.engine.replay import Course, Laid, lay
from lymphocast.engine.settings import Method, SolverSettings
from lymphocast.errors import UsageError
from lymphocast.inference.error_model import ErrorModel, Observed
from lymphocast.inference.lane_density import LaneDensity, Tree
from lymphocast.inference.parameters import ParameterSpace, SpaceForm
from lymphocast.models.component import Component, Scalar
from lymphocast.models.compose import Model

Floats = NDArray[np.float64]

TRIED = 64  # prior draws on which a way to solve the equations is tried
ENOUGH = 0.98  # share of them that must be solved before no finer way is tried
WAYS = (
    (SolverSettings(hands_on=False), 0),
    (SolverSettings(hands_on=False), 1),
    (SolverSettings(hands_on=False), 2),
    (SolverSettings(1e-8, 1e-10, Method.EXPLICIT, max_steps=2_000, forward=True), 0),
    (SolverSettings(1e-8, 1e-10, Method.IMPLICIT, max_steps=2_000, forward=True), 0),
)
"""The march, its pieces halved once and twice, and adaptive methods: the first that is enough."""
PLACEHOLDER = 1.0  # stands where another endpoint, or none, is observed; no error model refuses it


@final
@dataclass(frozen=True)
class Endpoint:
    """What records observe: an output or state, its error, and its limit of quantification.

    Parameters
    ----------
    name
        What records call it.
    output
        The output or state that it reads.
    error
        How observations scatter.
    lloq
        Values below it are known to lie below it only; ``None`` if there is no limit.
    """

    name: str
    output: str
    error: ErrorModel
    lloq: float | None = None


@final
class Observations(NamedTuple):
    """All observations by reading: which endpoint (-1 for none), value and censoring."""

    endpoint: NDArray[np.int64]
    value: Floats
    censoring: Floats


@final
@dataclass(frozen=True)
class IndividualLikelihood:
    """Log likelihood of one individual: hashable, pure, one value for each lane.

    ``arrays`` are what the course was laid out to, the numbers behind the parameters, and the
    observations. Individuals whose likelihoods are equal can be taken at once: their arrays
    stacked, the likelihood mapped over them by ``jax.vmap``.
    """

    course: Course
    parameters: tuple[str, ...]
    form: SpaceForm
    endpoints: tuple[tuple[str, ErrorModel], ...]

    def __call__(self, arrays: Tree, z: Scalar) -> Scalar:
        """Return the log likelihood of standard normals ``[row, lane]``."""
        laid, space, observed = arrays
        theta = self.form.theta(space, z)
        return self.of_theta(laid, observed, theta, z.shape[1])

    def of_theta(
        self, laid: Tree, observed: Observations, theta: Mapping[str, Scalar], lanes: int
    ) -> Scalar:
        """Return the log likelihood of parameter values, numbers or ``[lane]``, by lane."""
        found, code = self.course(laid, {n: theta[n] for n in self.parameters}, lanes)
        solved = (code == 0)[:, None]
        total = jnp.zeros(lanes)
        for i, (output, error) in enumerate(self.endpoints):
            mine = observed.endpoint == i
            predicted = jnp.where(solved & mine, found[output], PLACEHOLDER)
            own = Observed(
                jnp.where(mine, observed.value, PLACEHOLDER),
                jnp.where(mine, observed.censoring, 0.0),
            )
            each = error.log_prob(predicted, own, theta)
            total = total + jnp.sum(jnp.where(mine, each, 0.0), axis=1)
        return jnp.where(code == 0, total, -jnp.inf)


def individual_density(
    model: Component, table: EventTable, endpoints: Sequence[Endpoint], space: ParameterSpace
) -> LaneDensity | None:
    """Return the density of one individual's observations, or ``None`` if there are none.

    Parameters
    ----------
    model
        The equations.
    table
        The individual's records. An observation names its endpoint; with one endpoint it need not.
    endpoints
        What may be observed.
    space
        Priors and values of the parameters of the model and the error models.

    Raises
    ------
    UsageError
        If an observation has no endpoint or cannot be what it is, a parameter has no prior, or no
        draw of the prior can be solved.
    """
    places, observed = observations_of(table, endpoints)
    if not places:
        return None
    used = tuple(endpoints[i] for i in sorted(set(observed.endpoint.tolist())))
    index = {endpoints.index(e): i for i, e in enumerate(used)}
    observed = observed._replace(endpoint=np.array([index[i] for i in observed.endpoint.tolist()]))
    small = needed_part(model, [e.output for e in used])
    _check(small, used, space)
    events = _without_doses_elsewhere(table, model, small)
    read = [p.name for p in small.parameters if p.name not in table.covariates]
    own, idle = space.split([*read, *(n for e in used for n in e.error.parameters)])
    parts = _Parts(small, events, tuple(places), observed, used, own, idle, tuple(read))
    return _solvable(parts)


@final
@dataclass(frozen=True)
class _Parts:
    """Everything that a density is made of but the way to solve it."""

    model: Component
    table: EventTable
    places: tuple[int, ...]
    observed: Observations
    endpoints: tuple[Endpoint, ...]
    space: ParameterSpace
    idle: ParameterSpace
    parameters: tuple[str, ...]

    def density(self, way: tuple[SolverSettings, int]) -> LaneDensity:
        """Return the density with the equations solved in one way."""
        middle = self.space.theta(np.zeros((self.space.form.size, 1)))
        theta = {n: float(middle[n][0]) for n in self.parameters}
        moving = [n for n in self.parameters if n in self.space.free]
        outputs = tuple(dict.fromkeys(e.output for e in self.endpoints))
        laid = lay(self.model, self.table, self.places, outputs, theta, moving, *way)
        function = IndividualLikelihood(
            laid.course,
            self.parameters,
            self.space.form,
            tuple((e.output, e.error) for e in self.endpoints),
        )
        arrays = (laid.arrays, self.space.arrays, _filled(self.observed, laid))
        return LaneDensity(function, arrays, self.space, self.idle)


def _solvable(parts: _Parts) -> LaneDensity:
    """Return the density in the first way that solves the prior, or in the one that solves most."""
    z = np.random.default_rng(TRIED).standard_normal((parts.space.form.size, TRIED))
    z[:, 0] = 0.0
    best, most = None, 0.0
    for way in WAYS:
        found = parts.density(way)
        share = float(np.isfinite(found.log_likelihood(z)).mean())
        if share > most:
            best, most = found, share
        if share >= ENOUGH:
            break
    if best is None:
        msg = (
            f"individual '{parts.table.id}', model '{parts.model.name}': not one of {TRIED} draws "
            "of the prior gives the observations a probability (the equations cannot be solved, or "
            "a value is impossible under its error model); needed other values, priors or errors"
        )
        raise UsageError(msg)
    return best


def _filled(observed: Observations, laid: Laid) -> Observations:
    """Return the observations filled up to the readings of the course."""
    rest = laid.readings - len(observed.value)
    return Observations(
        np.pad(observed.endpoint, (0, rest), constant_values=-1),
        np.pad(observed.value, (0, rest), constant_values=PLACEHOLDER),
        np.pad(observed.censoring, (0, rest)),
    )


def observations_of(
    table: EventTable, endpoints: Sequence[Endpoint]
) -> tuple[list[int], Observations]:
    """Return the places of the records that observe something, and what they say."""
    places, which, values, censorings = [], [], [], []
    names = {e.name: i for i, e in enumerate(endpoints)}
    for place, record in enumerate(table.records):
        if record.kind is not EventKind.OBSERVATION or record.value is None:
            continue
        where = f"individual '{table.id}', observation on day {record.time:g}"
        index = _endpoint_of(record, names, where)
        value, censoring = _value_of(record, endpoints[index], where)
        places.append(place)
        which.append(index)
        values.append(value)
        censorings.append(float(censoring))
    kinds = np.array(which, dtype=np.int64)
    return places, Observations(kinds, np.array(values, float), np.array(censorings, float))


def _endpoint_of(record: EventRecord, names: Mapping[str, int], where: str) -> int:
    """Return which endpoint a record observes."""
    if record.compartment in names:
        return names[record.compartment]
    known = ", ".join(names) or "none"
    if not record.compartment:
        if len(names) == 1:
            return 0
        msg = f"{where}: found no endpoint in CMT or DVID; needed one of {known}"
        raise UsageError(msg)
    near = get_close_matches(record.compartment, names, 1)
    hint = f"'{near[0]}'?" if near else f"one of {known}, or an error model for it"
    msg = f"{where}: '{record.compartment}' has no error model; needed {hint}"
    raise UsageError(msg)


def _value_of(record: EventRecord, endpoint: Endpoint, where: str) -> tuple[float, Censoring]:
    """Return a record's value, or the limit it lies beyond, once they are checked."""
    value, censoring = record.value, record.censoring
    if value is None or not isfinite(value):
        msg = f"{where}: {endpoint.name} of {value}; needed a finite number"
        raise UsageError(msg)
    if endpoint.lloq is not None and censoring is Censoring.NONE and value < endpoint.lloq:
        value, censoring = endpoint.lloq, Censoring.BELOW
    if censoring is not Censoring.NONE and not endpoint.error.censors:
        msg = f"{where}: {endpoint.name} below or above a limit; needed a value"
        raise UsageError(msg)
    needed = endpoint.error.needed(value)
    if needed is not None:
        msg = f"{where}: {endpoint.name} of {value:g}; needed {needed}"
        raise UsageError(msg)
    return value, censoring


def _check(model: Component, endpoints: Sequence[Endpoint], space: ParameterSpace) -> None:
    """Refuse endpoints that the model does not have, and parameters without a prior."""
    offered = [v.name for v in (*model.outputs, *model.states)]
    for endpoint in endpoints:
        if endpoint.output not in offered:
            near = get_close_matches(endpoint.output, offered, 1)
            hint = f"'{near[0]}'?" if near else f"one of {', '.join(offered)}"
            msg = f"model '{model.name}' has no output '{endpoint.output}'; needed {hint}"
            raise UsageError(msg)
    errors = [n for e in endpoints for n in e.error.parameters]
    missing = [n for n in errors if n not in space.known]
    if missing:
        msg = f"error model without a prior or value for {', '.join(missing)}; needed one each"
        raise UsageError(msg)


def needed_part(model: Component, outputs: Sequence[str]) -> Component:
    """Return the components that some outputs and states depend on, as a model."""
    if not isinstance(model, Model):
        return model
    wanted, kept = set(outputs), []
    for component in reversed(model.components):
        offers = {o.name for o in component.outputs}
        offers |= {f"{component.name}.{s.name}" for s in component.states}
        if offers & wanted:
            kept.append(component)
            wanted |= set(component.inputs)
    if not kept or len(kept) == len(model.components):
        return model
    return Model(model.name, tuple(reversed(kept)))


def _without_doses_elsewhere(table: EventTable, whole: Component, part: Component) -> EventTable:
    """Return the records with doses into other components made records that do nothing."""
    gone = {s.name for s in whole.states} - {s.name for s in part.states}
    if not gone:
        return table
    return replace(table, records=tuple(_without_dose(r, gone) for r in table.records))


def _without_dose(record: EventRecord, gone: set[str]) -> EventRecord:
    if not record.kind.doses or record.compartment not in gone:
        return record
    kind = EventKind.RESET if record.kind.resets else EventKind.OTHER
    return EventRecord(record.time, kind, covariates=record.covariates)
