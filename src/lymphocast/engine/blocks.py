"""Large runs in blocks of lanes: one compiled shape for any number of lanes, bounded memory."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)

BLOCK = 2048
Tree = Any  # an array, or a tree of arrays as JAX has it


def in_blocks(function: Callable[..., Tree], *lanes: Tree, block: int = BLOCK) -> Tree:
    """Return ``function(*lanes)`` computed block by block along the last axis.

    Parameters
    ----------
    function
        A compiled function of trees of arrays that returns a tree of arrays, lane by lane.
    lanes
        Trees of arrays whose last axis is the lanes, equally many in each; the last block is
        filled up with copies of the last lane.
    block
        How many lanes go side by side.
    """
    number = np.shape(jax.tree.leaves(lanes)[0])[-1]
    found = []
    for begin in range(0, number, block):
        index = np.minimum(np.arange(begin, begin + block), number - 1)
        own = jax.tree.map(lambda x, i=index: np.asarray(x)[..., i], lanes)
        found.append(function(*own))
    return jax.tree.map(
        lambda *parts: np.concatenate([np.asarray(p) for p in parts], axis=-1)[..., :number],
        *found,
    )
