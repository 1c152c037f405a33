/*
 * pass.h: what happens to a graph between import and plan. A pass is one file
 * with one function, `bool pass_NAME(graph, report)`, that rewrites the graph
 * and says whether it did; PASSES is the order they run in.
 */
#ifndef SMELT_PASS_H
#define SMELT_PASS_H

#include "ir/ir.h"

/*
 * PASS(name, summary), in running order. A pass may assume what the ones
 * before it establish; `dead` and `dedupe` run again after every fusion that
 * changed something.
 */
#define PASSES(X)                                                                                            \
  X(fold,                                                                                                    \
    "compute what is constant; sizes become dims nodes; constant chains over weights become constants")      \
  X(canonicalise, "one spelling for each idea: cancel, merge and order elementwise and movement nodes")      \
  X(dedupe, "make equal nodes one")                                                                          \
  X(dead, "drop what nobody reads")                                                                          \
  X(masks, "constant triangles become comparisons of positions; causal masks are recognised")                \
  X(repeat, "elements that are cut out, repeated and joined again are repeated at once")                     \
  X(activation, "find gelu, tanh gelu and silu in their spelled-out forms")                                  \
  X(norm, "find layer and rms normalisation")                                                                \
  X(rotary, "find rotary position embedding")                                                                \
  X(linear, "matrix products with constant weights become linear, with their bias")                          \
  X(attention, "scores, mask, softmax and weighted values become attention")                                 \
  X(cache, "attention reads keys and values as they are kept")                                               \
  X(gated, "activation(gate) * up of one input becomes one gated linear")                                    \
  X(epilogue, "activation and residual move into the linear before them")                                    \
  X(siblings, "linears of one input become one (query, key and value)")                                      \
  X(narrow, "slices of a result move up to its operands (logits of the last position only)")                 \
  X(tidy, "canonicalise, dedupe and dead once more")                                                         \
  X(precision, "weights in the precision asked for")

/* What a pass did, for --passes, --print-after and tests. */
typedef struct {
  int rewrites;  /* pattern instances rewritten */
  status failed; /* a rewrite could not be built: a defect, reported with the node */
} pass_report;

typedef bool pass_function(ir_graph *g, pass_report *report);

#define X(name, summary) pass_function pass_##name;
PASSES(X)
#undef X

typedef struct {
  const char *name;
  const char *summary;
  pass_function *run;
} pass_info;

const pass_info *pass_at(size_t index);        /* in order; NULL past the end */
const pass_info *pass_named(const char *name); /* NULL: unknown */

/* Called after each pass over each graph with what it did. */
typedef void pass_observer(void *user, const pass_info *pass, ir_graph *g, const pass_report *report);

/*
 * Runs all passes over `g`, and the bodies of its loops and branches, in order and verifies the graph after
 * each that changed it. `observe` may be NULL.
 */
status pass_run_all(ir_graph *g, pass_observer *observe, void *user);

/* ---- generators: from exported graphs to prefill, decode and encode ------------------------------- */

/* Names and limits; what the driver read from the model folder. */
typedef struct {
  int64_t max_tokens;         /* capacity of the KV caches: past + sequence */
  int64_t prefill_tokens;     /* longest piece of a prompt at once */
  int64_t max_encoder_tokens; /* of an encoder that reads text */
  int64_t verify_tokens;      /* of how many at once all logits are wanted; 0: there is no such entry */
  int64_t max_frames;         /* of one that reads features: the size that is symbolic, if one is */
  int64_t max_samples;        /* likewise of one that reads samples */
  bool only_decodes;          /* prompts go through the decoder token by token */
} generator_limits;

/* The imported graphs of a model folder. */
typedef struct {
  ir_graph *decoder; /* takes past keys and values */
  ir_graph *encoder; /* NULL for decoder-only models */
  ir_graph *first; /* beside an encoder: the decoder of the first step, without past, where there are both */
  bool takes_later_steps; /* another decoder takes the first step; this one may be traced on one token */
} generator_source;

typedef struct {
  ir_graph *encode, *prefill,
      *decode;      /* encode: NULL for decoder-only models; prefill: NULL where it cannot be */
  ir_graph *verify; /* prefill of a few tokens with the logits of all; NULL: not wanted, or it cannot be */
  ir_dim sequence, past; /* symbols; sequence NULL without prefill */
  ir_dim encoder;        /* the symbol in the encoder's input; NULL where there is none */
  ir_dim encoded;        /* rows of the encoder's result; NULL for decoder-only models */
  bool reads_features;   /* the encoder, instead of text */
  int64_t vocab_size;
} generator;

/* Whether the graph is a decoder with past, as hubs export them: it takes input_ids and past_key_values.*. */
bool pass_is_generator(const ir_graph *g);

/*
 * Several tokens along `rows`, behind `past` others, shall get the bits that each would get in a call of its
 * own: says so to linears and attention (apart). Fails where a node mixes rows in another way.
 */
status pass_set_apart(ir_graph *g, ir_dim past, ir_dim rows);

/*
 * Whether every attention over a growing cache hides what comes later, by its nature or by a bias of its
 * queries. The last token, which is all that the last layer looks at, may see everything. Of attention that
 * was not recognised nothing is known.
 */
bool pass_hides_future(const ir_graph *g);

/* Fails where a slice may reach beyond an axis of fixed size, at sizes that the symbols' maxima allow. */
status pass_check_reach(const ir_graph *g);

/* Whether an input of that name holds past keys and values. */
bool pass_is_past(const char *input);

/*
 * Whether a generator's input of that name takes its length from other inputs, whatever its file calls it: a
 * mask of past and new tokens ("past + 1"), the encoder's result ("frames / 2").
 */
bool pass_has_own_sizes(const char *input);

/*
 * Turns the imported graphs into the entries of a generator: batch 1, no padding, positions counted from the
 * past, past and present one in-place cache, logits of the last position, what depends on the encoder alone
 * computed once; then runs all passes. On success the module's graphs are the generator's.
 */
status pass_make_generator(ir_module *m, const generator_source *source, const generator_limits *limits,
                           pass_observer *observe, void *user, generator *result);

#endif
