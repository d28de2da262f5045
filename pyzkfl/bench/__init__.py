"""`pyzkfl bench`: how fast this machine does each part of the work, as numbers that a script can compare.

Every benchmark is a function of its parameters that returns a `Sample`. Nothing here asserts a time.
"""

from pyzkfl.bench.measure import Benchmark, Sample, run
from pyzkfl.bench.suite import BENCHMARKS

__all__ = ["BENCHMARKS", "Benchmark", "Sample", "run"]
