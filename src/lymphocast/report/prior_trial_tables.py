"""The calibration of priors as plain lines for a terminal and as Markdown for a page."""

from collections.abc import Iterator, Sequence

from lymphocast.forecast.prior_trials.calibration import PriorCalibration
from lymphocast.forecast.prior_trials.choices import Choice
from lymphocast.forecast.prior_trials.comparison import Comparison, Span, Verdict
from lymphocast.forecast.prior_trials.trials import Endpoint, Target

Row = tuple[str, ...]
TRIAL_HEADS: Row = (
    "trial",
    "what",
    "observed (interval)",
    "predicted ± MC",
    "95 % expected, with transport",
    "without",
    "verdict",
)
CHOICE_HEADS: Row = ("number", "in the table", "found", "rounded to", "agrees", "what was met")
SHARES = frozenset(
    {Endpoint.CULTURE_NEGATIVE, Endpoint.RESISTANT, Endpoint.RECOVERED, Endpoint.RISE}
)


def prior_trial_lines(found: PriorCalibration) -> Iterator[str]:
    """Yield the comparisons, how each number was chosen, and what the priors miss."""
    yield "Published results, and what the priors predict"
    yield from _aligned(TRIAL_HEADS, comparison_rows(found))
    yield ""
    yield "How the calibrated numbers were chosen"
    yield from _aligned(CHOICE_HEADS, choice_rows(found.choices))
    yield from ("", *remarks(found))


def prior_trial_markdown(found: PriorCalibration) -> str:
    """Return the same as Markdown: two tables and a list."""
    lines = [
        *_table(TRIAL_HEADS, comparison_rows(found)),
        "",
        *_table(CHOICE_HEADS, choice_rows(found.choices)),
        "",
        *(f"- {line}" for line in remarks(found)),
    ]
    return "\n".join(lines) + "\n"


def comparison_rows(found: PriorCalibration) -> list[Row]:
    """Return a row for each target."""
    return [_comparison_row(one) for one in found.comparisons]


def choice_rows(choices: Sequence[Choice]) -> list[Row]:
    """Return a row for each search."""
    return [
        (
            f"{one.parameter}, {one.quantity}",
            f"{_digits(one.chosen)} {one.unit}" if one.unit != "1" else _digits(one.chosen),
            "none in reach" if one.found is None else _digits(one.found),
            f"{one.rounding:g}",
            "yes" if one.agrees else "no",
            one.reading,
        )
        for one in choices
    ]


def remarks(found: PriorCalibration) -> Iterator[str]:
    """Yield what the tables do not show, ending with the targets that must hold."""
    transport, some = found.transport, found.subcutaneous
    yield (
        f"Transport {transport.name} ({transport.grade}): a factor of {transport.factor:g} as one "
        f"SD, {transport.log_sd:.2f} of ln."
    )
    gains = ", ".join(f"{trial} {gain:.0f}" for (trial, _), gain in some.gains.items())
    yield (
        f"Typical gains that the subcutaneous regimens imply, cells/uL: {gains}; SD of ln "
        f"{some.log_sd:.2f} (95 % {some.log_sd_span.low:.2f} to {some.log_sd_span.high:.2f})."
    )
    shares = ", ".join(f"{months:g} months {_percent(p)}" for months, p in found.recovery.items())
    yield f"Recovered by month 49.5 under the other mean delays of the sensitivity table: {shares}."
    outside = [_name(c) for c in found.comparisons if c.verdict is Verdict.OUTSIDE]
    yield f"Outside: {'; '.join(outside) or 'none'}."
    beyond = [_name(c) for c in found.comparisons if _beyond_without(c)]
    yield f"Outside without the transport: {'; '.join(beyond) or 'none'}."
    unmet = [_name(c) for c in found.comparisons if _outside_source(c)]
    yield f"Median effect outside the interval of the source: {'; '.join(unmet) or 'none'}."
    held = sum(one.target.must_hold for one in found.comparisons)
    missed = "; ".join(_name(one) for one in found.missed) or "none"
    yield f"Of {held} targets that must hold, missed: {missed}."
    yield f"{found.draws} draws a cohort, seed {found.seed}."


def observed_text(target: Target, interval: Span | None) -> str:
    """Return what was observed with its interval, as both tables print it."""
    if target.observed is None:
        return "not stated"
    if target.event is not None:
        share = f"{_percent(target.observed)} of {target.of:g}"
        return share if interval is None else f"{share} ({_range(interval, 100.0)})"
    arms = ""
    if target.treated is not None and target.control is not None:
        arms = f" = {target.treated:+g} - ({target.control:+g})"
    text = f"{target.observed:g}{arms}"
    if interval is None:
        return text if target.endpoint is Endpoint.NONE else f"{text} (none stated)"
    return f"{text} ({interval.low:g} to {interval.high:g})"


def _comparison_row(one: Comparison) -> Row:
    target = one.target
    observed = observed_text(target, one.interval)
    if one.verdict is Verdict.NOT_COMPARED:
        return (one.trial.title, target.label, observed, "", "", "", f"not: {target.reason}")
    share = target.endpoint in SHARES
    scale, digits = (100.0, 1) if share else (1.0, 1 if one.expected is None else 0)
    predicted = f"{one.predicted * scale:.{digits}f} ± {one.error * scale:.1f}"
    mark = " (must hold)" if target.must_hold else " (held out)" if target.held_out else ""
    return (
        one.trial.title,
        target.label,
        observed,
        f"{predicted} %" if share else predicted,
        "" if one.expected is None else _range(one.expected, scale),
        "" if one.without is None else _range(one.without, scale),
        f"{one.verdict.value}{mark}",
    )


def _beyond_without(one: Comparison) -> bool:
    observed = one.target.observed
    return one.without is not None and observed is not None and not one.without.holds(observed)


def _outside_source(one: Comparison) -> bool:
    stated = one.interval if one.target.endpoint is Endpoint.GAIN else None
    return stated is not None and not stated.holds(one.predicted)


def _name(one: Comparison) -> str:
    return f"{one.trial.title}, {one.target.label}"


def _percent(share: float) -> str:
    return f"{100.0 * share:.0f} %"


def _range(span: Span, scale: float) -> str:
    return f"{scale * span.low:.0f} to {scale * span.high:.0f}"


def _digits(value: float) -> str:
    return f"{value:.3g}"


def _aligned(heads: Row, rows: Sequence[Row]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    for row in (heads, *rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()


def _table(heads: Row, rows: Sequence[Row]) -> Iterator[str]:
    for row in (heads, ("---",) * len(heads), *rows):
        yield f"| {' | '.join(row)} |"
