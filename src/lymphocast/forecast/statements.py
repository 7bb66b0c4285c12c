"""What is concluded of the courses without a drug, so that each conclusion meets the table.

A statement is answered as the questions are (:mod:`lymphocast.forecast.sensitivity`): *yes* if its
probability stays above 0.8 in every row of the sensitivity table, *no* if below 0.2.
"""

import numpy as np

from lymphocast.engine.course import FACTUAL, Treatment
from lymphocast.forecast.attribution import recorded_days, scenarios_of
from lymphocast.forecast.ensemble import Conditions, Ensemble
from lymphocast.forecast.readings import Calendar, infections_of, time_above
from lymphocast.models.prior_table import PriorTable

STATEMENT_DRAWS = 170  # of each hypothesis: one block of lanes, error of an average about 0.01
WITHOUT_IL2, WITHOUT_ANTIBIOTIC = "without-il2", "without-clarithromycin"
KEPT_ABOVE, KEPT_DAYS = 300.0, 182.625  # the definition of ICL; half a year

STATEMENTS = {
    "culture-without-il2": (
        "Would the culture have been negative without IL-2?",
        "One culture on the day of the first recorded one is negative (measured) in the course "
        "without IL-2.",
    ),
    "culture-without-clarithromycin": (
        "Would the culture have been negative without clarithromycin?",
        "One culture on the day of the first recorded one is negative (measured) in the course "
        "without clarithromycin.",
    ),
    "symptoms-without-il2": (
        "Would symptoms have resolved by then without IL-2?",
        "Severity lies below the level read as resolved (latent) on the day on which the record "
        "has them resolved, or else on that of the culture, in the course without IL-2.",
    ),
    "above-300": (
        "Did IL-2 keep the count above 300 for half a year or more?",
        "From the first dose to the last count, the latent count is at or above 300 cells/uL for "
        "at least 182.625 days longer than in the course without IL-2 (paired by draw).",
    ),
}


def statement_probabilities(
    ensemble: Ensemble, table: PriorTable, draws: int = STATEMENT_DRAWS
) -> dict[str, float]:
    """Return the probability of each statement, by its name, averaged over the hypotheses.

    It is read in the first ``draws`` draws of each hypothesis. Statements that the record cannot
    answer are left out (:mod:`lymphocast.forecast.unasked`).
    """
    thin = ensemble.thinned(min(draws, ensemble.size))
    return {**_of_infection(thin, table), "above-300": thin.whole.probability(_kept_above(thin))}


def _of_infection(ensemble: Ensemble, table: PriorTable) -> dict[str, float]:
    individual, whole = ensemble.individual, ensemble.whole
    culture, symptoms = recorded_days(individual)
    if symptoms is None:
        return {}
    looks = individual.infection_days
    wanted = [s for s in scenarios_of(individual) if s[0] in {WITHOUT_IL2, WITHOUT_ANTIBIOTIC}]
    courses = infections_of(ensemble, table, looks, wanted)
    found = {}
    if culture is not None:
        for name, course in courses.items():
            found[f"culture-{name}"] = whole.mean(course.negative[looks.index(culture)])
    resolved = courses[WITHOUT_IL2].resolved[looks.index(symptoms)]
    return {**found, "symptoms-without-il2": whole.probability(resolved)}


def _kept_above(ensemble: Ensemble) -> Conditions:
    window = Calendar(ensemble.individual).window
    above = [
        time_above(window, ensemble.count(window[:, None], treatment), KEPT_ABOVE)
        for treatment in (FACTUAL, Treatment(study_drug=0.0))
    ]
    return np.asarray(above[0] - above[1] >= KEPT_DAYS)
