"""What comes next without treatment, and what would change the answer."""

from collections.abc import Iterator
from typing import Final

from lymphocast.criteria.check import CheckReport
from lymphocast.forecast.results import ForecastPoint, Prediction, Results
from lymphocast.record.patient import Claim, PatientRecord
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
from lymphocast.report.claims import (
    claim_support,
    forecast_sentence,
    next_count_sentence,
    sensitivity_sentence,
)
from lymphocast.report.wording import (
    ORIGIN_WORDS,
    capital,
    count_interval,
    day,
    listed,
    prose,
    short_probability,
    weight,
    years,
)

QUOTES: Final = '"“”'
LAST_COUNT: Final = "last-count"
OPEN_RULES: Final = frozenset({"product-ambiguity", "unit-ambiguity", "doses-missed-undated"})
"""Rules whose issues name facts that would change the answer if they were known."""


def outlook_section(results: Results) -> Section:
    """Return the forecast after the last count and after the stop, and registered predictions."""
    origins = tuple(dict.fromkeys(p.origin for p in results.forecast.averaged))
    return Section(
        "outlook",
        "What comes next",
        (
            Paragraph(
                "Every forecast assumes no treatment. Counts are latent, before measurement error. "
                "“At that time” is point in time; “by then” is first passage: below the threshold "
                "at some time since the origin. Below 200 cells/µL prophylaxis against "
                "opportunistic infection is usually given; 300 cells/µL is the limit in the "
                "definition of idiopathic CD4 lymphopenia."
            ),
            Bullets(
                tuple(
                    forecast_sentence(p)
                    for p in results.forecast.averaged
                    if p.origin == LAST_COUNT
                )
            ),
            *(forecast_table(results, origin) for origin in origins),
            *_registered(results),
        ),
    )


def forecast_table(results: Results, origin: str) -> Table:
    """Return the forecast from one origin, grouped by horizon."""
    averaged = tuple(p for p in results.forecast.averaged if p.origin == origin)
    limits = tuple(sorted({n for p in averaged for n in p.p_below}, reverse=True))
    rows: list[Row] = []
    for point in averaged:
        rows.append(Row((f"{capital(years(point.years))} after {_origin(origin)}",), Mark.GROUP))
        rows.append(_point("Averaged", "1", point, limits, Mark.AVERAGED))
        for h in results.hypotheses:
            rows.extend(
                _point(h.label, weight(h.weight), other, limits, Mark.PLAIN)
                for other in results.forecast.by_hypothesis[h.name]
                if (other.origin, other.years) == (origin, point.years)
            )
    return Table(
        f"Untreated latent count after {_origin(origin)}",
        (
            Column("Hypothesis", 3.6),
            Column("Posterior weight", 1.1, numeric=True),
            Column("Latent count (90 % interval)", 2.2, numeric=True),
            *(Column(f"P(below {n}) at that time", 1.3, numeric=True) for n in limits),
            *(Column(f"P(below {n}) by then", 1.3, numeric=True) for n in limits),
        ),
        tuple(rows),
        "Counts in cells/µL.",
    )


def _origin(origin: str) -> str:
    return listed(ORIGIN_WORDS, origin)


def _point(
    label: str, share: str, point: ForecastPoint, limits: tuple[int, ...], mark: Mark
) -> Row:
    cells = (
        label,
        share,
        count_interval(point.count),
        *(short_probability(point.p_below[n]) for n in limits),
        *(short_probability(point.p_below_by_then[n]) for n in limits),
    )
    return Row(cells, mark)


def _registered(results: Results) -> Iterator[Block]:
    if not results.registered.averaged:
        return
    yield Subheading("Registered predictions")
    yield Paragraph(
        "The source shows that counts exist which this record does not hold. These predictions "
        "were made without them, are kept with the result, and can be scored once the counts are "
        "entered."
    )
    rows: list[Row] = []
    for index, averaged in enumerate(results.registered.averaged):
        rows.append(Row((day(averaged.day),), Mark.GROUP))
        rows.append(_prediction("Averaged", "1", averaged, Mark.AVERAGED))
        rows.extend(
            _prediction(
                h.label,
                weight(h.weight),
                results.registered.by_hypothesis[h.name][index],
                Mark.PLAIN,
            )
            for h in results.hypotheses
        )
    yield Table(
        "Counts expected on days without a recorded count",
        (
            Column("Hypothesis", 4),
            Column("Posterior weight", 1.2, numeric=True),
            Column("Latent (90 % interval)", 2.2, numeric=True),
            Column("Measured (90 % interval)", 2.2, numeric=True),
        ),
        tuple(rows),
        "Counts in cells/µL. “Measured” includes measurement error.",
    )


def _prediction(label: str, share: str, prediction: Prediction, mark: Mark) -> Row:
    latent, measured = count_interval(prediction.latent), count_interval(prediction.measured)
    return Row((label, share, latent, measured), mark)


def change_section(record: PatientRecord, check: CheckReport, results: Results) -> Section:
    """Return the facts and assumptions that would move the answers."""
    return Section(
        "change",
        "What would change this answer",
        (
            Bullets(tuple(_facts(record, check, results))),
            Subheading("Other assumptions"),
            sensitivity_table(results),
            Bullets(tuple(sensitivity_sentence(v, results.sensitivity) for v in results.verdicts)),
        ),
    )


def _facts(record: PatientRecord, check: CheckReport, results: Results) -> Iterator[str]:
    yield from (f"Data not read: {u.what}." for u in record.unread)
    if any(point.origin == LAST_COUNT for point in results.forecast.averaged):
        yield next_count_sentence(results)
    yield from (prose(i.message) for i in check.issues if i.rule in OPEN_RULES)
    if check.icl.missing:
        yield (
            "The missing items of the case definition: the hypotheses presume the diagnosis, and "
            "an infection or a drug that lowers the count would be a further explanation."
        )


def sensitivity_table(results: Results) -> Table:
    """Return the probability of each verdict's statement under changed assumptions."""
    return Table(
        "Sensitivity of the answers",
        (
            Column("What is changed", 4),
            *(Column(f"({v.id})", 1, numeric=True) for v in results.verdicts),
            Column("Weight of an IL-2 effect", 1.6, numeric=True),
        ),
        tuple(
            Row(
                (
                    row.label,
                    *(short_probability(row.probabilities[v.id]) for v in results.verdicts),
                    short_probability(row.p_il2),
                )
            )
            for row in results.sensitivity
        ),
        "Columns are the questions of the summary: "
        + " ".join(f"({v.id}) {v.question}" for v in results.verdicts),
    )


def quoted(claim: Claim) -> str:
    """Return a claim in one pair of quotation marks."""
    return f"“{claim.text.strip(QUOTES)}”"


def claims_section(record: PatientRecord, results: Results) -> Section:
    """Return the claims of the source beside their computed support."""
    blocks: tuple[Block, ...] = (Paragraph("The record holds no claim of its sources.", Tone.NOTE),)
    if record.claims:
        blocks = (
            Table(
                "What the source concludes, and what this analysis computes",
                (Column("Claim", 4), Column("Place", 1.6), Column("Computed support", 4.4)),
                tuple(
                    Row(
                        (
                            quoted(claim),
                            f"{claim.source}: {claim.locator}",
                            claim_support(claim, results.verdicts),
                        )
                    )
                    for claim in record.claims
                ),
                "A claim is set beside the nearest question of this analysis; the two are not "
                "always the same statement.",
            ),
        )
    return Section("claims", "The claims of the source", blocks)
