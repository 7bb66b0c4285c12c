"""Calibration: posteriors that are right on average, and priors that give the published rates."""

import secrets
from typing import Final

import numpy as np

from lymphocast.forecast.prior_trials.comparison import Verdict, compare
from lymphocast.forecast.prior_trials.trials import published_trials
from lymphocast.forecast.reliability import (
    ReliabilitySettings,
    early_counts,
    forecast_reliability,
)
from lymphocast.inference.calibration import Calibration, CalibrationSettings, calibrate
from lymphocast.inference.posterior import DEFAULT_PRESET
from lymphocast.inference.ranks import seen_distance, uniformity
from lymphocast.verification.bench import ENTRY_BELOW, Bench
from lymphocast.verification.check import Check, Found, Heading, at_most

DECLARED_SEED: Final = 20261125
FULL: Final = CalibrationSettings()
QUICK: Final = CalibrationSettings(replicates=300, bank=8_192)
TINY: Final = 20.0  # effective draws below which a posterior of the quick run is coarse
BAND, WIDE_BAND = 0.95, 0.99

PRIOR_DRAWS: Final = 10_000  # of each virtual cohort: the error of a share is below 0.005
FEW_COUNTS: Final = 4
FORECASTS: Final = ReliabilitySettings()


def declared(bench: Bench) -> Found:
    """Calibrate with the seed that was declared before."""
    return _calibrated(bench, DECLARED_SEED, FULL, BAND)


def fresh(bench: Bench) -> Found:
    """Calibrate with a seed that nobody has seen before."""
    return _calibrated(bench, secrets.randbelow(2**31), FULL, WIDE_BAND)


def coarse(bench: Bench) -> Found:
    """Calibrate with few patients and a small bank of prior draws."""
    return _calibrated(bench, bench.seed, QUICK, WIDE_BAND)


def prior_trials(bench: Bench) -> Found:
    """Compare the priors with published trials."""
    found = compare(bench.table, published_trials(), bench.seed, PRIOR_DRAWS)
    needed = [row for row in found if row.target.must_hold]
    missed = [f"{row.trial.id}, {row.target.label}" for row in needed if row.missed]
    outside = sum(row.verdict is Verdict.OUTSIDE for row in found if not row.target.must_hold)
    said = (
        f"{len(needed) - len(missed)} of {len(needed)} targets that must hold are inside; of the "
        f"others {outside} are outside (docs/science/priors.md)"
    )
    if missed:
        said = f"{said}. Missed: {'; '.join(missed)}"
    return at_most(len(missed), 0, said, bench.seed)


def forecasts(bench: Bench) -> Found:
    """Forecast simulated patients from four counts, and see what comes true."""
    own = early_counts(bench.individual, FEW_COUNTS, ENTRY_BELOW)
    weights = bench.table.presets[DEFAULT_PRESET]
    found = forecast_reliability(own, bench.table, weights, bench.seed, FORECASTS)
    low, high = found.band
    said = [f"{found.coverage:.3f} of the counts in their intervals (band {low:.3f} to {high:.3f})"]
    failed = 0 if low <= found.coverage <= high else 1
    for name, line in found.lines.items():
        (steep_low, steep_high), (at_low, at_high) = line.slope_interval, line.intercept_interval
        said.append(
            f"{name}: slope {line.slope:.2f} ({steep_low:.2f} to {steep_high:.2f}), intercept "
            f"{line.intercept:.2f} ({at_low:.2f} to {at_high:.2f})"
        )
        failed += not (steep_low <= 1.0 <= steep_high and at_low <= 0.0 <= at_high)
    return at_most(failed, 0, "; ".join(said), bench.seed)


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
        "calibration.trials",
        Heading.CALIBRATION,
        "Do the priors give what published trials saw?",
        "every target that must hold is inside its interval",
        "Clopper and Pearson's intervals of shares; of effects of IL-2, the central 95 % of the "
        "prior, with the transport from HIV to ICL. The priors of the infection and of recovery "
        "were set to some of these, so agreement shows that they were set, not that they are true.",
        prior_trials,
    ),
    Check(
        "calibration.forecasts",
        Heading.CALIBRATION,
        f"Do forecasts come true as often as they say? {FORECASTS.replicates:,} simulated patients "
        f"are fitted to {FEW_COUNTS} counts at month 6 and forecast to month 18.",
        "the 90 % intervals hold as many counts as a binomial band allows, and the calibration "
        "lines of first-passage probabilities cover slope 1 and intercept 0",
        "Each of the five rules is broken by chance once in twenty runs of a right program; the "
        "line is that of Cox 1958, doi:10.1093/biomet/45.3-4.562.",
        forecasts,
        full_only=True,
    ),
)
