"""Causality of an adverse event: the Naranjo score and the WHO-UMC category.

Naranjo [1]_ adds up ten answers; "do not know" counts 0. Bands: 9 and more definite, 5 to 8
probable, 1 to 4 possible, 0 and less doubtful. A question without an answer also counts 0, and the
scores that its answers could still give are shown.

WHO-UMC [2]_ assigns the first category whose description the facts fit. *Certain* asks for a
plausible time, no explanation by disease or other drugs, a plausible course on withdrawal, an event
that is definitive for the drug, and a satisfactory rechallenge if one was necessary.

References
----------
.. [1] Naranjo CA et al. A method for estimating the probability of adverse drug reactions. Clin
   Pharmacol Ther 1981;30:239-45. doi:10.1038/clpt.1981.154
.. [2] Uppsala Monitoring Centre. The use of the WHO-UMC system for standardised case causality
   assessment.
"""

from dataclasses import dataclass, fields
from typing import final

from lymphocast.criteria.assessment import Assessment, Edition, Standing, Theme
from lymphocast.record.adverse import (
    AdverseEvent,
    Alternative,
    Information,
    NaranjoAnswers,
    Reply,
    Timing,
    WhoUmcFacts,
    Withdrawal,
)
from lymphocast.record.patient import PatientRecord

NARANJO = Edition("Naranjo 1981", "doi:10.1038/clpt.1981.154")
WHO_UMC = Edition("WHO-UMC", "Uppsala Monitoring Centre, case causality assessment")


@final
@dataclass(frozen=True)
class Weight:
    """Points for yes and for no to one question."""

    yes: int
    no: int


WEIGHTS = {
    "previous_reports": Weight(1, 0),
    "after_drug": Weight(2, -1),
    "improved_on_stopping": Weight(1, 0),
    "reappeared": Weight(2, -1),
    "alternative_causes": Weight(-1, 2),
    "placebo": Weight(-1, 1),
    "toxic_level": Weight(1, 0),
    "dose_response": Weight(1, 0),
    "similar_before": Weight(1, 0),
    "objective": Weight(1, 0),
}
"""Points of the ten questions (doi:10.1038/clpt.1981.154)."""
BANDS = ((9, "definite"), (5, "probable"), (1, "possible"))
"""Lowest score of each band; below the last one a reaction is doubtful."""


def naranjo_band(score: int) -> str:
    """Return the band of a score."""
    return next((name for least, name in BANDS if score >= least), "doubtful")


def naranjo_score(answers: NaranjoAnswers) -> tuple[int, int, int]:
    """Return the score, and the lowest and highest that the open questions could give."""
    score = least = most = 0
    for name, weight in WEIGHTS.items():
        answer: Reply | None = getattr(answers, name)
        if answer is None:
            least += min(weight.yes, weight.no, 0)
            most += max(weight.yes, weight.no, 0)
        elif answer is not Reply.UNKNOWN:
            score += weight.yes if answer is Reply.YES else weight.no
    return score, score + least, score + most


def who_umc_category(facts: WhoUmcFacts) -> str | None:
    """Return the category that the facts fit; ``None`` if they do not say enough."""
    if facts.information is not None:
        pending = facts.information is Information.PENDING
        return "conditional/unclassified" if pending else "unassessable/unclassifiable"
    if facts.timing is None or facts.alternative is None:
        return None
    if facts.timing is Timing.IMPROBABLE:
        explained = facts.alternative in {Alternative.POSSIBLE, Alternative.PLAUSIBLE}
        return "unlikely" if explained else None
    if _certain(facts):
        return "certain"
    responded = facts.withdrawal in {Withdrawal.PLAUSIBLE, Withdrawal.REASONABLE}
    unexplained = facts.alternative in {Alternative.CANNOT, Alternative.UNLIKELY}
    return "probable/likely" if unexplained and responded else "possible"


def _certain(facts: WhoUmcFacts) -> bool:
    """Return whether every item of *certain* is stated."""
    return (
        facts.timing is Timing.PLAUSIBLE
        and facts.alternative is Alternative.CANNOT
        and facts.withdrawal is Withdrawal.PLAUSIBLE
        and facts.definitive is True
        and facts.rechallenge is True
    )


def causality(record: PatientRecord) -> tuple[Assessment, ...]:
    """Return both scales for every adverse event."""
    return tuple(a for e in record.adverse_events for a in (_naranjo(e), _who_umc(e)))


def _naranjo(event: AdverseEvent) -> Assessment:
    """Return the Naranjo score of one event."""
    answers = event.naranjo or NaranjoAnswers()
    open_ = tuple(f.name for f in fields(answers) if getattr(answers, f.name) is None)
    score, least, most = naranjo_score(answers)
    settled = naranjo_band(least) == naranjo_band(most)
    if event.naranjo is None or not settled:
        status = Standing.NOT_ESTABLISHED
    else:
        status = Standing.MET if naranjo_band(score) != "doubtful" else Standing.NOT_MET
    why = f"score {score}"
    why += f" (between {least} and {most} with {len(open_)} open questions)" if open_ else ""
    return Assessment(
        "causality.naranjo",
        f"reaction to a drug: {event.what}",
        Theme.SAFETY,
        status,
        NARANJO,
        (event.id,),
        why if event.naranjo is not None else "no question is answered",
        () if settled and event.naranjo is not None else _unanswered(event, open_),
        naranjo_band(score) if settled and event.naranjo is not None else "",
    )


def _unanswered(event: AdverseEvent, open_: tuple[str, ...]) -> tuple[str, ...]:
    """Return the questions without an answer, or that all ten are."""
    if event.naranjo is None:
        return ("answers to the ten questions",)
    return tuple(question.replace("_", " ") for question in open_)


def _said(value: object) -> str:
    """Return what is stated, in words."""
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _who_umc(event: AdverseEvent) -> Assessment:
    """Return the WHO-UMC category of one event."""
    facts = event.who_umc or WhoUmcFacts()
    category = who_umc_category(facts)
    told = [f.name for f in fields(facts) if getattr(facts, f.name) is not None]
    shown = ", ".join(f"{name} {_said(getattr(facts, name))}" for name in told)
    related = category in {"certain", "probable/likely", "possible"}
    status = Standing.MET if related else Standing.NOT_ESTABLISHED
    if category == "unlikely":
        status = Standing.NOT_MET
    wanted = ("timing", "alternative", "withdrawal")
    missing = tuple(name for name in wanted if getattr(facts, name) is None)
    return Assessment(
        "causality.who-umc",
        f"reaction to a drug: {event.what}",
        Theme.SAFETY,
        status,
        WHO_UMC,
        (event.id,),
        shown or "nothing is stated",
        missing if category is None else (),
        category or "",
    )
