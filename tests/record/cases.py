"""A small case and ways of changing it."""

from lymphocast.record.casefile import find_case, parse_case
from lymphocast.record.patient import PatientRecord
from tests.conftest import ROOT

SMALL = """\
id: small
title: A small case
sources:
  - {id: paper, citation: A paper}
events:
  - id: start
    what: treatment starts
    at: 2020-01
    provenance: [{source: paper, locator: abstract, method: stated}]
  - id: stop
    what: treatment stops
    at: start + 6 mo
    provenance: [{source: paper, locator: abstract, method: stated}]
administrations:
  - id: drug
    drug: interleukin-2
    amount: 1 MU
    per: 1 d
    start: start
    stop: stop
    provenance: [{source: paper, locator: abstract, method: stated}]
measurements:
  - id: cd4-first
    analyte: CD4
    value: 150 /uL
    at: 2019-12
    provenance: [{source: paper, locator: abstract, method: stated}]
  - id: cd4-second
    analyte: CD4
    value: 0.4 10^9/L
    at: stop + 1 mo
    provenance: [{source: paper, locator: abstract, method: stated}]
"""


def changed(old: str, new: str, text: str = SMALL) -> str:
    """Return the case with one passage replaced."""
    assert text.count(old) >= 1, f"{old!r} is not in the case"
    return text.replace(old, new, 1)


def founding_text() -> str:
    """Return the text of the founding case."""
    return find_case("trojan-2009").read_text(encoding="utf-8")


def founding() -> PatientRecord:
    """Return the founding case."""
    return parse_case(founding_text(), "trojan-2009.yaml")


def small(text: str = SMALL) -> PatientRecord:
    """Return the small case."""
    return parse_case(text, "small.yaml")


def rich_text() -> str:
    """Return the text of the synthetic case that uses every key."""
    return (ROOT / "docs" / "examples" / "synthetic-rich.yaml").read_text(encoding="utf-8")


def rich() -> PatientRecord:
    """Return the synthetic case that uses every key."""
    return parse_case(rich_text(), "synthetic-rich.yaml")
