"""Prior and likelihood of the course model for one individual, over lanes of draws.

A draw is a column z of standard normals, one row for each latent: the rows of the prior table,
the anchors (uniform on their intervals) and, if asked for, the slow drift at each count. Latents
of the counts and of the infection are kept apart, because the counts do not depend on the latter.

The private date error of a count is integrated with eight Gauss points. Every explanation is
conditioned on the entry rule: the latent count at the entry date lay below a limit.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import log
from typing import Any, final

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
    log_normal_reported,
    score_log_probability,
    susceptibility_log_probability,
    symptom_log_probability,
)
from lymphocast.inference.parameters import Latent, latent_of
from lymphocast.models.component import Scalar, Values
from lymphocast.models.prior_table import (
    Family,
    Numbers,
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
class CourseDensity:
    """The course model of one individual as densities over lanes.

    Parameters
    ----------
    individual
        Doses, counts, facts of the infection and anchors.
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
        return (*map(latent_of, rows), *anchors, *drift)

    @cached_property
    def infection_latents(self) -> tuple[Latent, ...]:
        """Latents on which only the facts of the infection depend."""
        rows = [r for r in self.table.rows if r.parameter in INFECTION_PARAMETERS]
        return tuple(latent_of(r) for r in rows)

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

    def with_counts(self, given: Numbers, log_counts: Sequence[Scalar]) -> dict[str, Any]:
        """Return the numbers with other counts, as they would be reported, for the recorded ones.

        A count that was reported as below a limit would be so again, or as a number above it.
        """
        other = {}
        for count, value in zip(self.individual.counts, log_counts, strict=True):
            seen = given[f"count.{count.id}"]
            reported = jnp.maximum(value, seen["lloq"]) if count.lloq else value
            other[f"count.{count.id}"] = {**seen, "location": reported}
        return {**given, **other}

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
        return self.count_terms(self.log_latent(theta, given), theta["count_sd"], given)

    def log_latent(self, theta: Values, given: Numbers) -> Scalar:
        """Return ln of the latent count, with its drift, at all date nodes, ``[node, lane]``."""
        days = self._count_days(theta, given)
        log_latent = jnp.log(latent_count(self.individual.plan, theta, days))
        if not self.drift:
            return log_latent
        nodes = [len(date_nodes(count)[0]) for count in self.individual.counts]
        drift = zip(self._drift(theta), nodes, strict=True)
        return log_latent + jnp.stack([d for d, number in drift for _ in range(number)])

    def count_terms(self, log_latent: Scalar, sd: Scalar, given: Numbers) -> Scalar:
        """Return the log density of each ln(count) given the latent count, ``[count, lane]``.

        Of a count reported as below a limit it is the log probability of that.

        Parameters
        ----------
        log_latent
            What :meth:`log_latent` returns.
        sd
            SD of ln(count), ``[lane]``.
        given
            Values, errors and limits of the counts, by ``count.`` and their names.
        """
        terms, begin = [], 0
        for count in self.individual.counts:
            seen, (_, weights) = given[f"count.{count.id}"], date_nodes(count)
            end = begin + len(weights)
            own = jnp.sqrt(sd**2 + seen["scale"] ** 2)
            latent = log_latent[begin:end]
            if count.lloq:
                each = log_normal_reported(seen["location"], seen["lloq"], latent, own)
            else:
                each = log_normal_density(seen["location"], latent, own)
            terms.append(logsumexp(each, axis=0, b=weights[:, None]))
            begin = end
        return jnp.stack(terms)

    def infection_terms(
        self, burden: Scalar, severity: Scalar, resistance_day: Scalar, told: Sequence[Scalar]
    ) -> Scalar:
        """Return the log probability of each fact of the infection, ``[fact, lane]``.

        Parameters
        ----------
        burden, severity
            ``[day, lane]`` on the individual's infection days.
        resistance_day
            Study day on which resistance arises under the antibiotic, ``[lane]``.
        told
            For each culture, then each symptom, then each isolate: 1 where it is as recorded, -1
            where the opposite was found. Several cultures that stand as one have no opposite.
        """
        slope = self.table.constant("culture_slope")
        days, signs = self.individual.infection_days, iter(told)
        terms = []
        for culture in self.individual.cultures:
            b, sign = burden[days.index(culture.day)], next(signs)
            if culture.score is None:
                result, number = culture.result, culture.number
                terms.append(culture_log_probability(sign * b, result, number, slope))
            else:
                terms.append(score_log_probability(b, culture.score, self.table, sign))
        for symptom in self.individual.symptoms:
            s = severity[days.index(symptom.day)]
            terms.append(symptom_log_probability(s, symptom.grade, self.table, next(signs)))
        for isolate in self.individual.susceptibilities:
            found = next(signs) * (1.0 if isolate.resistant else -1.0)
            resistant, error = resistance_day <= isolate.exposed, self.table.constant("mic_error")
            terms.append(susceptibility_log_probability(resistant, found, error))
        return jnp.stack(terms)

    def _count_days(self, theta: Values, given: Numbers) -> Scalar:
        """Study days of all date nodes, count after count, ``[node, lane]``."""
        rows = []
        for count in self.individual.counts:
            seen = given[f"count.{count.id}"]
            nodes, _ = date_nodes(count)
            base = instant(count.at, theta) - count.at.offset + 0.0 * theta["count_sd"]
            rows += [base + seen["low"] + (seen["high"] - seen["low"]) * x for x in nodes]
        return jnp.stack(rows)

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
    """Return what is measured of one count: ln(value), its own error and days from its anchor.

    With ``lloq``, ln of the limit, if it was reported as below one.
    """
    exact = count.at.exact
    return {
        "location": log(count.value),
        "scale": count.own_error,
        "low": count.at.offset if exact else count.at.early,
        "high": count.at.offset if exact else count.at.late,
        **({"lloq": log(count.lloq)} if count.lloq else {}),
    }


def blank(individual: Individual) -> Individual:
    """Return the individual without what is measured of its counts: what a compiled shape is."""
    return replace(
        individual,
        id="",
        counts=tuple(
            CountObservation(
                c.id,
                Moment(c.at.anchor, 0.0, 0.0, 0.0 if c.at.exact else 1.0),
                value=1.0,
                lloq=1.0 if c.lloq else 0.0,
            )
            for c in individual.counts
        ),
    )
