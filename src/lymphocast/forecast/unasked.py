"""What a record cannot be asked: the questions and statements without a fact that speaks to them.

A probability that no fact of the record can move is the prior's, so it is not printed as an answer.
"""

from collections.abc import Iterator, Mapping

from lymphocast.dataset.individual import Individual
from lymphocast.forecast.attribution import recorded_days
from lymphocast.forecast.outcome_results import Unasked
from lymphocast.forecast.sensitivity import QUESTIONS
from lymphocast.forecast.statements import STATEMENTS

NO_FACT = (
    "The record has no culture or symptom that the model reads, and the count does not depend on "
    "whether a higher count hastens clearance (H3). So no datum touches it: by construction it "
    "keeps its prior weight."
)
NO_CULTURE = "The record has no culture."
NO_ANTIBIOTIC = "The record has no drug against the infection."
NO_SYMPTOM = "The record has neither resolved symptoms nor a culture."


def unasked_questions(individual: Individual) -> tuple[Unasked, ...]:
    """Return the questions of the summary that a record cannot answer."""
    return tuple(_worded(QUESTIONS, {} if individual.tells_of_infection else {"d": NO_FACT}))


def unasked_statements(individual: Individual) -> tuple[Unasked, ...]:
    """Return the statements on courses that a record cannot answer."""
    culture, symptoms = recorded_days(individual)
    why = {}
    if culture is None:
        why["culture-without-il2"] = NO_CULTURE
    if culture is None or individual.plan.antibiotic is None:
        lacks = NO_ANTIBIOTIC if individual.plan.antibiotic is None else NO_CULTURE
        why["culture-without-clarithromycin"] = lacks
    if symptoms is None:
        why["symptoms-without-il2"] = NO_SYMPTOM
    return tuple(_worded(STATEMENTS, why))


def _worded(asked: Mapping[str, tuple[str, str]], why: Mapping[str, str]) -> Iterator[Unasked]:
    for name, reason in why.items():
        question, definition = asked[name]
        yield Unasked(name, question, definition, reason)
