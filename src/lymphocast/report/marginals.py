"""Joint hypotheses grouped by what they say, by the law of total probability.

The hypothesis that IL-2 hastens clearance does not touch the counts, so answers about the counts
are easier to check on the six pairs of IL-2 effect and natural course. A probability under such a
pair is the mean over its members with their posterior weights; this is exact.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import final

from lymphocast.forecast.results import HypothesisRow, Results
from lymphocast.report.wording import COURSE_WORDS

Select = Callable[[HypothesisRow], bool]


@final
@dataclass(frozen=True)
class Explanation:
    """A pair of IL-2 effect and natural course, summed over the clearance hypotheses."""

    name: str
    label: str
    il2: bool
    prior: float
    weight: float
    members: tuple[HypothesisRow, ...]

    def mean(self, values: Mapping[str, float]) -> float | None:
        """Return the mean of a probability over the members, or ``None`` without weight."""
        return mean_over(self.members, values)


def explanations(results: Results) -> tuple[Explanation, ...]:
    """Return the explanations of the counts, in the order of the hypotheses."""
    groups: dict[tuple[bool, str], list[HypothesisRow]] = {}
    for row in results.hypotheses:
        groups.setdefault((row.il2, row.course), []).append(row)
    return tuple(
        Explanation(
            name=f"{'il2' if il2 else 'no-il2'}+{course}",
            label=explanation_label(il2, course),
            il2=il2,
            prior=sum(row.prior for row in rows),
            weight=sum(row.weight for row in rows),
            members=tuple(rows),
        )
        for (il2, course), rows in groups.items()
    )


def explanation_label(il2: bool, course: str) -> str:
    """Return an explanation of the counts in words."""
    drug = "IL-2 adds cells" if il2 else "IL-2 adds none"
    return f"{drug}; {COURSE_WORDS.get(course, course)}"


def mean_over(rows: Iterable[HypothesisRow], values: Mapping[str, float]) -> float | None:
    """Return the mean of a probability over hypotheses by weight, ``None`` if it is unknown."""
    known = [row for row in rows if row.weight > 0.0]
    total = sum(row.weight for row in known)
    if total == 0.0 or any(row.name not in values for row in known):
        return None
    return sum(row.weight * values[row.name] for row in known) / total


def bayes_factor(prior: float, posterior: float) -> float | None:
    """Return by how much the odds were multiplied, ``None`` if a probability is 0 or 1."""
    if not (0.0 < prior < 1.0 and 0.0 < posterior < 1.0):
        return None
    return posterior / (1.0 - posterior) * (1.0 - prior) / prior


def is_asked(results: Results, letter: str) -> bool:
    """Return whether the record has a fact that speaks to a question of the summary."""
    return all(question.id != letter for question in results.unasked)


def prior_and_weight(results: Results, select: Select) -> tuple[float, float]:
    """Return the summed prior and posterior weight of the selected hypotheses."""
    rows = tuple(row for row in results.hypotheses if select(row))
    return sum(row.prior for row in rows), sum(row.weight for row in rows)
