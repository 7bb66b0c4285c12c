"""The section on the record: what a richer record holds is told there."""

from lymphocast.criteria.check import check
from lymphocast.report.blocks import Table
from lymphocast.report.record_section import record_section
from tests.record.cases import rich


def rows() -> dict[str, str]:
    record = rich()
    tables = [b for b in record_section(record, check(record)).blocks if isinstance(b, Table)]
    return {f"{r.cells[0]} {r.cells[1]}": r.cells[2] for t in tables for r in t.rows}


def test_adverse_events_missed_doses_and_limits_are_told() -> None:
    told = " | ".join(f"{k}: {v}" for k, v in rows().items())
    for part in (
        "adverse event; grade 1; under interleukin-2; drug: none; outcome: resolved",
        "interleukin-2, held doses reported: from 6\N{NO-BREAK SPACE}June",
        "interleukin-2, missed doses reported: 6\N{NO-BREAK SPACE}February",
        "interleukin-2, skipped doses reported: dates unknown",
        "serum IL-2 below 2",
        "twice daily on 5 of every 56 days",
        "alternative reading of",
    ):
        assert part in told
