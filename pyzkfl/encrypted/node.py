"""A node's side of an encrypted average: as pyzkfl.masked.Node, with a key in place of masks.

The state that the framework keeps between messages holds every secret sealed under the node's identity key; what was
opened and answered is in it too, so that a node whose process is started anew for each message answers nothing twice.
"""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from pyzkfl import he
from pyzkfl._core.identity import verify
from pyzkfl.blinder_lanes import to_lanes
from pyzkfl.encrypted.terms import EncryptedTerms, Setup
from pyzkfl.errors import DecodeError, ProtocolError
from pyzkfl.he.keys import PaillierMember
from pyzkfl.masked.node import Node, Policy, Record, _int, _list
from pyzkfl.masked.terms import Terms

__all__ = ["EncryptedNode", "HolderPolicy"]


@dataclasses.dataclass(frozen=True)
class HolderPolicy(Policy):
    """What a node insists on. holder: who may be able to decrypt; the server's terms must say the same.

    keeper: the Ed25519 key of the only node that may hold or deal a key; None takes the terms' word.
    """

    holder: he.Holder | None = None
    keeper: bytes | None = None

    def check(self, terms: Terms) -> None:
        """ProtocolError for terms that are weaker."""
        super().check(terms)
        if not isinstance(terms, EncryptedTerms) or self.holder is None or terms.holder != self.holder:
            raise ProtocolError(f"this node insists on the key being held by {self.holder}, the terms say otherwise")
        kept = terms.members is None or terms.aggregation == "paillier"
        if kept and self.keeper is not None and terms.keeper != self.keeper.hex():
            raise ProtocolError("this node trusts one node to keep or deal the key, and the terms name another")


class EncryptedNode(Node):
    """As Node; `policy` is a HolderPolicy."""

    _read_terms: Callable[[bytes], Terms] = staticmethod(EncryptedTerms.from_bytes)

    def _steps(self) -> dict[Any, Callable[[Record], Record]]:
        return {
            "join": self._join, "reveal": self._reveal, "keys": self._keys, "deal": self._deal,
            "accept": self._accept, "open": self._open, "decrypt": self._decrypt,
        }  # fmt: skip

    # -- the key -----------------------------------------------------------------------------------------------------

    @property
    def _agreed(self) -> Setup:
        return self._agreed_on(self._state["nonces"])

    def _agreed_on(self, nonces: list[bytes]) -> Setup:
        terms = EncryptedTerms.from_bytes(self._state["terms"])
        return Setup.of(terms, self._run, self._state["epoch"], self._state["members"], nonces)

    @property
    def _count(self) -> int:
        return len(self._state["members"])

    def _is_keeper(self, setup: Setup) -> bool:
        return setup.has_keeper and self._index == setup.keeper

    def _seal(self, data: bytes) -> bytes:
        return bytes(he.seal_state(self._identity, data))

    def _unseal(self, sealed: bytes) -> bytes:
        return bytes(he.open_state(self._identity, sealed))

    def _making(self, setup: Setup, seed: bytes) -> he.RlweKeyMember:
        """seed: sealed, as in the state."""
        return he.RlweKeyMember(setup.joint(self._count), self._index, self._unseal(seed))

    def _box(self, setup: Setup, box: bytes) -> he.ShareBox:
        """box: its secret, sealed, as in the state."""
        return he.ShareBox(setup.context, self._unseal(box))

    def _keys(self, request: Record) -> Record:
        _, nonces = self._take_nonces(request)
        setup, commitment = self._agreed_on(nonces), b""
        made: dict[str, Any] = {
            "nonces": nonces, "box": self._seal(secrets.token_bytes(32)), "seed": self._seal(secrets.token_bytes(32))
        }  # fmt: skip
        if not setup.has_keeper:
            commitment = bytes(self._making(setup, made["seed"]).commitment())
        elif self._is_keeper(setup):
            part, own, dealt = _make_key(setup, self._index, self._count)
            made.update(part=part, own=self._seal(own), dealt=[self._seal(share) for share in dealt])
            commitment = setup.kept(part)
        box = bytes(self._box(setup, made["box"]).public_key)
        signature = self._identity.sign(setup.making(box, commitment))
        self._state.update(made)  # nothing is kept of a key that no member can have a part in
        return {"box": box, "commitment": commitment, "signature": signature}

    def _deal(self, request: Record) -> Record:
        if "box" not in self._state or "boxes" in self._state:
            raise ProtocolError("a key's shares are dealt once, to one list of commitments")
        setup, n = self._agreed, self._count
        boxes, promises, signatures = (_list(request, name) for name in ("boxes", "commitments", "signatures"))
        if not len(boxes) == len(promises) == len(signatures) == n or len(set(boxes)) != n:
            raise ProtocolError("the commitments to the key are not one of each member")
        for public, box, promise, signature in zip(self._state["members"], boxes, promises, signatures, strict=True):
            if not verify(public, setup.making(box, promise), signature):
                raise ProtocolError("a signature in the list of commitments to the key does not hold")
        own = self._box(setup, self._state["box"])
        if boxes[self._index] != own.public_key:
            raise ProtocolError("the list of commitments to the key does not have this node's box")
        part, shares = b"", [b""] * n
        if setup.has_keeper:
            if self._is_keeper(setup):
                part, shares = self._state["part"], [self._unseal(share) for share in self._state["dealt"]] or shares
        else:
            making = self._making(setup, self._state["seed"])
            part = bytes(making.part(promises))
            if setup.terms.threshold < n:
                shares = [b"" if i == self._index else bytes(making.dealt_share(i)) for i in range(n)]
        sealed = [bytes(own.seal(boxes[i], share)) if share else b"" for i, share in enumerate(shares)]
        self._state.update(boxes=boxes, promises=promises)
        return {"part": part, "shares": sealed}

    def _accept(self, request: Record) -> Record:
        if "boxes" not in self._state or "key" in self._state:
            raise ProtocolError("a key is accepted once, after its shares were dealt")
        setup, n = self._agreed, self._count
        parts, sealed = _list(request, "parts"), _list(request, "shares")
        if len(parts) != n or len(sealed) != n:
            raise ProtocolError("the parts of the key are not one of each member")
        box, boxes, new = self._box(setup, self._state["box"]), self._state["boxes"], {}
        opened = {i: bytes(box.open(boxes[i], share)) for i, share in enumerate(sealed) if share}
        if not setup.has_keeper:
            making = self._making(setup, self._state["seed"])
            making.part(self._state["promises"])
            dealt = [opened[i] for i in sorted(opened)] if setup.terms.threshold < n else []
            new["holder"] = making.finish(parts, dealt).save(self._identity)
        else:
            part = parts[setup.keeper]
            if self._state["promises"][setup.keeper] != setup.kept(part):
                raise ProtocolError("the key is not the one that its keeper committed to")
            _, dealt_key = setup.read_public(part, n)
            new["public"] = part
            if dealt_key is not None:
                keeper = self._is_keeper(setup)
                if not keeper and set(opened) != {setup.keeper}:
                    raise ProtocolError("the keeper's share of the key did not come")
                share = self._unseal(self._state["own"]) if keeper else opened[setup.keeper]
                holder = he.PaillierHolder.from_bytes(dealt_key, share)
                if holder.index != self._index:
                    raise ProtocolError("the dealt share of the key is another member's")
                new["holder"] = holder.save(self._identity)
        digest = setup.key_digest(parts)
        for name in ("seed", "box", "boxes", "promises", "part", "dealt"):
            self._state.pop(name, None)
        if setup.terms.members is not None:
            self._state.pop("own", None)
        self._state.update(new, key=digest)
        return {"key": digest}

    # -- rounds ------------------------------------------------------------------------------------------------------

    def _holder(self, setup: Setup) -> Any:
        """A RlweHolder or PaillierMember; None where one node has the key."""
        if "holder" not in self._state:
            return None
        if not setup.has_keeper:
            return he.RlweHolder.restore(self._identity, self._state["holder"])
        public, dealt = setup.read_public(self._state["public"], self._count)
        return PaillierMember(public, he.PaillierHolder.restore(dealt, self._identity, self._state["holder"]))

    def _keep(self, holder: Any) -> None:
        inner = holder.holder if isinstance(holder, PaillierMember) else holder
        self._state["holder"] = bytes(inner.save(self._identity))

    def _context(self, setup: Setup) -> bytes:
        return setup.round_context(self._state["key"], self._state["round"])

    def _expect_round(self, request: Record) -> Setup:
        if "round" not in self._state or _int(request, "round") != self._state["round"]:
            raise ProtocolError("this node sent nothing in this round")
        return self._agreed

    def mask(self, request: Record, vector: npt.NDArray[np.int64], blinder: bytes = bytes(32)) -> Record:
        """The reply to "round": the commitment to the encrypted vector, int64 (terms.length,)."""
        self._expect_epoch(request)
        if "key" not in self._state:
            raise ProtocolError("this node has no key yet")
        setup, round_ = self._agreed, _int(request, "round")
        if not self._state.get("round", -1) < round_ < setup.terms.rounds:
            raise ProtocolError("a round comes once, in order, and within the key's rounds")
        values = np.asarray(vector, np.int64)
        if values.shape != (setup.terms.length,):
            raise ProtocolError(f"a vector of this setup has {setup.terms.length} values")
        if setup.terms.blinders:
            values = np.concatenate([values, to_lanes(blinder)])
        context, holder = setup.round_context(self._state["key"], round_), self._holder(setup)
        if holder is None:
            public, _ = setup.read_public(self._state["public"], self._count)
            ciphertext = bytes(public.encrypt(values).to_bytes())
            commitment = bytes(he.commit_contribution(context, self._index, ciphertext))
            self._state["ciphertext"] = ciphertext
        else:
            if "round" in self._state:
                inner = holder.holder if isinstance(holder, PaillierMember) else holder
                inner.close(self._context(setup))
            commitment = bytes(holder.contribute(context, values))
            self._keep(holder)
        for name in ("contributors", "committed", "answered"):
            self._state.pop(name, None)
        self._state["round"] = round_
        self._state["spent"] += 1
        signature = self._identity.sign(setup.contribution(context, commitment))
        return {"phase": "round", "commitment": commitment, "signature": signature}

    def _open(self, request: Record) -> Record:
        setup = self._expect_round(request)
        if "contributors" in self._state:
            raise ProtocolError("this node opened its ciphertext to one list of commitments and opens it to no other")
        who, commitments, signatures = (
            _indices(request, "contributors"),
            *(_list(request, name) for name in ("commitments", "signatures")),
        )
        context, members = self._context(setup), self._state["members"]
        if not len(who) == len(commitments) == len(signatures) or any(i >= self._count for i in who):
            raise ProtocolError("the list of commitments is not one of members")
        if len(who) < setup.terms.least(self._count):
            raise ProtocolError(f"{len(who)} nodes committed, and nothing is opened to so few")
        for i, commitment, signature in zip(who, commitments, signatures, strict=True):
            if not verify(members[i], setup.contribution(context, commitment), signature):
                raise ProtocolError("a signature in the list of ciphertext commitments does not hold")
        committed, holder = dict(zip(who, commitments, strict=True)), self._holder(setup)
        if holder is None:
            ciphertext = self._state.pop("ciphertext")
            if committed.get(self._index) != he.commit_contribution(context, self._index, ciphertext):
                self._state["ciphertext"] = ciphertext
                raise ProtocolError("this member's own commitment is not in the list")
        else:
            ciphertext = bytes(holder.open(context, committed))
            self._keep(holder)
        self._state.update(contributors=who, committed=commitments)
        return {"ciphertext": ciphertext}

    def _decrypt(self, request: Record) -> Record:
        setup = self._expect_round(request)
        if "contributors" not in self._state or "answered" in self._state:
            raise ProtocolError("a round's sum is decrypted once, after this node opened its ciphertext")
        who, ciphertexts, holders = (
            _indices(request, "contributors"), _list(request, "ciphertexts"), _indices(request, "holders")
        )  # fmt: skip
        if len(who) != len(ciphertexts) or len(who) < setup.terms.least(self._count):
            raise ProtocolError(f"the sum of {len(who)} ciphertexts is not decrypted: too few are in it")
        context = self._context(setup)
        asked = he.SumRequest(
            context=context,
            commitments=dict(zip(self._state["contributors"], self._state["committed"], strict=True)),
            ciphertexts=dict(zip(who, ciphertexts, strict=True)),
            holders=set(holders),
        )
        holder = self._holder(setup)
        if holder is not None:
            share = bytes(holder.answer(asked))
            self._keep(holder)
        elif not self._is_keeper(setup):
            raise ProtocolError("this node cannot decrypt: another holds the key")
        else:
            _ = asked.digest  # every ciphertext is the one that its member committed to, and no two are the same
            public, _ = setup.read_public(self._state["public"], self._count)
            first, *others = [
                setup.read_ciphertext(public, context, i, data) for i, data in zip(who, ciphertexts, strict=True)
            ]
            for other in others:
                first = first + other
            decryptor = _decryptor(setup, self._unseal(self._state["own"]))
            share = decryptor.decrypt(first).astype("<i8").tobytes()
        self._state["answered"] = 1
        return {"share": share}


def _make_key(setup: Setup, index: int, nodes: int) -> tuple[bytes, bytes, list[bytes]]:
    """The keeper's public part, what it keeps, and for a shared key what each member gets (its own left out)."""
    terms = setup.terms
    if terms.members is None:
        if terms.aggregation == "rlwe":
            rlwe = he.RlweSecretKey.generate(max_abs=terms.encrypted_max_abs, summands=nodes)
            return bytes(rlwe.public_key.to_bytes()), bytes(rlwe.to_bytes()), []
        paillier = he.PaillierSecretKey.generate(terms.modulus_bits)
        size = terms.modulus_bits // 16
        return (
            bytes(paillier.public_key.to_bytes()),
            b"".join(p.to_bytes(size, "little") for p in paillier.primes()),
            [],
        )
    key, holders = he.deal_paillier(*he.random_safe_primes(terms.modulus_bits), terms.threshold, nodes)
    shares = [bytes(holder.to_bytes()) for holder in holders]
    own = shares[index]
    shares[index] = b""
    return bytes(key.to_bytes()), own, shares


def _decryptor(setup: Setup, own: bytes) -> Any:
    if setup.terms.aggregation == "rlwe":
        return he.RlweSecretKey.from_bytes(own)
    half = len(own) // 2
    return he.PaillierSecretKey(int.from_bytes(own[:half], "little"), int.from_bytes(own[half:], "little"))


def _indices(request: Record, field: str) -> list[int]:
    """Members' indices, ascending, each once."""
    value = request.get(field)
    if not isinstance(value, list) or not all(type(item) is int and 0 <= item < 1 << 16 for item in value):
        raise DecodeError(f"the request has no list of members {field!r}")
    if value != sorted(set(value)):
        raise DecodeError(f"the request's members {field!r} are not in order, each once")
    return value
