"""Courses of a component under doses, for the tests of the model library.

The component's own rates are integrated by SciPy, started anew at every dose with the state that
the dose leaves; what they are compared with is written by itself in each test. The time since the
last dose is a clock that the equations may read as ``time_after_dose.<state>``. The package's own
solvers have tests of their own; compiling them for every model here would take minutes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import final

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from lymphocast.models.component import Component, Scalar, Values

Floats = NDArray[np.float64]
CLOCK = "time_after_dose."

RELATIVE, ABSOLUTE = 1e-11, 1e-13
"""Tolerances of a step, the absolute one in the state's unit."""

SOLVER = 1e-7
"""Relative to the largest value: two adaptive solvers, each with 1e-11 a step, over some hundred
steps and restarts."""

CLOSED_FORM = 1e-8
"""The same for one solver against a formula."""


@final
@dataclass(frozen=True)
class Course:
    """States and outputs at ``times``, by name."""

    times: Floats
    states: Mapping[str, Floats]
    outputs: Mapping[str, Floats]


Dose = tuple[float, str, float]  # study day, state, amount


def course_of(
    model: Component,
    theta: Mapping[str, float],
    times: Iterable[float],
    doses: Sequence[Dose] = (),
    inputs: Mapping[str, float] | None = None,
    start: Mapping[str, float] | None = None,
    method: str = "DOP853",
) -> Course:
    """Return the course from day 0; a dose at an output time is given after the output.

    Doses enter at once and whole; ``inputs`` are held constant; ``start`` replaces initial values.
    """
    wanted = np.asarray(list(times), float)
    held = {} if inputs is None else dict(inputs)
    names = [s.name for s in model.states]
    first = {**model.initial(theta), **({} if start is None else start)}
    y = np.array([float(first[name]) for name in names])
    kept = np.where(wanted == 0.0, y[:, None], np.nan)
    days = sorted({0.0, *(day for day, _, _ in doses)})
    for day, following in zip(days, [*days[1:], max(wanted[-1], days[-1])], strict=True):
        for _, name, amount in (dose for dose in doses if dose[0] == day):
            y[names.index(name)] += amount
        inside = (wanted > day) & (wanted <= following)
        if following == day:
            continue
        grid = np.unique(np.append(wanted[inside], following))
        found = _stretch(model, theta, held, day, y, grid, method)
        kept[:, inside] = found[:, : int(inside.sum())]
        y = found[:, -1].copy()
    states = dict(zip(names, kept, strict=True))
    clocks = {name: 0.0 for name in model.inputs if name.startswith(CLOCK)}
    seen = model.observe(0.0, states, {**held, **clocks}, theta)
    return Course(wanted, states, {name: np.asarray(value) for name, value in seen.items()})


def _stretch(
    model: Component,
    theta: Mapping[str, float],
    held: Mapping[str, float],
    day: float,
    y: Floats,
    times: Floats,
    method: str,
) -> Floats:
    """Return the states at ``times`` after a dose on ``day`` that left the state ``y``."""
    values = {name: jnp.asarray(value, float) for name, value in theta.items()}
    seen = {name: jnp.asarray(value, float) for name, value in held.items()}

    def rates(t: float, state: Floats) -> Floats:
        return np.asarray(_rates(model, t, t - day, state, seen, values))

    solution = solve_ivp(rates, (day, times[-1]), y, method, times, rtol=RELATIVE, atol=ABSOLUTE)
    assert solution.success, solution.message
    return np.asarray(solution.y)


@partial(jax.jit, static_argnames=("model",))
def _rates(
    model: Component, t: Scalar, elapsed: Scalar, y: Scalar, held: Values, theta: Values
) -> Scalar:
    state = {s.name: y[i] for i, s in enumerate(model.states)}
    clocks = {name: elapsed for name in model.inputs if name.startswith(CLOCK)}
    rates = model.rates(t, state, {**held, **clocks}, theta)
    return jnp.stack([jnp.asarray(rates[s.name], float) for s in model.states])


def assert_close(actual: object, expected: object, tolerance: float = CLOSED_FORM) -> None:
    """Compare relative to the largest expected value."""
    expected = np.asarray(expected)
    scale = float(np.abs(expected).max())
    np.testing.assert_allclose(np.asarray(actual), expected, rtol=0.0, atol=tolerance * scale)
