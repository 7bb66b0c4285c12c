"""Missed doses of plans: the ends between which they can matter, and what must be said of them.

Where the record says that doses were missed, on unknown days, a plan that says nothing of missed
doses is followed a second time without the last of its doses: as many as the record's own share,
if a number is stated, else by assumption.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, final

from lymphocast.forecast.plan import Missed, Plan
from lymphocast.record.events import Administration
from lymphocast.record.patient import PatientRecord
from lymphocast.record.when import days_between

NONE_MISSED, ALL_MISSED, LAST_MISSED = "none missed", "all missed", "last missed"
STATED, ASSUMED = "last missed, stated number", "last missed, assumed share"
ASSUMED_SHARE: Final = 0.1
"""Of the doses, where the record gives no number: a judgement, to show what could matter."""
AT_RANDOM = (
    "{share:.0%} of the doses missed at random (seed {seed}); no missed dose and every dose missed "
    "are the ends between which missed doses can matter"
)
UNKNOWN_DAYS = (
    "{share:.0%} of the doses missed on unknown days: no day is invented; with none missed and "
    "with the last of them missed the count on the last day has its ends, if the dose is constant"
)
RECORD_MISSED = (
    "The record says that doses of {drug} were missed, on unknown days{number}; the fit takes "
    "every dose as given. Rows '{reading}' show how much that could matter in a plan that says "
    "nothing of missed doses: the last {share:.0%} of the planned doses are left out ({why})."
)
BY_NUMBER = "the share that the stated number is of the recorded doses"
BY_ASSUMPTION = "an assumption: no source says how many"


@final
@dataclass(frozen=True)
class Undated:
    """Doses of a drug that a record says were missed, on unknown days.

    Parameters
    ----------
    drug
        Its name.
    number
        How many, if stated.
    share
        Of the recorded doses; :data:`ASSUMED_SHARE` if the number is not stated.
    """

    drug: str
    number: int | None
    share: float

    @classmethod
    def of(cls, record: PatientRecord, drug: str) -> "Undated | None":
        """Return what a record says, or ``None`` if it says nothing of such doses."""
        found = [m for m in record.missed_doses if m.drug == drug and not m.dates_known]
        if not found:
            return None
        numbers = [m.number for m in found if m.number is not None]
        given = sum(map(_doses, record.administrations_of(drug)))
        if len(numbers) < len(found) or given <= 0.0:
            return cls(drug, None, ASSUMED_SHARE)
        return cls(drug, sum(numbers), min(1.0, sum(numbers) / given))

    @property
    def reading(self) -> str:
        """How the row is called that leaves such doses out of a plan."""
        return ASSUMED if self.number is None else STATED

    @property
    def note(self) -> str:
        """What must be said of them."""
        return RECORD_MISSED.format(
            drug=self.drug,
            number="" if self.number is None else f" ({self.number} of them)",
            reading=self.reading,
            share=self.share,
            why=BY_ASSUMPTION if self.number is None else BY_NUMBER,
        )


def _doses(given: Administration) -> float:
    """About how many doses a stretch has, from the middle of its first day to that of its last."""
    days = sum(days_between(given.start, given.stop).to("d")) / 2.0
    share = 1.0 if given.cycle is None else given.cycle.days / given.cycle.every
    return max(0.0, days) * share * given.divided / given.per


def readings(
    plan: Plan, length: float, undated: Undated | None = None
) -> Iterator[tuple[Plan, str]]:
    """Yield a plan as it is, and the ends of what missed doses can matter in ``length`` days.

    ``undated`` is what the record says, for a plan that says nothing itself.
    """
    if plan.missed.unknown > 0.0:
        yield plan, NONE_MISSED
        yield _without_last(plan, length, plan.missed.unknown), LAST_MISSED
        return
    yield plan, ""
    if plan.missed.share > 0.0:
        yield replace(plan, missed=replace(plan.missed, share=0.0)), NONE_MISSED
        yield replace(plan, stretches=(), rule=None, missed=Missed()), ALL_MISSED
    elif undated is not None and not plan.missed.days and len(plan.dose_days(length)):
        yield _without_last(plan, length, undated.share), undated.reading


def _without_last(plan: Plan, length: float, share: float) -> Plan:
    """The plan without the last share of its doses, at least one."""
    days = plan.dose_days(length)
    number = max(1, round(share * len(days)))
    last = days[max(0, len(days) - number) :]
    return replace(plan, missed=replace(plan.missed, days=tuple(last.tolist())))


def missed_notes(plan: Plan) -> Iterator[str]:
    """Yield what a plan says of missed doses."""
    if plan.missed.share > 0.0:
        yield AT_RANDOM.format(share=plan.missed.share, seed=plan.missed.seed)
    if plan.missed.unknown > 0.0:
        yield UNKNOWN_DAYS.format(share=plan.missed.unknown)
