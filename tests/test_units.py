"""Units against the UCUM definitions (ucumvert and pint), and what must never convert."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ucumvert import PintUcumRegistry

from lymphocast.errors import UnitError
from lymphocast.printed_units import ALIASES
from lymphocast.units import (
    UNITS,
    Quantity,
    commensurable,
    number_text,
    parse_quantity,
    unit_named,
)

REGISTRY = PintUcumRegistry()
ROUNDING = 1e-12
"""Relative: a conversion is one multiplication and one division of 64-bit floats, and the oracle
does a few more."""
NOT_UCUM = {"k[arb'U]", "M[arb'U]", "M[arb'U]/m2"}
"""UCUM lets no prefix stand before [arb'U]."""
RATIO_UNITS = [u for u in UNITS.values() if u.dimension != "temperature" and u.code not in NOT_UCUM]
PAIRS = [(a.code, b.code) for a in RATIO_UNITS for b in RATIO_UNITS if a.dimension == b.dimension]


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_factors_are_those_of_ucum(source: str, target: str) -> None:
    one, other = REGISTRY.from_ucum(source), REGISTRY.from_ucum(target)
    expected = float((one / other).to_base_units().magnitude)
    assert Quantity(1.0, source).to(target).value == pytest.approx(expected, rel=ROUNDING)


def test_units_of_different_dimensions_differ_for_ucum_too() -> None:
    # UCUM gives counts and arbitrary units no dimension of their own; ours are finer.
    ours = {u.code: REGISTRY.from_ucum(u.code).dimensionality for u in RATIO_UNITS}
    for a in RATIO_UNITS:
        for b in RATIO_UNITS:
            if a.dimension == b.dimension:
                assert ours[a.code] == ours[b.code], (a.code, b.code)


@pytest.mark.parametrize(
    ("celsius", "kelvin", "fahrenheit"), [(0.0, 273.15, 32.0), (37.0, 310.15, 98.6)]
)
def test_temperatures_have_a_zero(celsius: float, kelvin: float, fahrenheit: float) -> None:
    assert Quantity(celsius, "Cel").to("K").value == pytest.approx(kelvin, rel=ROUNDING)
    assert Quantity(celsius, "Cel").to("[degF]").value == pytest.approx(fahrenheit, rel=1e-9)
    assert Quantity(fahrenheit, "[degF]").to("Cel").value == pytest.approx(celsius, abs=1e-9)


@given(st.sampled_from(PAIRS), st.floats(1e-9, 1e9, allow_nan=False, allow_infinity=False))
def test_there_and_back_is_the_same(pair: tuple[str, str], value: float) -> None:
    there = Quantity(value, pair[0]).to(pair[1])
    assert there.unit == pair[1]
    assert there.to(pair[0]).value == pytest.approx(value, rel=ROUNDING)


def test_every_alias_names_a_known_unit() -> None:
    assert set(ALIASES.values()) <= set(UNITS)
    assert not set(ALIASES) & set(UNITS)


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("172 cells/mm3", 172.0, "/uL"),
        ("172 cells/\N{MICRO SIGN}L", 172.0, "/uL"),
        ("0.172 10^9/L", 0.172, "10*9/L"),
        ("11 MU", 11.0, "M[arb'U]"),
        ("600000 U", 600000.0, "[arb'U]"),
        ("18 MIU", 18.0, "M[IU]"),
        ("16.6%", 16.6, "%"),
        ("3 mo", 3.0, "mo"),
        ("-5 Cel", -5.0, "Cel"),
        ("1e3 mg", 1000.0, "mg"),
    ],
)
def test_printed_quantities_are_read(text: str, value: float, unit: str) -> None:
    assert parse_quantity(text) == Quantity(value, unit)


@pytest.mark.parametrize(
    "text", ["", "172", "/uL", "600,000 U", "600 000 U", "nan /uL", "1e999 mg", "inf mg", "1_0 mg"]
)
def test_what_is_not_a_quantity_is_refused(text: str) -> None:
    with pytest.raises(UnitError):
        parse_quantity(text)


def test_a_count_in_thousands_per_litre() -> None:
    assert parse_quantity("0.172 10^9/L").to("cells/mm3") == Quantity(172.0, "/uL")


def test_a_month_is_the_julian_month() -> None:
    assert Quantity(12.0, "mo").to("d").value == 365.25


@pytest.mark.parametrize(
    ("source", "target"),
    [("M[arb'U]", "M[IU]"), ("[IU]", "[arb'U]"), ("[arb'U]", "[IU]/mL")],
)
def test_units_of_a_product_never_become_international_units(source: str, target: str) -> None:
    with pytest.raises(UnitError, match="stated assumption about the product's unit system"):
        Quantity(11.0, source).to(target)


def test_a_mass_is_no_count() -> None:
    with pytest.raises(UnitError) as caught:
        Quantity(553.0, "mg/L").to("/uL")
    for part in ("553 mg/L", "'mg/L' cannot become '/uL'", "mass per volume", "number per volume"):
        assert part in str(caught.value)
    assert not commensurable("mg/L", "/uL")


def test_an_unknown_unit_names_the_nearest() -> None:
    with pytest.raises(UnitError, match=r"'cell/mm3' is not known; .* 'cells/mm3'"):
        unit_named("cell/mm3")


@given(st.floats(0.0, 1e15, allow_nan=False))
def test_a_number_reads_back_from_its_text(value: float) -> None:
    assert float(number_text(value)) == value
    assert not number_text(value).endswith(".0")
    assert math.isfinite(float(number_text(value)))
