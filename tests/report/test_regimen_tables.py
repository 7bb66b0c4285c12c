"""What a terminal shows of a regimen search: no row that matters is left out without a word."""

from dataclasses import replace
from datetime import date

import pytest

from lymphocast.forecast.regimen_results import (
    Amounts,
    DesignShare,
    RegimenRow,
    RegimenSearch,
    RegimenTable,
)
from lymphocast.forecast.results import Interval
from lymphocast.report.regimen_tables import EXCHANGED, regimen_csv, regimen_lines

NONE = Interval(0.0, 0.0, 0.0)


def row(name: str, p_best: float = 0.0) -> RegimenRow:
    return RegimenRow(
        regimen=name, utility=0.5, utility_se=0.01, low=0.4, high=0.6, p_best=p_best,
        p_best_if_assumed=None, regret=0.1, p_broken={}, keeps_limits=True, shortfall=0.0,
        p_target={}, weekly_dose=NONE, injections=NONE, amounts=None, on_front=False, rank_under={},
    )  # fmt: skip


def search(rows: list[RegimenRow], designs: tuple[DesignShare, ...] = ()) -> RegimenSearch:
    table = RegimenTable(
        rows=tuple(rows), feasible=True, reasons=(), chance=1.0 / len(rows), designs=designs,
        compared=len(rows), best_under={}, front=(),
    )  # fmt: skip
    first, last = date(2020, 1, 1), date(2022, 1, 1)
    return RegimenSearch("r", "t", first, last, 1, 1000, (), table, None, ())


def shown(found: RegimenSearch) -> dict[int, str]:
    """The rows that are printed: place and name."""
    lines = [line.split() for line in regimen_lines(found)]
    return {int(w[0]): w[1] for w in lines if w and w[0].isdigit()}


@pytest.mark.parametrize("number", [1, 10])
def test_a_short_table_is_shown_whole(number: int) -> None:
    found = search([row(f"r{i}") for i in range(1, number + 1)])
    assert shown(found) == {i: f"r{i}" for i in range(1, number + 1)}
    assert not any("are shown" in line for line in regimen_lines(found))


def test_the_first_the_leaders_in_p_best_and_no_drug_are_shown_of_a_long_table() -> None:
    rows = [row(f"r{i}") for i in range(1, 21)]
    for place, p in ((12, 0.1), (14, 0.3), (15, 0.2), (17, 0.4)):
        rows[place - 1] = row(f"r{place}", p)
    found = search([*rows, row("no drug")])
    assert list(shown(found)) == [*range(1, 11), 14, 15, 17, 21]
    assert shown(found)[21] == "no"
    assert any(line.startswith("  14 of 21 are shown") for line in regimen_lines(found))


def test_designs_are_told_where_doses_share_their_p_best() -> None:
    designs = tuple(DesignShare(f"for {i} d", 2, 0.3, 0.1) for i in range(12))
    found = search([row("r1")], designs)
    text = "\n".join(regimen_lines(found))
    assert EXCHANGED in text
    assert "for 9 d" in text
    assert "for 10 d" not in text
    assert "10 of 12 designs are shown" in text
    assert "given,,for 11 d,design,p_best,0.3\n" in regimen_csv(found)
    plain = replace(found, given=replace(found.given, designs=()))
    assert EXCHANGED not in "\n".join(regimen_lines(plain))


def test_amounts_stand_beside_fractions_where_they_can_be_stated() -> None:
    heads = next(line for line in regimen_lines(search([row("r1")])) if "P(best)" in line)
    assert "a week" not in heads
    known = replace(row("r1"), amounts=Amounts(4.5, 1.5, "M[IU]"))
    found = search([known])
    lines = regimen_lines(found)
    heads = next(line for line in lines if "P(best)" in line)
    assert "a week" in heads
    assert any("4.5 MIU" in line and "1.5 MIU" in line for line in lines)
    assert "given,1,r1,weekly_amount,M[IU],4.5\n" in regimen_csv(found)
    assert "given,1,r1,injection_amount,M[IU],1.5\n" in regimen_csv(found)
