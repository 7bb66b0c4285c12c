"""The course model: what a record with a handful of counts can support.

    T(t)  = N(t) + X(t)                                              cells/uL
    N     = T0                                                       S, stable
          = T0 + (Tn - T0)+ (1 - exp(-(t - tau)+ / d))               R, recovery
          = Tn exp(-delta exp(-(t - t_lift)+ / d_I))                 I, infection dip
    dX/dt = k (A E - X),   k = ln 2 / t_half,   E = u (1 + u50) / (u + u50)
    db/dt = g - kc [antibiotic, not yet resistant] - kT ln(T/T0)+,   b in [-5, b0 + 1]
    ds/dt = (clip(b / b0, 0, 1) - s) / ds

u is the weekly dose relative to this patient's own maintenance dose (K-PD: Jacqmin et al. 2007,
doi:10.1007/s10928-006-9035-z), which takes the product, its unit system and its absorption out
of the problem; the gain A E is bounded by construction. b is ln(burden) above the detection limit
of a culture; s is the severity of symptoms, 1 when treatment of the infection began.

Hypotheses are switches, values 0 or 1 among the parameters: ``il2``, ``recovery``,
``infection``, ``clearance``. With the first three at 0 the course is stable and untreated.
Under I the pre-treatment count, which the immune term compares with, is Tn exp(-delta).

Left out: absorption and the decline of exposure on repeated dosing; redistribution in the first
days after a dose, but for a wider error of counts that are stated to be so close to one; missed
doses whose dates are unknown; CD8 and NK cells; regrowth after a relapse with another strain; any
effect of the infection on the count except under I, where it lifts at a given time whether or not
the antibiotic was given.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log as ln
from typing import ClassVar, final

from lymphocast.models.component import Dosing, Scalar, Values, Variable
from lymphocast.models.compose import Model
from lymphocast.models.maths import clip, decay, exp, held, log, positive

LN2 = ln(2.0)

SWITCHES = (
    Variable("il2", "1", "1 if IL-2 adds cells (H1), else 0"),
    Variable("recovery", "1", "1 under R, recovery by itself, else 0"),
    Variable("infection", "1", "1 under I, an infection had lowered the count, else 0"),
    Variable("clearance", "1", "1 if a higher count hastens clearance (H3), else 0"),
)
_IL2, _RECOVERY, _INFECTION, _CLEARANCE = SWITCHES


def exposure(u: Scalar, u50: Scalar) -> Scalar:
    """Saturating effect of the relative dose, 1 at maintenance (u = 1) for every u50."""
    return u * (1.0 + u50) / (u + u50)


@final
@dataclass(frozen=True)
class NaturalCourse:
    """The count without IL-2: stable, recovering by itself, or dipped by an infection."""

    name: ClassVar = "natural"
    states: ClassVar[tuple[Variable, ...]] = ()
    parameters: ClassVar = (
        _RECOVERY,
        _INFECTION,
        Variable("baseline_count", "/uL", "stable count before any change, T0"),
        Variable("recovery_onset", "d", "study day on which recovery begins, tau"),
        Variable("recovery_time", "d", "time constant of recovery, d"),
        Variable("normal_count", "/uL", "count towards which recovery tends, Tn"),
        Variable("dip_depth", "1", "ln of the fall that the infection caused, delta"),
        Variable("dip_time", "d", "time constant with which the dip lifts, d_I"),
        Variable("lift_day", "d", "study day on which the dip begins to lift, t_lift"),
    )
    inputs: ClassVar[tuple[str, ...]] = ()
    outputs: ClassVar = (
        Variable("natural_count", "/uL", "CD4 count without IL-2, N"),
        Variable("untreated_count", "/uL", "N before any recovery or lifting"),
    )

    def initial(self, theta: Values) -> Values:
        """Return no state: the course is known in closed form."""
        return {}

    def dosing(self, theta: Values) -> Mapping[str, Dosing]:
        """Return nothing: no dose enters."""
        return {}

    def rates(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return no rate."""
        return {}

    def observe(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return N(t) and its value before anything changed."""
        t0, tn = theta["baseline_count"], theta["normal_count"]
        recovered = 1.0 - decay(t - theta["recovery_onset"], theta["recovery_time"])
        rise = theta["recovery"] * positive(tn - t0) * recovered
        depth = theta["dip_depth"]
        dip = tn * exp(-depth * decay(t - theta["lift_day"], theta["dip_time"]))
        infected = theta["infection"]
        return {
            "natural_count": (1.0 - infected) * (t0 + rise) + infected * dip,
            "untreated_count": (1.0 - infected) * t0 + infected * tn * exp(-depth),
        }


@final
@dataclass(frozen=True)
class CytokineGain:
    """Cells that IL-2 adds: first-order approach to a gain that the relative dose sets."""

    name: ClassVar = "gain"
    states: ClassVar = (Variable("cells", "/uL", "CD4 cells added by IL-2, X"),)
    parameters: ClassVar = (
        _IL2,
        Variable("gain", "/uL", "plateau gain at the maintenance dose, A"),
        Variable("gain_half_life", "d", "half-life of the gain, t_half"),
        Variable("half_effect_dose", "1", "relative dose of half effect, u50"),
    )
    inputs: ClassVar = ("relative_dose", "natural_count")
    outputs: ClassVar = (Variable("count", "/uL", "CD4 count, T"),)

    def initial(self, theta: Values) -> Values:
        """Return X = 0."""
        return {"cells": 0.0 * theta["gain"]}

    def dosing(self, theta: Values) -> Mapping[str, Dosing]:
        """Return nothing: the dose acts as a rate, not as an amount."""
        return {}

    def rates(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return dX/dt in cells/uL per day."""
        k = LN2 / theta["gain_half_life"]
        e = exposure(inputs["relative_dose"], theta["half_effect_dose"])
        return {"cells": k * (theta["il2"] * theta["gain"] * e - state["cells"])}

    def observe(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return T = N + X."""
        return {"count": inputs["natural_count"] + state["cells"]}


@final
@dataclass(frozen=True)
class Infection:
    """Burden of the infection between walls, and symptoms that follow it with a delay."""

    name: ClassVar = "infection"
    states: ClassVar = (
        Variable("log_burden", "1", "ln of burden above a culture's detection limit, b"),
        Variable("severity", "1", "severity of symptoms, 1 at the start of treatment, s"),
    )
    parameters: ClassVar = (
        _CLEARANCE,
        Variable("initial_burden", "1", "log burden when treatment began, b0"),
        Variable("severity_delay", "d", "mean delay of symptoms behind burden, ds"),
        Variable("growth", "/d", "net growth of log burden untreated, g"),
        Variable("kill", "/d", "fall of log burden under a working antibiotic, kc"),
        Variable("resistance_day", "d", "study day on which resistance arises"),
        Variable("immune_clearance", "/d", "fall per unit of ln(T/T0), kT"),
        Variable("burden_floor", "1", "lowest log burden"),
        Variable("burden_headroom", "1", "highest log burden above b0"),
    )
    inputs: ClassVar = ("antibiotic", "count", "untreated_count")
    outputs: ClassVar[tuple[Variable, ...]] = ()

    def initial(self, theta: Values) -> Values:
        """Return full burden and full severity."""
        b0 = theta["initial_burden"]
        return {"log_burden": b0, "severity": 1.0 + 0.0 * b0}

    def dosing(self, theta: Values) -> Mapping[str, Dosing]:
        """Return nothing: the antibiotic acts as a presence, not as an amount."""
        return {}

    def rates(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return db/dt and ds/dt, per day."""
        b, s = state["log_burden"], state["severity"]
        free = self.free_rate(t, inputs, theta)
        target = clip(b / theta["initial_burden"], 0.0, 1.0)
        low, high = self.walls(theta)
        return {
            "log_burden": held(free, b, low, high),
            "severity": (target - s) / theta["severity_delay"],
        }

    def observe(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return no output: burden and severity are read as states."""
        return {}

    @staticmethod
    def walls(theta: Values) -> tuple[Scalar, Scalar]:
        """Return the lowest and the highest log burden."""
        return theta["burden_floor"], theta["initial_burden"] + theta["burden_headroom"]

    @staticmethod
    def free_rate(t: Scalar, inputs: Values, theta: Values) -> Scalar:
        """Return db/dt away from the walls."""
        works = inputs["antibiotic"] * (t < theta["resistance_day"])
        immune = theta["clearance"] * theta["immune_clearance"]
        gain = positive(log(inputs["count"] / inputs["untreated_count"]))
        return theta["growth"] - theta["kill"] * works - immune * gain


COURSE = Model("course", (NaturalCourse(), CytokineGain(), Infection()))
