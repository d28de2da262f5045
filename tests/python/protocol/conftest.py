"""Tests of this folder share one consortium; importlib mode does not put the folder on the path."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
