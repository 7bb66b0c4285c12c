"""Facts in words: identifiers of the case file become what a reader calls the fact."""

import re
from dataclasses import replace
from typing import Final

from lymphocast.figures.wording import dose_words
from lymphocast.record.events import Measurement
from lymphocast.record.patient import PatientRecord
from lymphocast.report.blocks import Block, Bullets, Paragraph, Table
from lymphocast.report.wording import quantity

FIELD: Final = re.compile(r"(?<=[a-z])_(?=[a-z])")
"""The underscore inside the name of a field of the case file."""


def name_of(record: PatientRecord, fact: str) -> str:
    """Return a fact in words, or its identifier if it has none."""
    return _names(record).get(fact, fact)


def in_words(record: PatientRecord, block: Block) -> Block:
    """Return a block whose text names facts in words and does not repeat an only source."""
    match block:
        case Paragraph():
            return replace(block, text=plain(record, block.text))
        case Bullets():
            return replace(block, items=tuple(plain(record, item) for item in block.items))
        case Table():
            rows = (replace(r, cells=tuple(plain(record, c) for c in r.cells)) for r in block.rows)
            return replace(block, rows=tuple(rows))
        case _:
            return block


def plain(record: PatientRecord, text: str) -> str:
    """Return a text with facts in words; of an only source the place alone is left.

    Identifiers without a hyphen are words already and stay.
    """
    if len(record.sources) == 1:
        text = text.replace(f"{record.sources[0].id}: ", "")
    names = {fact: name for fact, name in _names(record).items() if "-" in fact}
    if not names:
        return text
    known = "|".join(re.escape(fact) for fact in sorted(names, key=len, reverse=True))
    whole = re.compile(rf"(?<![\w-])'?({known})'?(?![\w-])")
    text = FIELD.sub(" ", text)
    return whole.sub(lambda found: f"“{names[found.group(1)]}”", text)


def _names(record: PatientRecord) -> dict[str, str]:
    names = {e.id: e.what for e in record.events}
    names |= {s.id: s.what for s in record.symptoms}
    names |= {w.id: w.what for w in record.workup}
    names |= {f.id: f.what for f in record.findings}
    names |= {e.id: e.what for e in record.adverse_events}
    names |= {a.id: f"{a.drug} {dose_words(a)}" for a in record.administrations}
    names |= {c.id: f"{c.specimen} culture" for c in record.cultures}
    names |= {m.id: f"{m.analyte} {_limit(m)}{quantity(m.value)}" for m in record.measurements}
    return names


def _limit(measurement: Measurement) -> str:
    return f"{measurement.limit} " if measurement.limit is not None else ""
