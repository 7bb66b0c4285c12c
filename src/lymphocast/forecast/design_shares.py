"""P(best) where the data say nothing about doses: told of a design, shared by its doses.

Regimens of one design differ in the dose alone (of cycles the model sees the mean weekly dose).
Which of them is the best in a draw then follows from the prior of the dose-response, from the cost
and from the assumption that more never adds fewer cells, so no data make one dose the best. What
the doses of a design do is therefore exchanged at random between them, draw by draw:

    P(best) of a design   share of draws in which one of its doses is the best
    P(best) of a dose     P(best) of its design / number of its doses that contest

which is chance among the doses, and leaves what the data do say between designs, and of no drug.
"""

from collections.abc import Mapping

from lymphocast.forecast.regimen_results import DesignShare
from lymphocast.forecast.search import Ranking


def exchanged(found: Ranking, designs: Mapping[int, str]) -> dict[int, float]:
    """Return P(best) of each candidate where the doses of its design are exchanged at random."""
    each = {x.design: x.p_best / x.doses for x in design_shares(found, designs)}
    contest = set(found.contestants)
    return {
        row.candidate: each[designs[row.candidate]] if row.candidate in contest else 0.0
        for row in found.rows
    }


def design_shares(found: Ranking, designs: Mapping[int, str]) -> tuple[DesignShare, ...]:
    """Return P(best) of each design that contests, whichever its dose, from the highest on."""
    contest = set(found.contestants)
    members: dict[str, list[float]] = {}
    for row in found.rows:
        if row.candidate in contest:
            members.setdefault(designs[row.candidate], []).append(row.p_best)
    shares = [
        DesignShare(design, len(each), min(1.0, sum(each)), len(each) / len(contest))
        for design, each in members.items()
    ]
    return tuple(sorted(shares, key=lambda share: -share.p_best))
