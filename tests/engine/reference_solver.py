"""The reference solver of the tests: any model's rates by an adaptive Runge-Kutta method.

It integrates from edge to edge of the forcings, so that no step straddles a jump, with Tsitouras'
5(4) pair (Tsitouras 2011, doi:10.1016/j.camwa.2011.06.002) as diffrax implements it.
"""

import itertools
from collections.abc import Mapping, Sequence
from functools import partial

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.engine.steps import StepForcing
from lymphocast.models.component import Component, Scalar, Values

REFERENCE_TOLERANCE = 1e-10
MAX_STEPS = 200_000


def integrate(
    model: Component,
    theta: Values,
    forcings: Mapping[str, StepForcing],
    start: float,
    times: Sequence[float],
    stops: Sequence[float] = (),
    tolerance: float = REFERENCE_TOLERANCE,
) -> dict[str, NDArray[np.float64]]:
    """Return every state at ``times`` (study days after ``start``), by state name.

    Parameters
    ----------
    model, theta
        The equations and one lane of parameter values (floats).
    forcings
        A step forcing for each of ``model.inputs``.
    start
        Study day of the initial state.
    times
        Study days at which states are wanted, in increasing order.
    stops
        Further days at which a rate jumps, so that no step crosses them.
    tolerance
        Relative and absolute tolerance.
    """
    edges = [float(e) for f in forcings.values() for e in f.edges]
    cuts = sorted({start, *times, *(e for e in (*edges, *stops) if start < e < times[-1])})
    names = [s.name for s in model.states]
    state = {name: jnp.asarray(value, float) for name, value in model.initial(theta).items()}
    kept: dict[str, list[float]] = {name: [] for name in names}
    wanted = set(times)
    for begin, end in itertools.pairwise(cuts):
        middle = 0.5 * (begin + end)
        held = {name: forcing.at(middle) for name, forcing in forcings.items()}
        state = _stretch(model, theta, held, begin, end, state, tolerance)
        if end in wanted:
            for name in names:
                kept[name].append(float(state[name]))
    return {name: np.asarray(values) for name, values in kept.items()}


@partial(jax.jit, static_argnames=("model",))
def _stretch(
    model: Component,
    theta: Values,
    held: Mapping[str, Scalar],
    begin: float,
    end: float,
    state: dict[str, Scalar],
    tolerance: float,
) -> dict[str, Scalar]:
    """Integrate between two cuts with every forcing held at its level."""

    def rates(t: Scalar, y: Values, _: object) -> Values:
        return model.rates(t, y, held, theta)

    solution = diffrax.diffeqsolve(
        diffrax.ODETerm(rates),
        diffrax.Tsit5(),
        begin,
        end,
        None,
        state,
        stepsize_controller=diffrax.PIDController(rtol=tolerance, atol=tolerance),
        max_steps=MAX_STEPS,
    )
    return {name: value[-1] for name, value in solution.ys.items()}
