"""snarkjs's JSON files, read strictly: verification_key.json, proof.json, public.json.

Numbers are decimal strings without sign or leading zeros. Points are projective with a third coordinate of 1; what
snarkjs would write for infinity is refused, as is a coordinate that is not below p (the core sees to that, and to curve
and subgroup). Objects have no field twice. A field that is not listed is ignored: snarkjs itself writes one that nobody
needs (vk_alphabeta_12).
"""

from __future__ import annotations

import json
import re
from typing import Any

from pyzkfl.errors import DecodeError

__all__ = ["MOST_BYTES", "proof_points", "public_inputs", "verifying_key_points"]

MOST_BYTES = 1 << 26  # of one JSON file: a key for 200,000 public inputs
_MOST_DEPTH = 16  # snarkjs's files nest 5 deep
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)
_NUMBER = re.compile(r"0|[1-9][0-9]{0,77}", re.ASCII)  # below 2^260: what is not below r or p, the core refuses


def _fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise DecodeError("a field appears twice in one JSON object")
    return fields


def _constant(name: str) -> Any:
    raise DecodeError(f"{name} is no JSON")


def _expect_shallow(text: str) -> None:
    """Python's parser calls itself for each level, and only the recursion limit keeps it from ending the process: a
    limit that whoever embeds us may have raised."""
    depth = 0
    for token in _STRING_OR_BRACKET.finditer(text):
        character = text[token.start()]
        if character in "[{":
            depth += 1
            if depth > _MOST_DEPTH:
                raise DecodeError(f"nested more than {_MOST_DEPTH} deep")
        elif character in "]}":
            depth -= 1


def _parse(text: str | bytes, what: str) -> Any:
    if len(text) > MOST_BYTES:
        raise DecodeError(f"{what}: {len(text)} bytes, more than any such file has")
    try:
        if isinstance(text, bytes):
            text = text.decode()
        _expect_shallow(text)
        return json.loads(text, object_pairs_hook=_fields, parse_constant=_constant)
    except DecodeError as error:
        raise DecodeError(f"{what}: {error}") from None
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError is a ValueError
        raise DecodeError(f"{what}: not JSON ({error})") from None


def _object(text: str | bytes, what: str, fields: tuple[str, ...]) -> dict[str, Any]:
    value = _parse(text, what)
    if not isinstance(value, dict):
        raise DecodeError(f"{what}: not a JSON object")
    for name in fields:
        if name not in value:
            raise DecodeError(f"{what}: {name} is missing")
    if value["protocol"] != "groth16":
        raise DecodeError(f"{what}: protocol {value['protocol']!r:.80}, not 'groth16'")
    # rapidsnark's proofs name no curve; a key always does.
    if value.get("curve", "bn128") not in ("bn128", "bn254"):
        raise DecodeError(f"{what}: curve {value['curve']!r:.80}; this release knows 'bn128' (BN254)")
    return value


def _list(value: Any, length: int | None, what: str) -> list[Any]:
    if not isinstance(value, list) or (length is not None and len(value) != length):
        raise DecodeError(f"{what}: not a list" + ("" if length is None else f" of {length}"))
    return value


def _number(value: Any, what: str) -> int:
    if not isinstance(value, str) or _NUMBER.fullmatch(value) is None:
        raise DecodeError(f"{what}: not a decimal number in a string")
    return int(value)


def _coordinate(value: Any, what: str) -> bytes:
    number = _number(value, what)
    if number >> 256:
        raise DecodeError(f"{what}: a coordinate that is not below p")
    return number.to_bytes(32, "big")


def _g1(value: Any, what: str) -> bytes:
    x, y, z = _list(value, 3, what)
    if z != "1":
        raise DecodeError(f"{what}: a point with a third coordinate other than 1")
    return _coordinate(x, what) + _coordinate(y, what)


def _g2(value: Any, what: str) -> bytes:
    x, y, z = (_list(part, 2, what) for part in _list(value, 3, what))
    if z != ["1", "0"]:
        raise DecodeError(f"{what}: a point with a third coordinate other than 1")
    return b"".join(_coordinate(part, what) for part in (x[1], x[0], y[1], y[0]))


def verifying_key_points(text: str | bytes) -> tuple[bytes, bytes, bytes, bytes, list[bytes]]:
    """alpha, beta, gamma, delta, IC of a verification_key.json, as EVM bytes. Raises DecodeError."""
    what = "verification key"
    names = ("protocol", "curve", "nPublic", "vk_alpha_1", "vk_beta_2", "vk_gamma_2", "vk_delta_2", "IC")
    key = _object(text, what, names)
    inputs = key["nPublic"]
    if type(inputs) is not int or inputs < 0:
        raise DecodeError(f"{what}: nPublic is not a number")
    ic = [_g1(point, f"{what}: IC[{i}]") for i, point in enumerate(_list(key["IC"], inputs + 1, f"{what}: IC"))]
    return (
        _g1(key["vk_alpha_1"], f"{what}: vk_alpha_1"),
        _g2(key["vk_beta_2"], f"{what}: vk_beta_2"),
        _g2(key["vk_gamma_2"], f"{what}: vk_gamma_2"),
        _g2(key["vk_delta_2"], f"{what}: vk_delta_2"),
        ic,
    )


def proof_points(text: str | bytes) -> bytes:
    """A proof.json as 256 EVM bytes. Raises DecodeError."""
    proof = _object(text, "proof", ("protocol", "pi_a", "pi_b", "pi_c"))
    return (
        _g1(proof["pi_a"], "proof: pi_a") + _g2(proof["pi_b"], "proof: pi_b") + _g1(proof["pi_c"], "proof: pi_c")
    )


def public_inputs(text: str | bytes) -> list[int]:
    """The numbers of a public.json; that they are below r, whoever uses them checks. Raises DecodeError."""
    values = _list(_parse(text, "public inputs"), None, "public inputs")
    return [_number(value, f"public inputs: [{i}]") for i, value in enumerate(values)]
