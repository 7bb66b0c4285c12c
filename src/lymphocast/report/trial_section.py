"""A virtual trial in the report: how such a trial would do, in the tables of its command."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from lymphocast.forecast.trial.characteristics import AVERAGED, Characteristics
from lymphocast.report.blocks import (
    Block,
    Bullets,
    Column,
    Mark,
    Paragraph,
    Row,
    Section,
    Subheading,
    Table,
    Tone,
)
from lymphocast.report.claims_trial import OTHER_PATIENTS, trial_sentence, trial_sentences
from lymphocast.report.trial_tables import HEADS, NATURE_HEADS, NOTES, nature_cells, row_cells
from lymphocast.report.wording import capital, prose

TITLE: Final = "Virtual trial"
REJECTS: Final = slice(1, 5)
ESTIMATES: Final = slice(5, None)
READS: Final = "rejection is"
"""Head of the column that says what a rejection is, which has none in the terminal."""


def trial_section(found: Characteristics) -> Section:
    """Return the operating characteristics of a virtual trial."""
    return Section("trial", TITLE, tuple(_blocks(found)))


def _blocks(found: Characteristics) -> Iterator[Block]:
    yield Paragraph(OTHER_PATIENTS, Tone.BANNER)
    yield Paragraph(trial_sentence(found))
    for analysis, rows in groupby(found.rows, key=lambda row: row.analysis):
        yield Subheading(analysis)
        yield Bullets(trial_sentences(rows))
    yield Subheading("Tables")
    yield Table(
        "States of nature",
        _columns(NATURE_HEADS, (3.0, 1.2, 1.6)),
        tuple(Row(nature_cells(share)) for share in found.hypotheses),
    )
    yield _table("How often each analysis rejects", found, REJECTS, (0.7, 1.2, 1.8, 0.9))
    yield _table("How far each analysis is off", found, ESTIMATES, (0.9, 0.9, 1.3, 1.8, 1.3, 0.9))
    yield from (Paragraph(prose(note), Tone.NOTE) for note in NOTES)


def _table(caption: str, found: Characteristics, part: slice, widths: Sequence[float]) -> Table:
    heads = tuple(head or READS for head in _swapped(HEADS))
    lines: list[Row] = []
    for analysis, rows in groupby(found.rows, key=lambda row: row.analysis):
        lines.append(Row((analysis,), Mark.GROUP))
        for row in rows:
            cells = row_cells(row)
            mark = Mark.AVERAGED if row.hypothesis == AVERAGED else Mark.PLAIN
            lines.append(Row((cells[0], *map(prose, cells[part])), mark))
    return Table(caption, _columns((heads[0], *heads[part]), (3.0, *widths)), tuple(lines))


def _swapped(heads: tuple[str, ...]) -> tuple[str, ...]:
    """Return the heads with that of the share over the share, and none over its meaning."""
    place = heads.index("")
    return (*heads[: place - 1], "", heads[place - 1], *heads[place + 1 :])


def _columns(heads: Sequence[str], widths: Sequence[float]) -> tuple[Column, ...]:
    return tuple(
        Column(capital(head), width, numeric=place > 0)
        for place, (head, width) in enumerate(zip(heads, widths, strict=True))
    )
