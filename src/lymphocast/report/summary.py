"""The machine-readable summary: every result, no timing and no path.

The order of keys is fixed here, floats keep six significant digits, and every object follows
``summary.schema.json`` (JSON Schema 2020-12), so identical results give identical bytes.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields, is_dataclass
from datetime import date
from enum import Enum
from importlib.resources import files
from typing import Final, TypeVar

from lymphocast.criteria.check import CheckReport
from lymphocast.errors import UsageError
from lymphocast.forecast.foresight import Outlook
from lymphocast.forecast.outcome_results import Unasked
from lymphocast.forecast.plan_results import PlanForecast
from lymphocast.forecast.regimen_results import RegimenSearch
from lymphocast.forecast.results import (
    Attribution,
    ByHypothesis,
    Contraction,
    ForecastPoint,
    HypothesisRow,
    Interval,
    LeaveLastOut,
    ObservedCount,
    Prediction,
    Results,
    ScenarioOutcome,
    SensitivityRow,
    Verdict,
)
from lymphocast.forecast.trial.characteristics import Characteristics
from lymphocast.inference.history import Step
from lymphocast.record.patient import PatientRecord
from lymphocast.report.plan_tables import plan_content
from lymphocast.report.trial_tables import trial_content
from lymphocast.report.values import DIGITS
from lymphocast.report.wording import NOT_ASKED

"""Significant digits kept: more than the Monte Carlo error leaves meaning in."""

SCHEMA_FILE: Final = "summary.schema.json"
Json = dict[str, object]
T = TypeVar("T")


def summary(
    record: PatientRecord,
    check_report: CheckReport,
    results: Results,
    *,
    plans: PlanForecast | None = None,
    search: RegimenSearch | None = None,
    trial: Characteristics | None = None,
) -> Json:
    """Return the summary as plain JSON values; plans, search and trial if they are given.

    Raises
    ------
    UsageError
        If a result is not a finite number, naming its place.
    """
    ahead = _outlook(results)
    content: Json = {
        "record": {"id": record.id, "issues": _issues(check_report)},
        "criteria": {"icl": _icl(check_report)},
        "observed": [_observed(o) for o in results.observed],
        "hypotheses": ahead["hypotheses"],
        "attribution": _by_hypothesis(results.attribution, _attribution, results),
        "outcomes": _outcomes(results),
        "forecast": ahead["forecast"],
        "leave_last_out": _by_hypothesis(results.leave_last_out, _left, results),
        "registered": ahead["registered"],
        "contraction": [_contraction(c) for c in results.contraction],
        "sensitivity": [_sensitivity(s) for s in results.sensitivity],
        "verdicts": _verdicts(results.verdicts, results.unasked),
        "timing": _timing(results),
        "next_count": results.next_count,
        "history": [_step(s) for s in results.history],
        "fit": {
            "method": results.fit.method,
            "draws": results.fit.draws,
            "ess_min": results.fit.ess_min,
            "seed": results.fit.seed,
            "diagnostics_passed": results.fit.diagnostics_passed,
            "preset": results.fit.preset,
        },
        "priors_sha256": results.priors_sha256,
        "record_sha256": results.record_sha256,
        "versions": dict(sorted(results.versions.items())),
        **({} if plans is None else {"plans": plan_content(plans)}),
        **({} if search is None else {"search": search}),
        **({} if trial is None else {"trial": trial_content(trial)}),
    }
    return {key: plain_json(value, key) for key, value in content.items()}


def outlook_json(results: Outlook) -> str:
    """Return only hypotheses, forecast, registered predictions and the next count, as JSON text."""
    ahead = {**_outlook(results), "next_count": results.next_count}
    content = {key: plain_json(value, key) for key, value in ahead.items()}
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def summary_json(
    record: PatientRecord,
    check_report: CheckReport,
    results: Results,
    *,
    plans: PlanForecast | None = None,
    search: RegimenSearch | None = None,
    trial: Characteristics | None = None,
) -> str:
    """Return the summary as JSON text; identical results give identical text."""
    content = summary(record, check_report, results, plans=plans, search=search, trial=trial)
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def summary_schema() -> Mapping[str, object]:
    """Return the JSON Schema of the summary."""
    text = files("lymphocast.report").joinpath(SCHEMA_FILE).read_text(encoding="utf-8")
    schema: Mapping[str, object] = json.loads(text)
    return schema


def plain_json(value: object, place: str) -> object:
    """Return a value as JSON has it: rounded floats, dates and enumerations as text.

    What cannot be known (``None``) is null.
    """
    if is_dataclass(value):
        return {
            f.name: plain_json(getattr(value, f.name), f"{place}.{f.name}") for f in fields(value)
        }
    if isinstance(value, Mapping):
        return {str(key): plain_json(v, f"{place}.{key}") for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain_json(v, f"{place}[{i}]") for i, v in enumerate(value)]
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, date):
        return value.isoformat()
    if value is None or isinstance(value, str | bool | int):
        return value
    return _rounded(value, place)


def _rounded(value: object, place: str) -> float:
    number = float(value)  # type: ignore[arg-type]  # a Python or NumPy float; else TypeError
    if not math.isfinite(number):
        msg = f"summary: {place} is {number}; it needs a finite number"
        raise UsageError(msg)
    return float(f"{number:.{DIGITS}g}") + 0.0


def _issues(check_report: CheckReport) -> list[Json]:
    return [
        {
            "rule": issue.rule,
            "severity": issue.severity,
            "path": issue.path,
            "message": issue.message,
            "locators": issue.locators,
        }
        for issue in check_report.issues
    ]


def _icl(check_report: CheckReport) -> Json:
    icl = check_report.icl
    return {
        "status": icl.status,
        "edition": icl.edition,
        "items": [
            {"name": i.name, "status": i.status, "facts": i.facts, "why": i.why} for i in icl.items
        ],
        "missing": icl.missing,
    }


def _outlook(results: Outlook) -> Json:
    return {
        "hypotheses": [_hypothesis(h) for h in results.hypotheses],
        "forecast": _by_hypothesis(results.forecast, _points, results),
        "registered": _by_hypothesis(results.registered, _predictions, results),
    }


def _by_hypothesis(result: ByHypothesis[T], write: Callable[[T], object], results: Outlook) -> Json:
    names = (h.name for h in results.hypotheses if h.name in result.by_hypothesis)
    return {
        "averaged": write(result.averaged),
        "by_hypothesis": {name: write(result.by_hypothesis[name]) for name in names},
    }


def _interval(interval: Interval) -> Json:
    return {"p05": interval.p05, "p50": interval.p50, "p95": interval.p95}


def _observed(o: ObservedCount) -> Json:
    return {
        "id": o.id,
        "value": o.value,
        "unit": o.unit,
        "earliest": o.earliest,
        "latest": o.latest,
        "predictive": _interval(o.predictive),
        "below": o.below,
    }


def _hypothesis(h: HypothesisRow) -> Json:
    return {
        "name": h.name,
        "label": h.label,
        "prior": h.prior,
        "log_evidence": h.log_evidence,
        "log_evidence_se": h.log_evidence_se,
        "weight": h.weight,
        "ess": h.ess,
    }


def _attribution(a: Attribution) -> Json:
    return {
        "rise": _interval(a.rise),
        "il2_gain_at_second": _interval(a.il2_gain_at_second),
        "p_il2_more_than_half": a.p_il2_more_than_half,
        "scenarios": [_scenario(s) for s in a.scenarios],
    }


def _scenario(s: ScenarioOutcome) -> Json:
    return {
        "scenario": s.scenario,
        "count_at_second": _interval(s.count_at_second),
        "count_at_stop": _interval(s.count_at_stop),
        "count_at_last": _interval(s.count_at_last),
        "lost_at_second": _interval(s.lost_at_second),
        "p_culture_negative": s.p_culture_negative,
        "p_symptoms_resolved": s.p_symptoms_resolved,
    }


def _outcomes(results: Results) -> Json:
    found = results.outcomes
    return {
        "start": found.start,
        "stop": found.stop,
        "draws": found.draws,
        **_by_hypothesis(found.courses, lambda rows: [asdict(row) for row in rows], results),
        "statements": _verdicts(found.statements, found.unasked),
    }


def _points(points: tuple[ForecastPoint, ...]) -> list[Json]:
    return [
        {
            "origin": p.origin,
            "years": p.years,
            "count": _interval(p.count),
            "p_below": dict(sorted(p.p_below.items())),
            "p_below_by_then": dict(sorted(p.p_below_by_then.items())),
        }
        for p in points
    ]


def _predictions(predictions: tuple[Prediction, ...]) -> list[Json]:
    return [
        {"day": p.day, "latent": _interval(p.latent), "measured": _interval(p.measured)}
        for p in predictions
    ]


def _left(left: LeaveLastOut) -> Json:
    return {
        "predicted": _interval(left.predicted),
        "observed": left.observed,
        "log_score": left.log_score,
        "random_walk_log_score": left.random_walk_log_score,
        "tail": left.tail,
        "ess": left.ess,
        "below": left.below,
    }


def _contraction(c: Contraction) -> Json:
    return {
        "parameter": c.parameter,
        "unit": c.unit,
        "scale": c.scale,
        "prior": _interval(c.prior),
        "posterior": _interval(c.posterior),
        "contraction": c.contraction,
        "applies_to": c.applies_to,
        "banner": c.banner,
    }


def _sensitivity(s: SensitivityRow) -> Json:
    return {
        "name": s.name,
        "label": s.label,
        "probabilities": dict(sorted(s.probabilities.items())),
        "p_il2": s.p_il2,
        "statements": dict(sorted(s.statements.items())),
        "ess": s.ess,
    }


def _verdicts(answered: Sequence[Verdict], unasked: Sequence[Unasked]) -> list[Json]:
    return [*map(_verdict, answered), *map(_not_asked, unasked)]


def _not_asked(u: Unasked) -> Json:
    return {
        "id": u.id,
        "question": u.question,
        "definition": f"{u.definition} Not asked: {u.why}",
        "probability": None,
        "lowest": None,
        "highest": None,
        "answer": NOT_ASKED,
    }


def _verdict(v: Verdict) -> Json:
    return {
        "id": v.id,
        "question": v.question,
        "definition": v.definition,
        "probability": v.probability,
        "lowest": v.lowest,
        "highest": v.highest,
        "answer": v.answer,
    }


def _timing(results: Results) -> Json:
    timing = results.timing
    return {
        "early_days": timing.early_days,
        "early_prior": _interval(timing.early_prior),
        "early_posterior": _interval(timing.early_posterior),
        "early_share": _interval(timing.early_share),
        "before": _by_hypothesis(timing.before, _interval, results),
        "p_before_more_than_half": timing.p_before_more_than_half,
        "remaining": [{"id": r.id, "share": _interval(r.share)} for r in timing.remaining],
    }


def _step(step: Step) -> Json:
    return {
        "made": step.made,
        "reason": step.reason,
        "record_sha256": step.record_sha256,
        "ess_before": step.ess_before,
        "ess_after": step.ess_after,
        "scores": [
            {
                "id": s.id,
                "value": s.value,
                "earliest": s.earliest,
                "latest": s.latest,
                "expected": {"p05": s.p05, "p50": s.p50, "p95": s.p95},
                "inside": s.inside,
                "log_score": s.log_score,
                "below": s.below,
            }
            for s in step.scores
        ],
    }
