"""Amounts beside fractions of the maintenance dose, where product and unit system are stated."""

from lymphocast.dataset.maintenance import Maintenance
from lymphocast.forecast.plan import Plan
from lymphocast.forecast.regimen_results import Amounts
from lymphocast.record.printed import printed
from lymphocast.units import DAYS_PER_WEEK, Quantity

DIGITS = 6  # as files have numbers
AMOUNTS = (
    "Dose 1 is the maintenance dose: {weekly} of {product} a week, {injection} every {apart:.3g} d."
)


def amounts_of(plan: Plan, maintenance: Maintenance) -> Amounts | None:
    """Return the amounts of a regimen; ``None`` if they cannot be stated."""
    if not maintenance.amounts_known:
        return None
    weekly = a_week(maintenance, plan.highest)
    injection = an_injection(maintenance, plan.largest_injection(maintenance.apart))
    return Amounts(weekly.value, injection.value, weekly.unit)


def a_week(maintenance: Maintenance, dose: float) -> Quantity:
    """Return the amount of a week of a weekly dose relative to maintenance."""
    return _rounded(maintenance.weekly.value * dose, maintenance.weekly.unit)


def an_injection(maintenance: Maintenance, size: float) -> Quantity:
    """Return the amount of an injection relative to one of maintenance."""
    one = maintenance.weekly.value * maintenance.apart / DAYS_PER_WEEK
    return _rounded(one * size, maintenance.weekly.unit)


def amounts_note(maintenance: Maintenance) -> str:
    """Return what a dose of 1 is; empty if that cannot be stated."""
    if not maintenance.amounts_known:
        return ""
    return AMOUNTS.format(
        weekly=printed(a_week(maintenance, 1.0)),
        product=f"{maintenance.drug} ({maintenance.product})",
        injection=printed(an_injection(maintenance, 1.0)),
        apart=maintenance.apart,
    )


def _rounded(value: float, unit: str) -> Quantity:
    return Quantity(float(f"{value:.{DIGITS}g}"), unit)
