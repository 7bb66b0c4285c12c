"""Times: the grammar, its intervals, and the arithmetic on them."""

import calendar
import math
from contextlib import suppress
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lymphocast.record.misread import Misread
from lymphocast.record.when import Span, When, anchors_of, days_between, parse_time, parse_when

STOP = When(date(2007, 7, 1), date(2007, 7, 31))
ANCHORS = {"il2-stop": STOP, "x": When(date(2004, 5, 1), date(2004, 5, 1))}
days = st.dates(date(1900, 1, 1), date(2099, 12, 31))


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2004-05-14", date(2004, 5, 14), date(2004, 5, 14)),
        ("2004-02", date(2004, 2, 1), date(2004, 2, 29)),
        ("2003-02", date(2003, 2, 1), date(2003, 2, 28)),
        ("2004", date(2004, 1, 1), date(2004, 12, 31)),
        ("early 2004-02", date(2004, 2, 1), date(2004, 2, 10)),
        ("mid 2004-02", date(2004, 2, 11), date(2004, 2, 20)),
        ("late 2004-02", date(2004, 2, 21), date(2004, 2, 29)),
        ("late  2004-10", date(2004, 10, 21), date(2004, 10, 31)),
        ("2004-10-01/2004-10-10", date(2004, 10, 1), date(2004, 10, 10)),
        ("early 2004-02/2004-03", date(2004, 2, 1), date(2004, 3, 31)),
        ("2004-05-14 +/- 3 d", date(2004, 5, 11), date(2004, 5, 17)),
        ("il2-stop", date(2007, 7, 1), date(2007, 7, 31)),
        ("il2-stop +/- 1 wk", date(2007, 6, 24), date(2007, 8, 7)),
        ("x/il2-stop", date(2004, 5, 1), date(2007, 7, 31)),
        ("x + 10 d +/- 0 d", date(2004, 5, 11), date(2004, 5, 11)),
        ("x - 2 wk +/- 0 d", date(2004, 4, 17), date(2004, 4, 17)),
        ("x + 2 wk", date(2004, 5, 11), date(2004, 5, 19)),
    ],
)
def test_the_grammar(text: str, first: date, last: date) -> None:
    when = parse_when(text, ANCHORS)
    assert (when.earliest, when.latest) == (first, last)
    assert when.text == " ".join(text.split())


def test_a_month_after_an_anchor_is_right_to_fifteen_days() -> None:
    when = parse_when("il2-stop + 6 mo", ANCHORS)
    assert (when.anchor, when.offset, when.tolerance) == ("il2-stop", 182.625, 15.0)
    # Six Julian months less 15 d after the first possible day, plus 15 d after the last.
    assert when.earliest == date(2007, 7, 1) + timedelta(days=167)
    assert when.latest == date(2007, 7, 31) + timedelta(days=198)


def test_a_stated_spread_replaces_the_default() -> None:
    assert parse_when("il2-stop + 6 mo +/- 2 wk", ANCHORS).tolerance == 14.0
    assert parse_when("il2-stop + 6 mo \u00b1 3 d", ANCHORS).tolerance == 3.0


def test_a_bare_anchor_is_the_same_instant() -> None:
    when = parse_when("il2-stop", ANCHORS)
    assert (when.anchor, when.offset, when.tolerance) == ("il2-stop", 0.0, 0.0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2004-02-31",
        "2004-13",
        "2004-00",
        "0000",
        "0000-02",
        "2003-02-29",
        "early 2004",
        "late 2004-02-14",
        "Early 2004-02",
        "2004-2-1",
        "20040214",
        "2004-02-01/",
        "2004-02-01/2004-01-31",
        "2004/2005/2006",
        "il2-stop+6mo",
        "il2-stop + 6 fortnights",
        "il2-stop + mo",
        "il2_stop",
        "nowhere",
        "il2-stop + 9999999 a",
        "9999-12-31 +/- 1 d",
        "2004-05-14T10:00",
        "\u0662\u0660\u0660\u0664",
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(Misread):
        parse_when(text, ANCHORS)


def test_an_impossible_date_says_why() -> None:
    with pytest.raises(Misread, match=r"'2004-02-31'.*day is out of range"):
        parse_when("2004-02-31")


@given(days)
def test_a_day_is_itself(day: date) -> None:
    when = parse_when(day.isoformat())
    assert when == When(day, day, text=day.isoformat())
    assert when.days == 1
    assert when.dates == day.isoformat()


@given(st.integers(1900, 2099), st.integers(1, 12))
def test_the_thirds_of_a_month_make_the_month(year: int, month: int) -> None:
    whole = parse_when(f"{year}-{month:02d}")
    early, mid, late = (parse_when(f"{p} {year}-{month:02d}") for p in ("early", "mid", "late"))
    assert early.earliest == whole.earliest
    assert (mid.earliest - early.latest).days == 1
    assert (late.earliest - mid.latest).days == 1
    assert late.latest == whole.latest
    assert whole.days == calendar.monthrange(year, month)[1]


@given(days, days, st.sampled_from(["d", "wk", "mo", "a"]), st.integers(0, 60), st.booleans())
def test_shifting_there_and_back_holds_the_anchor(
    one: date, two: date, unit: str, number: int, late: bool
) -> None:
    anchor = When(min(one, two), max(one, two))
    sign, back = ("+", "-") if late else ("-", "+")
    there = parse_when(f"a {sign} {number} {unit}", {"a": anchor})
    again = parse_when(f"b {back} {number} {unit}", {"b": there})
    assert again.earliest <= anchor.earliest <= anchor.latest <= again.latest
    assert there.days >= anchor.days + math.floor(2 * there.tolerance)


@given(days, days, days, days)
def test_distances_hold_every_pair_of_days(a: date, b: date, c: date, d: date) -> None:
    first, second = When(min(a, b), max(a, b)), When(min(c, d), max(c, d))
    span = days_between(first, second)
    assert span.contains(float((c - a).days))
    assert span.contains(float((second.midpoint - first.midpoint).days))
    back = days_between(second, first)
    assert (back.shortest, back.longest) == (-span.longest, -span.shortest)


@given(days, days, days)
def test_an_interval_holds_its_midpoint_and_overlaps_itself(a: date, b: date, c: date) -> None:
    when = When(min(a, b), max(a, b))
    assert when.contains(when.midpoint)
    assert when.overlaps(when)
    assert when.overlaps(When(c, c)) == when.contains(c)


def read_or_refused(text: str) -> When | None:
    with suppress(Misread):
        return parse_when(text, ANCHORS)
    return None


@given(st.text(max_size=40))
def test_any_text_is_a_time_or_is_refused(text: str) -> None:
    when = read_or_refused(text)
    assert when is None or when.earliest <= when.latest


@given(st.text("0123456789-/+ earlymidtbwosxil2p.", max_size=30))
def test_near_misses_of_the_grammar_are_times_or_are_refused(text: str) -> None:
    when = read_or_refused(text)
    assert when is None or when.text == " ".join(text.split())


def test_anchors_of_both_sides_are_found() -> None:
    assert anchors_of(parse_time("a + 1 d/b")) == ("a", "b")
    assert anchors_of(parse_time("2004")) == ()


def test_a_span_in_months() -> None:
    assert Span(30.4375, 60.875).to("mo") == (1.0, 2.0)
