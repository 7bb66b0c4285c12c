"""The marginal likelihood of a population, by first-order and Laplace approximations.

For individual i with mode eta_i of the joint density (:mod:`.conditional`),

    -2 ln L_i = -2 ln p(y_i | eta_i) + eta_i' Omega^-1 eta_i + ln det Omega + ln det H_i

    Laplace   H = d2(-ln p)/d eta2 + Omega^-1
    FOCEI     H = sum_j (f_j f_j' / v_j + v_j' v_j'' / (2 v_j^2)) + Omega^-1   (f_j, v_j': slopes)
    FOCE      H = sum_j f_j f_j' / v_j + Omega^-1,  v_j and p those at eta = 0

as Wang 2007 [1]_ derives them, and Almquist 2015 [2]_ writes them. The objective is
-2 ln L without n ln(2 pi) of the n measured values with a normal error, as NONMEM prints it. For a
model that is linear in effects with a constant variance all three are exact.

References
----------
.. [1] Wang Y. Derivation of various NONMEM estimation methods. J Pharmacokinet Pharmacodyn
   2007;34:575-593. doi:10.1007/s10928-007-9060-6
.. [2] Almquist J, Leander J, Jirstrand M. Using sensitivity equations for computing gradients of
   the FOCE and FOCEI approximations to the population likelihood. J Pharmacokinet Pharmacodyn
   2015;42:191-209. doi:10.1007/s10928-015-9409-1
"""

from typing import NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from lymphocast.errors import UsageError
from lymphocast.inference.population.conditional import Approximation, find_modes
from lymphocast.inference.population.problem import Population

Floats = NDArray[np.float64]


@final
class Marginal(NamedTuple):
    """-2 ln L by place and individual, the modes, and the inverse curvature at them."""

    each: Floats
    eta: Floats
    covariance: Floats


@final
class Objective:
    """The objective at several places at once, always the same number of them.

    The modes of the last place that was kept are where the next search begins.
    """

    def __init__(self, population: Population, how: Approximation, width: int) -> None:
        if how is not Approximation.LAPLACE and not population.all_normal:
            msg = (
                f"{how} with values beyond a limit, cultures or grades, which have no residual; "
                "needed laplace or saem"
            )
            raise UsageError(msg)
        self.population, self.how, self.width = population, how, width
        self.start = np.zeros((len(population.ids), population.effects))
        self.evaluations = 0

    def at(self, x: Floats) -> Marginal:
        """Return the marginal likelihood at places ``[place, row]``, at most ``width``."""
        number = len(x)
        filled = np.concatenate([x, np.repeat(x[:1], self.width - number, axis=0)])
        self.evaluations += number
        with np.errstate(all="ignore"):
            values = self.population.form.values(filled)
            spread = self.population.spread(values)
            start = np.repeat(self.start[None], self.width, axis=0)
            modes = find_modes(self.population, spread, self.how, start)
            sign, size = np.linalg.slogdet(modes.around.curvature)
            each = (
                2.0 * modes.around.value + np.linalg.slogdet(spread.covariance)[1][:, None] + size
            )
            each = np.where((sign > 0.0) & np.isfinite(each), each, np.inf)
        if self.how is Approximation.LAPLACE:
            # Of a density -2 ln p holds ln(2 pi) of each measured value; the objective does not.
            each = each - self.population.normal_constant / each.shape[1]
        whole = np.isfinite(modes.around.curvature).all(axis=(-1, -2), keepdims=True)
        sound = np.where(whole, modes.around.curvature, np.eye(self.population.effects))
        return Marginal(each[:number], modes.eta[:number], np.linalg.pinv(sound)[:number])

    def keep(self, eta: Floats) -> None:
        """Begin the next search at these modes ``[individual, effect]``."""
        self.start = eta
