"""The founding problem's right-hand side for the JIT compiler numba, over plain arrays."""

import math
from collections.abc import Callable
from typing import Any

UNITS_PER_MILLILITRE = 1000.0
Rates = Callable[[float, Any, Any, Any], None]


def rates_of(feedback: bool) -> Rates:
    """Return ``rates(t, state, slopes, parameters)``, which fills ``slopes``.

    States and parameters stand in the order of :mod:`benchmarks.founding.tables`.
    """

    def rates(t: float, y: Any, dy: Any, p: Any) -> None:  # noqa: ANN401 (numba's pointers)
        resting, dividing = y[4], y[5]
        total = resting + dividing
        effect = y[1] / (p[4] + y[1])
        entry = p[9] * (1.0 + p[13] * effect)
        if feedback:
            entry *= (1.0 + p[22] / p[23]) / (1.0 + total / p[23])
        kill = 0.0
        if y[3] > 0.0:  # a step may undershoot zero, where the power is not a number
            power = y[3] ** p[21]
            kill = p[19] * power / (p[20] ** p[21] + power)
        dy[0] = -p[0] * y[0]
        dy[1] = UNITS_PER_MILLILITRE * p[0] * p[1] / p[2] * y[0] - p[3] * y[1]
        dy[2] = -p[5] * y[2]
        dy[3] = p[5] / p[6] * y[2] - p[7] * y[3]
        entered = entry * resting
        death = p[10] * (1.0 - p[14] * effect)
        dy[4] = p[8] - entered - death * resting + 2.0 * p[11] * dividing
        dy[5] = entered - (p[11] + p[12]) * dividing
        growth = p[15] * (1.0 - math.exp(y[6]) / p[16])
        dy[6] = growth - p[17] * total / (total + p[18]) - kill

    return rates
