"""CD4 cells under interleukin-2: resting and dividing cells, with homeostatic feedback.

    dR/dt = s - p R - mu (1 - Smax E) R + 2 rho P
    dP/dt = p R - rho P - muP P
    p     = pi (1 + Emax E) (1 + T0 / K) / (1 + (R + P) / K)
    E     = C / (EC50 + C)                                        count T = R + P

A dividing cell returns as two resting cells at rate rho. IL-2 raises entry into division and the
survival of resting cells; entry falls as the count rises (K is the excess of half the feedback).

Without drug the count rests at T0. The parameters are those a reader can picture: the count T0,
the loss mu of resting cells and the share f of it that new cells replace (the rest is replaced by
division). The source s and the entry rate pi follow from them:

    q = P0 / R0 = (1 - f) mu / (rho - muP)      R0 = T0 / (1 + q)
    pi = q (rho + muP)                          s = f mu R0

both positive whenever rho > muP and 0 <= f <= 1.

Why the feedback: with p constant the equations are linear, and under sustained IL-2 they grow
without bound for many parameter values. With it the count is bounded for all of them:
p R <= M = pi (1 + Emax) (K + T0), hence in the long run P <= P* = M / (rho + muP) and
R <= (s + 2 rho P*) / (mu (1 - Smax)).

The structure is that of models of IL-7 (:mod:`lymphocast.models.il7`); Kovacs 2005 [1]_ found that
labelled CD4 cells live longer after repeated IL-2.

Left out: naive and memory cells, regulatory T cells, redistribution in the first days after a dose
(a count in those days can fall), loss of response on repeated dosing.

References
----------
.. [1] Kovacs JA et al. Induction of prolonged survival of CD4+ T lymphocytes by intermittent IL-2
   therapy in HIV-infected patients. J Clin Invest 2005;115:2139-2148. doi:10.1172/JCI23196
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

from lymphocast.models.component import Dosing, Scalar, Values, Variable


@final
@dataclass(frozen=True)
class HomeostaticCD4:
    """Resting and dividing CD4 cells that IL-2 stimulates and their own number restrains."""

    name: ClassVar = "cd4"
    states: ClassVar = (
        Variable("resting", "/uL", "resting CD4 cells, R"),
        Variable("dividing", "/uL", "dividing CD4 cells, P"),
    )
    parameters: ClassVar = (
        Variable("baseline_count", "/uL", "count at rest without drug, T0"),
        Variable("resting_loss", "/d", "fractional loss of resting cells without drug, mu"),
        Variable("source_share", "1", "share of the loss that new cells replace, f, 0 to 1"),
        Variable("division_rate", "/d", "rate at which a dividing cell returns as two, rho"),
        Variable("dividing_loss", "/d", "fractional loss of dividing cells, muP"),
        Variable("feedback_count", "/uL", "scale of the homeostatic feedback, K"),
        Variable("entry_gain", "1", "largest relative rise of entry into division, Emax"),
        Variable("survival_gain", "1", "largest relative fall of resting loss, Smax, below 1"),
        Variable("half_effect_concentration", "M[IU]/L", "serum IL-2 of half the effect, EC50"),
    )
    inputs: ClassVar = ("concentration",)
    outputs: ClassVar = (
        Variable("cd4_count", "/uL", "CD4 count, T"),
        Variable("dividing_share", "1", "dividing share of the CD4 cells, P / T"),
    )

    def initial(self, theta: Values) -> Values:
        """Return the drug-free steady state."""
        q = self.dividing_ratio(theta)
        resting = theta["baseline_count"] / (1.0 + q)
        return {"resting": resting, "dividing": q * resting}

    def dosing(self, theta: Values) -> Mapping[str, Dosing]:
        """Return nothing: no dose enters."""
        return {}

    def rates(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return dR/dt and dP/dt in cells/uL per day."""
        c, ec50 = inputs["concentration"], theta["half_effect_concentration"]
        effect = c / (ec50 + c)
        r, p = state["resting"], state["dividing"]
        rho, mu = theta["division_rate"], theta["resting_loss"]
        t0, k = theta["baseline_count"], theta["feedback_count"]
        restraint = (1.0 + t0 / k) / (1.0 + (r + p) / k)
        entry_rate = self.dividing_ratio(theta) * (rho + theta["dividing_loss"])
        entry = entry_rate * (1.0 + theta["entry_gain"] * effect) * restraint * r
        lost = mu * (1.0 - theta["survival_gain"] * effect) * r
        return {
            "resting": self.source(theta) - entry - lost + 2.0 * rho * p,
            "dividing": entry - (rho + theta["dividing_loss"]) * p,
        }

    def observe(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return the count and how much of it divides."""
        count = state["resting"] + state["dividing"]
        return {"cd4_count": count, "dividing_share": state["dividing"] / count}

    @staticmethod
    def dividing_ratio(theta: Values) -> Scalar:
        """Return P0 / R0, dividing to resting cells without drug."""
        replaced = (1.0 - theta["source_share"]) * theta["resting_loss"]
        return replaced / (theta["division_rate"] - theta["dividing_loss"])

    @classmethod
    def source(cls, theta: Values) -> Scalar:
        """Return s, the new cells per uL and day."""
        resting = theta["baseline_count"] / (1.0 + cls.dividing_ratio(theta))
        return theta["source_share"] * theta["resting_loss"] * resting
