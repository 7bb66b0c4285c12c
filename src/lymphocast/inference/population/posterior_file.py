"""A population's posterior in its fit file: the groups ``posterior`` and ``sample_stats``.

``posterior`` holds, over (chain, draw), everything that is estimated, over (chain, draw,
individual) individuals' own parameters, as ``NAME of individuals``, and over (chain, draw,
individual, effect) their effects; ``sample_stats`` what the sampler did. Priors are an attribute.
"""

import json
from collections.abc import Sequence

import h5netcdf
import h5py
import numpy as np

from lymphocast.inference.netcdf import put
from lymphocast.inference.population.posterior import PopulationPosterior

EFFECTS = "effects"
OF_INDIVIDUALS = " of individuals"
BY_DRAW = ("chain", "draw")


def write_posterior(
    file: h5netcdf.File, own: PopulationPosterior, ids: Sequence[str], effects: Sequence[str]
) -> None:
    """Write a posterior into a fit file."""
    chains, draws = own.effects.shape[:2]
    group = file.create_group("posterior")
    group.dimensions = {
        "chain": chains, "draw": draws, "individual": len(ids), "effect": len(effects),
    }  # fmt: skip
    group.attrs["priors"] = json.dumps(dict(own.priors))
    kind = h5py.string_dtype("utf-8")
    for name, words in (("individual", ids), ("effect", effects)):
        group.create_variable(name, (name,), dtype=kind, data=np.array(words, dtype=object))
    for name, values in own.draws.items():
        put(group, name, BY_DRAW, values)
    for name, values in own.individual.items():
        put(group, name + OF_INDIVIDUALS, (*BY_DRAW, "individual"), values)
    put(group, EFFECTS, (*BY_DRAW, "individual", "effect"), own.effects)
    stats = file.create_group("sample_stats")
    stats.dimensions = {"chain": chains, "draw": draws}
    for name, values in own.stats.items():
        put(stats, name, BY_DRAW, values)


def read_posterior(file: h5netcdf.File) -> PopulationPosterior | None:
    """Return the posterior of a fit file, or ``None`` if it has none."""
    if "posterior" not in file.groups:
        return None
    group, stats = file["posterior"], file["sample_stats"]
    found = {
        name: np.asarray(group[name][:])
        for name in group.variables
        if group[name].dimensions[:2] == BY_DRAW
    }
    return PopulationPosterior(
        draws={n: v for n, v in found.items() if v.ndim == 2},
        effects=found[EFFECTS],
        individual={n.removesuffix(OF_INDIVIDUALS): v for n, v in found.items() if v.ndim == 3},
        stats={name: np.asarray(stats[name][:]) for name in stats.variables},
        priors=json.loads(str(group.attrs["priors"])),
    )
