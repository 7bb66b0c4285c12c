"""Amounts as people print them."""

from lymphocast.units import Quantity


def printed(amount: Quantity) -> str:
    """Return an amount without the brackets of UCUM, such as ``11 MU``."""
    return str(amount).replace("[arb'U]", "U").replace("[IU]", "IU")
