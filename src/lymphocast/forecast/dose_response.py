"""What the data of a patient say about the dose-response, and the banner if they say nothing."""

from dataclasses import replace

from lymphocast.forecast.checks import CONTRACTION_LIMIT, contractions
from lymphocast.inference.kernels import kernels_of
from lymphocast.inference.posterior import Fit

DOSE_PARAMETER = "half_effect_dose"
BY_ASSUMPTION = (
    "By assumption: the data say nothing about the dose-response (contraction of "
    f"{DOSE_PARAMETER} {{value:.2f}}, below {CONTRACTION_LIMIT:g}). Whatever sets doses apart "
    "comes from the prior and from the assumption that more of the drug never adds fewer cells."
)


def dose_contraction(fit: Fit) -> float:
    """Return how far the data narrowed the dose of half effect: 1 - Var(posterior)/Var(prior)."""
    rows = tuple(row for row in fit.table.rows if row.parameter == DOSE_PARAMETER)
    alone = replace(fit, table=replace(fit.table, rows=rows))
    (found,) = contractions(alone, kernels_of(fit.individual, fit.table), {})
    return found.contraction


def dose_banner(fit: Fit) -> str:
    """Return what a reader of a ranking of doses must know first; empty if the data inform it."""
    value = dose_contraction(fit)
    rounded = round(value, 2) + 0.0  # never -0.00
    return BY_ASSUMPTION.format(value=rounded) if value < CONTRACTION_LIMIT else ""
