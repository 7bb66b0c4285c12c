"""Records with given facts, for criteria that read them."""

from lymphocast.record.patient import PatientRecord
from tests.record.cases import SMALL, changed, small

STATED = "provenance: [{source: paper, locator: abstract, method: stated}]"


def stated(name: str, keys: str) -> str:
    """Return one fact as a line of a case file."""
    return f"  - {{id: {name}, {keys}, {STATED}}}\n"


def values(*rows: tuple[str, str, str], more: str = "") -> str:
    """Return measurements: analyte, value with its further keys, time."""
    return "".join(
        stated(f"m{i}", f"analyte: {analyte}, value: {value}, at: {at}{more}")
        for i, (analyte, value, at) in enumerate(rows)
    )


def measured(*rows: tuple[str, str, str], text: str = SMALL) -> PatientRecord:
    """Return the small case with other measurements; interleukin-2 from January to July 2020."""
    head, _, _ = text.partition("measurements:\n")
    return small(f"{head}measurements:\n{values(*rows)}")


def with_sections(text: str = SMALL, **sections: str) -> PatientRecord:
    """Return a case with further sections."""
    extra = "".join(f"{key}:\n{lines}" for key, lines in sections.items())
    return small(text + extra)


def antibiotics(*drugs: str, start: str = "2018-01-01", stop: str = "2019-09-01") -> str:
    """Return the small case with antibiotics beside interleukin-2."""
    lines = "".join(
        stated(f"drug-{d}", f"drug: {d}, dosing: 500 mg daily, start: {start}, stop: {stop}")
        for d in drugs
    )
    return changed("measurements:\n", f"{lines}measurements:\n")
