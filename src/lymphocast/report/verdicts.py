"""Verdicts over a sensitivity table, in the words that questions, regimens and plans share."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Protocol, TypeVar

from lymphocast.forecast.results import Verdict
from lymphocast.forecast.sensitivity import NO_BELOW, YES_ABOVE

RULE: Final = (
    f"decided if the probability stays above {YES_ABOVE:g} or below {NO_BELOW:g} over the table"
)
NO_VERDICTS: Final = (
    "No verdicts: how {what} when an assumption changes (effect, recovery, measurement error, "
    "weights, drift, timelines) is found with --sensitivity."
)


class Changed(Protocol):
    """A row of a sensitivity table."""

    @property
    def label(self) -> str:
        """What is changed."""
        ...

    @property
    def probabilities(self) -> Mapping[str, float]:
        """Of each verdict's statement, by its name."""
        ...


Line = TypeVar("Line", bound=Changed)


def verdict_lines(verdicts: Sequence[Verdict], indent: str = "") -> Iterator[str]:
    """Return each answer with its range and its question, for a terminal."""
    yield f"{indent}Verdicts ({RULE})"
    width = max((len(v.id) for v in verdicts), default=0)
    for v in verdicts:
        spread = f"{v.probability:.2f} (table {v.lowest:.2f} to {v.highest:.2f})"
        yield f"{indent}  {v.id:<{width}}  {v.answer.value:<9}  {spread}  {v.question}"


def ends(verdict: Verdict, rows: Sequence[Line]) -> tuple[Line, Line]:
    """Return the rows with the lowest and the highest probability of a verdict's statement."""
    probabilities = [row.probabilities[verdict.id] for row in rows]
    low, high = min(probabilities), max(probabilities)
    return rows[probabilities.index(low)], rows[probabilities.index(high)]
