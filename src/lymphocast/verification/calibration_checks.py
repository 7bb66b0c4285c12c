"""Calibration: posteriors that are right on average, and priors that give the published rates."""

import secrets
from typing import Final

import numpy as np

from lymphocast.engine.course import FACTUAL, Treatment, infection_outcomes
from lymphocast.inference.calibration import Calibration, CalibrationSettings, calibrate
from lymphocast.inference.hypotheses import HYPOTHESES
from lymphocast.inference.posterior import DEFAULT_PRESET
from lymphocast.inference.ranks import seen_distance, uniformity
from lymphocast.verification.bench import ENTRY_BELOW, Bench
from lymphocast.verification.check import Check, Found, Heading, at_most

DECLARED_SEED: Final = 20261125
FULL: Final = CalibrationSettings()
QUICK: Final = CalibrationSettings(replicates=300, bank=8_192)
TINY: Final = 20.0  # effective draws below which a posterior of the quick run is coarse
BAND, WIDE_BAND = 0.95, 0.99

MONTH: Final = 30.4375  # days
COURSE_MONTHS, WATCHED_MONTHS = 4, 48
NEGATIVE, RESISTANT, CLEARED = 11 / 19, 3 / 19, 153 / 373  # Wallace 1994; PMC10671925
RECOVERED, FOLLOWED_MONTHS = 7 / 39, 49.5  # Zonios 2008
PRIOR_DRAWS: Final = 40_000  # the error of a share is below 0.003
RATE_LIMIT: Final = 0.03
RECOVERY_LIMITS: Final = (0.075, 0.335)  # Clopper-Pearson 95 % of 7 of 39


def declared(bench: Bench) -> Found:
    """Calibrate with the seed that was declared before."""
    return _calibrated(bench, DECLARED_SEED, FULL, BAND)


def fresh(bench: Bench) -> Found:
    """Calibrate with a seed that nobody has seen before."""
    return _calibrated(bench, secrets.randbelow(2**31), FULL, WIDE_BAND)


def coarse(bench: Bench) -> Found:
    """Calibrate with few patients and a small bank of prior draws."""
    return _calibrated(bench, bench.seed, QUICK, WIDE_BAND)


def infection_rates(bench: Bench) -> Found:
    """Simulate the cohorts to which the priors of the infection were set, from the priors."""
    negative = _negative(bench, COURSE_MONTHS, FACTUAL)
    cleared = _negative(bench, WATCHED_MONTHS, Treatment(antibiotic=0.0))
    times = bench.prior(HYPOTHESES[0], PRIOR_DRAWS)["resistance_time"]
    resistant = float(np.mean(times < COURSE_MONTHS * MONTH))
    rows = (
        ("negative after 4 months of clarithromycin", negative, NEGATIVE),
        ("resistant by then", resistant, RESISTANT),
        ("negative untreated at 48 months", cleared, CLEARED),
    )
    found = "; ".join(f"{name}: {ours:.3f} for {theirs:.3f}" for name, ours, theirs in rows)
    worst = max(abs(ours - theirs) for _, ours, theirs in rows)
    return at_most(worst, RATE_LIMIT, found, bench.seed)


def recovery_rate(bench: Bench) -> Found:
    """Compare how many recover by themselves."""
    weight = bench.table.presets[DEFAULT_PRESET].recovery
    mean = bench.table.row("recovery_delay").location
    share = float(weight * -np.expm1(-FOLLOWED_MONTHS * MONTH / mean))
    low, high = RECOVERY_LIMITS
    said = f"{share:.3f} have begun to recover by {FOLLOWED_MONTHS:g} months; seen {RECOVERED:.3f}"
    return Found(low <= share <= high, said, share)


def _calibrated(
    bench: Bench, seed: int, settings: CalibrationSettings, probability: float
) -> Found:
    weights = bench.table.presets[DEFAULT_PRESET]
    found = calibrate(bench.entering, bench.table, weights, seed, settings)
    compared = uniformity(found.ranks, found.draws, seed, probability)
    outside = [name for name, one in compared.items() if not one.inside]
    return at_most(len(outside), 0, _said(found, outside, probability), seed)


def _said(found: Calibration, outside: list[str], probability: float) -> str:
    number = len(found.ess)
    compared = uniformity(found.ranks, found.draws, found.seed, probability)
    furthest = max(compared, key=lambda name: compared[name].largest)
    seen = seen_distance(number, found.draws, len(found.ranks), found.seed, probability)
    left = f"outside the band: {', '.join(outside)}" if outside else "all inside the band"
    few = int(np.sum(found.ess < TINY))
    return (
        f"{len(found.ranks)} quantities of {number} simulated patients, {left}; furthest from "
        f"uniform by {compared[furthest].largest:.3f} ({furthest}). Departures above {seen:.3f} "
        f"would be seen, smaller ones need not. Effective draws behind a posterior: median "
        f"{np.median(found.ess):,.0f}, below {TINY:g} in {few}"
    )


def _negative(bench: Bench, months: float, treatment: Treatment) -> float:
    """Return the share of prior patients with a negative culture so long after the start.

    The hypothesis that a higher count hastens clearance is left out: the cohorts had no IL-2.
    """
    apart = next(h for h in HYPOTHESES if not (h.il2 or h.clearance))
    theta = bench.prior(apart, PRIOR_DRAWS)
    day = bench.individual.plan.infection_start + months * MONTH
    burden, _ = infection_outcomes(bench.individual.plan, theta, (day,), treatment)
    slope = bench.table.constant("culture_slope")
    return float(np.mean(1.0 / (1.0 + np.exp(burden[0] / slope))))


_RULE = "the ranks of every quantity stay inside a band that holds uniform ones with probability {}"
_ASKS = (
    "Are posteriors right on average? Patients are drawn from the prior under the entry rule "
    f"(first count below {ENTRY_BELOW:g}) and fitted; what is true of them must rank uniformly, "
    "the hypothesis included"
)
_SIMULATED = "Simulation-based calibration: Talts 2018, arXiv:1804.06788; the band: "
_BAND_SOURCE = "Säilynoja 2022, doi:10.1007/s11222-022-10090-6. "

CALIBRATION_CHECKS: Final = (
    Check(
        "calibration.coarse",
        Heading.CALIBRATION,
        f"{_ASKS}; {QUICK.replicates} patients, {QUICK.bank:,} prior draws of each hypothesis.",
        _RULE.format(WIDE_BAND),
        f"{_SIMULATED}{_BAND_SOURCE}A quick look: it finds gross faults alone. Any seed may be "
        "asked for, hence the wider band.",
        coarse,
    ),
    Check(
        "calibration.declared",
        Heading.CALIBRATION,
        f"{_ASKS}; {FULL.replicates:,} patients, {FULL.bank:,} prior draws of each hypothesis, "
        "the seed declared before.",
        _RULE.format(BAND),
        f"{_SIMULATED}{_BAND_SOURCE}",
        declared,
        full_only=True,
    ),
    Check(
        "calibration.fresh",
        Heading.CALIBRATION,
        "The same with a seed that is drawn when the check runs.",
        _RULE.format(WIDE_BAND),
        f"{_SIMULATED}{_BAND_SOURCE}A right posterior leaves this band by chance once in a "
        "hundred runs.",
        fresh,
        full_only=True,
    ),
    Check(
        "calibration.infection",
        Heading.CALIBRATION,
        "Do the priors of the infection give the published rates that they were set to?",
        f"each within {RATE_LIMIT:g} of the printed share",
        "Clarithromycin alone for 4 months, 11 of 19 negative and 3 of 19 resistant (Wallace 1994, "
        "doi:10.1164/ajrccm.149.5.8173775); untreated, 153 of 373 (PMC10671925). These are what "
        "the priors were set to, so agreement shows that they were set, not that they are true.",
        infection_rates,
    ),
    Check(
        "calibration.recovery",
        Heading.CALIBRATION,
        "Do the prior weight and delay of recovery give the published rate of it?",
        f"between {RECOVERY_LIMITS[0]:g} and {RECOVERY_LIMITS[1]:g}",
        "7 of 39 within a median follow-up of 49.5 months, 95 % interval of Clopper and Pearson "
        "(Zonios 2008, doi:10.1182/blood-2007-12-127878). The begin of a recovery is compared "
        "with a normal count, which comes later.",
        recovery_rate,
    ),
)
