"""What a series of patients says, for people and for programs."""

import json
from collections.abc import Iterator, Sequence

from lymphocast.inference.hypotheses import HYPOTHESES, Course
from lymphocast.inference.posterior import Fit
from lymphocast.inference.series import FEWEST_EFFECTIVE, PatientGain, SeriesPosterior
from lymphocast.inference.series_grid import SharedNumber
from lymphocast.report.columns import table_lines

SELECTION = (
    "Published patients are a selection: those who did well are written about, and no series "
    "corrects for that."
)
SHARES = {"p05": 0.05, "p50": 0.5, "p95": 0.95}


def series_lines(found: SeriesPosterior) -> list[str]:
    """Return the answer as lines for a terminal."""
    rows = [
        ("median gain under interleukin-2, /uL", found.effect, "{:.0f}"),
        ("its spread between patients, SD of ln", found.spread, "{:.2f}"),
        ("mean time to the onset of recovery, d", found.recovery_mean, "{:.0f}"),
    ]
    number = len(found.patients)
    who = "1 patient, a series of one"
    if number > 1:
        who = f"{number} patients who share one effect and one recovery rate"
    lines = [
        who,
        "interleukin-2 adds cells, in all of them or in none",
        *_hypothesis_lines(found),
        "shared numbers: median (5 to 95 %), the first two if interleukin-2 adds cells",
    ]
    for name, shared, form in rows:
        low, middle, high = (form.format(shared.quantile(q)) for q in (0.05, 0.5, 0.95))
        lines.append(f"  {name:<38} {middle} ({low} to {high})")
    lines.append("each patient's own gain, /uL, in the light of the others")
    for one in found.patients:
        lines.append(f"  {one.id:<38} {one.q50:.0f} ({one.q05:.0f} to {one.q95:.0f})")
    lines.append("each patient's own natural course: its probability")
    heads = ("patient", *(course.value for course in Course))
    rows_of = [(p.id, *(f"{_course(p, c):.2f}" for c in Course)) for p in found.patients]
    lines += table_lines(heads, rows_of)
    if found.thin:
        lines.append(
            f"fewer than {FEWEST_EFFECTIVE:g} effective draws are left of {', '.join(found.thin)}: "
            "too few to read what the series says of them; needed fits with more --draws"
        )
    return [*lines, SELECTION]


def _hypothesis_lines(found: SeriesPosterior) -> Iterator[str]:
    """Yield both sides of H1 with their weights."""
    priors, posteriors = (found.prior_il2, 1.0 - found.prior_il2), (found.il2, 1.0 - found.il2)
    rows = [
        (name, f"{prior:.2f}", f"{evidence:.1f}", f"{posterior:.2f}")
        for name, prior, evidence, posterior in zip(
            ("in all", "in none"), priors, found.log_evidence, posteriors, strict=True
        )
    ]
    yield from table_lines(("hypothesis", "prior", "ln evidence", "probability"), rows)


def _course(one: PatientGain, course: Course) -> float:
    return sum(one.weights[h.name] for h in HYPOTHESES if h.course is course)


def series_json(found: SeriesPosterior, fits: Sequence[Fit], seed: int) -> str:
    """Return the answer as JSON text, with what is needed to make it again."""
    document = {
        "patients": [
            {
                "id": fit.record.id,
                "record_sha256": fit.record.sha256,
                "gain": {"unit": "/uL", "p05": one.q05, "p50": one.q50, "p95": one.q95},
                "ess": one.ess,
                "hypotheses": dict(sorted(one.weights.items())),
                "diagnostics_passed": fit.diagnostics_passed,
            }
            for fit, one in zip(fits, found.patients, strict=True)
        ],
        "shared": {
            "effect": _shared(found.effect, "/uL"),
            "spread": _shared(found.spread, "1"),
            "recovery_mean": _shared(found.recovery_mean, "d"),
        },
        "il2": {
            "prior": found.prior_il2,
            "probability": found.il2,
            "log_evidence_with": found.log_evidence[0],
            "log_evidence_without": found.log_evidence[1],
        },
        "reweighting_passed": not found.thin,
        "warning": SELECTION,
        "priors_sha256": fits[0].table.sha256,
        "seed": seed,
        "versions": dict(fits[0].versions),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _shared(shared: SharedNumber, unit: str) -> dict[str, object]:
    """Return quantiles of a shared number with its unit."""
    return {"unit": unit, **{name: shared.quantile(q) for name, q in SHARES.items()}}
