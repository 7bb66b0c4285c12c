"""Tolerances of the tests, each with its reason.

A test takes its tolerance from here, so that a change of what counts as equal is one visible line.
Tolerances that belong to one test alone stand in that test, with their reason.
"""

from typing import Final

REFERENCE_SOLVER: Final = 1e-6
"""Closed form against the adaptive solver, relative. The solver's own tolerance is 1e-10 a step;
the rest is room for accumulation over the steps and breakpoints of a course."""

CLOSED_FORM: Final = 1e-10
"""Two ways to write the same expression in 64-bit floats, relative: some hundred roundings."""

LOG_EVIDENCE_AGREES: Final = 0.1
"""Importance sampling against tempered sequential Monte Carlo, absolute, in log evidence: what the
two methods promise each other at their default number of draws."""

MEDIAN_AGREES: Final = 0.02
"""The same two methods: relative difference of posterior medians."""

PROBABILITY_AGREES: Final = 0.03
"""Against an independent implementation: absolute difference of a probability. Room for the Monte
Carlo error of both and for what the equations leave open."""

IDENTICAL_HYPOTHESES: Final = 3.0
"""Standard errors by which the log Bayes factor of a hypothesis against itself may miss zero."""

ORACLE_EVIDENCE_AGREES: Final = 0.15
"""Against an independent implementation: absolute difference of a log evidence."""

ORACLE_MEDIAN_AGREES: Final = 0.03
"""Against an independent implementation: relative difference of a posterior median."""
