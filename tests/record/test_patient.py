"""PatientRecord: finding facts, following anchors, distances between facts."""

from datetime import date

import pytest

from lymphocast.errors import UsageError
from lymphocast.record.when import Span
from tests.record.cases import SMALL, changed, small

CASE = small()


def test_a_fact_is_found_by_its_name_or_the_nearest_is_named() -> None:
    assert CASE.event("start").what == "treatment starts"
    assert CASE.source("paper").citation == "A paper"
    assert CASE.when_of("cd4-first").earliest == date(2019, 12, 1)
    with pytest.raises(UsageError, match=r"no such fact as 'strat'; the nearest is 'start'"):
        CASE.event("strat")
    with pytest.raises(UsageError, match="'drug'"):
        CASE.when_of("drug")


def test_anchors_add_up_along_their_chain() -> None:
    hung = CASE.hung(CASE.when_of("cd4-second"))
    assert (hung.root, hung.offset, hung.tolerance) == ("start", 7 * 30.4375, 30.0)
    assert CASE.hung(CASE.when_of("start")).root is None


def test_facts_on_one_anchor_share_its_uncertainty() -> None:
    month = 30.4375
    assert CASE.days_between("start", "stop") == Span(6 * month - 15, 6 * month + 15)
    assert CASE.days_between("stop", "cd4-second") == Span(month - 45, month + 45)
    apart = CASE.days_between("cd4-first", "start")
    assert apart == Span(1.0, 61.0)
    # Moving the anchor leaves the distance as it is.
    moved = small(changed("at: 2020-01", "at: 2015"))
    assert moved.days_between("start", "stop") == CASE.days_between("start", "stop")


def test_a_drug_starts_with_its_first_stretch_and_stops_with_its_last() -> None:
    started, stopped = CASE.started("interleukin-2"), CASE.stopped("interleukin-2")
    assert started is not None
    assert stopped is not None
    assert started.anchor == "start"
    assert stopped.anchor == "stop"
    assert CASE.started("aspirin") is None
    assert CASE.stopped("aspirin") is None
    assert CASE.drugs() == ("interleukin-2",)


def test_counts_come_in_order_of_time() -> None:
    first, second = SMALL.index("  - id: cd4-first"), SMALL.index("  - id: cd4-second")
    swapped = small(SMALL[:first] + SMALL[second:] + SMALL[first:second])
    assert [m.id for m in swapped.measurements] == ["cd4-second", "cd4-first"]
    assert [m.id for m in swapped.counts()] == ["cd4-first", "cd4-second"]


def test_no_modelling_block_gives_no_nominal_day() -> None:
    assert CASE.nominal_day("start") is None
