"""SciPy's LSODA, restarted at each dose, with a right-hand side in plain Python floats.

``odeint`` steps in compiled code and is the faster way; ``solve_ivp`` steps in Python.
"""

from collections.abc import Callable
from math import exp

import numpy as np
from scipy.integrate import odeint, solve_ivp

from benchmarks.founding.tables import DIVIDING, LOG_BURDEN, RESTING, Floats, lanes, schedule

RTOL, ATOL = 1e-6, 1e-8
UNITS_PER_MILLILITRE = 1000.0
Rates = Callable[[float, Floats], list[float]]
Stretch = Callable[[Rates, Floats, Floats], Floats]
"""``(rates, state, grid) -> [time, state]``"""


def with_odeint(feedback: bool, patients: int) -> tuple[Floats, Floats]:
    """Solve one variant with ``odeint``."""
    return _solve(_odeint, feedback, patients)


def with_solve_ivp(feedback: bool, patients: int) -> tuple[Floats, Floats]:
    """Solve one variant with ``solve_ivp``."""
    return _solve(_solve_ivp, feedback, patients)


def _odeint(rates: Rates, state: Floats, grid: Floats) -> Floats:
    return np.asarray(odeint(rates, state, grid, rtol=RTOL, atol=ATOL, tfirst=True))


def _solve_ivp(rates: Rates, state: Floats, grid: Floats) -> Floats:
    span = (grid[0], grid[-1])
    found = solve_ivp(rates, span, state, method="LSODA", t_eval=grid, rtol=RTOL, atol=ATOL)
    return np.asarray(found.y.T)


def _solve(stretch: Stretch, feedback: bool, patients: int) -> tuple[Floats, Floats]:
    parameters, start = lanes(feedback, patients)
    plan = schedule()
    states = np.empty((patients, len(plan.times), start.shape[1]))
    states[:, 0] = start
    for patient, state in enumerate(start):
        rates = _rates_of(parameters[patient].tolist(), feedback)
        now = state
        for k, dose in enumerate(plan.given):
            span = slice(plan.first[k], plan.first[k] + plan.number[k])
            grid = np.unique([plan.bounds[k], *plan.times[span], plan.bounds[k + 1]])
            found = stretch(rates, now + dose, grid)
            states[patient, span] = found[1 : 1 + plan.number[k]]
            now = found[-1]
    return states[..., RESTING] + states[..., DIVIDING], states[..., LOG_BURDEN]


def _rates_of(parameters: list[float], feedback: bool) -> Rates:
    """Return the right-hand side of one patient; what does not change is computed once."""
    ka1, f1, v1, ke1, ec50, ka2, v2, ke2, lam, pi0, mu_r, rho, mu_p, *rest = parameters
    emax, smax, g, b_max, k_imm, t50, k_clr, mic50, h, t0, k = rest
    gain, spread, out, back = UNITS_PER_MILLILITRE * ka1 * f1 / v1, ka2 / v2, rho + mu_p, 2.0 * rho
    half, lift = mic50**h, 1.0 + t0 / k

    def rates(t: float, y: Floats) -> list[float]:
        depot, serum, gut, drug, resting, dividing, log_burden = y.tolist()
        total = resting + dividing
        effect = serum / (ec50 + serum)
        entered = pi0 * (1.0 + emax * effect) * resting
        if feedback:
            entered *= lift / (1.0 + total / k)
        power = drug**h if drug > 0.0 else 0.0
        growth = g * (1.0 - exp(log_burden) / b_max)
        return [
            -ka1 * depot,
            gain * depot - ke1 * serum,
            -ka2 * gut,
            spread * gut - ke2 * drug,
            lam - entered - mu_r * (1.0 - smax * effect) * resting + back * dividing,
            entered - out * dividing,
            growth - k_imm * total / (total + t50) - k_clr * power / (half + power),
        ]

    return rates
