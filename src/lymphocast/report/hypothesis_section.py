"""Hypotheses, fit, predictive checks and what the data could not say."""

from lymphocast.forecast.checks import CONTRACTION_LIMIT
from lymphocast.forecast.results import (
    AVERAGED,
    Contraction,
    LeaveLastOut,
    ObservedCount,
    Results,
)
from lymphocast.report.blocks import (
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
    contraction_sentence,
    fit_sentence,
    last_out_sentence,
    predictive_sentence,
    weights_sentence,
)
from lymphocast.report.wording import (
    between,
    count_interval,
    counted,
    log_value,
    number,
    number_interval,
    short_probability,
    signed,
    unit,
    weight,
    with_error,
)

NOT_APPLICABLE = "–"


def hypotheses_section(results: Results) -> Section:
    """Return the joint hypotheses, how they were fitted, and how well they predict."""
    return Section(
        "hypotheses",
        "Hypotheses and fit",
        (
            Paragraph(
                "Each joint hypothesis says whether IL-2 adds cells (H1), which natural course the "
                "count takes (a stable count; recovery by itself; an infection had lowered the "
                "count and its effect lifts), and whether a higher count, from whatever cause, "
                "hastens clearance of the infection (H3)."
            ),
            hypothesis_table(results),
            Paragraph(weights_sentence(results)),
            Paragraph(fit_sentence(results)),
            Subheading("Recorded counts and their posterior predictive"),
            observed_table(results.observed),
            Paragraph(predictive_sentence(results.observed)),
            Subheading("The last count, left out and predicted"),
            Paragraph(last_out_sentence(results.leave_last_out.averaged)),
            last_out_table(results),
            Subheading("What the data narrowed, and what they did not"),
            Paragraph(contraction_sentence(results.contraction)),
            contraction_table(results.contraction),
            *banners(results.contraction),
        ),
    )


def hypothesis_table(results: Results) -> Table:
    """Return the table of joint hypotheses."""
    return Table(
        "Joint hypotheses",
        (
            Column("Hypothesis", 4.6),
            Column("Prior weight", 1.2, numeric=True),
            Column("Log evidence ± SE", 2, numeric=True),
            Column("Posterior weight", 1.4, numeric=True),
            Column("Effective sample size", 1.5, numeric=True),
        ),
        tuple(
            Row(
                (
                    h.label,
                    weight(h.prior),
                    with_error(h.log_evidence, h.log_evidence_se),
                    weight(h.weight),
                    number(h.ess, 2),
                )
            )
            for h in results.hypotheses
        ),
        "SE: Monte Carlo standard error of the log evidence.",
    )


def observed_table(observed: tuple[ObservedCount, ...]) -> Table:
    """Return the recorded counts beside their posterior predictive."""
    return Table(
        "Recorded counts and the counts that the fitted model would measure",
        (
            Column("Taken between", 2.6),
            Column("Measured", 1.2, numeric=True),
            Column("Unit", 1),
            Column("Predictive median (90 % interval)", 2.4, numeric=True),
            Column("Inside", 0.9),
        ),
        tuple(
            Row(
                (
                    between(o.earliest, o.latest),
                    counted(o.value, below=o.below),
                    unit(o.unit),
                    count_interval(o.predictive),
                    "yes" if o.inside else "no",
                )
            )
            for o in observed
        ),
    )


def last_out_table(results: Results) -> Table:
    """Return the leave-last-out prediction, averaged and by hypothesis."""
    return Table(
        "The last count predicted from all other facts",
        (
            Column("Hypothesis", 3.6),
            Column("Posterior weight", 1.2, numeric=True),
            Column("Predicted (90 % interval)", 2.2, numeric=True),
            Column("P(this low or lower)", 1.4, numeric=True),
            Column("Log score", 1, numeric=True),
        ),
        (
            _left(AVERAGED, "1", results.leave_last_out.averaged, Mark.AVERAGED),
            *(
                _left(h.label, weight(h.weight), left, Mark.PLAIN)
                for h in results.hypotheses
                if (left := results.leave_last_out.by_hypothesis.get(h.name)) is not None
            ),
        ),
        f"Log score: {_score_words(results.leave_last_out.averaged)}; higher is better. The "
        "posterior weights are those given all facts; without the last count the average has "
        "weights of its own.",
    )


def _score_words(left: LeaveLastOut) -> str:
    if left.below:
        return "log probability of a measured count below the reported limit"
    return "log predictive density of the observed count per unit of ln(count)"


def _left(label: str, share: str, left: LeaveLastOut, mark: Mark) -> Row:
    cells = (
        label.capitalize() if mark is Mark.AVERAGED else label,
        share,
        count_interval(left.predicted),
        short_probability(left.tail),
        log_value(left.log_score),
    )
    return Row(cells, mark)


def contraction_table(rows: tuple[Contraction, ...]) -> Table:
    """Return prior and posterior of each parameter with its contraction."""
    return Table(
        "Parameters: prior, posterior and contraction",
        (
            Column("Parameter", 2.8),
            Column("Unit", 1),
            Column("Prior median (90 % interval)", 2.4, numeric=True),
            Column("Posterior median (90 % interval)", 2.4, numeric=True),
            Column("Contraction", 1.3, numeric=True),
            Column("Scale", 0.9),
        ),
        tuple(
            Row(
                (
                    c.meaning,
                    unit(c.unit) or NOT_APPLICABLE,
                    number_interval(c.prior),
                    number_interval(c.posterior),
                    contraction(c),
                    c.scale,
                )
            )
            for c in rows
        ),
        "Contraction is 1 minus the ratio of posterior to prior variance, under the hypotheses to "
        "which the parameter belongs; the prior is conditioned on the entry rule. "
        f"* Below {CONTRACTION_LIMIT:g}. “ln”: variances of the logarithm.",
    )


def contraction(row: Contraction) -> str:
    """Return a contraction with a star if a banner belongs to it."""
    if not row.banner:
        return signed(f"{row.contraction:.2f}")
    shown = f"{row.contraction:.2f}"
    return f"{signed(shown) if float(shown) < CONTRACTION_LIMIT else f'<{shown}'} *"


def banners(rows: tuple[Contraction, ...]) -> tuple[Paragraph, ...]:
    """Return the distinct banners that weak contraction triggers, with their parameters."""
    named: dict[str, list[str]] = {}
    for row in rows:
        if row.banner:
            named.setdefault(row.banner, []).append(row.meaning)
    return tuple(
        Paragraph(f"{'; '.join(meanings)}.", Tone.NAMED, f"{banner.rstrip('.')}:")
        for banner, meanings in named.items()
    )
