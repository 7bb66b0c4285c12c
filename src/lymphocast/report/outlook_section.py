"""What comes next without treatment: forecasts and registered predictions."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from lymphocast.forecast.results import ForecastPoint, Prediction, Results
from lymphocast.report.blocks import (
    Block,
    Column,
    Mark,
    Paragraph,
    Row,
    Section,
    Subheading,
    Table,
)
from lymphocast.report.claims import forecast_sentence, spread_sentence
from lymphocast.report.wording import (
    ORIGIN_WORDS,
    count_interval,
    day,
    listed,
    short_probability,
    weight,
    words,
    years,
)

LAST_COUNT: Final = "last-count"


def outlook_section(results: Results, asked: tuple[str, ...] = ()) -> Section:
    """Return the forecast after the last count and after the stop, and registered predictions.

    ``asked`` are the titles of sections on what was asked for besides, under treatment.
    """
    origins = tuple(dict.fromkeys(p.origin for p in results.forecast.averaged))
    return Section(
        "outlook",
        "What comes next",
        (
            Paragraph(
                f"{_assumed(asked)} Counts are latent, before measurement error. "
                "“At that time” is point in time; “by then” is first passage: below the threshold "
                "at some time since the origin. 300 cells/µL is the limit in the definition of "
                "idiopathic CD4 lymphopenia; below 200 cells/µL prophylaxis against opportunistic "
                "infection is given in HIV infection."
            ),
            *_first(results),
            *(table for origin in origins for table in forecast_tables(results, origin)),
            *_registered(results),
        ),
    )


def _assumed(asked: tuple[str, ...]) -> str:
    """What the forecasts assume, and of which forecasts it is said."""
    if not asked:
        return "Every forecast assumes no treatment."
    named = words(tuple(f"“{title}”" for title in asked))
    return (
        "Every forecast of this section, and of the summary, assumes no treatment. Forecasts under "
        f"treatment stand under {named}."
    )


def _first(results: Results) -> tuple[Paragraph, ...]:
    points = [p for p in results.forecast.averaged if p.origin == LAST_COUNT]
    if not points:
        return ()
    first = min(points, key=lambda point: point.years)
    return (Paragraph(f"{forecast_sentence(first)} {spread_sentence(results, first)}"),)


def forecast_tables(results: Results, origin: str) -> tuple[Table, Table]:
    """Return counts and probabilities at every horizon from one origin."""
    averaged = tuple(p for p in results.forecast.averaged if p.origin == origin)
    limits = tuple(sorted({n for p in averaged for n in p.p_below}, reverse=True))
    after = f"after {listed(ORIGIN_WORDS, origin)}"
    opening = (Column("Hypothesis", 3.6), Column("Posterior weight", 1.1, numeric=True))
    counts = Table(
        f"Untreated latent count {after}",
        (*opening, *(Column(years(p.years), 2, numeric=True) for p in averaged)),
        _rows(results, origin, _counts),
        "Cells/µL, median (90 % interval).",
    )
    below = Table(
        f"Probability of a latent count below a threshold {after}, untreated",
        (
            *opening,
            *(Column(f"Below {n}, {years(p.years)}", 1.4, numeric=True)
              for n in limits for p in averaged),
        ),
        _rows(results, origin, _below),
        "At that time / at some time by then, where the two differ.",
    )  # fmt: skip
    return counts, below


Cells = Callable[[Sequence[ForecastPoint]], tuple[str, ...]]


def _rows(results: Results, origin: str, cells: Cells) -> tuple[Row, ...]:
    def of(points: Sequence[ForecastPoint]) -> tuple[str, ...]:
        return cells([p for p in points if p.origin == origin])

    found = results.forecast
    return (
        Row(("Averaged", "1", *of(found.averaged)), Mark.AVERAGED),
        *(
            Row((h.label, weight(h.weight), *of(found.by_hypothesis[h.name])))
            for h in results.hypotheses
        ),
    )


def _counts(points: Sequence[ForecastPoint]) -> tuple[str, ...]:
    return tuple(count_interval(point.count) for point in points)


def _below(points: Sequence[ForecastPoint]) -> tuple[str, ...]:
    limits = sorted({n for point in points for n in point.p_below}, reverse=True)
    return tuple(
        _pair(point.p_below[n], point.p_below_by_then[n]) for n in limits for point in points
    )


def _pair(then: float, by_then: float) -> str:
    first, second = short_probability(then), short_probability(by_then)
    return first if first == second else f"{first} / {second}"


def _registered(results: Results) -> Iterator[Block]:
    if not results.registered.averaged:
        return
    yield Subheading("Registered predictions")
    yield Paragraph(
        "The source shows that counts exist which this record does not hold. These predictions "
        "were made without them, are kept with the result, and can be scored once the counts are "
        "entered."
    )
    found = results.registered
    yield Table(
        "Counts expected to be measured on days without a recorded count",
        (
            Column("Hypothesis", 3.6),
            Column("Posterior weight", 1.1, numeric=True),
            *(Column(day(p.day), 2, numeric=True) for p in found.averaged),
        ),
        (
            Row(("Averaged", "1", *_predicted(found.averaged)), Mark.AVERAGED),
            *(
                Row((h.label, weight(h.weight), *_predicted(found.by_hypothesis[h.name])))
                for h in results.hypotheses
            ),
        ),
        "Cells/µL, median (90 % interval), measurement error included; the latent counts stand in "
        "summary.json.",
    )


def _predicted(predictions: Sequence[Prediction]) -> tuple[str, ...]:
    return tuple(count_interval(prediction.measured) for prediction in predictions)
