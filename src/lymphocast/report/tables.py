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
from lymphocast.report.outcome_tables import outcome_rows
from lymphocast.report.wording import NOT_ASKED

COLUMNS: Final = ("hypothesis", "origin", "years", "quantity", "threshold", "value")
DIGITS: Final = 6
Row = tuple[str, ...]


def forecast_csv(results: Outlook) -> str:
    """Return the forecast as CSV text, averaged and under each hypothesis.

    ``quantity`` is ``weight`` (posterior weight of the hypothesis), ``latent_p05``,
    ``latent_p50``, ``latent_p95`` (untreated latent count, cells/uL), ``point_in_time_p_below``
    (probability of a latent count below ``threshold`` at that time) or
    ``first_passage_p_below`` (at some time since the origin).
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
        yield (row.name, "", "", "weight", "", _value(row.weight))
        for point in results.forecast.by_hypothesis[row.name]:
            yield from _point(row.name, point)


def _point(hypothesis: str, point: ForecastPoint) -> Iterator[Row]:
    where = (hypothesis, point.origin, f"{point.years:g}")
    for name in ("p05", "p50", "p95"):
        yield (*where, f"latent_{name}", "", _value(getattr(point.count, name)))
    for quantity, values in (
        ("point_in_time_p_below", point.p_below),
        ("first_passage_p_below", point.p_below_by_then),
    ):
        for threshold, p in sorted(values.items()):
            yield (*where, quantity, str(threshold), _value(p))


def _value(x: float) -> str:
    return f"{x:.{DIGITS}g}"


EXPLANATION_COLUMNS: Final = ("table", "row", "quantity", "value")


def explanation_csv(results: Results) -> str:
    """Return hypotheses, attribution, outcomes, sensitivity and verdicts as one tidy table."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(EXPLANATION_COLUMNS)
    for h in results.hypotheses:
        for name in ("prior", "log_evidence", "log_evidence_se", "weight"):
            writer.writerow(("hypotheses", h.name, name, _value(getattr(h, name))))
    for name, row in (
        (AVERAGED, results.attribution.averaged),
        *results.attribution.by_hypothesis.items(),
    ):
        p = _value(row.p_il2_more_than_half)
        writer.writerow(("attribution", name, "p_il2_more_than_half", p))
    writer.writerows(outcome_rows(results.outcomes))
    for s in results.sensitivity:
        for letter, probability in (*s.probabilities.items(), *s.statements.items()):
            writer.writerow(("sensitivity", s.name, letter, _value(probability)))
        writer.writerow(("sensitivity", s.name, "ess", _value(s.ess)))
    found = results.outcomes
    writer.writerows(_answers("verdicts", results.verdicts, results.unasked))
    writer.writerows(_answers("statements", found.statements, found.unasked))
    return text.getvalue()


def _answers(table: str, verdicts: Sequence[Verdict], unasked: Sequence[Unasked]) -> Iterator[Row]:
    for v in verdicts:
        yield table, v.id, "answer", v.answer.value
        for name in ("probability", "lowest", "highest"):
            yield table, v.id, name, _value(getattr(v, name))
    for u in unasked:
        yield table, u.id, "answer", NOT_ASKED
