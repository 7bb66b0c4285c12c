"""Mycobacterium avium complex in the lung: susceptible and resistant, as logarithms of burden.

    dS/dt = g (1 - exp(S - B) - exp(R - B)) - kd H(C, MIC_S) - ki T / (T + T50)
    dR/dt = g (1 - exp(S - B) - exp(R - B)) - kd H(C, MIC_R) - ki T / (T + T50)
    H(C, MIC) = (w C)^h / (MIC^h + (w C)^h)

S and R are ln(burden) above the detection limit of a culture, so that 0 is the limit and the
equations never meet a burden of zero. Both strains share one capacity B, grow alike and are killed
alike by the host; they differ in the minimum inhibitory concentration alone. w is the ratio of
the concentration in epithelial lining fluid to that in plasma [1]_, T the CD4 count.

Resistant organisms are there from the start at a frequency of 1e-9 to 1e-8 [2]_. Whether the count
matters at all (ki) is a hypothesis: in HIV, trials that raised it saw no fewer opportunistic
diseases [3]_; ki = 0 is nested exactly.

Left out: new mutations during treatment (the organisms that are there outnumber them), a cost of
resistance, organisms inside cells and dormant ones, extinction (a burden far below one organism
still grows back), companion drugs.

References
----------
.. [1] Honeybourne D et al. Concentrations of clarithromycin and 14-hydroxy-clarithromycin in
   bronchial mucosa, epithelial lining fluid and alveolar macrophages. PMID 7925906 (1994).
.. [2] Heifets LB. Clarithromycin against Mycobacterium avium complex infections. Tuber Lung Dis
   1996;77:19-26 (frequency of resistant mutants).
.. [3] INSIGHT-ESPRIT and SILCAAT. Interleukin-2 therapy in patients with HIV infection. N Engl J
   Med 2009;361:1548-1559. doi:10.1056/NEJMoa0903175
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

from lymphocast.models.component import Dosing, Scalar, Values, Variable
from lymphocast.models.maths import exp, hill, log


@final
@dataclass(frozen=True)
class TwoStrainMac:
    """Susceptible and resistant organisms under a macrolide and the host's immunity."""

    name: ClassVar = "mac"
    states: ClassVar = (
        Variable("susceptible", "1", "ln of susceptible burden above detection, S"),
        Variable("resistant", "1", "ln of resistant burden above detection, R"),
    )
    parameters: ClassVar = (
        Variable("initial_burden", "1", "ln of all burden above detection at the start, b0"),
        Variable("resistant_fraction_log", "1", "ln of the resistant fraction at the start"),
        Variable("growth_rate", "/d", "growth rate far below capacity, g"),
        Variable("burden_headroom", "1", "ln of the capacity above the initial burden, B - b0"),
        Variable("drug_kill", "/d", "largest kill rate of the macrolide, kd"),
        Variable("kill_steepness", "1", "Hill exponent of the kill, h"),
        Variable("susceptible_mic", "mg/L", "MIC of susceptible organisms, MIC_S"),
        Variable("resistant_mic", "mg/L", "MIC of resistant organisms, MIC_R"),
        Variable("site_ratio", "1", "lining fluid to plasma concentration, w"),
        Variable("immune_kill", "/d", "largest kill rate of the host, ki"),
        Variable("half_kill_count", "/uL", "CD4 count of half that rate, T50"),
    )
    inputs: ClassVar = ("clarithromycin_concentration", "cd4_count")
    outputs: ClassVar = (
        Variable("log_burden", "1", "ln of all burden above detection"),
        Variable("resistant_share", "1", "resistant share of the burden"),
    )

    def initial(self, theta: Values) -> Values:
        """Return the burden before treatment, resistant organisms a small part of it."""
        b0, fraction = theta["initial_burden"], exp(theta["resistant_fraction_log"])
        return {
            "susceptible": b0 + log(1.0 - fraction),
            "resistant": b0 + theta["resistant_fraction_log"],
        }

    def dosing(self, theta: Values) -> Mapping[str, Dosing]:
        """Return nothing: no dose enters."""
        return {}

    def rates(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return dS/dt and dR/dt per day."""
        s, r = state["susceptible"], state["resistant"]
        b = theta["initial_burden"] + theta["burden_headroom"]
        count, kd, h = inputs["cd4_count"], theta["drug_kill"], theta["kill_steepness"]
        c = theta["site_ratio"] * inputs["clarithromycin_concentration"]
        growth = theta["growth_rate"] * (1.0 - exp(s - b) - exp(r - b))
        host = theta["immune_kill"] * count / (count + theta["half_kill_count"])
        return {
            "susceptible": growth - host - kd * hill(c, theta["susceptible_mic"], h),
            "resistant": growth - host - kd * hill(c, theta["resistant_mic"], h),
        }

    def observe(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return all burden, as a logarithm, and how much of it is resistant."""
        s, r = state["susceptible"], state["resistant"]
        return {
            "log_burden": s + log(1.0 + exp(r - s)),
            "resistant_share": 1.0 / (1.0 + exp(s - r)),
        }
