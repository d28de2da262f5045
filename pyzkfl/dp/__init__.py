"""Differential privacy of a masked sum: integer noise, exactly sampled, and what it buys (docs/integrations.md).

Every node adds its share of the noise to its update before it masks; the sum carries all shares. So nobody has to be
trusted to add the noise, and none is subtracted: it is counted from as many honest survivors as there are at least.
Everything here is **client-level**: the neighbours are two sets of clients, one of which lacks a client's whole update.
Example-level privacy inside a client is another matter (Opacus does that), and no figure here says anything about it.
"""

from pyzkfl.dp.accounting import Mechanism, calibrate
from pyzkfl.dp.clipping import AdaptiveClip, clip_to_norm
from pyzkfl.dp.noise import CommittedNoise, draw_committed, draw_noise

__all__ = [
    "AdaptiveClip",
    "CommittedNoise",
    "Mechanism",
    "calibrate",
    "clip_to_norm",
    "draw_committed",
    "draw_noise",
]
