"""Parts of a protocol file: loss to follow-up, endpoints and analyses."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log
from typing import final

from lymphocast.errors import RecordError
from lymphocast.forecast.plan_kinds import LONGEST, Share
from lymphocast.forecast.trial.protocol import (
    AnalysisMethod,
    Endpoint,
    EndpointKind,
    TrialAnalysis,
    TrialProtocol,
)
from lymphocast.record.fields import Field, Group
from lymphocast.record.kinds import Choice, JsonObject, Kind, Scope, Text, Word, shown, text_of
from lymphocast.record.misread import Misread
from lymphocast.record.numbers import Days, Number, Whole
from lymphocast.record.yamltree import Node
from lymphocast.units import DAYS_PER_MONTH

IN_A_ROW = 3  # cultures: NTM-NET consensus 2018, doi:10.1183/13993003.00170-2018
USUAL_ALPHA = 0.05
SUITS = {
    AnalysisMethod.DIFFERENCE: (EndpointKind.CHANGE, EndpointKind.AREA),
    AnalysisMethod.ANCOVA: (EndpointKind.CHANGE,),
    AnalysisMethod.RISK: (EndpointKind.ABOVE, EndpointKind.CONVERTED),
    AnalysisMethod.LOG_RANK: (EndpointKind.TIME,),
}


@final
@dataclass(frozen=True)
class WholeDay(Kind):
    """A length of time after randomisation, kept in whole days."""

    def read(self, node: Node, scope: Scope) -> int:
        """Return the value of a node."""
        text = text_of(node, scope)
        if text.split(maxsplit=1)[0] == "0":
            return 0
        try:
            days = Days().read(node, scope)
        except RecordError:
            needed = "a time after randomisation such as 28 d, 6 mo or 2 a"
            raise scope.error(node, shown(text), needed) from None
        if days > LONGEST:
            raise scope.error(node, shown(text), "at most 20 years")
        return round(days)

    def schema(self) -> JsonObject:
        """Return the JSON Schema."""
        return {"type": "string"}


def _hazard(share: float | None, hazard: float | None) -> float:
    if (share is None) == (hazard is None):
        found = "neither 'share' nor 'hazard'" if share is None else "both 'share' and 'hazard'"
        raise Misread(found=found, needed="one of them, each month")
    if share is not None and share >= 1.0:
        raise Misread(found="a share of 1 each month", needed="a share below 1")
    monthly = hazard if hazard is not None else -log(1.0 - (share or 0.0))
    return monthly / DAYS_PER_MONTH


DROPOUT = Group(
    (
        Field("share", Share(), "share of those left that is lost each month", False),
        Field("hazard", Number(zero=True), "rate of loss, a month", False),
    ),
    _hazard,
)


def _endpoint(
    name: str,
    kind: EndpointKind,
    at: int | None,
    by: int | None,
    count: float | None,
    scale: str | None,
    consecutive: int | None,
    missing: str | None,
) -> Endpoint:
    if (at is None) == (by is None):
        raise Misread(found="both or neither of 'at' and 'by'", needed="one of them, a visit")
    allowed = {
        EndpointKind.CHANGE: ("at", "scale"),
        EndpointKind.ABOVE: ("at", "by", "count", "missing"),
        EndpointKind.CONVERTED: ("by", "consecutive", "missing"),
        EndpointKind.AREA: ("by",),
        EndpointKind.TIME: ("by", "count"),
    }[kind]
    given = {
        "at": at, "by": by, "count": count, "scale": scale, "consecutive": consecutive,
        "missing": missing,
    }  # fmt: skip
    for key, value in given.items():
        if value is not None and key not in allowed:
            needed = f"only {', '.join(allowed)}"
            raise Misread(found=f"'{key}' in an endpoint of the kind '{kind}'", needed=needed)
    if "count" in allowed and count is None:
        raise Misread(found=f"an endpoint '{kind}' without 'count'", needed="a count in cells/uL")
    if "," in name or name in RESERVED:
        raise Misread(found=f"the name '{name}'", needed="a name without a comma that is no column")
    day = at if at is not None else by
    return Endpoint(
        name=name, kind=kind, day=day or 0, by=by is not None, count=count or 0.0,
        logarithmic=scale == "log", consecutive=consecutive or IN_A_ROW,
        failure=missing == "failure",
    )  # fmt: skip


RESERVED = frozenset(
    {
        "trial", "patient", "arm", "il2", "clearance", "course", "tries", "lost", "baseline",
    }
)  # fmt: skip
ENDPOINT = Group(
    (
        Field("name", Text(), "how tables call the endpoint"),
        Field("kind", Choice(EndpointKind), "what it is made of"),
        Field("at", WholeDay(), "the visit on which it is read", False),
        Field("by", WholeDay(), "the last visit that counts", False),
        Field("count", Number(), "threshold in cells/uL", False),
        Field("scale", Word(("linear", "log")), "of a change", False),
        Field("consecutive", Whole(), "negative cultures in a row", False),
        Field("missing", Word(("excluded", "failure")), "of a missing value", False),
    ),
    _endpoint,
)


def _analysis(
    endpoint: str, method: AnalysisMethod, arm: str | None, control: str | None, alpha: float
) -> TrialAnalysis:
    if alpha >= 1.0:
        raise Misread(found=f"alpha {alpha:g}", needed="a number above 0 and below 1")
    return TrialAnalysis("", endpoint, method, arm or "", control or "", alpha)


ANALYSIS = Group(
    (
        Field("endpoint", Text(), "name of the endpoint"),
        Field("method", Choice(AnalysisMethod), "how the arms are compared"),
        Field("arm", Text(), "the arm; needed if there are more than two", False),
        Field("control", Text(), "the control; the first arm if left out", False),
        Field("alpha", Share(zero=False), "two-sided error", False, USUAL_ALPHA),
    ),
    _analysis,
)


def checked_endpoints(
    protocol: TrialProtocol, nodes: Sequence[Node], scope: Scope
) -> tuple[Endpoint, ...]:
    """Return the endpoints of a protocol, each of which a visit serves.

    Raises
    ------
    RecordError
        If a name stands twice, no visit is planned on a day, or no culture is taken.
    """
    days, names = protocol.visits.days, [e.name for e in protocol.endpoints]
    for i, (endpoint, node) in enumerate(zip(protocol.endpoints, nodes, strict=True)):
        if endpoint.name in names[:i]:
            raise scope.error(node, f"two endpoints named '{endpoint.name}'", "each name once")
        if endpoint.day not in days[1:]:
            near = min(days[1:], key=lambda day: abs(day - endpoint.day))
            needed = f"the planned day of a visit; the nearest is {near} d"
            raise scope.error(node, f"an endpoint on day {endpoint.day}", needed)
        if endpoint.kind is EndpointKind.CONVERTED and not protocol.visits.cultures:
            raise scope.error(node, "an endpoint of cultures, which no visit takes",
                              "'cultures: true' in 'visits'")  # fmt: skip
    return protocol.endpoints


def checked_analyses(
    protocol: TrialProtocol, nodes: Sequence[Node], scope: Scope
) -> tuple[TrialAnalysis, ...]:
    """Return the analyses of a protocol with their arms and names filled in.

    Raises
    ------
    RecordError
        If an endpoint or arm is unknown, or a method does not suit its endpoint.
    """
    done: list[TrialAnalysis] = []
    for analysis, node in zip(protocol.analyses, nodes, strict=True):
        own = _with_arms(protocol, analysis, node, scope)
        if own.name in [other.name for other in done]:
            raise scope.error(node, f"the analysis '{own.name}' twice", "each once")
        done.append(own)
    return tuple(done)


def _with_arms(
    protocol: TrialProtocol, analysis: TrialAnalysis, node: Node, scope: Scope
) -> TrialAnalysis:
    known = [e.name for e in protocol.endpoints]
    if analysis.endpoint not in known:
        needed = f"one of {', '.join(known)}"
        raise scope.error(node, f"the endpoint {shown(analysis.endpoint)}", needed)
    endpoint = protocol.endpoint(analysis.endpoint)
    if endpoint.kind not in SUITS[analysis.method]:
        kinds = " or ".join(SUITS[analysis.method])
        found = f"'{analysis.method}' of an endpoint of the kind '{endpoint.kind}'"
        raise scope.error(node, found, f"an endpoint of the kind {kinds}")
    if analysis.method is AnalysisMethod.ANCOVA and not endpoint.logarithmic:
        found = "'ancova' of a change that is a difference of counts"
        raise scope.error(node, found, "'scale: log' in the endpoint: it adjusts for ln baseline")
    arms = [arm.name for arm in protocol.arms]
    control = analysis.control or arms[0]
    others = [name for name in arms if name != control]
    if not analysis.arm and len(others) != 1:
        raise scope.error(node, f"an analysis of {len(arms)} arms", "'arm', the one to compare")
    arm = analysis.arm or others[0]
    for name in (arm, control):
        if name not in arms:
            raise scope.error(node, f"the arm {shown(name)}", f"one of {', '.join(arms)}")
    if arm == control:
        raise scope.error(node, f"the arm '{arm}' against itself", "two arms")
    name = f"{analysis.endpoint}: {analysis.method}, {arm} against {control}"
    return replace(analysis, name=name, arm=arm, control=control)
