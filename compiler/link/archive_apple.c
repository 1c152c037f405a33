/*
 * archive_apple.c: a static library as Apple's linkers read it: members whose names stand before their bytes,
 * which are aligned to 8, and an index of places of names and of members, in words of the machine. [Apple,
 * ar(5) and mach-o/ranlib.h]
 */
#define _GNU_SOURCE
#include "link/archive.h"

#include <ar.h>
#include <string.h>

enum { ALIGNMENT = 8 };

static uint64_t round_up(uint64_t bytes) {
  return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* Bytes of a name such that the member behind it is aligned: headers are no multiple of 8. */
static uint64_t name_bytes(const char *name, uint64_t header_at) {
  uint64_t begin = header_at + sizeof(struct ar_hdr);
  return round_up(begin + strlen(name) + 1) - begin;
}

static uint64_t member_end(const archive *ar, size_t i, uint64_t at) {
  return round_up(at + sizeof(struct ar_hdr) + name_bytes(ar->members[i].name, at) + ar->members[i].count);
}

static const char *index_name(int word) {
  return word == 4 ? "__.SYMDEF" : "__.SYMDEF_64";
}

static uint64_t index_bytes(const archive *ar, int word) {
  return (uint64_t)word * (2 + 2 * ar->index_count) + round_up(ar->index_name_bytes);
}

/* Fixes where every member will be; returns the width of an index word. */
static int lay_out(archive *ar) {
  for (int word = 4;; word = 8) {
    uint64_t at =
        SARMAG + sizeof(struct ar_hdr) + name_bytes(index_name(word), SARMAG) + index_bytes(ar, word);
    at = round_up(at);
    for (size_t i = 0; i < ar->member_count; i++) {
      ar->members[i].offset = at;
      at = member_end(ar, i, at);
    }
    if (word == 8 || at <= UINT32_MAX) return word;
  }
}

static void pad_to(FILE *file, uint64_t at, uint64_t end) {
  for (; at < end; at++) fputc(0, file);
}

/* A member's header, and its name; `bytes` come next. */
static void begin_member(FILE *file, const char *name, uint64_t at, uint64_t bytes) {
  uint64_t room = name_bytes(name, at);
  char title[32];
  snprintf(title, sizeof title, "#1/%llu", (unsigned long long)room);
  archive_write_header(file, title, room + bytes);
  fputs(name, file);
  pad_to(file, strlen(name), room);
}

static void write_word(FILE *file, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; i++) fputc((int)(value >> 8 * i & 0xff), file);
}

static void write_index(const archive *ar, FILE *file, int word) {
  begin_member(file, index_name(word), SARMAG, index_bytes(ar, word));
  write_word(file, 2 * (uint64_t)word * ar->index_count, word);
  uint64_t name_at = 0;
  for (size_t i = 0; i < ar->index_count; i++) {
    write_word(file, name_at, word);
    write_word(file, ar->members[ar->index[i].member].offset, word);
    name_at += strlen(ar->index[i].name) + 1;
  }
  write_word(file, round_up(ar->index_name_bytes), word);
  for (size_t i = 0; i < ar->index_count; i++)
    fwrite(ar->index[i].name, 1, strlen(ar->index[i].name) + 1, file);
  pad_to(file, name_at, round_up(name_at));
}

void archive_write_apple(archive *ar, FILE *file) {
  int word = lay_out(ar);
  fputs(ARMAG, file);
  write_index(ar, file, word);
  uint64_t at = SARMAG + sizeof(struct ar_hdr) + name_bytes(index_name(word), SARMAG) + index_bytes(ar, word);
  for (size_t i = 0; i < ar->member_count; i++) {
    const member *m = &ar->members[i];
    pad_to(file, at, m->offset);
    begin_member(file, m->name, m->offset, m->count);
    fwrite(m->bytes, 1, m->count, file);
    at = m->offset + sizeof(struct ar_hdr) + name_bytes(m->name, m->offset) + m->count;
  }
  pad_to(file, at, round_up(at));
}
