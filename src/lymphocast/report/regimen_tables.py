"""A regimen search as lines for a terminal, as a tidy table and as JSON."""

import csv
import io
from collections.abc import Iterator
from typing import Final

from lymphocast.forecast.regimen_results import (
    FrontPoint,
    RegimenRow,
    RegimenSearch,
    RegimenTable,
)
from lymphocast.report.columns import table_lines
from lymphocast.report.plain import NOT_A_DEVICE
from lymphocast.report.values import json_text, plain, value_text

COLUMNS: Final = ("table", "place", "regimen", "quantity", "of", "value")
GIVEN, EXTRAPOLATED = "given", "extrapolated"
TITLES: Final = {
    GIVEN: "Regimens within the doses that the patient has had",
    EXTRAPOLATED: "Extrapolation: doses or cycles that the patient has not had, beside no drug",
}
SHOWN: Final = 10
HEADS: Final = (
    "regimen", "utility", "90 %", "P(best)", "regret", "P(a limit broken)", "dose", "injections",
    "place elsewhere",
)  # fmt: skip
FRONT_HEADS: Final = ("regimen", "target", "dose", "injections")
NONE_KEEPS: Final = "No regimen keeps every limit; the least bad come first."
READ_SO: Final = (
    "P(best): share of draws in which no other regimen of the table is better (equals share "
    "it). Regret: mean utility lost to the best of each draw. *: no other is as good in "
    "targets, dose and injections and better in one. Dose: mean weekly dose, relative to the "
    "patient's own maintenance dose."
)
Cells = tuple[str, ...]


def regimen_lines(found: RegimenSearch) -> tuple[str, ...]:
    """Return banners, the first regimens of each table, and how their order moves."""
    return tuple(_lines(found))


def regimen_json(found: RegimenSearch) -> str:
    """Return the search as JSON text."""
    content = plain(found)
    assert isinstance(content, dict)  # noqa: S101  (a dataclass becomes a mapping)
    return json_text({"schema": "lymphocast regimen search 1", **content})


def regimen_csv(found: RegimenSearch) -> str:
    """Return one value per row; ``of`` names the limit, target, quantile or explanation."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for banner in found.banners:
        writer.writerow(("", "", "", "banner", "", banner))
    for name, table in regimen_tables(found):
        for reason in table.reasons:
            writer.writerow((name, "", "", "reason", "", reason))
        writer.writerow((name, "", "", "chance", "", value_text(table.chance)))
        for i, point in enumerate(table.front, 1):
            for what in ("target", "weekly_dose", "injections"):
                value = value_text(getattr(point, what))
                writer.writerow((name, str(i), point.regimen, "front", what, value))
        for place, row in enumerate(table.rows, 1):
            for cells in _values(row):
                writer.writerow((name, str(place), row.regimen, *cells))
    return text.getvalue()


def regimen_tables(found: RegimenSearch) -> Iterator[tuple[str, RegimenTable]]:
    """Yield the table of what the patient has had, and the extrapolation if there is one."""
    yield GIVEN, found.given
    if found.extrapolated is not None:
        yield EXTRAPOLATED, found.extrapolated


def _lines(found: RegimenSearch) -> Iterator[str]:
    yield f"{found.title}: regimens from {found.origin} to {found.until}"
    for banner in found.banners:
        yield f"! {banner}"
    for name, table in regimen_tables(found):
        yield ""
        yield f"{TITLES[name]} ({table.compared} compared)"
        yield from _table(table)
    yield ""
    yield READ_SO
    yield from found.notes
    yield ""
    yield NOT_A_DEVICE


def _table(table: RegimenTable) -> Iterator[str]:
    if not table.feasible:
        yield NONE_KEEPS
    for reason in table.reasons:
        yield f"  {reason[0].upper()}{reason[1:]}."
    yield from table_lines(HEADS, [regimen_cells(row) for row in table.rows[:SHOWN]])
    yield f"  P(best) by chance alone: {table.chance:.3f}"
    for name, regimen in table.best_under.items():
        yield f"  first under {name}: {regimen}"
    yield from _front(table)


def _front(table: RegimenTable) -> Iterator[str]:
    yield f"  Trade-off front of all {table.compared}, from the smallest dose on:"
    shown = front_cells(table)
    yield from table_lines(FRONT_HEADS, shown)
    if len(shown) < len(table.front):
        yield f"  {len(shown)} of {len(table.front)} are shown, evenly spaced; -o writes all."


def front_cells(table: RegimenTable) -> list[Cells]:
    """Return the trade-off front, thinned if it is long, in the order of its heads."""
    return [
        (x.regimen, f"{x.target:.3f}", f"{x.weekly_dose:.2f}", f"{x.injections:.0f}")
        for x in _thinned(table.front)
    ]


def _thinned(points: tuple[FrontPoint, ...]) -> tuple[FrontPoint, ...]:
    """At most so many points as a table shows, evenly spaced, with both ends."""
    if len(points) <= SHOWN:
        return points
    return tuple(points[round(i * (len(points) - 1) / (SHOWN - 1))] for i in range(SHOWN))


def regimen_cells(row: RegimenRow) -> Cells:
    """Return a regimen as a row of the table, in the order of its heads."""
    broken = max(row.p_broken.values(), default=0.0)
    places = row.rank_under.values()
    return (
        row.regimen + (" *" if row.on_front else ""),
        f"{row.utility:.3f}",
        f"{row.low:.2f} to {row.high:.2f}",
        f"{row.p_best:.3f}",
        f"{row.regret:.3f}",
        f"{broken:.3f}" + ("" if row.keeps_limits else " too often"),
        f"{row.weekly_dose.p50:.2f}",
        f"{row.injections.p50:.0f}",
        f"{min(places, default=0)}-{max(places, default=0)}",
    )


def _values(row: RegimenRow) -> Iterator[Cells]:
    for name in ("utility", "utility_se", "low", "high", "p_best", "regret", "shortfall"):
        yield (name, "", value_text(getattr(row, name)))
    yield ("keeps_limits", "", str(row.keeps_limits).lower())
    yield ("on_front", "", str(row.on_front).lower())
    for name in ("p_broken", "p_target"):
        for label, value in getattr(row, name).items():
            yield (name, label, value_text(value))
    for name in ("weekly_dose", "injections"):
        for level in ("p05", "p50", "p95"):
            yield (name, level, value_text(getattr(getattr(row, name), level)))
    for label, place in row.rank_under.items():
        yield ("rank_under", label, str(place))
