# cython: language_level=3, boundscheck=False, wraparound=False
"""Frames of ledger records in bulk: lay them out, chain them, hash them, check a stored chain.

docs/formats.md, "Ledger record". A frame is: header (7 bytes), sequence (8, little-endian), hash of the record before
(32), signer (32), signature (64), artefact (the rest). Its hash is the Merkle leaf hash of RFC 6962: SHA-256(0x00, frame).
"""
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport uint64_t
from libc.string cimport memcmp, memcpy

from hashlib import sha256 as _sha256

cdef enum:
    HEADER = 7
    SEQUENCE = 8
    HASH = 32
    SIGNATURE = 64
    ARTEFACT = 143  # where the artefact begins

FIXED_BYTES = ARTEFACT


cdef inline void store_u64(char* out, uint64_t value) noexcept:
    cdef int i
    for i in range(8):
        out[i] = <char>((value >> (8 * i)) & 0xFF)


cdef inline uint64_t load_u64(const char* data) noexcept:
    cdef int i
    cdef uint64_t value = 0
    for i in range(8):
        value |= <uint64_t>(<unsigned char>data[i]) << (8 * i)
    return value


cdef bytes leaf_hash(bytes frame):
    # RFC 6962's prefix is hashed with the frame, so that a leaf can never be taken for an inner node.
    cdef Py_ssize_t size = PyBytes_GET_SIZE(frame)
    cdef bytes prefixed = PyBytes_FromStringAndSize(NULL, size + 1)
    cdef char* out = PyBytes_AS_STRING(prefixed)
    out[0] = 0
    memcpy(out + 1, PyBytes_AS_STRING(frame), size)
    return _sha256(prefixed).digest()


def frame_records(bytes header, uint64_t first_sequence, bytes previous, list parts):
    """Frames and hashes of new records, each chained to the one before.

    parts: (signer 32 bytes, signature 64 bytes, artefact) a record. previous: hash of the record before the first.
    Returns (frames, hashes). ValueError when a part has another size.
    """
    cdef list frames = [], hashes = []
    cdef bytes signer, signature, artefact, frame
    cdef char* out
    cdef Py_ssize_t size
    cdef uint64_t sequence = first_sequence
    if PyBytes_GET_SIZE(header) != HEADER or PyBytes_GET_SIZE(previous) != HASH:
        raise ValueError("header has 7 bytes, previous 32")
    for part in parts:
        signer, signature, artefact = part
        if PyBytes_GET_SIZE(signer) != HASH or PyBytes_GET_SIZE(signature) != SIGNATURE:
            raise ValueError("signer has 32 bytes, signature 64")
        size = PyBytes_GET_SIZE(artefact)
        frame = PyBytes_FromStringAndSize(NULL, ARTEFACT + size)
        out = PyBytes_AS_STRING(frame)
        memcpy(out, PyBytes_AS_STRING(header), HEADER)
        store_u64(out + HEADER, sequence)
        memcpy(out + HEADER + SEQUENCE, PyBytes_AS_STRING(previous), HASH)
        memcpy(out + HEADER + SEQUENCE + HASH, PyBytes_AS_STRING(signer), HASH)
        memcpy(out + HEADER + SEQUENCE + 2 * HASH, PyBytes_AS_STRING(signature), SIGNATURE)
        memcpy(out + ARTEFACT, PyBytes_AS_STRING(artefact), size)
        previous = leaf_hash(frame)
        frames.append(frame)
        hashes.append(previous)
        sequence += 1
    return frames, hashes


def check_frames(bytes header, uint64_t first_sequence, bytes previous, list frames):
    """Hashes of stored frames, as far as each is well formed, has its number and names the hash of the one before.

    Returns the list of hashes: shorter than `frames` when the frame at its length is the first that does not fit.
    """
    cdef list hashes = []
    cdef bytes frame
    cdef const char* data
    cdef uint64_t sequence = first_sequence
    if PyBytes_GET_SIZE(header) != HEADER or PyBytes_GET_SIZE(previous) != HASH:
        raise ValueError("header has 7 bytes, previous 32")
    for frame in frames:
        data = PyBytes_AS_STRING(frame)
        if (PyBytes_GET_SIZE(frame) < ARTEFACT
                or memcmp(data, PyBytes_AS_STRING(header), HEADER) != 0
                or load_u64(data + HEADER) != sequence
                or memcmp(data + HEADER + SEQUENCE, PyBytes_AS_STRING(previous), HASH) != 0):
            break
        previous = leaf_hash(frame)
        hashes.append(previous)
        sequence += 1
    return hashes


def split_frame(bytes frame):
    """(sequence, previous, signer, signature, artefact) of a frame; ValueError when it is too short to be one."""
    if PyBytes_GET_SIZE(frame) < ARTEFACT:
        raise ValueError("too short for the frame of a record")
    return (
        load_u64(PyBytes_AS_STRING(frame) + HEADER),
        frame[HEADER + SEQUENCE:HEADER + SEQUENCE + HASH],
        frame[HEADER + SEQUENCE + HASH:HEADER + SEQUENCE + 2 * HASH],
        frame[HEADER + SEQUENCE + 2 * HASH:ARTEFACT],
        frame[ARTEFACT:],
    )
