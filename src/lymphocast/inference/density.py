"""Prior and likelihood of the course model for one individual, over lanes of draws.

A draw is a column z of standard normals, one row for each latent: the rows of the prior table,
the anchors (uniform on their intervals) and, if asked for, the slow drift at each count. Latents
of the counts and of the infection are kept apart, because the counts do not depend on the latter.

The private date error of a count is integrated with eight Gauss points. Every explanation is
conditioned on the entry rule: the latent count at the entry date lay below a limit.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from math import log
from typing import final

import jax.numpy as jnp
import numpy as np
from jax.scipy.special import logsumexp

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.dataset.individual import CountObservation, Individual, Moment
from lymphocast.engine.course import latent_count, with_study_days
from lymphocast.engine.steps import instant
from lymphocast.engine.walls import gauss
from lymphocast.inference.error_model import (
    culture_log_probability,
    log_normal_density,
    symptom_log_probability,
)
from lymphocast.models.component import Scalar, Values
from lymphocast.models.prior_table import (
    Family,
    Numbers,
    Prior,
    PriorTable,
    numbers,
    transform,
)

DATE_NODES = 8
INFECTION_PARAMETERS = frozenset(
    {"initial_burden", "severity_delay", "growth", "kill", "resistance_time", "immune_clearance"}
)


@final
@dataclass(frozen=True)
class Latent:
    """One latent: its name and how it is made from a standard normal."""

    name: str
    family: Family
    truncated: bool


@final
@dataclass(frozen=True)
class CourseDensity:
    """The course model of one individual as densities over lanes.

    Parameters
    ----------
    individual
        Doses, counts, cultures, symptoms and anchors.
    table
        Priors and constants.
    drift
        Whether ln(count) drifts slowly (Ornstein-Uhlenbeck) around the course.
    """

    individual: Individual
    table: PriorTable
    drift: bool = False

    @cached_property
    def count_latents(self) -> tuple[Latent, ...]:
        """Latents on which the counts depend, in the order of the rows of z."""
        rows = [r for r in self.table.rows if r.parameter not in INFECTION_PARAMETERS]
        anchors = [Latent(f"when.{a.name}", Family.UNIFORM, True) for a in self.individual.anchors]
        drift = []
        if self.drift:
            drift = [Latent(f"drift.{c.id}", Family.NORMAL, False) for c in self.individual.counts]
        return (*map(_latent, rows), *anchors, *drift)

    @cached_property
    def infection_latents(self) -> tuple[Latent, ...]:
        """Latents on which only cultures and symptoms depend."""
        rows = [r for r in self.table.rows if r.parameter in INFECTION_PARAMETERS]
        return tuple(_latent(r) for r in rows)

    def numbers(self) -> dict[str, dict[str, float]]:
        """Return the numbers behind every latent; they may change without compiling again."""
        result = numbers(self.table.rows)
        for anchor in self.individual.anchors:
            result[f"when.{anchor.name}"] = {
                "location": 0.0,
                "scale": 1.0,
                "low": anchor.early,
                "high": anchor.late,
            }
        for count in self.individual.counts:
            result[f"drift.{count.id}"] = {"location": 0.0, "scale": 1.0, "low": 0.0, "high": 0.0}
            result[f"count.{count.id}"] = observed(count)
        return result

    def count_values(self, z: Scalar, given: Numbers, switches: Values) -> dict[str, Scalar]:
        """Return parameter values from the rows of ``z`` (``[count latent, lane]``)."""
        values = _values(self.count_latents, z, given)
        for anchor in self.individual.anchors:
            if anchor.relative_to is not None:
                values[f"when.{anchor.name}"] += values[f"when.{anchor.relative_to}"]
        return {**values, **switches}

    def infection_values(self, z: Scalar, given: Numbers) -> dict[str, Scalar]:
        """Return infection parameters from the rows of ``z`` (``[infection latent, lane]``)."""
        values = _values(self.infection_latents, z, given)
        zero = 0.0 * values["initial_burden"]
        for name in ("burden_floor", "burden_headroom"):
            values[name] = zero + self.table.constant(name)
        return values

    def theta(self, values: Values) -> dict[str, Scalar]:
        """Return ``values`` with study days; infection parameters may be absent."""
        return with_study_days(self.individual.plan, {"resistance_time": 0.0, **values})

    def entered(self, theta: Values) -> Scalar:
        """Whether the entry rule holds, ``[lane]``."""
        entry = self.individual.entry
        t = instant(entry.moment, theta)
        return latent_count(self.individual.plan, theta, t) < entry.below

    def count_log_likelihood(self, theta: Values, given: Numbers | None = None) -> Scalar:
        """Return the log density of each ln(count), ``[count, lane]``.

        Values, reading errors and days of the counts are read from ``given``, so that other counts
        compile nothing; the individual's own if ``None``.
        """
        given = self.numbers() if given is None else given
        if not self.individual.counts:
            return jnp.zeros((0, *jnp.shape(theta["count_sd"])))
        days, spans = self._count_days(theta, given)
        log_latent = jnp.log(latent_count(self.individual.plan, theta, days))
        drift = self._drift(theta)
        terms = []
        for i, (count, span) in enumerate(zip(self.individual.counts, spans, strict=True)):
            seen = given[f"count.{count.id}"]
            sd = jnp.sqrt(theta["count_sd"] ** 2 + seen["scale"] ** 2)
            expected = log_latent[span] + (drift[i] if self.drift else 0.0)
            each = log_normal_density(seen["location"], expected, sd)
            _, weights = date_nodes(count)
            terms.append(logsumexp(each, axis=0, b=weights[:, None]))
        return jnp.stack(terms)

    def infection_log_likelihood(self, burden: Scalar, severity: Scalar) -> Scalar:
        """Return the log probability of all cultures and symptom grades, ``[lane]``.

        ``burden`` and ``severity`` are ``[day, lane]`` on the individual's infection days.
        """
        slope = self.table.constant("culture_slope")
        total = 0.0 * burden[0]
        for culture in self.individual.cultures:
            b = burden[self.individual.infection_days.index(culture.day)]
            total += culture_log_probability(b, culture.result, culture.number, slope)
        for symptom in self.individual.symptoms:
            s = severity[self.individual.infection_days.index(symptom.day)]
            total += symptom_log_probability(s, symptom.grade, self.table)
        return total

    def _count_days(self, theta: Values, given: Numbers) -> tuple[Scalar, list[slice]]:
        """Study days of all date nodes ``[node, lane]`` and each count's slice of them."""
        rows, spans, begin = [], [], 0
        for count in self.individual.counts:
            seen = given[f"count.{count.id}"]
            nodes, _ = date_nodes(count)
            base = instant(count.at, theta) - count.at.offset + 0.0 * theta["count_sd"]
            rows += [base + seen["low"] + (seen["high"] - seen["low"]) * x for x in nodes]
            spans.append(slice(begin, begin + len(nodes)))
            begin += len(nodes)
        return jnp.stack(rows), spans

    def _drift(self, theta: Values) -> list[Scalar]:
        """Drift of ln(count) at each count's nominal day, from its standard normals."""
        if not self.drift:
            return []
        days = np.array([self.individual.nominal(c.at) for c in self.individual.counts])
        sd, time = self.table.constant("drift_sd"), self.table.constant("drift_time")
        gaps = np.abs(days[:, None] - days[None, :])
        root = np.linalg.cholesky(sd**2 * np.exp(-gaps / time))
        whites = [theta[f"drift.{c.id}"] for c in self.individual.counts]
        return [sum(root[i, j] * whites[j] for j in range(i + 1)) for i in range(len(whites))]


def _latent(row: Prior) -> Latent:
    finite = np.isfinite([row.lower, row.upper])
    return Latent(row.parameter, row.family, bool(finite.any()))


def _values(latents: tuple[Latent, ...], z: Scalar, given: Numbers) -> dict[str, Scalar]:
    return {
        latent.name: transform(latent.family, latent.truncated, z[i], given[latent.name])
        for i, latent in enumerate(latents)
    }


def date_rule(count: CountObservation) -> tuple[np.ndarray, np.ndarray]:
    """Distances from the anchor at which a count's date is tried, and their weights."""
    if count.at.exact:
        return np.array([count.at.offset]), np.ones(1)
    x, w = date_nodes(count)
    return count.at.early + (count.at.late - count.at.early) * x, w


def date_nodes(count: CountObservation) -> tuple[np.ndarray, np.ndarray]:
    """Places within the interval [0, 1] of a count's date, and their weights."""
    if count.at.exact:
        return np.zeros(1), np.ones(1)
    return gauss(DATE_NODES)


def observed(count: CountObservation) -> dict[str, float]:
    """Return what is measured of one count: ln(value), reading error and days from its anchor."""
    exact = count.at.exact
    return {
        "location": log(count.value),
        "scale": count.reading_error,
        "low": count.at.offset if exact else count.at.early,
        "high": count.at.offset if exact else count.at.late,
    }


def blank(individual: Individual) -> Individual:
    """Return the individual without what is measured of its counts: what a compiled shape is."""
    return replace(
        individual,
        id="",
        counts=tuple(
            CountObservation(
                c.id, Moment(c.at.anchor, 0.0, 0.0, 0.0 if c.at.exact else 1.0), value=1.0
            )
            for c in individual.counts
        ),
    )
