"""Fit one individual under all hypotheses by the chosen sampler."""

from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import final

import numpy as np

from lymphocast._version import __version__
from lymphocast.inference.evidence import HypothesisPosterior
from lymphocast.inference.hypotheses import HYPOTHESES
from lymphocast.inference.importance import (
    ImportanceSettings,
    Progress,
    refuse_rare_entry,
    sample_importance,
)
from lymphocast.inference.kernels import Kernels, Target
from lymphocast.inference.posterior import FitMethod
from lymphocast.inference.smc import sample_smc
from lymphocast.inference.tempering import SmcSettings

ENTRY_DRAWS = 20_000  # twenty enter where one in a thousand does
# A quick look, for the rows of a sensitivity table: errors of a probability below 0.02.
QUICK = ImportanceSettings(
    pilot=30_000, block=30_000, max_blocks=4, ess_target=6_000.0, pairs=4_096, draws=2_048
)


USUAL = ImportanceSettings()


@final
@dataclass(frozen=True)
class FitSettings:
    """How to fit: method, seed, draws of each hypothesis (``None``: usual), effort of ``is``."""

    method: FitMethod
    seed: int
    draws: int | None = None
    importance: ImportanceSettings = USUAL


def sample(
    kernels: Kernels, target: Target, settings: FitSettings, progress: Progress | None = None
) -> tuple[HypothesisPosterior, ...]:
    """Return the posterior of every hypothesis."""
    if settings.method is FitMethod.SMC:
        refuse_hardly_entered(kernels, target, settings.seed)
        smc = SmcSettings()
        if settings.draws is not None:
            smc = replace(smc, particles=max(1, settings.draws // smc.islands))
        return sample_smc(kernels, target, settings.seed, smc, progress)
    importance = settings.importance
    if settings.draws is not None:
        importance = replace(
            importance, draws=settings.draws, pairs=max(importance.pairs, 2 * settings.draws)
        )
    return sample_importance(kernels, target, settings.seed, importance, progress)


def refuse_hardly_entered(kernels: Kernels, target: Target, seed: int) -> None:
    """Refuse what would draw until enough enter, and never begin, if entry is too rare.

    Raises
    ------
    UsageError
        If fewer than one prior draw in a thousand satisfies the entry rule.
    """
    z = np.random.default_rng([seed, 12]).standard_normal((kernels.count_size, ENTRY_DRAWS))
    for hypothesis in HYPOTHESES:
        if not hypothesis.clearance:
            entered = float(np.mean(kernels.entered(z, target, hypothesis)))
            refuse_rare_entry(entered, hypothesis, kernels)


def versions() -> dict[str, str]:
    """Return the versions that a result depends on."""
    return {
        "lymphocast": __version__,
        "jax": version("jax"),
        "jaxlib": version("jaxlib"),
        "numpy": version("numpy"),
        "scipy": version("scipy"),
    }
