"""March: a model's trajectory in one scan over the pieces of a plan, lanes side by side.

Linear and logistic blocks are solved exactly or by quadrature, smooth ones by sweeps that settle;
see :mod:`lymphocast.engine.structure` for what a block is. What does not settle is tried again on
pieces half as long, twice; what then fails says so in the lane's status.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import final

import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike, NDArray

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.dataset.regimen import DoseEvent
from lymphocast.engine.march_lanes import (
    Marched,
    MarchSettings,
    Way,
    march_lanes,
    scaled,
    schedule_of,
)
from lymphocast.engine.plan import ForcingTable, Plan, make_plan
from lymphocast.engine.structure import STIFF_EXPONENT
from lymphocast.errors import UsageError
from lymphocast.models.component import Component, Dosing

Floats = NDArray[np.float64]

MOST_HALVINGS = 2
RESOLVED = 1e-4
"""Largest share of a state that the nodes may have missed. The estimate takes the worst decay of
Legendre coefficients; where it says 4e-5 on the founding problem, 3e-7 is missed."""

STEADY_SLOPE = 1.0
"""Largest change of a slope x piece where a state passes zero."""

FEW_LANES = 8
"""Below this many lanes one class of pieces is compiled: it starts sooner, runs a little slower."""

DEFAULT = MarchSettings()


class MarchStatus(Enum):
    """How the solution of a lane ended."""

    SOLVED = "Solved: every sweep settled within the tolerance."
    NOT_SETTLED = "The sweeps of a smooth block did not settle, even on quarter pieces."
    NOT_RESOLVED = (
        "The nodes may have missed part of a rate that changes fast, even on quarter pieces."
    )
    STIFF = "A rate is too fast for the pieces of the plan; a stiff solver is needed."
    NOT_FINITE = "A state became infinite or is not a number."


@final
@dataclass(frozen=True, eq=False)
class MarchResult:
    """Values at the output times, and how each lane went.

    Parameters
    ----------
    times
        Output times, study days, ``[time]``.
    values
        Asked-for states and outputs by name, ``[lane, time]``.
    status
        How each lane ended; the values of a lane that is not solved are not to be used.
    error
        Estimate of the largest relative error of a smooth state in any piece, ``[lane]``: what
        further sweeps would still change.
    """

    times: Floats
    values: Mapping[str, Floats]
    status: tuple[MarchStatus, ...]
    error: Floats


def march(
    model: Component,
    theta: Mapping[str, ArrayLike],
    doses: Sequence[DoseEvent],
    times: Sequence[float],
    outputs: Sequence[str],
    *,
    forcings: Mapping[str, ForcingTable] | None = None,
    start: float | None = None,
    settings: MarchSettings = DEFAULT,
) -> MarchResult:
    """Return what ``outputs`` name at ``times``, for every lane of ``theta``.

    Parameters
    ----------
    model
        Any component or composed model; its initial state holds on the day ``start``.
    theta
        Parameter values, numbers or ``[lane]``.
    doses
        Dose events; one at an output time is given after the output.
    times
        Output times in study days, increasing.
    outputs
        Names of states or outputs.
    forcings
        The model's inputs that no component offers, as tables over time.
    start
        Day of the initial state; by default the earliest dose or output.
    settings
        Nodes, tolerance and block size.

    Raises
    ------
    UsageError
        If a parameter, forcing, output or compartment is unknown or missing, if parameters
        disagree on the number of lanes, or if lanes differ in a lag or duration.
    """
    tables = forcings or {}
    _check(model, theta, tables, outputs)
    values = _in_lanes(theta)
    compartments = _compartments(model, values, doses)
    dosing = _dosing(model, values)
    waiting = np.arange(len(next(iter(values.values()))))
    parts: list[tuple[NDArray[np.int64], _Part]] = []
    for halvings in range(MOST_HALVINGS + 1):
        plan = make_plan(
            doses,
            times,
            compartments,
            dosing=dosing,
            forcings=tables,
            start=start,
            halvings=halvings,
        )
        own = {n: v[waiting] for n, v in values.items()}
        part = _once(model, own, plan, tuple(outputs), settings)
        parts.append((waiting, part))
        failed = [s is not MarchStatus.SOLVED for s in part.status]
        waiting = waiting[failed]
        if not len(waiting):
            break
    return _joined(np.asarray(times, dtype=float), parts)


@final
@dataclass(frozen=True, eq=False)
class _Part:
    """Some lanes on one plan: values ``[lane, time]``, status and error by lane."""

    values: dict[str, Floats]
    status: tuple[MarchStatus, ...]
    error: Floats


def _joined(times: Floats, parts: Sequence[tuple[NDArray[np.int64], _Part]]) -> MarchResult:
    """Lay later attempts over earlier ones, lane by lane."""
    _, first = parts[0]
    values = {n: v.copy() for n, v in first.values.items()}
    status, error = list(first.status), first.error.copy()
    for lanes, part in parts[1:]:
        for name, found in part.values.items():
            values[name][lanes] = found
        error[lanes] = part.error
        for lane, outcome in zip(lanes, part.status, strict=True):
            status[lane] = outcome
    return MarchResult(times, values, tuple(status), error)


def _once(
    model: Component,
    values: Mapping[str, Floats],
    plan: Plan,
    outputs: tuple[str, ...],
    settings: MarchSettings,
) -> _Part:
    """March all lanes over one plan, block after block."""
    lanes = len(next(iter(values.values())))
    width = _width(lanes, settings.block)
    classes = settings.classes and width >= FEW_LANES
    way = Way(
        replace(settings, block=width, classes=classes),
        outputs,
        plan.compartments,
        plan.infused,
        plan.forcings,
    )
    schedule = schedule_of(plan)
    fraction = {n: d.fraction for n, d in model.dosing(values).items()}
    found: list[tuple[dict[str, Floats], Floats]] = []
    for begin in range(0, lanes, width):
        index = np.minimum(np.arange(begin, begin + width), lanes - 1)
        own = {n: jnp.asarray(v[index]) for n, v in values.items()}
        absorbed = np.ones((len(way.compartments), width))
        for row, name in enumerate(way.compartments):
            absorbed[row] = np.broadcast_to(fraction.get(name, 1.0), (lanes,))[index]
        marched = march_lanes(model, way, own, scaled(schedule, jnp.asarray(absorbed)))
        found.append(_numbers(marched, plan))
    values_found = {n: np.concatenate([v[n] for v, _ in found])[:lanes] for n in outputs}
    doubt = np.concatenate([d for _, d in found], axis=-1)[:, :lanes]
    status = _statuses(values_found, doubt, settings.tolerance)
    return _Part(values_found, status, doubt[0])


def _numbers(marched: Marched, plan: Plan) -> tuple[dict[str, Floats], Floats]:
    """Return values at the output times, ``[lane, time]``; doubt and turn, ``[4, lane]``."""
    values = {n: np.asarray(v)[plan.output].T for n, v in marched.values.items()}
    return values, np.concatenate([marched.doubt, marched.turn[None]])


def _statuses(
    values: Mapping[str, Floats], doubt: Floats, tolerance: float
) -> tuple[MarchStatus, ...]:
    """Return how each lane ended."""
    moved, missed, exponent, turn = doubt
    finite = np.isfinite(doubt).all(axis=0)
    for found in values.values():
        finite &= np.isfinite(found).all(axis=1)
    result = np.full(len(moved), MarchStatus.SOLVED, dtype=object)
    result[~(missed <= RESOLVED)] = MarchStatus.NOT_RESOLVED
    result[~(moved <= tolerance)] = MarchStatus.NOT_SETTLED
    result[~finite] = MarchStatus.NOT_FINITE
    # What is too fast often overflows as well: the cause is named.
    result[(exponent > STIFF_EXPONENT) | (turn > STEADY_SLOPE)] = MarchStatus.STIFF
    return tuple(result)


def _width(lanes: int, block: int) -> int:
    """Return how many lanes go side by side: a power of two, or the whole block."""
    width = 1
    while width < min(lanes, block):
        width *= 2
    return min(width, block)


def _check(
    model: Component,
    theta: Mapping[str, ArrayLike],
    forcings: Mapping[str, ForcingTable],
    outputs: Sequence[str],
) -> None:
    """Refuse names that are missing or unknown."""
    offered = {v.name for v in (*model.states, *model.outputs)}
    for what, missing in (
        ("parameter", [p.name for p in model.parameters if p.name not in theta]),
        ("forcing", [i for i in model.inputs if i not in forcings]),
    ):
        if missing:
            msg = f"model '{model.name}' needs the {what} '{missing[0]}', which is not given"
            raise UsageError(msg)
    for what, known, names in (
        ("state or output", offered, outputs),
        ("input", model.inputs, forcings),
    ):
        unknown = [n for n in names if n not in known]
        if unknown:
            has = f"it has {', '.join(sorted(known))}" if known else "it has none"
            msg = f"model '{model.name}' has no {what} '{unknown[0]}'; {has}"
            raise UsageError(msg)


def _in_lanes(theta: Mapping[str, ArrayLike]) -> dict[str, Floats]:
    """Return every parameter as ``[lane]``; without parameters there is one lane all the same."""
    given = theta or {"": 0.0}
    arrays = {name: np.asarray(value, dtype=float) for name, value in given.items()}
    sizes = {a.size for a in arrays.values() if a.ndim} or {1}
    if len(sizes) > 1 or any(a.ndim > 1 for a in arrays.values()):
        shapes = ", ".join(f"{n} {a.shape}" for n, a in arrays.items() if a.ndim)
        msg = f"parameters must be numbers or lists of one common length; they are {shapes}"
        raise UsageError(msg)
    (lanes,) = sizes
    return {n: np.array(np.broadcast_to(a, (lanes,))) for n, a in arrays.items()}


def _compartments(
    model: Component, values: Mapping[str, Floats], doses: Sequence[DoseEvent]
) -> tuple[str, ...]:
    """Return the states that doses may or do enter, in the model's order."""
    entered = {*model.dosing(values), *(d.compartment for d in doses)}
    states = tuple(s.name for s in model.states)
    unknown = sorted(entered - set(states))
    if unknown:
        msg = f"model '{model.name}' has no state '{unknown[0]}' for a dose to enter"
        raise UsageError(msg)
    return tuple(s for s in states if s in entered)


def _dosing(model: Component, values: Mapping[str, Floats]) -> dict[str, Dosing]:
    """Return lag and modelled duration as numbers, which all lanes share."""
    found = {}
    for name, how in model.dosing(values).items():
        shared = []
        for what, value in (("lag", how.lag), ("duration", how.duration)):
            each = np.unique(np.asarray(value, dtype=float))
            if len(each) > 1:
                msg = (
                    f"model '{model.name}': lanes differ in the {what} of '{name}'; lanes that "
                    "are marched together share their times"
                )
                raise UsageError(msg)
            shared.append(float(each[0]))
        found[name] = Dosing(lag=shared[0], duration=shared[1])
    return found
