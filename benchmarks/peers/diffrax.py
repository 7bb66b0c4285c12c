"""diffrax: a scan over the stretches between doses and outputs, patients side by side.

``vmapped`` gives each patient steps of its own, as ``jax.vmap`` over a solver does.
``shared_steps`` solves all patients as one system, whose steps are as short as the most difficult
of them needs.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import diffrax
import jax
import jax.numpy as jnp
import numpy as np

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from benchmarks.founding.tables import PARAMETERS, STATES, Floats, lanes, schedule

RTOL, ATOL = 1e-6, 1e-8
UNITS_PER_MILLILITRE = 1000.0
Array = jax.Array
RealScalarLike = Any  # as diffrax has it


def vmapped(feedback: bool, patients: int) -> tuple[Floats, Floats]:
    """Solve one variant with Tsit5 under ``vmap``."""
    count, burden = _vmapped(feedback)(*lanes(feedback, patients))
    return np.asarray(count), np.asarray(burden)


def shared_steps(feedback: bool, patients: int) -> tuple[Floats, Floats]:
    """Solve one variant with Dopri8, all patients as one system."""
    parameters, start = lanes(feedback, patients)
    count, burden = _shared(feedback)(parameters.T, start.T)
    return np.asarray(count).T, np.asarray(burden).T


@cache
def _vmapped(feedback: bool) -> Callable[..., tuple[Array, Array]]:
    controller = diffrax.PIDController(rtol=RTOL, atol=ATOL)
    return jax.jit(jax.vmap(_solved(feedback, diffrax.Tsit5(), controller)))


@cache
def _shared(feedback: bool) -> Callable[..., tuple[Array, Array]]:
    controller = diffrax.PIDController(rtol=RTOL, atol=ATOL, norm=_worst_patient)
    return jax.jit(_solved(feedback, diffrax.Dopri8(), controller))


def _worst_patient(scaled: Array) -> Array:
    """Return the largest root mean square over the states of a patient."""
    return jnp.max(jnp.sqrt(jnp.mean(scaled**2, axis=0)))


def _solved(
    feedback: bool, solver: diffrax.AbstractERK, controller: diffrax.PIDController
) -> Callable[[Array, Array], tuple[Array, Array]]:
    """Return a function of parameters and initial state to count and log burden by week."""
    plan = schedule()
    edges = np.union1d(plan.bounds, plan.times)
    given = np.zeros((len(edges) - 1, len(STATES)))
    given[np.searchsorted(edges, plan.bounds[:-1])] = plan.given
    pieces = jnp.asarray(np.column_stack([edges[:-1], edges[1:], given]))
    weekly = np.searchsorted(edges, plan.times)
    term = diffrax.ODETerm(_rates(feedback))

    def whole(parameters: Array, start: Array) -> tuple[Array, Array]:
        def stretch(state: Array, piece: Array) -> tuple[Array, Array]:
            (begin, end), dose = piece[:2], piece[2:]
            found = diffrax.diffeqsolve(
                term,
                solver,
                begin,
                end,
                None,
                state + dose.reshape(-1, *(1,) * (state.ndim - 1)),
                parameters,
                saveat=diffrax.SaveAt(t1=True),
                stepsize_controller=controller,
                max_steps=None,
                adjoint=diffrax.ForwardMode(),  # cheaper than the default, which can be reversed
            )
            assert found.ys is not None  # noqa: S101 (tells the type checker)
            return found.ys[0], found.ys[0]

        _, later = jax.lax.scan(stretch, start, pieces)
        states = jnp.concatenate([start[None], later])[weekly]
        return states[:, 4] + states[:, 5], states[:, 6]

    return whole


def _rates(feedback: bool) -> Callable[[RealScalarLike, Array, Array], Array]:
    def rates(t: RealScalarLike, y: Array, args: Array) -> Array:
        p = dict(zip(PARAMETERS, args, strict=True))
        depot, serum, gut, drug, resting, dividing, log_burden = y
        total = resting + dividing
        effect = serum / (p["EC50"] + serum)
        entry = p["pi0"] * (1.0 + p["Emax"] * effect)
        if feedback:
            entry *= (1.0 + p["T0"] / p["K"]) / (1.0 + total / p["K"])
        entered = entry * resting
        death = p["muR"] * (1.0 - p["Smax"] * effect)
        power = (jnp.maximum(drug, 0.0) / p["MIC50"]) ** p["h"]
        growth = p["g"] * (1.0 - jnp.exp(log_burden) / p["Bmax"])
        gain = UNITS_PER_MILLILITRE * p["ka1"] * p["F1"] / p["V1"]
        return jnp.stack(
            [
                -p["ka1"] * depot,
                gain * depot - p["ke1"] * serum,
                -p["ka2"] * gut,
                p["ka2"] / p["V2"] * gut - p["ke2"] * drug,
                p["lam"] - entered - death * resting + 2.0 * p["rho"] * dividing,
                entered - (p["rho"] + p["muP"]) * dividing,
                growth - p["kimm"] * total / (total + p["T50"]) - p["kclr"] * power / (1 + power),
            ]
        )

    return rates
