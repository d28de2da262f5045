"""importlib mode does not put this folder on the path, and its programs import each other."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
