"""An independent program for the course model of the founding case (Trojan 2009).

It shares nothing with the package: NumPy and SciPy only, written from the model's description,
brute force throughout. Nothing is tuned; everything is drawn from the prior.

1. Counts. Millions of draws from the prior of each explanation (IL-2 or not, natural course S, R or
   I); the latent count is a closed form; draws that fail the entry rule weigh nothing, and the
   evidence is divided by the probability of entry.
2. Infection. From each batch of (1), draws are resampled by their count likelihood, get fresh
   infection parameters from the prior, are stepped through time (burden by the midpoint rule,
   severity by the exponential of the step) and weighed by the likelihood of cultures and symptoms.

The standard error of a log evidence is that of the mean over independent batches. The effective
sample size counts the copies of one draw of (1) as one. Times are days since 1 October 2003.

    course_oracle.py OUT.json

Keys of a hypothesis: H1 (IL-2 adds cells) or h1, natural course, H3 (clearance hastened) or h3.
"""

import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, final

import numpy as np
import numpy.typing as npt
from scipy.special import log_expit, logsumexp, ndtr, ndtri

Array = npt.NDArray[np.float64]
Draws = dict[str, Array]

SEED: Final = 19438596
BATCHES: Final = 24
DRAWS: Final = 500_000  # per batch, from the prior
KEPT: Final = 6_000  # per batch, resampled for the infection
KEPT_WITHOUT_LAST: Final = 3_000
STEP: Final = 0.5  # days

MONTH: Final = 30.4375
YEAR: Final = 365.25
LN_COUNTS: Final = np.log([172.0, 553.0, 596.0, 378.0])
ENTRY: Final = 350.0
COURSES: Final = {"S": 0.6, "R": 0.3, "I": 0.1}
P_H1, P_H3 = 0.5, 0.2


def day(year: int, month: int, day_of_month: int) -> float:
    return float((date(year, month, day_of_month) - date(2003, 10, 1)).days)


ONSET: Final = day(2004, 2, 3)  # of clarithromycin: b = b0, s = 1
LAST_TABLET: Final = day(2004, 10, 28)
UNIMPROVED: Final = day(2004, 4, 27)
CONVERTED: Final = day(2004, 10, 5)
WELL: Final = day(2008, 4, 15)
DATED: Final = frozenset({UNIMPROVED, CONVERTED, WELL})
WHEN: Final = ("first", "second", "third", "fourth")  # the times of the counts


@final
@dataclass(frozen=True)
class Hypothesis:
    """One joint hypothesis; ``clears`` is H3."""

    il2: bool
    course: str
    clears: bool

    @property
    def name(self) -> str:
        return f"{'H1' if self.il2 else 'h1'} {self.course} {'H3' if self.clears else 'h3'}"

    @property
    def log_prior(self) -> float:
        h1 = P_H1 if self.il2 else 1 - P_H1
        h3 = P_H3 if self.clears else 1 - P_H3
        return math.log(h1 * COURSES[self.course] * h3)


@final
@dataclass(frozen=True)
class Sample:
    """Weighted draws of one hypothesis; the weights of a batch sum to its evidence estimate."""

    theta: Draws
    log_weight: Array
    origin: npt.NDArray[np.int64]
    batch_log_evidence: Array

    @property
    def log_evidence(self) -> float:
        return float(logsumexp(self.batch_log_evidence) - math.log(len(self.batch_log_evidence)))

    @property
    def standard_error(self) -> float:
        z = np.exp(self.batch_log_evidence - self.log_evidence)
        return float(np.std(z, ddof=1) / math.sqrt(len(z)))

    @property
    def weight(self) -> Array:
        w = np.exp(self.log_weight - self.log_weight.max())
        return np.asarray(w / w.sum())

    @property
    def ess(self) -> float:
        _, place = np.unique(self.origin, return_inverse=True)
        return float(1 / np.sum(np.bincount(place, self.weight) ** 2))


# --- the prior ------------------------------------------------------------------------------------


def normal(rng: np.random.Generator, n: int, at: float, sd: float, lo: float, hi: float) -> Array:
    """A normal distribution truncated to [lo, hi], by its inverse distribution function."""
    p_lo, p_hi = ndtr((lo - at) / sd), ndtr((hi - at) / sd)
    return np.asarray(at + sd * ndtri(p_lo + (p_hi - p_lo) * rng.random(n)))


def lognormal(rng: np.random.Generator, n: int, median: float, sd: float) -> Array:
    return median * np.exp(sd * rng.standard_normal(n))


def draw_course(rng: np.random.Generator, n: int, il2: bool, course: str) -> Draws:
    """Times, noise and the parameters of the latent count."""
    theta: Draws = {
        "first": rng.uniform(day(2003, 10, 1), day(2004, 4, 30), n),
        "start": rng.uniform(day(2004, 5, 1), day(2004, 5, 31), n),
        "maintenance": rng.uniform(day(2004, 7, 1), day(2004, 8, 31), n),
        "second": rng.uniform(day(2004, 10, 1), day(2004, 10, 15), n),
        "stop": rng.uniform(day(2007, 7, 1), day(2007, 7, 31), n),
        "sigma": np.exp(normal(rng, n, math.log(0.16), 0.2, math.log(0.12), math.log(0.25))),
    }
    theta["third"] = theta["stop"] + 6 * MONTH + rng.uniform(-15.0, 15.0, n)
    theta["fourth"] = theta["stop"] + 9 * MONTH + rng.uniform(-15.0, 15.0, n)
    if il2:
        theta["A"] = lognormal(rng, n, 150.0, 1.0)
        theta["t_half"] = lognormal(rng, n, 180.0, 0.7)
        theta["u50"] = lognormal(rng, n, 0.5, 1.0)
    if course != "I":
        theta["T0"] = np.exp(normal(rng, n, math.log(120.0), 0.7, -math.inf, math.log(ENTRY)))
    if course != "S":
        theta["Tn"] = lognormal(rng, n, 500.0, 0.35)
    if course == "R":
        theta["tau"] = rng.exponential(48 * MONTH, n)
        theta["d"] = lognormal(rng, n, 120.0, 0.7)
    if course == "I":
        theta["delta"] = normal(rng, n, 0.8, 0.4, 0.0, math.inf)
        theta["d_I"] = lognormal(rng, n, 60.0, 0.5)
    return theta


def draw_infection(rng: np.random.Generator, n: int, clears: bool) -> Draws:
    theta = {
        "b0": normal(rng, n, 6.0, 1.5, 1.0, math.inf),
        "ds": lognormal(rng, n, 30.0, 0.5),
        "g": -0.0025 + 0.0075 * rng.standard_normal(n),
        "kc": lognormal(rng, n, 0.060, 0.8),
        "resistance": rng.exponential(1 / 0.00145, n),  # days after ONSET
    }
    if clears:
        theta["kT"] = lognormal(rng, n, 0.02, 1.0)
    return theta


# --- the model ------------------------------------------------------------------------------------


def natural(theta: Draws, course: str, t: Array | float) -> Array:
    """N(t), what would be there without IL-2."""
    if course == "S":
        return theta["T0"] + 0.0 * t
    if course == "R":
        done = -np.expm1(-np.maximum(t - theta["tau"], 0) / theta["d"])
        return np.asarray(theta["T0"] + np.maximum(theta["Tn"] - theta["T0"], 0) * done)
    left = np.exp(-np.maximum(t - theta["start"], 0) / theta["d_I"])
    return np.asarray(theta["Tn"] * np.exp(-theta["delta"] * left))


def gained(theta: Draws, t: Array | float) -> Array:
    """X(t), what IL-2 adds: a sum over the steps of the weekly dose."""
    k = math.log(2) / theta["t_half"]
    part = (theta["maintenance"] - theta["start"]) / 6
    edges = [theta["start"] + j * part for j in range(6)] + [theta["maintenance"], theta["stop"]]
    since = [np.exp(-k * np.maximum(t - edge, 0)) for edge in edges]
    first = 4.2 / 11
    levels = [first + j / 6 * (1 - first) for j in range(6)] + [1.0]
    total = 0.0
    for u, before, after in zip(levels, since[:-1], since[1:], strict=True):
        total = total + u * (1 + theta["u50"]) / (u + theta["u50"]) * (after - before)
    return np.asarray(theta["A"] * total)


def latent(theta: Draws, course: str, t: Array | float, il2: bool = True) -> Array:
    """T(t), cells/uL; ``il2=False`` is the same patient without IL-2."""
    n = natural(theta, course, t)
    return n + gained(theta, t) if il2 and "A" in theta else n


def floor_count(theta: Draws, course: str) -> Array:
    """The count that hastened clearance is measured against."""
    return theta["Tn"] * np.exp(-theta["delta"]) if course == "I" else theta["T0"]


def illness(
    theta: Draws, course: str, until: float, il2: bool = True, antibiotic: bool = True
) -> Iterator[tuple[float, Array, Array]]:
    """Step burden b and severity s from ONSET; yield (time, b, s) after every step."""
    b0, growth = theta["b0"], theta["g"] * STEP
    b, s = b0, np.ones_like(b0)
    killed_until = np.minimum(ONSET + theta["resistance"], LAST_TABLET)
    base, decay = floor_count(theta, course), np.exp(-STEP / theta["ds"])
    for i in range(round((until - ONSET) / STEP)):
        t = ONSET + i * STEP
        change = growth
        if antibiotic and t < LAST_TABLET:
            change = change - theta["kc"] * np.clip(killed_until - t, 0, STEP)
        if "kT" in theta:
            excess = np.log(np.maximum(latent(theta, course, t + STEP / 2, il2) / base, 1))
            change = change - theta["kT"] * excess * STEP
        b, before = np.clip(b + change, -5, b0 + 1), b
        target = np.clip((b + before) / 2 / b0, 0, 1)
        s = target + (s - target) * decay
        yield t + STEP, b, s


def log_infection(theta: Draws, course: str) -> tuple[Array, Array]:
    """Log likelihood of symptoms and two negative cultures; and b on the day of the cultures."""
    at = {t: (b, s) for t, b, s in illness(theta, course, WELL) if t in DATED}
    burden = at[CONVERTED][0]
    log_p = (
        log_expit((at[UNIMPROVED][1] - 0.7) / 0.1)
        + 2 * log_expit(-burden / 0.7)
        + log_expit((0.15 - at[CONVERTED][1]) / 0.05)
        + log_expit((0.2 - at[WELL][1]) / 0.05)
    )
    return np.asarray(log_p), burden


def log_counts(theta: Draws, course: str) -> Array:
    """Log density of each ln count, [count, draw]."""
    sd = theta["sigma"]
    pairs = zip(LN_COUNTS, WHEN, strict=True)
    z = [(y - np.log(latent(theta, course, theta[place]))) / sd for y, place in pairs]
    return np.asarray(z) ** 2 * -0.5 - np.log(sd) - 0.5 * math.log(2 * math.pi)


# --- importance sampling --------------------------------------------------------------------------


@final
@dataclass(frozen=True)
class Prior:
    """One batch from the prior of a course: its draws, who enters, the density of each count."""

    theta: Draws
    enters: npt.NDArray[np.bool_]
    log_density: Array
    batch: int


def prior_batch(il2: bool, course: str, batch: int) -> Prior:
    rng = np.random.default_rng([SEED, il2, "SRI".index(course), batch])
    theta = draw_course(rng, DRAWS, il2, course)
    enters = latent(theta, course, theta["first"]) < ENTRY
    return Prior(theta, enters, log_counts(theta, course), batch)


def second_stage(prior: Prior, hypothesis: Hypothesis, counts: int, kept: int) -> Sample:
    """Resample by the first ``counts`` counts (systematically) and weigh by the infection."""
    h = hypothesis
    seed = [SEED, h.il2, "SRI".index(h.course), prior.batch, h.clears, counts]
    rng = np.random.default_rng(seed)
    log_l = np.where(prior.enters, prior.log_density[:counts].sum(axis=0), -np.inf)
    log_mass = float(logsumexp(log_l)) - math.log(np.sum(prior.enters))
    steps = np.cumsum(np.exp(log_l - log_l.max()))
    index = np.searchsorted(steps, (np.arange(kept) + rng.random()) / kept * steps[-1])
    theta = {name: values[index] for name, values in prior.theta.items()}
    theta |= draw_infection(rng, kept, hypothesis.clears)
    log_p, theta["burden"] = log_infection(theta, hypothesis.course)
    log_weight = log_mass + log_p - math.log(kept)
    origin = (index + prior.batch * DRAWS).astype(np.int64)
    return Sample(theta, log_weight, origin, np.array([logsumexp(log_weight)]))


def joined(parts: Sequence[Sample]) -> Sample:
    return Sample(
        {name: np.concatenate([p.theta[name] for p in parts]) for name in parts[0].theta},
        np.concatenate([p.log_weight for p in parts]),
        np.concatenate([p.origin for p in parts]),
        np.concatenate([p.batch_log_evidence for p in parts]),
    )


# --- what is reported -----------------------------------------------------------------------------


def quantiles(x: Array, w: Array, levels: Sequence[float]) -> list[float]:
    order = np.argsort(x)
    cumulated = np.cumsum(w[order])
    middle = (cumulated - w[order] / 2) / cumulated[-1]
    return [float(v) for v in np.interp(levels, middle, x[order])]


def lowest(theta: Draws, course: str) -> Array:
    """Lowest latent count, day by day, in the year from the last count's nominal time."""
    last = theta["stop"] + 9 * MONTH
    low = latent(theta, course, last + YEAR)
    for i in range(366):
        low = np.minimum(low, latent(theta, course, last + i))
    return low


def culture_without(theta: Draws, course: str, il2: bool, antibiotic: bool) -> Array:
    """P(one culture is negative) on the day of the cultures under another treatment."""
    *_, (_, burden, _) = illness(theta, course, CONVERTED, il2, antibiotic)
    return np.asarray(np.exp(log_expit(-burden / 0.7)))


def derived(theta: Draws, course: str, rng: np.random.Generator) -> Draws:
    """Every quantity of interest of each draw."""
    out: Draws = {}
    for place in WHEN:
        noise = theta["sigma"] * rng.standard_normal(len(theta["sigma"]))
        out[f"predicted {place}"] = latent(theta, course, theta[place]) * np.exp(noise)
    rise = latent(theta, course, theta["second"]) - latent(theta, course, theta["first"])
    made = gained(theta, theta["second"]) if "A" in theta else np.zeros_like(rise)
    out["more than half"] = (made > 0.5 * rise).astype(float)
    for years in (1, 2, 5):
        t = theta["stop"] + 9 * MONTH + years * YEAR
        out[f"forecast {years} y"] = latent(theta, course, t)
    out["passage"] = (lowest(theta, course) < 300).astype(float)
    out["latent 2006-07-01"] = latent(theta, course, day(2006, 7, 1))
    out["latent 2007-07-01"] = latent(theta, course, day(2007, 7, 1))
    out["culture factual"] = np.exp(log_expit(-theta["burden"] / 0.7))
    out["culture without il2"] = culture_without(theta, course, False, True)
    out["culture without clarithromycin"] = culture_without(theta, course, True, False)
    out["culture without both"] = culture_without(theta, course, False, False)
    return out


def summary(x: Draws, w: Array) -> dict[str, object]:
    """The numbers asked for, from draws of one hypothesis or of all of them."""

    def below(name: str, limit: float) -> float:
        return float(w @ (x[name] < limit))

    return {
        "p_il2_more_than_half": float(w @ x["more than half"]),
        "forecast": {
            f"{years} y": {
                "median": quantiles(x[f"forecast {years} y"], w, [0.5])[0],
                "p_below_300": below(f"forecast {years} y", 300),
                "p_below_200": below(f"forecast {years} y", 200),
            }
            for years in (1, 2, 5)
        },
        "p_first_passage_below_300_within_1_y": float(w @ x["passage"]),
        "latent_median": {
            when: quantiles(x[f"latent {when}"], w, [0.5])[0]
            for when in ("2006-07-01", "2007-07-01")
        },
        "predictive_5_50_95": {
            str(round(math.exp(y))): quantiles(x[f"predicted {place}"], w, [0.05, 0.5, 0.95])
            for y, place in zip(LN_COUNTS, WHEN, strict=True)
        },
        "p_culture_negative_2004-10-05": {
            name.removeprefix("culture "): float(w @ values)
            for name, values in x.items()
            if name.startswith("culture")
        },
    }


def rounded(value: object) -> object:
    """Six significant digits, all the way down."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, Mapping):
        return {key: rounded(item) for key, item in value.items()}
    return [rounded(item) for item in value] if isinstance(value, list) else value


def sampled() -> dict[int, dict[Hypothesis, Sample]]:
    """Draws of all hypotheses, given four counts and given the first three."""
    kept = {4: KEPT, 3: KEPT_WITHOUT_LAST}
    found: dict[int, dict[Hypothesis, Sample]] = {4: {}, 3: {}}
    for il2, course in ((i, c) for i in (False, True) for c in COURSES):
        parts: dict[tuple[int, Hypothesis], list[Sample]] = {}
        for batch in range(BATCHES):
            prior = prior_batch(il2, course, batch)
            for clears in (False, True):
                h = Hypothesis(il2, course, clears)
                for counts, size in kept.items():
                    parts.setdefault((counts, h), []).append(second_stage(prior, h, counts, size))
        for (counts, h), some in parts.items():
            found[counts][h] = joined(some)
    return found


def log_marginal(samples: Mapping[Hypothesis, Sample]) -> float:
    return float(logsumexp([h.log_prior + s.log_evidence for h, s in samples.items()]))


def shares(samples: Mapping[Hypothesis, Sample]) -> dict[Hypothesis, float]:
    total = log_marginal(samples)
    return {h: math.exp(h.log_prior + s.log_evidence - total) for h, s in samples.items()}


def pooled(of: Mapping[Hypothesis, Array], share: Mapping[Hypothesis, float] | None) -> Array:
    """Concatenate over hypotheses, scaled by their weights if these are given."""
    return np.concatenate([(share[h] if share else 1.0) * values for h, values in of.items()])


def averaged(
    values: Mapping[Hypothesis, Draws], samples: Mapping[Hypothesis, Sample]
) -> tuple[Draws, Array]:
    names = next(iter(values.values()))
    x = {name: pooled({h: v[name] for h, v in values.items()}, None) for name in names}
    return x, pooled({h: s.weight for h, s in samples.items()}, shares(samples))


def left_out(
    full: Mapping[Hypothesis, Sample], without: Mapping[Hypothesis, Sample]
) -> dict[str, object]:
    """The fourth count predicted from everything else; log score as a density of ln y."""
    rng = np.random.default_rng([SEED, 3])
    values: dict[Hypothesis, Draws] = {}
    by: dict[str, object] = {}
    share = shares(without)
    for h, s in without.items():
        noise = s.theta["sigma"] * rng.standard_normal(len(s.origin))
        y = latent(s.theta, h.course, s.theta["fourth"]) * np.exp(noise)
        values[h] = {"y": y}
        by[h.name] = {
            "weight": share[h],
            "ess": s.ess,
            "predictive_5_50_95": quantiles(y, s.weight, [0.05, 0.5, 0.95]),
            "log_score": full[h].log_evidence - s.log_evidence,
        }
    x, w = averaged(values, without)
    average = {
        "predictive_5_50_95": quantiles(x["y"], w, [0.05, 0.5, 0.95]),
        "log_score": log_marginal(full) - log_marginal(without),
    }
    return {"averaged": average, "by_hypothesis": by}


def main(target: Path) -> None:
    samples = sampled()
    full, rng = samples[4], np.random.default_rng([SEED, 4])
    share, rows = shares(full), []
    values: dict[Hypothesis, Draws] = {}
    for h, s in full.items():
        values[h] = derived(s.theta, h.course, rng)
        medians = {k: quantiles(v, s.weight, [0.5])[0] for k, v in s.theta.items() if k != "burden"}
        rows.append(
            {
                "name": h.name,
                "prior": math.exp(h.log_prior),
                "log_evidence": s.log_evidence,
                "log_evidence_se": s.standard_error,
                "weight": share[h],
                "ess": s.ess,
                "medians": medians,
                **summary(values[h], s.weight),
            }
        )
    x, w = averaged(values, full)
    result = {
        "program": "course_oracle.py: importance sampling from the prior, NumPy and SciPy only",
        "seed": SEED,
        "draws_from_prior_per_course": BATCHES * DRAWS,
        "draws_weighed_by_infection_per_hypothesis": BATCHES * KEPT,
        "step_d": STEP,
        "times": "days since 2003-10-01; resistance: days since 2004-02-03",
        "averaged": summary(x, w),
        "leave_last_out": left_out(full, samples[3]),
        "hypotheses": rows,
    }
    target.write_text(json.dumps(rounded(result), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
