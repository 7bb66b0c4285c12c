"""Cough: severity follows the burden of the infection with a delay, and is told in three grades.

    ds/dt = (clip(b / b0, 0, 1) - s) / d
    P(some or marked) = 1 / (1 + exp((c1 - s) / w))        P(marked) = 1 / (1 + exp((c2 - s) / w))

b is ln(burden) above the detection limit of a culture, b0 its value at the start, s the severity, 1
at the start of treatment and 0 in health. A record tells severity in words; the two thresholds
turn it into the grades none, some, marked (an ordered logistic model, after McCullagh [1]_).

The relation, the thresholds and the delay are assumed: no source gives them for this infection.

Left out: cough from other causes, daily variation, a bronchus that stays damaged.

References
----------
.. [1] McCullagh P. Regression models for ordinal data. J R Stat Soc B 1980;42:109-142.
   doi:10.1111/j.2517-6161.1980.tb01109.x
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

from lymphocast.models.component import Dosing, Scalar, Values, Variable
from lymphocast.models.maths import clip, exp


@final
@dataclass(frozen=True)
class OrdinalCough:
    """Severity with a delay behind the burden, and the probability of each grade."""

    name: ClassVar = "cough"
    states: ClassVar = (Variable("severity", "1", "severity of cough, 1 when treatment began, s"),)
    parameters: ClassVar = (
        Variable("initial_burden", "1", "ln of all burden above detection at the start, b0"),
        Variable("severity_delay", "d", "mean delay of cough behind burden, d"),
        Variable("some_threshold", "1", "severity at which some cough is as likely as none, c1"),
        Variable("marked_threshold", "1", "the same for marked against less cough, c2 above c1"),
        Variable("grade_scale", "1", "scale of the logistic around both, w"),
    )
    inputs: ClassVar = ("log_burden",)
    outputs: ClassVar = (
        Variable("cough_severity", "1", "severity, s"),
        Variable("no_cough", "1", "probability of no cough"),
        Variable("some_cough", "1", "probability of some cough"),
        Variable("marked_cough", "1", "probability of marked cough"),
    )

    def initial(self, theta: Values) -> Values:
        """Return full severity."""
        return {"severity": 1.0 + 0.0 * theta["initial_burden"]}

    def dosing(self, theta: Values) -> Mapping[str, Dosing]:
        """Return nothing: no dose enters."""
        return {}

    def rates(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return ds/dt per day."""
        target = clip(inputs["log_burden"] / theta["initial_burden"], 0.0, 1.0)
        return {"severity": (target - state["severity"]) / theta["severity_delay"]}

    def observe(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return severity and the probability of each grade."""
        s, w = state["severity"], theta["grade_scale"]
        at_least_some = 1.0 / (1.0 + exp((theta["some_threshold"] - s) / w))
        marked = 1.0 / (1.0 + exp((theta["marked_threshold"] - s) / w))
        return {
            "cough_severity": s,
            "no_cough": 1.0 - at_least_some,
            "some_cough": at_least_some - marked,
            "marked_cough": marked,
        }
