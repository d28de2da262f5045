"""Federated learning in which every update is proven in zero knowledge, masked, and recorded."""

from __future__ import annotations

from pyzkfl._version import __version__

__all__ = ["__version__"]
