"""A mixture of multivariate t distributions, fitted to weighted draws by EM."""

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, logsumexp

from lymphocast.inference.evidence import largest_power, systematic

Floats = NDArray[np.float64]
COMPONENTS = 4  # modes that a proposal can follow: recovery early or late, IL-2 or not
POINTS = 2_000  # equally weighted draws that EM sees
STEPS = 12  # of EM; a proposal need not be the best one
T_FREEDOM = 8.0  # degrees of freedom of the t: heavier tails than the posterior's
WIDENING = 1.1  # of each component's covariance
RIDGE = 1e-4  # keeps covariances positive definite where a component has few points
FEWEST = 1e-3  # share of the points below which a component is given up
ENOUGH = 300.0  # effective draws that a fit stands on; fewer are made more even before


@final
@dataclass(frozen=True)
class Mixture:
    """Shares ``[component]``, locations ``[component, z]`` and Cholesky roots of the scales."""

    shares: Floats
    locations: Floats
    roots: Floats

    @classmethod
    def fitted(cls, z: Floats, log_weights: Floats, rng: np.random.Generator) -> "Mixture":
        """Fit to draws ``[z, draw]`` with these log weights (Dempster, Laird, Rubin 1977)."""
        points = z[:, systematic(log_weights, POINTS, rng)].T
        whole = np.cov(points.T) + RIDGE * np.eye(len(z))
        found = cls(
            np.full(COMPONENTS, 1.0 / COMPONENTS),
            points[rng.choice(POINTS, COMPONENTS, replace=False)],
            np.repeat(np.linalg.cholesky(whole)[None], COMPONENTS, axis=0),
        )
        for _ in range(STEPS):
            log_parts = found._gaussians(points.T)
            found = found._improved(points, np.exp(log_parts - logsumexp(log_parts, axis=0)))
        return cls(found.shares, found.locations, found.roots * np.sqrt(WIDENING))

    def _improved(self, points: Floats, parts: Floats) -> "Mixture":
        """One M step; ``parts`` are responsibilities ``[component, point]``."""
        kept = parts.mean(axis=1) > FEWEST
        parts, total = parts[kept], parts[kept].sum(axis=1)
        locations = parts @ points / total[:, None]
        roots = []
        for part, location, mass in zip(parts, locations, total, strict=True):
            centred = points - location
            spread = (part[:, None] * centred).T @ centred / mass
            roots.append(np.linalg.cholesky(spread + RIDGE * np.eye(points.shape[1])))
        return Mixture(total / total.sum(), locations, np.stack(roots))

    def _distances(self, z: Floats) -> tuple[Floats, Floats]:
        """Squared Mahalanobis distances ``[component, draw]`` and log determinants of roots."""
        inverses = np.linalg.inv(self.roots)
        moved = inverses @ z - inverses @ self.locations[:, :, None]
        log_roots = np.log(np.diagonal(self.roots, axis1=1, axis2=2)).sum(axis=1)
        return np.einsum("kzd,kzd->kd", moved, moved), log_roots

    def _gaussians(self, z: Floats) -> Floats:
        distances, log_roots = self._distances(z)
        return np.asarray(np.log(self.shares)[:, None] - log_roots[:, None] - 0.5 * distances)

    def draw(self, number: int, rng: np.random.Generator) -> Floats:
        """Return draws ``[z, draw]``."""
        which = rng.choice(len(self.shares), number, p=self.shares)
        normal = rng.standard_normal((self.locations.shape[1], number))
        stretch = np.sqrt(rng.chisquare(T_FREEDOM, number) / T_FREEDOM)
        found = self.locations[which].T.copy()
        for i, root in enumerate(self.roots):
            mine = which == i
            found[:, mine] += root @ normal[:, mine] / stretch[mine]
        return found

    def log_density(self, z: Floats) -> Floats:
        """Return the log density at ``z``, ``[draw]``."""
        size = len(z)
        distances, log_roots = self._distances(z)
        constant = (
            gammaln(0.5 * (T_FREEDOM + size))
            - gammaln(0.5 * T_FREEDOM)
            - 0.5 * size * np.log(T_FREEDOM * np.pi)
        )
        tails = -0.5 * (T_FREEDOM + size) * np.log1p(distances / T_FREEDOM)
        each = np.log(self.shares)[:, None] - log_roots[:, None] + tails
        return np.asarray(constant + logsumexp(each, axis=0))


def heat_of(log_weights: Floats) -> float:
    """Return the power of weights that leaves enough effective draws: 1 if there are enough.

    A proposal that is fitted to tempered weights lies between the draws and the posterior; from
    there the next one comes closer (Koblents and Miguez 2015, doi:10.1007/s11222-013-9440-2).
    """
    possible = int(np.isfinite(log_weights).sum())
    return largest_power(log_weights, 1.0, min(ENOUGH, 0.5 * possible))
