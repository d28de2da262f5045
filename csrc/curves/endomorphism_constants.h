// Constants of the endomorphisms phi (G1) and psi (G2) of BN254, written by
// scripts/endomorphism_constants.py, where their derivation stands. Field elements are canonical
// integers, low limb first.
#pragma once

#include <cstdint>

namespace pyzkfl::endomorphism {

// The BN parameter.
inline constexpr uint64_t x = 0x44e992b44a6909f1;

// phi(X, Y) = (beta X, Y) = lambda (X, Y).
inline constexpr uint64_t beta[4] = {
    0x5763473177fffffe, 0xd4f263f1acdb5c4f, 0x59e26bcea0d48bac, 0x0000000000000000};
inline constexpr uint64_t lambda[4] = {
    0x8b17ea66b99c90dd, 0x5bfc41088d8daaa7, 0xb3c4d79d41a91758, 0x0000000000000000};

// psi^i(X, Y) = (c_i X^(p^i), d_i Y^(p^i)); each in Fp2 as {c0, c1}.
inline constexpr uint64_t psi_x[2][4] = {
    {0x99e39557176f553d, 0xb78cc310c2c3330c, 0x4c0bec3cf559b143, 0x2fb347984f7911f7},
    {0x1665d51c640fcba2, 0x32ae2a1d0b7c9dce, 0x4ba4cc8bd75a0794, 0x16c9e55061ebae20}};
inline constexpr uint64_t psi_y[2][4] = {
    {0xdc54014671a0135a, 0xdbaae0eda9c95998, 0xdc5ec698b6e2f9b9, 0x063cf305489af5dc},
    {0x82d37f632623b0e3, 0x21807dc98fa25bd2, 0x0704b5a7ec796f2b, 0x07c03cbcac41049a}};
inline constexpr uint64_t psi2_x[2][4] = {
    {0xe4bd44e5607cfd48, 0xc28f069fbb966e3d, 0x5e6dd9e7e0acccb0, 0x30644e72e131a029},
    {0x0000000000000000, 0x0000000000000000, 0x0000000000000000, 0x0000000000000000}};
inline constexpr uint64_t psi3_x[2][4] = {
    {0x7b746ee87bdcfb6d, 0x805ffd3d5d6942d3, 0xbaff1c77959f25ac, 0x0856e078b755ef0a},
    {0x380cab2baaa586de, 0x0fdf31bf98ff2631, 0xa9f30e6dec26094f, 0x04f1de41b3d1766f}};
inline constexpr uint64_t psi3_y[2][4] = {
    {0x5fcc8ad066dce9ed, 0xbbd689a3bea870f4, 0xdbf17f1dca9e5ea3, 0x2a275b6d9896aa4c},
    {0xb94d0cb3b2594c64, 0x7600ecc7d8cf6eba, 0xb14b900e9507e932, 0x28a411b634f09b8f}};

// The twist is y^2 = x^3 + 3 / (9 + u).
inline constexpr uint64_t twist_b[2][4] = {
    {0x3267e6dc24a138e5, 0xb5b4c5e559dbefa3, 0x81be18991be06ac3, 0x2b149d40ceb8aaae},
    {0xe4a2bd0685c315d2, 0xa74fa084e52d1852, 0xcd2cafadeed8fdf4, 0x009713b03af0fed4}};

// Decomposition along phi: k = k_0 + k_1 lambda.
// |k_j| < 2^127.
inline constexpr unsigned phi_bits = 127;
inline constexpr uint64_t phi_rounding[2][4] = {
    {0xd91d232ec7e0b3d7, 0x0000000000000002, 0x0000000000000000, 0x0000000000000000},
    {0x7a7bd9d4391eb18e, 0x4ccef014a773d2cf, 0x0000000000000002, 0x0000000000000000},
};
inline constexpr bool phi_rounding_negative[2] = {false, false};
// B, modulo 2^128 (two's complement, low word first).
inline constexpr uint64_t phi_basis[2][2][2] = {
    {{0x89d3256894d213e3, 0x0000000000000000},
     {0x7dee441482b0eed8, 0x90b27db71147a603}},
    {{0x0be4e1541221250b, 0x6f4d8248eeb859fd},
     {0x89d3256894d213e3, 0x0000000000000000}},
};

// Decomposition along psi: k = k_0 + k_1 p + k_2 p^2 + k_3 p^3.
// |k_j| < 2^64.
inline constexpr unsigned psi_bits = 64;
inline constexpr uint64_t psi_rounding[4][4] = {
    {0x46f4bda995d51bb1, 0x08e5da66fc7184ae, 0x9e80318ab0d92b93, 0x0000000000000000},
    {0x0865552764c8e8f1, 0x5e9aa4e2a056dc2c, 0x3d00631561b25728, 0x0000000000000001},
    {0xe18278562ca99cc8, 0x5e9aa4e2a056dc2e, 0x3d00631561b25728, 0x0000000000000001},
    {0x0f81a16b5f8dc3f0, 0xb44f6f5e443c33ae, 0xdb8094a0128b82bd, 0x0000000000000001},
};
inline constexpr bool psi_rounding_negative[4] = {true, false, true, false};
// B, modulo 2^128 (two's complement, low word first).
inline constexpr uint64_t psi_basis[4][4][2] = {
    {{0x0000000000000001, 0x0000000000000000},
     {0x762cda976b2dec1d, 0xffffffffffffffff},
     {0xffffffffffffffff, 0xffffffffffffffff},
     {0x762cda976b2dec1e, 0xffffffffffffffff}},
    {{0x44e992b44a6909f1, 0x0000000000000000},
     {0x762cda976b2dec1e, 0xffffffffffffffff},
     {0x762cda976b2dec1d, 0xffffffffffffffff},
     {0x44e992b44a6909f1, 0x0000000000000000}},
    {{0x44e992b44a6909f1, 0x0000000000000000},
     {0xbb166d4bb596f60f, 0xffffffffffffffff},
     {0x44e992b44a6909f1, 0x0000000000000000},
     {0x89d3256894d213e3, 0x0000000000000000}},
    {{0x89d3256894d213e3, 0x0000000000000000},
     {0x0000000000000000, 0x0000000000000000},
     {0x89d3256894d213e2, 0x0000000000000000},
     {0x0000000000000001, 0x0000000000000000}},
};

}  // namespace pyzkfl::endomorphism
