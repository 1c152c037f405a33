/* constraint.c: grammars, schemas and expressions (constrain/) as constraints of generation, and in model.h.
 */
#include "constrain/constrain.h"
#include "decode/decode.h"

#include <stdlib.h>

struct smelt_constraint {
  rt_constraint calls;
  rt_acceptor *acceptor;
  rt_decoder before; /* of the generation at hand */
  bool has_before;
};

static void begin(void *user, const rt_decoder *before) {
  smelt_constraint *c = user;
  c->before = *before;
  c->has_before = true;
}

static void reset(void *user) {
  smelt_constraint *c = user;
  rt_acceptor_reset(c->acceptor, c->has_before ? &c->before : NULL);
}

static const uint64_t *allowed(void *user) {
  return rt_acceptor_allowed(((smelt_constraint *)user)->acceptor);
}

/* End tokens are special or have a text of their own, which is not part of the text that they end. */
static void accept(void *user, int32_t token) {
  rt_acceptor_accept(((smelt_constraint *)user)->acceptor, (uint32_t)token);
}

static bool may_end(void *user) {
  return rt_acceptor_may_end(((smelt_constraint *)user)->acceptor);
}

const rt_constraint *rt_constraint_of(const smelt_generate_options *options) {
  return options->constraint ? &options->constraint->calls : NULL;
}

smelt_result smelt_constraint_create(smelt_model *model, smelt_constraint_kind kind, const char *text,
                                     size_t bytes, smelt_constraint **constraint) {
  const smelt_manifest_generation *g = model->manifest.generation;
  *constraint = NULL;
  if (!g || (unsigned)kind > SMELT_REGEX)
    return rt_fail(model, SMELT_BAD_ARGUMENT,
                   "the model generates no text, or that is no kind of constraint");
  if (!model->has_tokenizer)
    return rt_fail(model, SMELT_BAD_ARGUMENT,
                   "the model was compiled without a tokenizer, so its text is not known");
  char error[RT_ACCEPTOR_ERROR_BYTES];
  smelt_constraint *c = calloc(1, sizeof *c);
  if (!c) return rt_fail(model, SMELT_OUT_OF_MEMORY, "no memory for the constraint");
  c->calls = (rt_constraint){c, reset, allowed, accept, may_end, begin, NULL};
  c->acceptor = rt_acceptor_create(kind, text, bytes, &model->tokenizer, (uint32_t)g->vocab_size, error);
  if (!c->acceptor) {
    free(c);
    return rt_fail(model, SMELT_BAD_ARGUMENT, "%s", error);
  }
  *constraint = c;
  return SMELT_OK;
}

void smelt_constraint_free(smelt_constraint *constraint) {
  if (!constraint) return;
  rt_acceptor_free(constraint->acceptor);
  free(constraint);
}
