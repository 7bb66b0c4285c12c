"""The controls of one record as lines for a terminal and as JSON."""

from collections.abc import Iterator
from dataclasses import asdict
from math import isnan

from lymphocast.forecast.controlled import FEWEST_DRAWS, Control, Controls
from lymphocast.forecast.crossing import SURE
from lymphocast.forecast.prior_trials.comparison import Span
from lymphocast.forecast.sensitivity import YES_ABOVE
from lymphocast.report.columns import table_lines
from lymphocast.report.plain import NOT_A_DEVICE
from lymphocast.report.values import json_text


def controls_json(found: Controls) -> str:
    """Return the controls as JSON text; identical results give identical text."""
    content = {**asdict(found), "sure_above": SURE, "yes_above": YES_ABOVE}
    return json_text(content)


def controls_lines(found: Controls) -> tuple[str, ...]:
    """Return the controls as lines."""
    return tuple(_lines(found))


def _lines(found: Controls) -> Iterator[str]:
    yield from _known(found)
    yield ""
    yield from _simulated(found)
    yield ""
    yield NOT_A_DEVICE


def _known(found: Controls) -> Iterator[str]:
    yield "Did IL-2 make more than half of the rise? Patients for whom it is known"
    heads = ("patient", "must be", "answer", "P", "table", "P(IL-2 adds cells)", "")
    rows = [
        (
            r.label,
            "yes" if r.positive else "not yes",
            r.answer,
            f"{r.probability:.2f}",
            "not run" if r.answer == "not yes" else f"{r.lowest:.2f} to {r.highest:.2f}",
            f"{r.p_il2:.2f}",
            _outcome(r),
        )
        for r in found.rows
    ]
    yield from table_lines(heads, rows)
    yield f"  All controls passed: {'yes' if found.passed else 'NO'}. Seed {found.seed}."
    for words in found.left_out:
        yield f"  Left out: {words}."
    yield "  The table is not run where the base analysis already excludes a yes."


def _outcome(row: Control) -> str:
    if row.passed:
        return "passed"
    return "FAILED" if row.ess >= FEWEST_DRAWS else "FAILED: too few effective draws to say"


def _share(value: float) -> str:
    return "-" if isnan(value) else f"{value:.2f}"


def _counted(share: float, interval: Span) -> str:
    """Return a share of simulated patients with its interval."""
    if isnan(share):
        return "-"
    return f"{share:.2f} ({interval.low:.2f} to {interval.high:.2f})"


def _simulated(found: Controls) -> Iterator[str]:
    yield f"Simulated from one explanation, weighed by all: P(IL-2 adds cells) above {SURE}"
    rates = [
        (
            r.label,
            f"{r.prior:.2f}",
            str(r.patients),
            _counted(r.p_sure_of_il2, r.sure_interval),
            _counted(r.p_above_yes, r.yes_interval),
            _share(r.mean_p_il2),
        )
        for r in found.rates
    ]
    heads = ("made by", "prior", "patients", f"> {SURE}", f"P(b) > {YES_ABOVE}", "mean")
    yield from table_lines(heads, rates)
    yield "  In brackets the 95 % interval of the share (Clopper and Pearson)."
    unread = sum(r.unread for r in found.rates)
    if unread:
        yield f"  {unread} patients had too few effective draws and are left out."
    if isnan(found.mean_p_il2):
        yield "  Of an explanation no patient is left, so nothing can be said of the weights."
    else:
        yield (
            f"  Averaged over what made them, P(IL-2 adds cells) is {found.mean_p_il2:.2f}; "
            f"right weights give {found.prior_il2:.2f}."
        )
    yield "  Patients are drawn from the prior and counted on the record's own days."
