"""A regimen search as lines for a terminal, as a tidy table and as JSON."""

import csv
import io
from collections.abc import Iterator
from typing import Final

from lymphocast.forecast.goal import NO_DRUG
from lymphocast.forecast.regimen_results import (
    Amounts,
    FrontPoint,
    RegimenRow,
    RegimenSearch,
    RegimenSensitivity,
    RegimenTable,
)
from lymphocast.record.printed import printed
from lymphocast.report.columns import table_lines
from lymphocast.report.plain import NOT_A_DEVICE
from lymphocast.report.values import json_text, plain, value_text
from lymphocast.report.verdicts import NO_VERDICTS, verdict_lines
from lymphocast.units import Quantity

COLUMNS: Final = ("table", "place", "regimen", "quantity", "of", "value")
GIVEN, EXTRAPOLATED = "given", "extrapolated"
TITLES: Final = {
    GIVEN: "Regimens within the doses that the patient has had",
    EXTRAPOLATED: "Extrapolation: doses or cycles that the patient has not had, beside no drug",
}
SHOWN: Final = 10
LEADERS: Final = 3  # of the highest P(best), shown wherever they stand
EXCHANGED: Final = (
    "Which dose of a design is best the data do not say: the doses of a design share its P(best)."
)
UNJUDGED: Final = NO_VERDICTS.format(what="the ranking moves")
FRONT_HEADS: Final = ("regimen", "target", "dose", "injections")
DESIGN_HEADS: Final = ("design", "doses", "P(best)", "by chance")
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
        writer.writerows((name, *cells) for cells in _records(table))
    return text.getvalue()


def _records(table: RegimenTable) -> Iterator[Cells]:
    """Yield place, regimen or design, quantity, what of it, and value."""
    for reason in table.reasons:
        yield ("", "", "reason", "", reason)
    yield ("", "", "chance", "", value_text(table.chance))
    for share in table.designs:
        for what in ("doses", "p_best", "chance"):
            yield ("", share.design, "design", what, value_text(getattr(share, what)))
    for i, point in enumerate(table.front, 1):
        for what in ("target", "weekly_dose", "injections"):
            yield (str(i), point.regimen, "front", what, value_text(getattr(point, what)))
    yield from _ranked(table)
    yield from _changed(table.sensitivity)


def _ranked(table: RegimenTable) -> Iterator[Cells]:
    for place, row in enumerate(table.rows, 1):
        for cells in _values(row):
            yield (str(place), row.regimen, *cells)


def _changed(found: RegimenSensitivity | None) -> Iterator[Cells]:
    """Yield each changed assumption by its name, and the verdicts."""
    if found is None:
        return
    for row in found.rows:
        yield ("1", row.first, "first_if_changed", row.name, "1")
        place = str(row.leader_place)
        yield (place, found.leader, "leader_if_changed", row.name, place)
        for name, p in row.probabilities.items():
            yield ("", found.leader, f"p_{name}_if_changed", row.name, value_text(p))
    for v in found.verdicts:
        yield ("", found.leader, "verdict", v.id, v.answer.value)


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
    if found.given.sensitivity is None:
        yield UNJUDGED
    yield ""
    yield NOT_A_DEVICE


def _table(table: RegimenTable) -> Iterator[str]:
    if not table.feasible:
        yield NONE_KEEPS
    for reason in table.reasons:
        yield f"  {reason[0].upper()}{reason[1:]}."
    places = _places(table)
    cells = regimen_cells(table)
    yield from table_lines(regimen_heads(table), [cells[i] for i in places])
    which = f"are shown: the first {SHOWN}, the {LEADERS} that are best most often, and no drug"
    yield from _cut(len(places), len(table.rows), which)
    yield f"  P(best) by chance alone: {table.chance:.3f}"
    yield from _designs(table)
    for name, regimen in table.best_under.items():
        yield f"  first under {name}: {regimen}"
    yield from _front(table)
    yield from _sensitivity(table)


def _cut(shown: int, number: int, which: str) -> Iterator[str]:
    """Say what a table leaves out, if it does."""
    if shown < number:
        yield f"  {shown} of {number} {which}; -o writes all."


def _places(table: RegimenTable) -> list[int]:
    """The rows that are shown: the first, those that are best most often, and no drug."""
    often = sorted(range(len(table.rows)), key=lambda i: -table.rows[i].p_best)
    none = [i for i, row in enumerate(table.rows) if row.regimen == NO_DRUG]
    return sorted({*range(min(SHOWN, len(table.rows))), *often[:LEADERS], *none})


def _designs(table: RegimenTable) -> Iterator[str]:
    if not table.designs:
        return
    yield f"  {EXCHANGED}"
    shown = design_cells(table)
    yield from table_lines(DESIGN_HEADS, shown)
    yield from _cut(len(shown), len(table.designs), "designs are shown")


def design_cells(table: RegimenTable) -> list[Cells]:
    """Return the designs that are best most often, in the order of their heads."""
    return [
        (x.design, str(x.doses), f"{x.p_best:.3f}", f"{x.chance:.3f}")
        for x in table.designs[:SHOWN]
    ]


def _front(table: RegimenTable) -> Iterator[str]:
    yield f"  Trade-off front of all {table.compared}, from the smallest dose on:"
    shown = front_cells(table)
    yield from table_lines(FRONT_HEADS, shown)
    yield from _cut(len(shown), len(table.front), "are shown, evenly spaced")


def front_cells(table: RegimenTable) -> list[Cells]:
    """Return the trade-off front, thinned if it is long, in the order of its heads."""
    return [
        (x.regimen, f"{x.target:.3f}", f"{x.weekly_dose:.2f}", f"{x.injections:.0f}")
        for x in _thinned(table.front)
    ]


def _sensitivity(table: RegimenTable) -> Iterator[str]:
    if table.sensitivity is None:
        return
    yield "  When an assumption changes, P being that of the verdicts below:"
    heads, shown = changed_cells(table.sensitivity)
    yield from table_lines(heads, shown)
    yield from verdict_lines(table.sensitivity.verdicts, "  ")


def changed_cells(found: RegimenSensitivity) -> tuple[Cells, list[Cells]]:
    """Return heads and rows of the changed assumptions."""
    ids = [v.id for v in found.verdicts]
    heads = ("changed assumption", *(f"P({x})" for x in ids), "leader's place", "first")
    return heads, [
        (x.label, *(f"{x.probabilities[i]:.2f}" for i in ids), str(x.leader_place), x.first)
        for x in found.rows
    ]


def _thinned(points: tuple[FrontPoint, ...]) -> tuple[FrontPoint, ...]:
    """At most so many points as a table shows, evenly spaced, with both ends."""
    if len(points) <= SHOWN:
        return points
    return tuple(points[round(i * (len(points) - 1) / (SHOWN - 1))] for i in range(SHOWN))


def regimen_heads(table: RegimenTable) -> Cells:
    """Return the heads of the ranking."""
    amounts = ("a week", "an injection") if table.rows[0].amounts is not None else ()
    return ("regimen", "utility", "90 %", "P(best)", "regret", "P(a limit broken)", "dose",
            *amounts, "injections", "place elsewhere")  # fmt: skip


def regimen_cells(table: RegimenTable) -> list[Cells]:
    """Return the ranking by place, in the order of its heads."""
    return [_cells(place, row) for place, row in enumerate(table.rows, 1)]


def _cells(place: int, row: RegimenRow) -> Cells:
    broken = max(row.p_broken.values(), default=0.0)
    places = row.rank_under.values()
    return (
        f"{place:>2}  {row.regimen}" + (" *" if row.on_front else ""),
        f"{row.utility:.3f}",
        f"{row.low:.2f} to {row.high:.2f}",
        f"{row.p_best:.3f}",
        f"{row.regret:.3f}",
        f"{broken:.3f}" + ("" if row.keeps_limits else " too often"),
        f"{row.weekly_dose.p50:.2f}",
        *_amounts(row.amounts),
        f"{row.injections.p50:.0f}",
        f"{min(places, default=0)}-{max(places, default=0)}",
    )


def _amounts(found: Amounts | None) -> Cells:
    if found is None:
        return ()
    return tuple(printed(Quantity(x, found.unit)) for x in (found.weekly, found.injection))


def _amount_values(found: Amounts | None) -> Iterator[Cells]:
    if found is not None:
        yield ("weekly_amount", found.unit, value_text(found.weekly))
        yield ("injection_amount", found.unit, value_text(found.injection))


def _values(row: RegimenRow) -> Iterator[Cells]:
    for name in ("utility", "utility_se", "low", "high", "p_best", "regret", "shortfall"):
        yield (name, "", value_text(getattr(row, name)))
    if row.p_best_if_assumed is not None:
        yield ("p_best_if_assumed", "", value_text(row.p_best_if_assumed))
    yield from _amount_values(row.amounts)
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
