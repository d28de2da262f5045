"""Groth16 on BN254 with the files of circom and snarkjs: keys, witnesses, proofs.

    >>> import tempfile, os
    >>> from pyzkfl import _core, groth16, ptau
    >>> folder = tempfile.TemporaryDirectory()
    >>> at = lambda name: os.path.join(folder.name, name)

A circuit and a witness, here of the core's example x[i+1] = x[i]^2 + x[0]; yours come from circom:

    >>> circuit = _core.r1cs.chain_circuit(6)
    >>> witness, result = _core.r1cs.chain_witness(circuit, 3)
    >>> _core.formats.write_r1cs(at("chain.r1cs"), circuit)
    >>> _core.formats.write_wtns(at("chain.wtns"), witness)

Powers of tau, a key from them, a proof, its verification:

    >>> ptau.new(4, at("0.ptau"))
    >>> published = ptau.contribute(at("0.ptau"), at("1.ptau"), name="an example")
    >>> ptau.prepare(at("1.ptau"), at("2.ptau"))
    >>> groth16.setup(at("chain.r1cs"), at("2.ptau"), at("chain.zkey"))
    >>> key = groth16.load_zkey(at("chain.zkey"))
    >>> proof, public = groth16.prove(key, groth16.load_wtns(at("chain.wtns")))
    >>> public == [result]
    True
    >>> groth16.verify(key.verifying_key(), public, proof)
    >>> groth16.verify(key.verifying_key(), [result + 1], proof)
    Traceback (most recent call last):
    pyzkfl.errors.ProofInvalid: the proof does not hold for these public inputs
    >>> folder.cleanup()

Proofs can be re-randomised by anyone: never use a proof's bytes as an identifier.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from pyzkfl import snarkjs
from pyzkfl._core import formats as _formats
from pyzkfl._core.groth16 import PlainVerifyingKey as _PlainVerifyingKey
from pyzkfl.contributions import Contribution
from pyzkfl.errors import DecodeError, ProofInvalid, SetupInvalid

if TYPE_CHECKING:
    from pyzkfl._core.training import Witness

    Path = str | os.PathLike[str]
    Progress = Callable[[float], object]

__all__ = [
    "Proof",
    "ProvingKey",
    "VerifyingKey",
    "calldata",
    "check_zkey",
    "load_wtns",
    "load_zkey",
    "prove",
    "read_text",
    "setup",
    "verify",
]


def read_text(path: Path) -> bytes:
    """The bytes of a JSON file. Raises SystemFailure, ParameterError for what is no regular file (a pipe, a device),
    DecodeError if it is larger than any such file.
    """
    content: bytes = _formats.read_file(os.fspath(path), snarkjs.MOST_BYTES)
    return content


class Proof:
    """A proof, its points checked.

    data: 256 bytes as the EVM takes them (`docs/formats.md`), or 128 compressed. Raises DecodeError.

        >>> Proof(bytes(256))
        Traceback (most recent call last):
        pyzkfl.errors.DecodeError: point: infinity is not allowed here
    """

    __slots__ = ("_json", "data")

    def __init__(self, data: bytes) -> None:
        self._json = _formats.snarkjs_proof(data)  # decodes it
        self.data = bytes(data) if len(data) == 256 else snarkjs.proof_points(self._json)

    @classmethod
    def from_json(cls, text: str | bytes) -> Proof:
        """From snarkjs's proof.json. Raises DecodeError."""
        return cls(snarkjs.proof_points(text))

    def to_json(self) -> str:
        """As snarkjs's proof.json."""
        return self._json

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Proof) and self.data == other.data

    def __hash__(self) -> int:
        return hash(self.data)

    def __repr__(self) -> str:
        return "<Proof of Groth16>"


class VerifyingKey:
    """What a verifier needs. A key with which anyone could forge is refused when it is read."""

    __slots__ = ("_key",)

    def __init__(self, key: Any) -> None:
        self._key = key

    @classmethod
    def from_json(cls, text: str | bytes) -> VerifyingKey:
        """From snarkjs's verification_key.json.

        Raises DecodeError: for points that are none, and for a key whose second phase was skipped (gamma equals delta).
        """
        return cls(_PlainVerifyingKey(*snarkjs.verifying_key_points(text)))

    def to_json(self) -> str:
        """As snarkjs's verification_key.json."""
        return str(_formats.snarkjs_verification_key(self._key))

    @property
    def num_public(self) -> int:
        """How many public inputs (outputs of the circuit included) a statement has."""
        return int(self._key.num_public)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, VerifyingKey) and self._key == other._key

    __hash__ = None  # type: ignore[assignment]  # keys are compared, not kept in sets


class ProvingKey:
    """A .zkey, mapped into memory. Its header is checked; `check_zkey` looks at all of it."""

    __slots__ = ("_file",)

    def __init__(self, file: Any) -> None:
        self._file = file

    @property
    def num_public(self) -> int:
        """How many public inputs, outputs of the circuit included."""
        return int(self._file.num_public)

    @property
    def num_wires(self) -> int:
        """How many values a witness has."""
        return int(self._file.num_wires)

    @property
    def log_n(self) -> int:
        """The evaluation domain has 2^log_n points."""
        return int(self._file.log_n)

    @property
    def is_unfinished(self) -> bool:
        """Whether a phase of the setup was skipped: then anyone can forge, and a proof convinces nobody."""
        return self._file.unfinished is not None

    @property
    def unfinished(self) -> str | None:
        """Why the key is unfinished, if it is."""
        reason: str | None = self._file.unfinished
        return reason

    @property
    def contributions(self) -> list[str]:
        """What the contributors to the second phase call themselves."""
        return [Contribution.from_core(record).name for record in self._file.contributions()]

    def verifying_key(self) -> VerifyingKey:
        """The key for verifiers. Raises DecodeError for an unfinished key."""
        return VerifyingKey(self._file.verifying_key())


def load_zkey(path: Path, *, allow_unfinished: bool = False) -> ProvingKey:
    """Map a proving key of Groth16 over BN254 (bn128).

    allow_unfinished: take a key with a phase skipped (what `snarkjs groth16 setup` writes); benchmarks use
    such keys, nothing else may. Raises DecodeError, UnsupportedVersion, ParameterError, SystemFailure.
    """
    file = _formats.ZkeyFile(os.fspath(path))
    if file.unfinished and not allow_unfinished:
        raise DecodeError(
            f"{os.fspath(path)}: {file.unfinished}; contributions finish a key (`pyzkfl zkey contribute`)"
        )
    return ProvingKey(file)


def load_wtns(path: Path) -> Witness:
    """Read a witness; every value is checked. Raises DecodeError, UnsupportedVersion, ParameterError, SystemFailure."""
    return _formats.read_wtns(os.fspath(path))


def prove(key: ProvingKey, witness: Witness, *, progress: Progress | None = None) -> tuple[Proof, list[int]]:
    """A proof, verified before it is returned, and its public inputs.

    Raises WitnessInvalid if the proof would not hold: the witness does not satisfy the circuit, or the key is damaged
    or malicious; ParameterError for a witness of another circuit; DecodeError for a damaged key.
    """
    data, public = key._file.prove(witness, key.is_unfinished, progress)
    return Proof(data), public


def verify(key: VerifyingKey, public_inputs: Iterable[int], proof: Proof) -> None:
    """Check a proof. Raises ProofInvalid if it does not hold.

    public_inputs: from 0 to r - 1; DecodeError for others (x and x + r would be one value), ParameterError for another
    number of them than the key has.
    """
    if not key._key.verify(list(public_inputs), proof.data):
        raise ProofInvalid("the proof does not hold for these public inputs")


def calldata(public_inputs: Iterable[int], proof: Proof) -> str:
    """The arguments of snarkjs's Solidity verifier, as `snarkjs zkey export soliditycalldata` prints them.

    Raises DecodeError for a public input that is not in [0, r).
    """
    values = list(public_inputs)
    _formats.snarkjs_public(values)  # refuses what is not below r
    words = [f'"0x{proof.data[i : i + 32].hex()}"' for i in range(0, 256, 32)]
    a, b_x, b_y, c = (f"[{words[i]}, {words[i + 1]}]" for i in range(0, 8, 2))
    inputs = ",".join(f'"0x{value:064x}"' for value in values)
    return f"{a},[{b_x},{b_y}],{c},[{inputs}]"


def check_zkey(path: Path, *, progress: Progress | None = None) -> None:
    """Look at every byte of a proving key. Raises SetupInvalid saying what is wrong.

    Points on the curve and in the subgroup, coefficients in range, the second phase done, its records. Whether the key
    belongs to a certain circuit needs the circuit and its powers of tau: `pyzkfl.zkey.verify`.
    """
    problem = _formats.ZkeyFile(os.fspath(path)).problem(progress)
    if problem is not None:
        raise SetupInvalid(f"{os.fspath(path)}: {problem}")


def setup(r1cs: Path, ptau: Path, zkey: Path, *, name: str = "", progress: Progress | None = None) -> None:
    """Make the proving key of a circuit, with one secret contribution of this machine's own, recorded as `name`.

    Whoever runs this could keep the secret and forge proofs. ptau: prepared, with contributions; verify it first
    (`pyzkfl.ptau.verify`). Raises DecodeError, ParameterError, SystemFailure; replaces `zkey` only when all is done.
    """
    _formats.setup_zkey(os.fspath(r1cs), os.fspath(ptau), os.fspath(zkey), name, progress)
