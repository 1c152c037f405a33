/*
 * choose.c: reads cases from standard input as numbers and prints, for each, what a sampler leaves to be
 * drawn: "token share" pairs in the order of tokens, "token" where nothing is drawn, or "none".
 * choosing_test.py writes the cases; read_case says in which order.
 */
#include "decode/decode.h"
#include "cases.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static smelt_token_list read_list(void) {
  smelt_token_list list = {.count = read_whole()};
  int32_t *tokens = calloc((size_t)list.count + 1, sizeof *tokens);
  if (!tokens) exit(1);
  for (int32_t i = 0; i < list.count; i++) tokens[i] = read_whole();
  list.tokens = tokens;
  return list;
}

static void free_list(smelt_token_list list) {
  free((int32_t *)(uintptr_t)list.tokens);
}

enum { MOST_BIASED = 64 };

/* Which tokens a constraint allows, one after the other. */
typedef struct {
  uint64_t *bits; /* NULL: there is none */
  bool may_end;
} allowance;

static const uint64_t *allowed(void *user) {
  return ((allowance *)user)->bits;
}

static bool may_end(void *user) {
  return ((allowance *)user)->may_end;
}

typedef struct {
  struct {
    smelt_manifest header;
    int32_t biased[MOST_BIASED];
    float biases[MOST_BIASED];
  } blob;
  smelt_manifest_generation generation;
  smelt_token_list source;
  smelt_generate_options options;
  allowance allowance;
  smelt_token_list text;
  int32_t new_from;
  float *logits;
} choose_case;

static void read_biases(smelt_generate_options *o) {
  o->bias_count = read_whole();
  smelt_token_bias *biases = calloc((size_t)o->bias_count + 1, sizeof *biases);
  if (!biases) exit(1);
  for (int32_t i = 0; i < o->bias_count; i++) {
    biases[i].sequence = read_list();
    biases[i].bias = read_real();
  }
  o->biases = biases;
}

/* As a manifest has them: sequences one after the other, and a number for each. */
static void read_own_biases(choose_case *c) {
  smelt_token_list list = read_list();
  if (list.count > MOST_BIASED) exit(1);
  for (int32_t i = 0; i < list.count; i++) c->blob.biased[i] = list.tokens[i];
  for (int32_t i = 0, count = read_whole(); i < count; i++) c->blob.biases[i] = read_real();
  c->generation.biased = (smelt_manifest_tokens){offsetof(choose_case, blob.biased), list.count};
  c->generation.biases = offsetof(choose_case, blob.biases);
  free_list(list);
}

static void read_allowance(choose_case *c) {
  int32_t count = read_whole(), words = c->generation.vocab_size / 64 + 1;
  c->allowance.may_end = read_whole();
  if (count < 0) return;
  c->allowance.bits = calloc((size_t)words, sizeof *c->allowance.bits);
  if (!c->allowance.bits) exit(1);
  for (int32_t i = 0; i < count; i++) {
    int32_t token = read_whole();
    c->allowance.bits[token / 64] |= UINT64_C(1) << (token % 64);
  }
}

static void read_case(choose_case *c, int32_t vocab_size) {
  smelt_generate_options *o = &c->options;
  smelt_manifest_choices *own = &c->generation.choices;
  *c = (choose_case){.generation.vocab_size = vocab_size};
  float *const reals[] = {&o->temperature,
                          &o->top_p,
                          &o->min_p,
                          &o->typical_p,
                          &o->epsilon_cutoff,
                          &o->eta_cutoff,
                          &o->repetition_penalty,
                          &o->frequency_penalty,
                          &o->presence_penalty,
                          &own->source_penalty,
                          &own->decay_factor};
  int32_t *const wholes[] = {&o->top_k,         &o->no_repeat_ngram, &o->min_new_tokens,
                             &o->min_length,    &o->max_new_tokens,  &o->max_length,
                             &own->decay_start, &own->renormalises,  &own->source_no_repeat_ngram};
  for (size_t i = 0; i < sizeof reals / sizeof reals[0]; i++) *reals[i] = read_real();
  for (size_t i = 0; i < sizeof wholes / sizeof wholes[0]; i++) *wholes[i] = read_whole();
  read_biases(o);
  o->bad_words = read_list();
  o->suppressed = read_list();
  o->suppressed_first = read_list();
  o->stop_ids = read_list();
  o->forced_first = read_list();
  o->forced_last = read_list();
  c->source = read_list();
  read_own_biases(c);
  read_allowance(c);
  c->text = read_list();
  c->new_from = read_whole();
  c->logits = calloc((size_t)vocab_size, sizeof *c->logits);
  if (!c->logits) exit(1);
  for (int32_t i = 0; i < vocab_size; i++) c->logits[i] = read_real();
}

static void free_case(choose_case *c) {
  for (int32_t i = 0; i < c->options.bias_count; i++) free_list(c->options.biases[i].sequence);
  free((smelt_token_bias *)(uintptr_t)c->options.biases);
  free_list(c->options.bad_words);
  free_list(c->options.suppressed);
  free_list(c->options.suppressed_first);
  free_list(c->options.stop_ids);
  free_list(c->options.forced_first);
  free_list(c->options.forced_last);
  free_list(c->source);
  free_list(c->text);
  free(c->allowance.bits);
  free(c->logits);
}

static void print_shares(const rt_sampler *sampler) {
  double *shares = calloc((size_t)sampler->vocab_size, sizeof *shares), sum = 0;
  if (!shares) exit(1);
  const rt_choice *choices = sampler->choices + sampler->first;
  for (int32_t i = 0; i < sampler->count; i++) sum += choices[i].weight;
  for (int32_t i = 0; i < sampler->count; i++) shares[choices[i].token] = choices[i].weight / sum;
  for (int32_t i = 0; i < sampler->vocab_size; i++)
    if (shares[i] > 0) printf("%d %.17g ", (int)i, shares[i]);
  printf("\n");
  free(shares);
}

static void choose(choose_case *c) {
  rt_sampler sampler;
  rt_constraint constraint = {.user = &c->allowance, .allowed = allowed, .may_end = may_end};
  rt_history history = {
      .tokens = c->text.tokens, .count = c->text.count, .new_from = c->new_from, .source = c->source};
  rt_manifest manifest = {.header = &c->blob.header, .generation = &c->generation};
  if (!rt_sampler_init(&sampler, &manifest, &c->options, c->allowance.bits ? &constraint : NULL)) exit(1);
  int32_t token = rt_sampler_pick(&sampler, &history, c->logits);
  if (token == SMELT_NONE)
    printf("none\n");
  else if (sampler.count > 0)
    print_shares(&sampler);
  else
    printf("%d\n", (int)token);
  rt_sampler_free(&sampler);
}

int main(void) {
  int vocab_size;
  while (scanf("%d", &vocab_size) == 1) {
    choose_case c;
    read_case(&c, vocab_size);
    choose(&c);
    free_case(&c);
  }
  return 0;
}
