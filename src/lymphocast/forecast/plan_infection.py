"""Culture and symptoms under a plan: burden and severity follow the count that the plan makes.

The antibiotic is given as recorded, so after its last recorded dose there is none. The plan's drug
reaches the infection only through the count, and only under hypotheses by which a higher count
hastens clearance. A change of the antibiotic inside a step of the horizon is spread over it.
"""

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from lymphocast.engine.course import infection_ahead, infection_looks
from lymphocast.forecast.course_plan import Horizon
from lymphocast.forecast.ensemble import Conditions, Ensemble, Part
from lymphocast.forecast.plan_results import InfectionAhead
from lymphocast.forecast.readings import came_back
from lymphocast.inference.error_model import culture_negative
from lymphocast.models.prior_table import PriorTable

Floats = NDArray[np.float64]


@final
@dataclass(frozen=True)
class InfectionStart:
    """Burden and severity on the day from which plans are followed.

    Parameters
    ----------
    ensemble
        The draws.
    table
        Holds the levels at which a culture is negative and symptoms are read as resolved.
    origin
        The study day.
    state
        Log burden and severity, each ``[lane]``.
    """

    ensemble: Ensemble
    table: PriorTable
    origin: float
    state: tuple[Floats, Floats]

    @classmethod
    def of(cls, ensemble: Ensemble, table: PriorTable, origin: float) -> "InfectionStart | None":
        """Return it; ``None`` without a culture or symptom, or before the infection is treated."""
        plan = ensemble.individual.plan
        if origin <= plan.infection_start or not ensemble.individual.tells_of_infection:
            return None
        burden, severity = infection_looks(plan, ensemble.theta, (origin,))
        return cls(ensemble, table, origin, (burden[0], severity[0]))

    def follow(self, horizon: Horizon, counts: Floats) -> "InfectionCourse":
        """Return the infection under the counts that a plan makes."""
        ensemble, days = self.ensemble, self.origin + horizon.days
        plan = ensemble.individual.plan
        burden, severity = infection_ahead(plan, ensemble.theta, days, counts, self.state)
        resolved = severity < self.table.constant("resolved_threshold")
        return InfectionCourse(culture_negative(burden, self.table), burden < 0.0, resolved)


@final
@dataclass(frozen=True)
class InfectionCourse:
    """Culture and symptoms under a plan, ``[day, lane]`` on the days of its horizon."""

    negative: Floats
    clear: Conditions
    resolved: Conditions

    def read(self, part: Part, place: int) -> InfectionAhead:
        """Return the probabilities on one day of the horizon."""
        by_then = slice(0, place + 1)
        return InfectionAhead(
            p_culture_negative=part.mean(self.negative[place]),
            p_converted_by_then=part.probability(_any(self.clear[by_then])),
            p_symptoms_resolved=part.probability(self.resolved[place]),
            p_burden_back_by_then=part.probability(came_back(self.clear[by_then])),
            p_symptoms_back_by_then=part.probability(came_back(self.resolved[by_then])),
        )


def _any(condition: Conditions) -> Conditions:
    return np.asarray(condition.any(axis=0))
