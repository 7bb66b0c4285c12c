"""Plans side by side: what each gives, what becomes of the count, and what is not known."""

from collections.abc import Callable, Iterator
from typing import Final

from lymphocast.forecast.plan_results import PlanCourse, PlanForecast, PlanSensitivity
from lymphocast.forecast.results import ByHypothesis, Results
from lymphocast.record.patient import PatientRecord
from lymphocast.report.blocks import (
    Block,
    Bullets,
    Column,
    Drawing,
    Mark,
    Paragraph,
    Row,
    Section,
    Table,
    Tone,
)
from lymphocast.report.claims_decisions import (
    BANNER,
    decided_sentence,
    fall_sentence,
    plan_sentences,
    plans_sentence,
)
from lymphocast.report.naming import in_words
from lymphocast.report.plan_outcomes import (
    UNJUDGED,
    VERDICT_HEADS,
    end_labels,
    shown_verdicts,
    verdict_cells,
)
from lymphocast.report.plan_tables import (
    COUNT_NOTE,
    PASSAGE_TITLE,
    count_cells,
    count_heads,
    dose_cells,
    dose_heads,
    dose_note,
    passage_cells,
    passage_heads,
)
from lymphocast.report.verdicts import RULE
from lymphocast.report.wording import capital, day, prose, small, weight

TITLE: Final = "Plans side by side"
CAPTION: Final = (
    "The count under each plan, with its central 50 % and 90 % bands, averaged over the "
    "hypotheses, above the weekly dose on the same calendar."
)
OPENING: Final = (Column("Hypothesis", 3), Column("Posterior weight", 1, numeric=True))
Cells = Callable[[PlanCourse], tuple[str, ...]]


def plan_section(
    record: PatientRecord, results: Results, found: PlanForecast, svgs: tuple[str, ...]
) -> Section:
    """Return the forecast of plans; ``svgs`` is its figure, perhaps in parts."""
    blocks = (in_words(record, block) for block in _blocks(results, found, svgs))
    return Section("plans", TITLE, tuple(blocks))


def _blocks(results: Results, found: PlanForecast, svgs: tuple[str, ...]) -> Iterator[Block]:
    notes = tuple(map(prose, found.notes))
    yield from (Paragraph(note, Tone.BANNER) for note in notes if note.startswith(BANNER))
    yield Paragraph(plans_sentence(found))
    sentences = plan_sentences(found, results.hypotheses)
    yield Bullets(sentences)
    if fall := fall_sentence(found):
        yield Paragraph(fall)
    if found.remarks:
        yield Bullets(tuple(map(prose, found.remarks)))
    yield from (Drawing(svg, CAPTION, " ".join(sentences)) for svg in svgs)
    yield count_table(results, found)
    yield passage_table(found)
    yield dose_table(results, found)
    if found.sensitivity is None:
        yield Paragraph(prose(UNJUDGED), Tone.NOTE)
    else:
        yield Paragraph(decided_sentence(found).replace(">=", "≥"))
        yield verdict_table(found, found.sensitivity)
    yield from (Paragraph(note, Tone.NOTE) for note in notes if not note.startswith(BANNER))


def count_table(results: Results, found: PlanForecast) -> Table:
    """Return the count on the last day under each plan and each hypothesis."""
    widths = (1.7, 1.7, 0.9, 0.9, 0.9, 0.9)
    return _table(
        results, found, f"The count on {day(found.until)} under each plan", count_heads(found),
        widths, count_cells, COUNT_NOTE,
    )  # fmt: skip


def passage_table(found: PlanForecast) -> Table:
    """Return the median first passages under each plan, averaged over the hypotheses."""
    heads = passage_heads(found)
    columns = (Column(head.replace(">=", "≥"), 1, numeric=True) for head in heads)
    return Table(
        PASSAGE_TITLE,
        (Column("Plan", 2), *columns),
        tuple(Row((row.label, *passage_cells(found, row))) for row in found.rows),
        "The first of the days looked at by which half of the draws have passed, averaged over the "
        "hypotheses.",
    )


def dose_table(results: Results, found: PlanForecast) -> Table:
    """Return the doses, and what is said of the infection on the last day, under each plan."""
    heads = dose_heads(found)
    infection = f", and the infection on {day(found.until)}," if len(heads) > 2 else ""
    widths = (1.0, 1.0, *(1.2 for _ in heads[2:]))
    return _table(
        results, found, f"Doses{infection} under each plan", heads, widths, dose_cells,
        dose_note(found),
    )  # fmt: skip


def verdict_table(found: PlanForecast, table: PlanSensitivity) -> Table:
    """Return the range of each probability of the last day over the analyses, and the verdict."""
    heads = (*VERDICT_HEADS, "lowest with", "highest with")
    columns = zip(heads, (0.6, 0.7, 0.7, 1.1, 2.2, 2.2), strict=True)
    lines = (
        line
        for row in found.rows
        for line in (
            Row((row.label,), Mark.GROUP),
            *(
                Row((o.head.replace(">=", "≥"), *verdict_cells(v), *end_labels(table, v)))
                for o, v in shown_verdicts(found, row)
            ),
        )
    )
    return Table(
        f"Verdicts on {day(found.until)} over {small(len(table.rows), 'analysis', 'analyses')}",
        (
            Column("Outcome", 1.6),
            *(Column(capital(x), width, numeric=i < 3) for i, (x, width) in enumerate(columns)),
        ),
        tuple(lines),
        f"Averaged over the hypotheses; {RULE}. Lowest and highest: with this assumption changed.",
    )


def _table(
    results: Results,
    found: PlanForecast,
    caption: str,
    heads: tuple[str, ...],
    widths: tuple[float, ...],
    cells: Cells,
    note: str,
) -> Table:
    columns = zip(heads, widths, strict=True)
    titled = (
        Column(capital(head.replace(">=", "≥")), width, numeric=True) for head, width in columns
    )
    rows = (
        line
        for row in found.rows
        for line in (Row((row.label,), Mark.GROUP), *_rows(results, row.course, cells))
    )
    return Table(caption, (*OPENING, *titled), tuple(rows), prose(note))


def _rows(results: Results, course: ByHypothesis[PlanCourse], cells: Cells) -> Iterator[Row]:
    yield Row(("Averaged", "1", *cells(course.averaged)), Mark.AVERAGED)
    for h in results.hypotheses:
        yield Row((h.label, weight(h.weight), *cells(course.by_hypothesis[h.name])))
