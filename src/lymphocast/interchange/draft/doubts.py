"""Doubts: what is ambiguous in a text, as a question with the answers that are possible."""

from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True)
class Doubt:
    """A question about a span of the text.

    Parameters
    ----------
    text
        The question.
    choices
        What it may be, if the text leaves a few readings only.
    """

    text: str
    choices: tuple[str, ...] = ()


def either(lead: str, *choices: str) -> Doubt:
    """Return the question which of a few readings is right: "03/04/2006: 3 April or 4 March?"."""
    return Doubt(f"{lead}{' or '.join(choices)}?", choices)
