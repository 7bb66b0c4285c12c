"""How the numbers of a prior table that are chosen by calibration were chosen, to be redone.

Each search finds the number that meets a published result exactly, everything else as in the
table; the table holds it rounded as stated. Where a result can be read in two ways both are
searched, and a reading that gives another number than the table's says so.

The size of the gain cannot be searched for in one trial: regimens differ. Each regimen implies a
typical gain, the one whose predicted effect is the observed one; their geometric mean and the SD of
their logarithms stand beside location and scale. The scale holds three parts,

    s^2 = (SD between regimens)^2 + (transport)^2 + (between patients)^2.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp, hypot, log1p
from typing import final

import numpy as np
from scipy.optimize import brentq
from scipy.stats import chi2

from lymphocast.forecast.prior_trials.cohort import WEIGHTS, draw_cohort, recovery_share
from lymphocast.forecast.prior_trials.comparison import PATIENTS, Comparison, Span
from lymphocast.forecast.prior_trials.gains import Spread
from lymphocast.forecast.prior_trials.trials import (
    Endpoint,
    Natural,
    Target,
    Transport,
    Trial,
    TrialFile,
)
from lymphocast.models.prior_file import with_rows
from lymphocast.models.prior_table import PriorTable
from lymphocast.units import DAYS_PER_MONTH

Bracket = tuple[float, float]
REACH = 4.0  # a positive number is searched for from a quarter to four times that of the table
SEARCH_DRAWS = 20_000
SEARCH_TOLERANCE = 1e-4  # relative to the bracket: far below the rounding of any number
PRINTED_SHARE, PRINTED_DAYS = 0.16, 120.0  # Wallace 1994 as printed: 16 %, months of 30 days
INTRAVENOUS = ("carr-1998", "continuous")
SENSITIVITY_MONTHS = (12.0, 24.0)  # mean times to recovery of the sensitivity table


@final
@dataclass(frozen=True)
class Choice:
    """One number of a table, and what a search finds for it.

    Parameters
    ----------
    parameter, quantity, unit
        Which number of which row, in which unit.
    chosen, found
        The table's number, and the search's; ``None`` if no number in reach meets the target.
    rounding
        The table's number is a multiple of this.
    reading
        What was met, and how it was read.
    """

    parameter: str
    quantity: str
    unit: str
    chosen: float
    found: float | None
    rounding: float
    reading: str

    @property
    def agrees(self) -> bool:
        """Whether the table's number is the found one, rounded."""
        return self.found is not None and abs(self.found - self.chosen) <= 0.5 * self.rounding


@final
@dataclass(frozen=True)
class Implied:
    """Typical gains that the trials of IL-2 imply, by trial and target.

    ``center`` is their geometric mean, ``log_sd`` the SD of their logarithms with its 95 %
    interval ``log_sd_span`` (chi-square: few regimens say little of a spread).
    """

    gains: Mapping[tuple[str, str], float]
    center: float
    log_sd: float
    log_sd_span: Span


def searched(
    table: PriorTable, published: TrialFile, seed: int, draws: int = SEARCH_DRAWS
) -> tuple[Choice, ...]:
    """Return the searches for growth, kill, resistance and the delay of recovery."""
    growth, kill = table.row("growth"), table.row("kill")
    around = (growth.location - 2.0 * growth.scale, growth.location + 2.0 * growth.scale)
    untreated = published.target("watchful-waiting", "converted")
    treated = published.target("wallace-1994", "negative")

    def searched_in(trial: str, target: Target, parameter: str, bracket: Bracket) -> float | None:
        where = published.trial(trial)
        share = _share_under(table, where, target, seed, draws, parameter)
        return _root(lambda location: share(location) - (target.observed or 0.0), bracket)

    return (
        Choice(
            "growth",
            "mean",
            growth.unit,
            growth.location,
            searched_in("watchful-waiting", untreated, "growth", around),
            0.0005,
            f"153 of 373 negative at month {untreated.month:g} without antibiotics",
        ),
        Choice(
            "kill",
            "median",
            kill.unit,
            kill.location,
            searched_in(
                "wallace-1994", treated, "kill", (kill.location / REACH, kill.location * REACH)
            ),
            0.005,
            f"11 of 19 negative at month {treated.month:g} (Wallace 1994)",
        ),
        *_hazards(table, published.target("wallace-1994", "resistant")),
        *_delays(table, published, seed, draws),
    )


def _hazards(table: PriorTable, target: Target) -> tuple[Choice, Choice]:
    chosen = 1.0 / table.row("resistance_time").location
    days, share = target.month * DAYS_PER_MONTH, target.observed or 0.0

    def choice(found: float, reading: str) -> Choice:
        return Choice("resistance_time", "hazard, 1/mean", "/d", chosen, found, 0.00005, reading)

    return (
        choice(-log1p(-PRINTED_SHARE) / PRINTED_DAYS, "16 % as printed, after 120 days"),
        choice(-log1p(-share) / days, f"3 of 19, after {days:g} days"),
    )


def _delays(table: PriorTable, published: TrialFile, seed: int, draws: int) -> tuple[Choice, ...]:
    """The mean delay, with the weight of R among all courses and among those that are ICL."""
    row, target = table.row("recovery_delay"), published.target("zonios-2008", "recovered")
    weights, wanted = table.presets[WEIGHTS], target.observed or 0.0
    shares = {
        f"recovery weighs {weights.recovery:.2f} of S, R and I": weights.recovery,
        "its weight of S and R alone": recovery_share(weights, Natural.ICL),
    }
    bracket = (row.location / REACH, row.location * REACH)
    recovers = _recovers(table, published, seed, draws)
    found = []
    for reading, share in shares.items():

        def gap(mean: float, share: float = share) -> float:
            return share * recovers(mean) - wanted

        days = _root(gap, bracket)
        found.append(
            Choice(
                "recovery_delay",
                "mean",
                "months",
                row.location / DAYS_PER_MONTH,
                None if days is None else days / DAYS_PER_MONTH,
                12.0,
                f"7 of 39 above 300 by month {target.month:g}; {reading}",
            )
        )
    return tuple(found)


def _recovers(
    table: PriorTable, published: TrialFile, seed: int, draws: int
) -> Callable[[float], float]:
    """Return the share above the limit of those who recover by themselves, by the mean delay.

    Stable patients, found below that limit, are never above it.
    """
    whole = published.trial("zonios-2008")
    trial = replace(whole, natural=Natural.RECOVERY)
    target = published.target("zonios-2008", "recovered")
    return _share_under(table, trial, target, seed, draws, "recovery_delay")


def recovery_sensitivity(
    table: PriorTable, published: TrialFile, seed: int, draws: int = SEARCH_DRAWS
) -> dict[float, float]:
    """Return the share that recovers under the mean delays of the sensitivity table, by months."""
    recovers = _recovers(table, published, seed, draws)
    share = recovery_share(table.presets[WEIGHTS], Natural.ICL)
    return {months: share * recovers(months * DAYS_PER_MONTH) for months in SENSITIVITY_MONTHS}


def implied_gains(
    table: PriorTable, comparisons: Sequence[Comparison], *, subcutaneous: bool
) -> Implied:
    """Return the typical gains that the regimens imply with which the prior was chosen."""
    location = table.row("gain").location
    gains = {}
    for one in comparisons:
        key = (one.trial.id, one.target.id)
        chosen = one.target.endpoint is Endpoint.GAIN and not one.target.held_out
        if chosen and not (subcutaneous and key == INTRAVENOUS):
            gains[key] = location * (one.target.observed or 0.0) / one.predicted
    logs = np.log(list(gains.values()))
    sd, free = float(logs.std(ddof=1)), len(logs) - 1
    ends = [sd * float(np.sqrt(free / chi2.ppf(p, free))) for p in (0.975, 0.025)]
    return Implied(gains, exp(float(logs.mean())), sd, Span(*ends))


def gain_choices(
    table: PriorTable, transport: Transport, comparisons: Sequence[Comparison]
) -> tuple[Choice, ...]:
    """Return what the regimens say of location and scale of the gain."""
    row = table.row("gain")
    between = Spread.of(row, transport).between
    found = []
    for subcutaneous in (False, True):
        implied = implied_gains(table, comparisons, subcutaneous=subcutaneous)
        which = f"{len(implied.gains)} {'subcutaneous ' if subcutaneous else ''}regimens"
        spread = hypot(implied.log_sd, transport.log_sd, between)
        parts = f"{implied.log_sd:.2f}, {transport.log_sd:.2f}, {between:.2f}"
        found += [
            Choice(
                "gain",
                "median",
                row.unit,
                row.location,
                implied.center,
                50.0,
                f"geometric mean of {which}",
            ),
            Choice(
                "gain",
                "SD of ln",
                "1",
                row.scale,
                spread,
                0.1,
                f"{which}, transport, patients: root of the squares of {parts}",
            ),
        ]
    return tuple(found)


def _share_under(
    table: PriorTable, trial: Trial, target: Target, seed: int, draws: int, parameter: str
) -> Callable[[float], float]:
    """Return the predicted share as a function of a row's location."""

    def share(location: float) -> float:
        changed = with_rows(table, **{parameter: {"location": location}})
        cohort = draw_cohort(changed, trial, draws, seed)
        return float(PATIENTS[target.endpoint](cohort, target).mean())

    return share


def _root(gap: Callable[[float], float], bracket: Bracket) -> float | None:
    """Return where a function is 0 in a bracket; ``None`` if it keeps its sign."""
    low, high = bracket
    if gap(low) * gap(high) > 0.0:
        return None
    return float(brentq(gap, low, high, xtol=SEARCH_TOLERANCE * (high - low)))
