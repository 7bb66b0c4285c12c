"""The UCUM code of what laboratories print: ``cells/mm3``, ``x10^9/L``, ``MU``."""

import re
from collections.abc import Mapping
from types import MappingProxyType


def _split(names: str) -> tuple[str, ...]:
    """Return the printed forms of one unit, which stand between bars."""
    return tuple(name.strip() for name in names.split("|"))


_PRINTED_AS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "/uL": _split(
            "cells/mm3 | cells/mm^3 | cells/mm(3) | cells/cumm | cells/uL | cells/ul | cells/mcL "
            "| cells/microL | /mm3 | /mm^3 | /cumm | /cmm | /mcL | /ul"
        ),
        "10*3/uL": _split(
            "10^3/uL | x10^3/uL | x10(3)/uL | x10E3/uL | 10E3/uL | 10^3/mm3 | K/uL | K/mm3 | "
            "Thousand/uL | thou/uL"
        ),
        "10*6/uL": ("10^6/uL", "M/uL"),
        "10*6/L": ("10^6/L", "x10^6/L", "10E6/L"),
        # Giga and gigaparticles per litre: what counters print.
        "10*9/L": _split(
            "10^9/L | 10^9/l | x10^9/L | x 10^9/L | x10(9)/L | x10E9/L | 10E9/L | 10e9/L | cells "
            "x 10^9/L | G/L | G/l | Gpt/L | giga/L"
        ),
        "10*12/L": ("10^12/L",),
        # Units without a unit system belong to one product.
        "[arb'U]": ("U", "unit", "units"),
        "k[arb'U]": ("kU",),
        "M[arb'U]": ("MU", "million units", "million U"),
        "[arb'U]/m2": ("U/m2", "units/m2"),
        "M[arb'U]/m2": ("MU/m2", "million units/m2"),
        "[IU]": ("IU", "iu", "I.U."),
        "k[IU]": ("kIU",),
        "M[IU]": ("MIU", "mill IU", "million IU", "million international units"),
        "[IU]/m2": ("IU/m2", "IU/m^2"),
        "k[IU]/m2": ("kIU/m2",),
        "M[IU]/m2": ("MIU/m2", "MIU/m^2", "million IU/m2"),
        "[IU]/kg": ("IU/kg",),
        "k[IU]/kg": ("kIU/kg",),
        "[IU]/L": ("IU/L", "mIU/mL"),
        "[IU]/mL": ("IU/mL", "IU/ml"),
        "m[IU]/L": ("mIU/L", "mU/L"),
        "u[IU]/mL": ("uIU/mL", "uU/mL"),
        "U/L": ("U/l", "units/L"),
        "g/dL": ("gm/dL", "g/dl"),
        "g/L": ("g/l",),
        "mg/dL": ("mg/dl",),
        "mg/L": ("mg/l",),
        "ug/mL": ("mcg/mL", "mcg/ml", "ug/ml"),
        "ug/L": ("mcg/L",),
        "umol/L": ("mcmol/L", "umol/l"),
        "mmol/L": ("mmol/l",),
        "[CFU]/mL": ("CFU/mL", "CFU/ml"),
        "[lb_av]": ("lb", "lbs"),
        "[in_i]": ("in",),
        "ug": ("mcg",),
        "ug/kg": ("mcg/kg",),
        "mL": ("ml",),
        "L": ("l",),
        "L/min": ("L/minute", "l/min"),
        "mL/h": ("mL/hr",),
        "m2": ("m^2",),
        "kg/m2": ("kg/m^2",),
        "mm[Hg]": ("mmHg", "mm Hg"),
        "/min": ("bpm", "beats/min"),
        "Cel": ("degC", "C", "\N{DEGREE SIGN}C"),
        "[degF]": ("F", "degF", "\N{DEGREE SIGN}F"),
        "%": ("percent",),
        "ms": ("msec",),
        "h": ("hr", "hrs", "hour", "hours"),
        "d": ("day", "days"),
        "wk": ("week", "weeks"),
        "mo": ("month", "months"),
        "a": ("year", "years"),
    }
)

ALIASES: Mapping[str, str] = MappingProxyType(
    {printed: code for code, forms in _PRINTED_AS.items() for printed in forms}
)
"""What laboratories print, and the UCUM code that it means."""

_SIGNS = str.maketrans(
    {
        "\N{MICRO SIGN}": "u",
        "\N{GREEK SMALL LETTER MU}": "u",
        "\N{MULTIPLICATION SIGN}": "x",
        "\N{NO-BREAK SPACE}": " ",
    }
)
_RAISED = str.maketrans(
    "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079", "0123456789"
)
_POWER = re.compile("(?<=10)[\u2070\u00b9\u00b2\u00b3\u2074-\u2079]+")


def plain_signs(text: str) -> str:
    """Return a printed unit with raised digits and special signs as plain characters."""
    text = " ".join(text.translate(_SIGNS).split())
    text = _POWER.sub(lambda power: f"^{power[0].translate(_RAISED)}", text)
    return text.translate(_RAISED)
