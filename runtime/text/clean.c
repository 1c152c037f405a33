/*
 * clean.c: spaces that people leave out, taken out of decoded text as it streams by. The reference replaces
 * in ten passes over the whole text; passes that cannot change what another one sees share a stage here, and
 * a stage holds back only what may yet become one of its texts.
 */
#include "text/clean.h"

static const struct {
  uint8_t stage, length; /* of the text, which begins with a space */
  char text[5];
} rules[] = {{0, 2, " ."},   {0, 2, " ?"},  {0, 2, " !"},  {0, 2, " ,"},   {1, 3, " ' "},
             {2, 4, " n't"}, {2, 3, " 'm"}, {2, 3, " 's"}, {2, 4, " 've"}, {2, 4, " 're"}};
enum { RULES = sizeof rules / sizeof *rules };

/* How the held text stands to the stage's rules. */
typedef enum { NO_RULE, MAY_BE_RULE, IS_RULE } match;

static match match_rules(const rt_held *held, int stage, size_t *length) {
  for (size_t i = 0; i < RULES; i++) {
    if (rules[i].stage != stage || memcmp(rules[i].text, held->bytes, held->count) != 0) continue;
    *length = rules[i].length;
    return held->count == rules[i].length ? IS_RULE : MAY_BE_RULE;
  }
  return NO_RULE;
}

static void drop_first(rt_held *held) {
  held->count--;
  memmove(held->bytes, held->bytes + 1, held->count);
}

static void clean_from(rt_held *held, int stage, const uint8_t *text, size_t bytes, rt_text_sink *sink,
                       void *user);

/* A space fell away; of " ' " the last one, too. */
static void pass_on_rule(rt_held *held, int stage, rt_text_sink *sink, void *user) {
  rt_held *here = &held[stage];
  uint8_t count = here->count - (stage == 1 ? 2 : 1), rest[4];
  memcpy(rest, here->bytes + 1, count);
  here->count = 0;
  clean_from(held, stage + 1, rest, count, sink, user);
}

static void take_byte(rt_held *held, int stage, uint8_t byte, rt_text_sink *sink, void *user) {
  rt_held *here = &held[stage];
  here->bytes[here->count++] = byte;
  while (here->count) {
    size_t length;
    match found = match_rules(here, stage, &length);
    if (found == MAY_BE_RULE) return;
    if (found == IS_RULE) {
      pass_on_rule(held, stage, sink, user);
      return;
    }
    uint8_t first = here->bytes[0];
    drop_first(here);
    clean_from(held, stage + 1, &first, 1, sink, user);
  }
}

static void clean_from(rt_held *held, int stage, const uint8_t *text, size_t bytes, rt_text_sink *sink,
                       void *user) {
  if (!bytes) return;
  if (stage == RT_CLEANING_STAGES) {
    sink(user, (const char *)text, bytes);
    return;
  }
  for (size_t at = 0; at < bytes;) {
    const uint8_t *space = held[stage].count ? text + at : memchr(text + at, ' ', bytes - at);
    size_t plain = space ? (size_t)(space - text) : bytes;
    clean_from(held, stage + 1, text + at, plain - at, sink, user);
    at = plain;
    if (at < bytes) take_byte(held, stage, text[at++], sink, user);
  }
}

void rt_clean(rt_held held[RT_CLEANING_STAGES], const char *text, size_t bytes, rt_text_sink *sink,
              void *user) {
  clean_from(held, 0, (const uint8_t *)text, bytes, sink, user);
}

void rt_clean_end(rt_held held[RT_CLEANING_STAGES], rt_text_sink *sink, void *user) {
  for (int stage = 0; stage < RT_CLEANING_STAGES; stage++) {
    rt_held rest = held[stage];
    held[stage].count = 0;
    clean_from(held, stage + 1, rest.bytes, rest.count, sink, user);
  }
}
