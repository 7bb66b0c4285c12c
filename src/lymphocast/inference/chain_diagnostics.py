"""What chains of the no-U-turn sampler are worth, and what makes their draws doubtful."""

from collections.abc import Mapping
from math import inf
from typing import NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from lymphocast.inference.chains import bulk_size, r_hat, tail_size
from lymphocast.inference.nuts import Chains

Floats = NDArray[np.float64]

WORST_R_HAT = 1.01  # Vehtari et al. 2021, doi:10.1214/20-BA1221
FEWEST_EFFECTIVE = 400.0  # the same: 100 for each of four chains


@final
class Worth(NamedTuple):
    """The smallest effective size of bulk and tails, and the largest R-hat, over some rows."""

    ess: float
    r_hat: float


def worth(draws: Floats) -> Worth:
    """Return the worst effective size and R-hat over the rows of ``[chain, draw, row]``."""
    rows = np.moveaxis(draws, 2, 0)
    sizes = [size(row) for row in rows for size in (bulk_size, tail_size)]
    ratios = [r_hat(row) for row in rows]
    return Worth(
        min((s if np.isfinite(s) else 0.0 for s in sizes), default=0.0),
        max((r if np.isfinite(r) else inf for r in ratios), default=inf),
    )


def size_doubt(ess: float) -> tuple[str, ...]:
    """Return what is wrong with an effective size, if anything."""
    if ess >= FEWEST_EFFECTIVE:
        return ()
    return (f"The effective number of draws is {ess:.0f}, below {FEWEST_EFFECTIVE:g}.",)


def chain_doubts(found: Worth, divergent: NDArray[np.bool_]) -> tuple[str, ...]:
    """Return what is wrong with chains, one sentence each."""
    messages = [*size_doubt(found.ess)]
    if not found.r_hat <= WORST_R_HAT:
        messages.append(f"The largest R-hat is {found.r_hat:.3f}, above {WORST_R_HAT:g}.")
    if divergent.any():
        messages.append(f"{int(divergent.sum())} of {divergent.size} transitions diverged.")
    return tuple(messages)


def chain_stats(found: Chains) -> Mapping[str, Floats]:
    """Return what the sampler did, ``[chain, draw]``, under the names that ArviZ gives."""
    return {
        "lp": found.log_posterior,
        "diverging": found.divergent.astype(float),
        "n_steps": found.leapfrogs.astype(float),
        "acceptance_rate": found.acceptance,
    }
