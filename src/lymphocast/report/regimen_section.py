"""The regimen search: what is not known, then the rankings, their trade-offs and how they move."""

from collections.abc import Iterator
from typing import Final

from lymphocast.forecast.regimen_results import RegimenSearch, RegimenSensitivity, RegimenTable
from lymphocast.forecast.results import Results
from lymphocast.record.patient import PatientRecord
from lymphocast.report.blocks import (
    Block,
    Bullets,
    Column,
    Paragraph,
    Row,
    Section,
    Subheading,
    Table,
    Tone,
)
from lymphocast.report.claims_decisions import goal_sentence, table_sentences, verdict_sentences
from lymphocast.report.marginals import explanations
from lymphocast.report.naming import in_words
from lymphocast.report.regimen_tables import (
    DESIGN_HEADS,
    EXCHANGED,
    FRONT_HEADS,
    NONE_KEEPS,
    READ_SO,
    TITLES,
    UNJUDGED,
    changed_cells,
    design_cells,
    front_cells,
    regimen_cells,
    regimen_heads,
    regimen_tables,
)
from lymphocast.report.wording import capital, prose, small, weight

TITLE: Final = "Regimens that could meet the goal"


def regimen_section(record: PatientRecord, results: Results, found: RegimenSearch) -> Section:
    """Return the search: banners before any ranking, and both of its tables."""
    blocks = (in_words(record, block) for block in _blocks(results, found))
    return Section("regimens", TITLE, tuple(blocks))


def _blocks(results: Results, found: RegimenSearch) -> Iterator[Block]:
    yield from (Paragraph(prose(banner), Tone.BANNER) for banner in found.banners)
    yield Paragraph(prose(goal_sentence(found)))
    for name, table in regimen_tables(found):
        yield Subheading(TITLES[name])
        if not table.feasible:
            yield Paragraph(NONE_KEEPS, Tone.NAMED)
        if table.reasons:
            yield Bullets(tuple(prose(f"{capital(reason)}.") for reason in table.reasons))
        yield Paragraph(prose(" ".join(table_sentences(table))))
        yield ranking_table(table)
        if table.designs:
            yield design_table(table)
        yield under_table(results, table)
        if table.sensitivity is not None:
            yield changed_table(table.sensitivity)
            yield Bullets(verdict_sentences(table.sensitivity))
        yield front_table(table)
    if found.given.sensitivity is None:
        yield Paragraph(prose(UNJUDGED), Tone.NOTE)
    yield from (Paragraph(prose(note), Tone.NOTE) for note in found.notes)


def ranking_table(table: RegimenTable) -> Table:
    """Return every regimen that ran to the end, the first of the ranking first."""
    heads = regimen_heads(table)
    widths = (4, 0.9, 1.3, 0.9, 0.9, 1.2, 0.8, *(1.1 for _ in heads[7:]))
    return Table(
        f"The first {len(table.rows)} of {small(table.compared, 'regimen')}",
        _columns(heads, widths),
        tuple(Row(tuple(prose(x.lstrip()) for x in cells)) for cells in regimen_cells(table)),
        f"{READ_SO} Place elsewhere: the best and the worst place among these under an explanation "
        "or a preset of prior weights.",
    )


def design_table(table: RegimenTable) -> Table:
    """Return how often each design is the best, whichever its dose."""
    rows = design_cells(table)
    thinned = f" {len(rows)} of {len(table.designs)} are shown."
    return Table(
        "How often a design is the best, whichever its dose",
        _columns(DESIGN_HEADS, (5, 1, 1, 1)),
        tuple(Row(tuple(map(prose, cells))) for cells in rows),
        EXCHANGED + (thinned if len(rows) < len(table.designs) else ""),
    )


def changed_table(found: RegimenSensitivity) -> Table:
    """Return how the ranking moves when an assumption changes."""
    heads, rows = changed_cells(found)
    numbers = len(heads) - 2
    return Table(
        "The ranking when an assumption changes",
        _columns(heads, (2.5, *(1.0 for _ in range(numbers)), 3.5)),
        tuple(Row(tuple(map(prose, cells))) for cells in rows),
        "P: of the statements of the verdicts below.",
    )


def under_table(results: Results, table: RegimenTable) -> Table:
    """Return what comes first under each explanation of the counts and each preset of weights."""
    known = {group.name: group for group in explanations(results)}
    rows = (
        (known[name].label, weight(known[name].weight)) if name in known else (capital(name), "–")
        for name in table.best_under
    )
    return Table(
        "What comes first under each explanation, and under each preset of prior weights",
        (Column("Under", 3), Column("Posterior weight", 1, numeric=True), Column("First", 4)),
        tuple(
            Row((*row, prose(best)))
            for row, best in zip(rows, table.best_under.values(), strict=True)
        ),
        "The ranking above is averaged over all explanations.",
    )


def front_table(table: RegimenTable) -> Table:
    """Return the trade-off front of all regimens that were compared."""
    rows = front_cells(table)
    thinned = f"{len(rows)} of {len(table.front)} are shown, evenly spaced. "
    return Table(
        f"Trade-off front of all {table.compared}, from the smallest dose on",
        _columns(FRONT_HEADS, (5, 1, 1, 1)),
        tuple(Row(tuple(map(prose, cells))) for cells in rows),
        (thinned if len(rows) < len(table.front) else "")
        + "To each of these no other is as good in target, mean weekly dose and injections and "
        "better in one; in the draws that all regimens ran.",
    )


def _columns(heads: tuple[str, ...], widths: tuple[float, ...]) -> tuple[Column, ...]:
    named, *numbers = zip(heads, widths, strict=True)
    return (
        Column(capital(named[0]), named[1]),
        *(Column(capital(head), width, numeric=True) for head, width in numbers),
    )
