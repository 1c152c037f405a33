/*
 * emulated_instructions.h: Intel's matrix tiles (AMX) and dot products of
 * bytes (AVX-VNNI) and of bf16 (AVX512-BF16, vectors of up to 256 bits) on
 * processors without them: a handler of SIGILL decodes
 * the instructions that smelt generates, does what they do and goes on behind
 * them, for each thread by itself. Encodings and operations: Intel SDM volume
 * 2, LDTILECFG, TILELOADD, TILESTORED, TILEZERO, TILERELEASE, TDPBF16PS,
 * TDPBSSD, VPDPBUSD, VPDPWSSD, VDPBF16PS.
 */
#ifndef SMELT_EMULATED_INSTRUCTIONS_H
#define SMELT_EMULATED_INSTRUCTIONS_H

#if defined(__x86_64__) && defined(__linux__)
#define SMELT_HAS_EMULATED_INSTRUCTIONS

#ifndef _GNU_SOURCE
#error "compile with _GNU_SOURCE: REG_RIP and its like"
#endif
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

enum { TILE_COUNT = 8, TILE_MOST_ROWS = 16, TILE_MOST_BYTES = 64 };

static _Thread_local struct {
  uint8_t config[64];
  uint8_t data[TILE_COUNT][TILE_MOST_ROWS][TILE_MOST_BYTES];
} tiles;
static _Atomic long tile_count, dot_count, bf16_dot_count; /* instructions so far */

static int tile_rows_of(int tile) {
  return tiles.config[48 + tile];
}

static int tile_bytes_of(int tile) {
  return tiles.config[16 + 2 * tile];
}

static float tile_float(const void *bf16) {
  uint16_t half;
  memcpy(&half, bf16, sizeof half);
  uint32_t bits = (uint32_t)half << 16;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* One 32-bit sum plus the products of 32 bits of x and w. */
static void tile_add_products(uint8_t *sum, const uint8_t *x, const uint8_t *w, bool is_bf16) {
  if (is_bf16) {
    float value;
    memcpy(&value, sum, sizeof value);
    value += tile_float(x) * tile_float(w); /* rounded once more than by the processor */
    value += tile_float(x + 2) * tile_float(w + 2);
    memcpy(sum, &value, sizeof value);
    return;
  }
  int32_t value;
  memcpy(&value, sum, sizeof value);
  for (int i = 0; i < 4; i++) value += (int8_t)x[i] * (int8_t)w[i];
  memcpy(sum, &value, sizeof value);
}

static bool tile_multiply_into(int sum, int x, int w, bool is_bf16) {
  bool fits = tile_rows_of(sum) == tile_rows_of(x) && tile_bytes_of(sum) == tile_bytes_of(w) &&
              tile_bytes_of(x) == 4 * tile_rows_of(w) && sum != x && sum != w && x != w;
  for (int r = 0; fits && r < tile_rows_of(sum); r++)
    for (int k = 0; k < tile_rows_of(w); k++)
      for (int c = 0; c < tile_bytes_of(sum); c += 4)
        tile_add_products(&tiles.data[sum][r][c], &tiles.data[x][r][4 * k], &tiles.data[w][k][c], is_bf16);
  return fits;
}

typedef struct {
  int mandatory; /* prefix: 0 none, 1 66, 2 F3, 3 F2 */
  int opcode, mode, reg, rm, vvvv, bytes;
  bool is_wide;     /* VEX.L */
  uint8_t *address; /* of the memory operand without the index */
  int64_t index;    /* the index register, scaled */
} emulated_instruction;

static int64_t general_register(const ucontext_t *c, int number) {
  static const int PLACES[] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                               REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
  return c->uc_mcontext.gregs[PLACES[number]];
}

/* ModRM with a memory operand, from its own byte on. */
static void decode_memory(const ucontext_t *c, const uint8_t *at, int x, int b, emulated_instruction *i) {
  int base = i->rm, displacement = i->mode == 1 ? 1 : i->mode == 2 ? 4 : 0;
  int64_t address = 0;
  const uint8_t *next = at + 1;
  bool is_relative = i->mode == 0 && base == 5;
  if (base == 4) {
    int sib = *next++, index = (sib >> 3 & 7) | x << 3;
    base = sib & 7;
    if (index != 4) i->index = (int64_t)((uint64_t)general_register(c, index) << (sib >> 6));
  }
  bool has_base = !(i->mode == 0 && base == 5);
  if (has_base) address = general_register(c, base | b << 3);
  if (!has_base) displacement = 4;
  int32_t wide = 0;
  if (displacement == 4) memcpy(&wide, next, 4);
  address += displacement == 1 ? (int8_t)*next : wide;
  next += displacement;
  if (is_relative) address += (int64_t)(uintptr_t)next;
  i->address = (uint8_t *)(uintptr_t)address;
  i->bytes = (int)(next - at) + 4;
}

/* Three-byte VEX, map 0F38, W0. */
static bool decode(const ucontext_t *c, const uint8_t *code, emulated_instruction *i) {
  if (code[0] != 0xc4 || (code[1] & 31) != 2 || (code[2] & 0x80) != 0) return false;
  *i = (emulated_instruction){.mandatory = code[2] & 3,
                              .is_wide = code[2] & 4,
                              .vvvv = ~code[2] >> 3 & 15,
                              .opcode = code[3],
                              .mode = code[4] >> 6,
                              .reg = (code[4] >> 3 & 7) | (~code[1] >> 4 & 8),
                              .rm = code[4] & 7,
                              .bytes = 5};
  if (i->mode != 3) {
    decode_memory(c, code + 4, !(code[1] & 0x40), !(code[1] & 0x20), i);
  } else {
    i->rm |= ~code[1] >> 2 & 8;
  }
  return true;
}

/* ---- tiles ---- */

static bool tile_move(const emulated_instruction *i, bool is_load) {
  for (int r = 0; r < tile_rows_of(i->reg); r++) {
    uint8_t *memory = i->address + r * i->index;
    if (is_load) {
      memcpy(tiles.data[i->reg][r], memory, (size_t)tile_bytes_of(i->reg));
    } else {
      memcpy(memory, tiles.data[i->reg][r], (size_t)tile_bytes_of(i->reg));
    }
  }
  return tile_rows_of(i->reg) > 0;
}

static bool tile_execute(const emulated_instruction *i) {
  enum { NONE, P66, PF3, PF2 };
  bool is_memory = i->mode != 3;
  if (i->is_wide) return false;
  tile_count++;
  if (i->opcode == 0x49 && i->mandatory == NONE) { /* LDTILECFG, TILERELEASE */
    memset(&tiles.data, 0, sizeof tiles.data);
    memset(tiles.config, 0, sizeof tiles.config);
    if (is_memory) memcpy(tiles.config, i->address, sizeof tiles.config);
    for (int t = 0; t < TILE_COUNT && is_memory; t++)
      if (tile_rows_of(t) > TILE_MOST_ROWS || tile_bytes_of(t) > TILE_MOST_BYTES) return false;
    return !is_memory || tiles.config[0] == 1;
  }
  if (tiles.config[0] != 1) return false;
  if (i->opcode == 0x49 && i->mandatory == PF2 && !is_memory) { /* TILEZERO */
    memset(tiles.data[i->reg], 0, sizeof tiles.data[0]);
    return true;
  }
  if (i->opcode == 0x4b && i->mandatory == PF2 && is_memory) return tile_move(i, true);
  if (i->opcode == 0x4b && i->mandatory == PF3 && is_memory) return tile_move(i, false);
  if (i->opcode == 0x5c && i->mandatory == PF3) return tile_multiply_into(i->reg, i->rm, i->vvvv, true);
  if (i->opcode == 0x5e && i->mandatory == PF2) return tile_multiply_into(i->reg, i->rm, i->vvvv, false);
  return false;
}

/* ---- dot products ---- */

/* 16 bytes of a vector register in the frame of a signal: where FXSAVE and XSAVE put its lower and upper
 * half. */
static uint8_t *vector_register(const ucontext_t *c, int number, int half) {
  enum { LOWER = 160, UPPER = 576, HALF_BYTES = 16 };
  uint8_t *state = (uint8_t *)c->uc_mcontext.fpregs;
  return state + (half ? UPPER : LOWER) + HALF_BYTES * number;
}

/* VPDPBUSD: u8 times s8, four products to a sum; VPDPWSSD: s16 times s16, two, which LLVM makes of VPMADDWD.
 */
static int32_t dot_of(const uint8_t *x, const uint8_t *y, bool is_bytes) {
  int16_t a[2], b[2];
  memcpy(a, x, sizeof a);
  memcpy(b, y, sizeof b);
  if (!is_bytes) return a[0] * b[0] + a[1] * b[1];
  return x[0] * (int8_t)y[0] + x[1] * (int8_t)y[1] + x[2] * (int8_t)y[2] + x[3] * (int8_t)y[3];
}

static bool dot_execute(const ucontext_t *c, const emulated_instruction *i) {
  enum { P66 = 1, HALF_BYTES = 16, OF_BYTES = 0x50, OF_WORDS = 0x52 };
  if ((i->opcode != OF_BYTES && i->opcode != OF_WORDS) || i->mandatory != P66) return false;
  for (int half = 0; half <= i->is_wide; half++) {
    uint8_t *sums = vector_register(c, i->reg, half);
    const uint8_t *x = vector_register(c, i->vvvv, half);
    const uint8_t *y =
        i->mode == 3 ? vector_register(c, i->rm, half) : i->address + i->index + half * HALF_BYTES;
    for (int lane = 0; lane < HALF_BYTES; lane += 4) {
      int32_t sum;
      memcpy(&sum, sums + lane, sizeof sum);
      sum += dot_of(x + lane, y + lane, i->opcode == OF_BYTES);
      memcpy(sums + lane, &sum, sizeof sum);
    }
  }
  dot_count += i->opcode == OF_BYTES;
  return true;
}

/* EVEX, map 0F38, W0, opcode 52 after F3: VDPBF16PS of registers below 16, no mask. The odd ones come first.
 */
static bool bf16_dot_execute(const ucontext_t *c, const uint8_t *code, emulated_instruction *i) {
  enum { HALF_BYTES = 16, EVEX = 0x62, OF_BF16 = 0x52, PF3 = 2, NEVER_ABOVE_15 = 0x50, BYTES = 6 };
  bool is_it = code[0] == EVEX && (code[1] & 7) == 2 && (code[2] & 0x87) == (4 | PF3) && code[4] == OF_BF16;
  bool is_simple = (code[1] & NEVER_ABOVE_15) == NEVER_ABOVE_15 && (code[3] & 0xdf) == 8 && code[5] >= 0xc0;
  if (!is_it || !is_simple) return false;
  *i = (emulated_instruction){.is_wide = code[3] & 0x20,
                              .vvvv = ~code[2] >> 3 & 15,
                              .reg = (code[5] >> 3 & 7) | (~code[1] >> 4 & 8),
                              .rm = (code[5] & 7) | (~code[1] >> 2 & 8),
                              .bytes = BYTES};
  for (int half = 0; half <= i->is_wide; half++) {
    uint8_t *sums = vector_register(c, i->reg, half);
    const uint8_t *x = vector_register(c, i->vvvv, half), *y = vector_register(c, i->rm, half);
    for (int lane = 0; lane < HALF_BYTES; lane += 4) {
      float sum;
      memcpy(&sum, sums + lane, sizeof sum);
      sum += tile_float(x + lane + 2) * tile_float(y + lane + 2);
      sum += tile_float(x + lane) * tile_float(y + lane);
      memcpy(sums + lane, &sum, sizeof sum);
    }
  }
  bf16_dot_count++;
  return true;
}

/* ---- the handler ---- */

static void illegal_instruction(int signal_number, siginfo_t *info, void *context) {
  (void)info;
  ucontext_t *c = context;
  emulated_instruction i;
  const uint8_t *code = (const uint8_t *)(uintptr_t)c->uc_mcontext.gregs[REG_RIP];
  bool is_done = decode(c, code, &i) ? tile_execute(&i) || dot_execute(c, &i) : bf16_dot_execute(c, code, &i);
  if (!is_done) {
    signal(signal_number, SIG_DFL); /* what it is: an illegal instruction */
    return;
  }
  c->uc_mcontext.gregs[REG_RIP] += i.bytes;
}

static void emulate_instructions(void) {
  struct sigaction action = {.sa_sigaction = illegal_instruction, .sa_flags = SA_SIGINFO};
  sigaction(SIGILL, &action, NULL);
}

#endif
#endif
