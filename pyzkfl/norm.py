"""Proofs that an update's L2 norm is within a bound, at any dimension, and nothing else about it (docs/engine.md).

For those who want bounded updates whatever the training was. The commitment is additive, as that of a training step.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pyzkfl import _core
from pyzkfl.errors import ParameterError, ProofInvalid
from pyzkfl.insecure_keys import insecure_keys

__all__ = ["NormProver"]

_DOMAIN = b"pyzkfl/1 norm bound"


class NormProver:
    """Proves and checks norm bounds of updates of `dimension` signed 16-bit integers; `bound` in units of a coordinate.

    Made with `insecure` keys (tests, benchmarks), or by a setup of several members (pyzkfl.engine_setup.NormTerms).
    """

    def __init__(self, dimension: int, bound: int, columns: Any, core: Any, prover: Any) -> None:
        self.dimension, self.bound = dimension, bound
        self._columns, self._core, self._prover = columns, core, prover

    @classmethod
    def insecure(
        cls, dimension: int, bound: int, *, cached: bool = False, progress: Callable[[float], None] | None = None
    ) -> NormProver:
        """Keys from secrets that this process knew and forgot: whoever saw its memory can forge. Warns.

        cached: keep the keys in a file for the next process (pyzkfl.insecure_keys). Raises ParameterError for a
        dimension or a bound out of range.
        """
        if dimension < 1 or bound < 1:
            raise ParameterError("dimension and bound must be positive")
        warnings.warn("insecure keys: this process knew the setup's secrets", stacklevel=2)
        core = _core.engine.NormBound(dimension, bound)
        if cached:
            statement = hashlib.sha256(_DOMAIN + bytes(core.digest)).digest()
            constraints = core.constraint_system()
            columns, proving = insecure_keys(statement, constraints, core.log_height, cached=True, progress=progress)
            return cls(dimension, bound, columns, core, core.prover_of_keys(proving, columns))
        columns = _core.engine.ColumnKey.insecure(core.log_height)
        return cls(dimension, bound, columns, core, core.prover(columns, progress))

    @property
    def constraints(self) -> int:
        """Of the wrap circuit."""
        return int(self._core.constraints)

    def _digest(self, context: bytes, commitment: bytes) -> bytes:
        parts = (self._core.digest, self._columns.digest, context, commitment)
        return hashlib.sha256(
            _DOMAIN + b"".join(len(part).to_bytes(8, "little") + bytes(part) for part in parts)
        ).digest()

    def commit(self, update: npt.NDArray[np.int64], blinder: bytes) -> bytes:
        """C(D), 32 bytes; blinder: 32 bytes, little-endian, below r."""
        return bytes(self._core.commit(self._columns, update, blinder))

    def commit_sum(self, total: npt.NDArray[np.int64], blinder: bytes) -> bytes:
        """C of a sum of updates, 32-bit integers of any norm: the product of the updates' commitments, where the sum
        and the sum of the blinders open it. ParameterError beyond 32 bits."""
        return bytes(self._core.commit_sum(self._columns, total, blinder))

    def prove(
        self,
        update: npt.NDArray[np.int64],
        context: bytes,
        blinder: bytes,
        *,
        progress: Callable[[float], None] | None = None,
    ) -> dict[str, Any]:
        """`proof` (416 bytes), `commitment`, `inner_seconds`, `wrap_seconds`. `context`: what the proof is bound to.

        Raises WitnessInvalid if the norm is above the bound, ParameterError for an update of another shape or range.
        """
        digest = self._digest(context, self.commit(update, blinder))
        return dict(self._core.prove(self._prover, update, digest, blinder, progress))

    def verify(self, context: bytes, commitment: bytes, proof: bytes) -> None:
        """Returns None, raises ProofInvalid; DecodeError for bytes that are no proof."""
        digest = self._digest(context, commitment)
        if not self._prover.verifier.verify(digest, [1], [commitment], proof):
            raise ProofInvalid("the proof does not hold: the norm is above the bound, or the statement is another one")

    def failing(self, items: Sequence[tuple[bytes, bytes, bytes]]) -> list[int]:
        """Positions of the (context, commitment, proof) that do not hold, malformed ones too, by one multi-pairing."""
        instances = [(self._digest(c, commitment), [1], [commitment], proof) for c, commitment, proof in items]
        return list(self._prover.verifier.failing(instances))
