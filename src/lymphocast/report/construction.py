"""What the model cannot show, because it is built so; said instead of shown as a finding."""

from collections.abc import Iterator
from typing import Final

from lymphocast.record.patient import PatientRecord

_PERCENT: Final = (
    "CD4 cells as a percentage of lymphocytes. A rise of the count alone, with the percentage "
    "unchanged, speaks for lymphocytes as a whole returning, as when an infection lifts; a rise of "
    "both speaks for CD4 cells in particular. The model has no other lymphocytes, so no number is "
    "given."
)
_MIC: Final = (
    "The MIC of the isolate for the antibiotic. It bears on whether the antibiotic alone would "
    "have cleared the infection, hence on what a negative culture can say for IL-2 (question d), "
    "and on nothing else here. An MIC in the record is read as whether resistance had arisen by "
    "its day. The model draws the rate of kill from published cohorts and has no link from an MIC "
    "to it, and what a further MIC would tell is not reckoned, so no number is given."
)


def bearings(record: PatientRecord) -> tuple[str, ...]:
    """Return facts that would bear on the answers and for which no number can be had honestly."""
    isolated = bool(record.cultures) and antibiotic_name(record) is not None
    return (_PERCENT, _MIC) if isolated else (_PERCENT,)


def lift_words(record: PatientRecord) -> str:
    """Return in words when the effect of an infection begins to lift in the model."""
    if record.modelling is None:
        return "a fixed date"
    wanted = record.modelling.infection_lift
    event = next((e.what for e in record.events if e.id == wanted), wanted)
    return f"the day on which {event}"


def antibiotic_name(record: PatientRecord) -> str | None:
    """Return the name of the drug against the infection, ``None`` if there was none."""
    return "the antibiotic" if record.modelling is None else record.modelling.antibiotic


def antibiotic_note(record: PatientRecord) -> str:
    """Return what of the antibiotic the model cannot show."""
    drug, lift = antibiotic_name(record), lift_words(record)
    if drug is None:
        return (
            "One thing follows from how the model is built and is no finding: under “infection had "
            f"lowered the count” the lift begins on {lift}, whether or not any drug is given."
        )
    return (
        "Two things follow from how the model is built and are no findings. It has no link from "
        f"the antibiotic to the count, so without {drug} the count is exactly the same. And under "
        f"“infection had lowered the count” the lift begins on {lift}, whether or "
        f"not any drug is given: the model cannot tell whether {drug}, by treating the infection, "
        "raised the count, although under this explanation it may have."
    )


def immovable(record: PatientRecord) -> tuple[str, ...]:
    """Return the facts in doubt that cannot move an answer, and why."""
    return tuple(_immovable(record))


def _immovable(record: PatientRecord) -> Iterator[str]:
    yield (
        "Product, unit system and absorption of the study drug: the dose acts relative to this "
        "patient's own maintenance dose, so any constant factor drops out. They matter only for "
        "the choice of the prior of the gain, and for comparing patients."
    )
    drug = antibiotic_name(record)
    if drug is not None:
        yield (
            f"{drug.capitalize()}, as far as the count is concerned: the model has "
            "no link from the antibiotic to the count."
        )
    if any(not missed.dates_known for missed in record.missed_doses):
        yield (
            "Missed doses without dates: every dose is taken as given. Their dates would matter "
            "if they were known."
        )
