"""The forecast as a tidy table: one value per row."""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Final

from lymphocast.forecast.foresight import Outlook
from lymphocast.forecast.outcome_results import Unasked
from lymphocast.forecast.results import (
    AVERAGED,
    ForecastPoint,
    Results,
    Verdict,
)
from lymphocast.forecast.valued import AtCost, NextCount
from lymphocast.report.outcome_tables import outcome_rows
from lymphocast.report.values import value_text
from lymphocast.report.wording import NOT_ASKED
from lymphocast.units import DAYS_PER_MONTH, DAYS_PER_YEAR

COLUMNS: Final = ("hypothesis", "origin", "years", "quantity", "threshold", "value")
Row = tuple[str, ...]


def forecast_csv(results: Outlook) -> str:
    """Return the forecast as CSV text, averaged and under each hypothesis.

    ``quantity`` is ``weight`` (posterior weight of the hypothesis), ``latent_p05``,
    ``latent_p50``, ``latent_p95`` (untreated latent count, cells/uL), ``point_in_time_p_below``
    (probability of a latent count below ``threshold`` at that time) or
    ``first_passage_p_below`` (at some time since the origin). What one more count would tell has
    ``next_count_`` and ``bits_`` or ``p_decided_`` and a question's letter, by years after the last
    count (of days that the source shows, by the days in place of the origin), ``unknown_`` now, and
    ``best_cost_from`` and ``best_cost_to``, in bits a month. For a stated cost of delay there are
    ``stated_cost``, and ``stated_bits`` and ``stated_worth`` of the best date, without years where
    no count is worth its delay.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_rows(results))
    return text.getvalue()


def _rows(results: Outlook) -> Iterator[Row]:
    for point in results.forecast.averaged:
        yield from _point(AVERAGED, point)
    for row in results.hypotheses:
        yield (row.name, "", "", "weight", "", value_text(row.weight))
        for point in results.forecast.by_hypothesis[row.name]:
            yield from _point(row.name, point)
    for origin, after, quantity, value in _next_count(results.next_count):
        yield (AVERAGED, origin, after, f"next_count_{quantity}", "", value)


def _next_count(found: NextCount) -> Iterator[Row]:
    """Yield origin, years after it, quantity and value of what one more count would tell."""
    for value in (*found.by_date, *found.figure):
        shown = " ".join(str(day) for day in value.days)
        where = ("last-count", _years(value.months)) if value.months else (shown, "")
        for name in ("bits", "p_decided"):
            for letter, x in getattr(value, name).items():
                yield (*where, f"{name}_{letter}", value_text(x))
    for letter, x in found.unknown.items():
        yield ("", "", f"unknown_{letter}", value_text(x))
    for best in found.best:
        for name in ("cost_from", "cost_to"):
            where = ("last-count", _years(best.months))
            yield (*where, f"best_{name}", value_text(getattr(best, name)))
    if found.stated is not None:
        yield from _at_cost(found.stated)


def _at_cost(found: AtCost) -> Iterator[Row]:
    where = ("", "") if found.months is None else ("last-count", _years(found.months))
    for name in ("cost", "bits", "worth"):
        yield (*where, f"stated_{name}", value_text(getattr(found, name)))


def _years(months: float) -> str:
    return f"{months * DAYS_PER_MONTH / DAYS_PER_YEAR:g}"


def _point(hypothesis: str, point: ForecastPoint) -> Iterator[Row]:
    where = (hypothesis, point.origin, f"{point.years:g}")
    for name in ("p05", "p50", "p95"):
        yield (*where, f"latent_{name}", "", value_text(getattr(point.count, name)))
    for quantity, values in (
        ("point_in_time_p_below", point.p_below),
        ("first_passage_p_below", point.p_below_by_then),
    ):
        for threshold, p in sorted(values.items()):
            yield (*where, quantity, str(threshold), value_text(p))


EXPLANATION_COLUMNS: Final = ("table", "row", "quantity", "value")


def explanation_csv(results: Results) -> str:
    """Return hypotheses, attribution, outcomes, sensitivity, verdicts and the next count."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(EXPLANATION_COLUMNS)
    for h in results.hypotheses:
        for name in ("prior", "log_evidence", "log_evidence_se", "weight"):
            writer.writerow(("hypotheses", h.name, name, value_text(getattr(h, name))))
    for name, row in (
        (AVERAGED, results.attribution.averaged),
        *results.attribution.by_hypothesis.items(),
    ):
        p = value_text(row.p_il2_more_than_half)
        writer.writerow(("attribution", name, "p_il2_more_than_half", p))
    writer.writerows(outcome_rows(results.outcomes))
    for s in results.sensitivity:
        for letter, probability in (*s.probabilities.items(), *s.statements.items()):
            writer.writerow(("sensitivity", s.name, letter, value_text(probability)))
        writer.writerow(("sensitivity", s.name, "ess", value_text(s.ess)))
    found = results.outcomes
    writer.writerows(_answers("verdicts", results.verdicts, results.unasked))
    writer.writerows(_answers("statements", found.statements, found.unasked))
    for origin, after, quantity, value in _next_count(results.next_count):
        writer.writerow(("next_count", f"{origin}+{after}y" if after else origin, quantity, value))
    return text.getvalue()


def _answers(table: str, verdicts: Sequence[Verdict], unasked: Sequence[Unasked]) -> Iterator[Row]:
    for v in verdicts:
        yield table, v.id, "answer", v.answer.value
        for name in ("probability", "lowest", "highest"):
            yield table, v.id, name, value_text(getattr(v, name))
    for u in unasked:
        yield table, u.id, "answer", NOT_ASKED
