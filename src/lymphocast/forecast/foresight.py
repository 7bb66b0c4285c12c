"""What comes next, computed alone, and what its table and its figure need of any results."""

from dataclasses import dataclass
from typing import Protocol, final

from lymphocast.forecast.results import (
    ByHypothesis,
    Curve,
    ForecastPoint,
    HypothesisRow,
    Prediction,
)
from lymphocast.forecast.valued import NextCount


class Outlook(Protocol):
    """The part of the results that looks ahead: what a forecast table needs."""

    @property
    def hypotheses(self) -> tuple[HypothesisRow, ...]:
        """The joint hypotheses with their weights."""
        ...

    @property
    def forecast(self) -> ByHypothesis[tuple[ForecastPoint, ...]]:
        """The untreated count at each horizon."""
        ...

    @property
    def registered(self) -> ByHypothesis[tuple[Prediction, ...]]:
        """Counts expected on days that the source shows and the record lacks."""
        ...

    @property
    def next_count(self) -> NextCount:
        """What one more count would tell, by its date."""
        ...


class Drawn(Protocol):
    """The part of the results that the treatment figure needs."""

    @property
    def curves(self) -> tuple[Curve, ...]:
        """Quantiles of the latent count over time."""
        ...


@final
@dataclass(frozen=True)
class Foresight:
    """What comes next, computed alone: an :class:`Outlook` that can be :class:`Drawn`."""

    hypotheses: tuple[HypothesisRow, ...]
    forecast: ByHypothesis[tuple[ForecastPoint, ...]]
    registered: ByHypothesis[tuple[Prediction, ...]]
    curves: tuple[Curve, ...]
    next_count: NextCount
