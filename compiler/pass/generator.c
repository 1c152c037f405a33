/*
 * generator.c: from a decoder as hubs export it, which takes a padded batch
 * and hands its cache back and forth, to the entries of a program that serves
 * one sequence: what is always the same becomes constant, and folding does
 * the rest.
 */
#include "pass/state.h"

#include <string.h>

/* What each input of an exported decoder or encoder stands for. */
typedef enum {
  ROLE_TOKENS,
  ROLE_MASK,
  ROLE_POSITIONS,
  ROLE_ZEROS,
  ROLE_PAST,
  ROLE_ENCODER,
  ROLE_FEATURES,
  ROLE_UNKNOWN
} input_role;

static const struct {
  const char *name; /* a name that ends in '*' is a prefix */
  input_role role;
} input_roles[] = {
    {"input_ids", ROLE_TOKENS},
    {"decoder_input_ids", ROLE_TOKENS},
    {"attention_mask", ROLE_MASK},
    {"encoder_attention_mask", ROLE_MASK},
    {"position_ids", ROLE_POSITIONS},
    {"token_type_ids", ROLE_ZEROS},
    {"past*", ROLE_PAST},
    {"encoder_hidden_states", ROLE_ENCODER},
    {"input_features", ROLE_FEATURES},
    {"input_values", ROLE_FEATURES},
};

static input_role role_of(const char *name) {
  for (size_t i = 0; i < sizeof input_roles / sizeof *input_roles; i++) {
    size_t length = strlen(input_roles[i].name);
    bool is_prefix = input_roles[i].name[length - 1] == '*';
    if (is_prefix ? strncmp(name, input_roles[i].name, length - 1) == 0
                  : strcmp(name, input_roles[i].name) == 0) {
      return input_roles[i].role;
    }
  }
  return ROLE_UNKNOWN;
}

static const char *after_prefix(const char *name, const char *const *prefixes, size_t count) {
  for (size_t i = 0; i < count; i++) {
    size_t length = strlen(prefixes[i]);
    if (strncmp(name, prefixes[i], length) == 0) return name + length;
  }
  return NULL;
}

/* "past_key_values.3.key" and "present.3.key" name one cache. */
static size_t find_present(const ir_graph *g, const char *past) {
  static const char *const past_prefixes[] = {"past_key_values", "past_key", "past"};
  static const char *const present_prefixes[] = {"present_key_values", "present_key", "present"};
  const char *which = after_prefix(past, past_prefixes, 3);
  size_t i = 0;
  for (; which && i < g->output_count; i++) {
    const char *other = after_prefix(g->outputs[i].name, present_prefixes, 3);
    if (other && strcmp(which, other) == 0) break;
  }
  return which ? i : g->output_count;
}

static size_t find_role(const ir_graph *g, input_role role) {
  size_t i = 0;
  while (i < g->input_count && role_of(g->inputs[i]->name) != role) i++;
  return i;
}

static bool is_of_encoder(const char *input) {
  return strncmp(input, "encoder_", 8) == 0;
}

bool pass_is_past(const char *input) {
  return role_of(input) == ROLE_PAST;
}

bool pass_has_own_sizes(const char *input) {
  return role_of(input) == ROLE_ENCODER || (role_of(input) == ROLE_MASK && !is_of_encoder(input));
}

bool pass_is_generator(const ir_graph *g) {
  return find_role(g, ROLE_TOKENS) < g->input_count && find_role(g, ROLE_PAST) < g->input_count;
}

/* ---- binding what a program fixes ---- */

static status need_token_input(ir_graph *g, ir_value **tokens) {
  size_t index = find_role(g, ROLE_TOKENS);
  arena *a = g->module->arena;
  if (index == g->input_count) return fail(a, STATUS_INPUT, "the graph has no input 'input_ids'");
  *tokens = g->inputs[index];
  if ((*tokens)->type.rank == 2 && (*tokens)->type.dtype == SMELT_I64) return OK;
  text t = {0};
  ir_type_print(&t, &(*tokens)->type);
  status s =
      fail_found(a, fail(a, STATUS_INPUT, "input '%s' is not token ids", (*tokens)->name), "%s", t.bytes);
  text_free(&t);
  return fail_expected(a, s, "i64[batch, sequence]");
}

static status bind(ir_module *m, ir_dim d, ir_dim value, const char *what) {
  if (ir_dim_unify(m, d, value)) return OK;
  text t = {0};
  ir_dim_print(&t, ir_dim_resolve(m, d));
  status s = fail_found(m->arena, fail(m->arena, STATUS_INPUT, "%s is not free", what), "%s", t.bytes);
  s = fail_expected(m->arena, s, "a symbolic size");
  text_free(&t);
  return s;
}

/*
 * Batch 1 everywhere; masks as long as what they mask. `length`: of attention_mask, NULL where it is fixed;
 * `encoder`: of encoder inputs.
 */
static status bind_dims(ir_graph *g, ir_dim length, ir_dim encoder) {
  ir_module *m = g->module;
  ir_dim one = ir_dim_const(m, 1);
  for (size_t i = 0; i < g->input_count; i++) {
    ir_value *v = g->inputs[i];
    input_role role = role_of(v->name);
    if (v->type.rank >= 2 && role != ROLE_UNKNOWN) TRY(bind(m, v->type.dims[0], one, "the batch size"));
    if (v->type.rank >= 2 && (role == ROLE_MASK || role == ROLE_ENCODER)) {
      ir_dim wanted = is_of_encoder(v->name) ? encoder : length;
      if (wanted) TRY(bind(m, v->type.dims[1], wanted, "the length of a mask"));
    }
  }
  ir_apply_bindings(m);
  return OK;
}

/* Replaces input `index` by what it always is in a program that serves one unpadded sequence. */
static status fix_input(ir_graph *g, size_t index, ir_dim past) {
  ir_module *m = g->module;
  ir_value *v = g->inputs[index], *fixed;
  ir_builder b = {.graph = g, .before = g->first};
  if (role_of(v->name) == ROLE_POSITIONS) {
    fixed = ir_iota(&b, v->type.dims, v->type.rank, v->type.rank - 1, past, 1);
  } else {
    fixed = ir_expand(&b, ir_const_scalar(&b, SMELT_I64, role_of(v->name) == ROLE_MASK), v->type.dims,
                      v->type.rank);
  }
  fixed = ir_cast(&b, fixed, v->type.dtype);
  if (b.failed) return fail_node(m->arena, b.failed, "input '%s'", v->name);
  ir_replace_uses(g, v, fixed);
  pass_drop_input(g, index);
  return OK;
}

static status fix_inputs(ir_graph *g, ir_dim past) {
  for (size_t i = 0; i < g->input_count;) {
    input_role role = role_of(g->inputs[i]->name);
    if (role == ROLE_UNKNOWN) {
      status s = fail(g->module->arena, STATUS_INPUT, "input '%s' is not one smelt knows how to fill",
                      g->inputs[i]->name);
      return fail_hint(g->module->arena, s,
                       "known: input_ids, attention_mask, position_ids, token_type_ids, "
                       "past_key_values.*, encoder_hidden_states, encoder_attention_mask, input_features, "
                       "input_values");
    }
    if (role == ROLE_MASK || role == ROLE_POSITIONS || role == ROLE_ZEROS) {
      TRY(fix_input(g, i, past));
    } else {
      i++;
    }
  }
  return OK;
}

/* ---- the decoder ---- */

/* Whether input i is a cache that its present output makes longer. */
static bool grows(const ir_graph *g, size_t i) {
  size_t present = find_present(g, g->inputs[i]->name);
  const ir_node *join = present < g->output_count ? ir_def(g->outputs[present].value, IR_CONCAT) : NULL;
  return join && join->operands[0] == g->inputs[i];
}

/* Where rows are put by a mask's sums, the mask's being all ones shows that they are put behind one another.
 */
static status show_growth(ir_graph *g) {
  static pass_function *const passes[] = {pass_fold, pass_canonicalise, pass_masks, pass_dedupe, pass_dead};
  enum { ROUNDS = 3, COUNT = sizeof passes / sizeof *passes };
  size_t hidden = 0;
  for (size_t i = 0; i < g->input_count; i++)
    hidden += role_of(g->inputs[i]->name) == ROLE_PAST && !grows(g, i);
  pass_report report = {0};
  for (int i = 0; hidden && i < ROUNDS * COUNT && !report.failed; i++) passes[i % COUNT](g, &report);
  return report.failed;
}

static status make_states(ir_graph *g, int64_t capacity) {
  for (size_t i; (i = find_role(g, ROLE_PAST)) < g->input_count;) {
    size_t present = find_present(g, g->inputs[i]->name);
    if (present == g->output_count) {
      return fail(g->module->arena, STATUS_INPUT, "input '%s' has no 'present' output", g->inputs[i]->name);
    }
    TRY(pass_state_from_pair(g, i, present, capacity));
  }
  return OK;
}

/*
 * The past length of a cache whose growth does not show yet: it goes by a mask, as GroupQueryAttention's
 * does. It is the symbolic axis behind the batch.
 */
static bool find_hidden_past(const ir_graph *g, size_t i, ir_dim *past) {
  const ir_type *type = &g->inputs[i]->type;
  int axis = 1;
  while (axis < type->rank && !ir_dim_is_symbol(type->dims[axis])) axis++;
  if (axis >= type->rank || find_present(g, g->inputs[i]->name) == g->output_count) return false;
  *past = type->dims[axis];
  return true;
}

/* The past length: the axis of a cache that its present output makes longer. */
static status find_past(ir_graph *g, ir_dim *past) {
  arena *a = g->module->arena;
  size_t first = find_role(g, ROLE_PAST), i = first;
  while (i < g->input_count && (role_of(g->inputs[i]->name) != ROLE_PAST || !grows(g, i))) i++;
  if (i == g->input_count) {
    if (find_hidden_past(g, first, past)) return OK;
    return fail(a, STATUS_INPUT, "input '%s' has no 'present' output to grow it", g->inputs[first]->name);
  }
  const ir_type *before = &g->inputs[i]->type;
  *past = before->dims[ir_def(g->outputs[find_present(g, g->inputs[i]->name)].value, IR_CONCAT)->attrs.axis];
  if (ir_dim_is_symbol(*past)) return OK;
  return fail(a, STATUS_INPUT, "input '%s' has no symbolic past length", g->inputs[i]->name);
}

/*
 * logits of the last positions only, at most `most`: a program samples from nothing else. The graph may have
 * cut them itself, so the last position is the last of those that there are, not of the sequence.
 */
static status keep_last_logits(ir_graph *g, int64_t most, int64_t *vocab_size) {
  ir_module *m = g->module;
  size_t i = 0;
  while (i < g->output_count && strcmp(g->outputs[i].name, "logits") != 0) i++;
  if (i == g->output_count) return fail(m->arena, STATUS_INPUT, "the decoder has no output 'logits'");
  ir_value *logits = g->outputs[i].value;
  if (logits->type.rank != 3 || !ir_dim_is_const(logits->type.dims[2], vocab_size)) {
    return fail(m->arena, STATUS_INPUT,
                "output 'logits' is not [batch, sequence, vocabulary] of a fixed vocabulary");
  }
  ir_builder b = {.graph = g};
  ir_dim rows = ir_dim_resolve(m, logits->type.dims[1]), kept = ir_dim_const(m, most);
  if (most > 1) kept = ir_dim_min(m, rows, kept);
  ir_value *last = ir_cast(&b, ir_slice_axis(&b, logits, 1, ir_dim_sub(m, rows, kept), kept), SMELT_F32);
  if (b.failed) return fail_node(m->arena, b.failed, "output 'logits'");
  while (g->output_count) pass_drop_output(g, g->output_count - 1);
  ir_graph_add_output(g, "logits", last);
  return OK;
}

/*
 * Keys and values of the encoder's result, which a decoder with past is given: `first`, the decoder without
 * past, says how they are made. They are made behind the encoder instead.
 */
static status carry_encoded(ir_graph *g, ir_graph *first, const generator *result) {
  size_t source = first ? find_role(first, ROLE_ENCODER) : 0;
  if (!first || !result->encode || source == first->input_count) return OK;
  ir_value *tokens;
  TRY(need_token_input(first, &tokens));
  TRY(bind_dims(first, tokens->type.dims[1], result->encoded));
  ir_value *hidden = result->encode->outputs[0].value;
  for (size_t i = 0; i < g->input_count;) {
    size_t made = find_present(first, g->inputs[i]->name);
    if (role_of(g->inputs[i]->name) != ROLE_PAST || grows(g, i) || made == first->output_count) {
      i++;
    } else {
      TRY(pass_carry(g, i, first, first->outputs[made].value, result->encode, &first->inputs[source], &hidden,
                     1));
    }
  }
  return OK;
}

static bool verifies(const generator_limits *limits, const generator *g) {
  return limits->verify_tokens > 0 && ir_dim_is_symbol(g->sequence);
}

static status prepare_decoder(ir_graph *g, ir_graph *first, const generator_limits *limits,
                              generator *result) {
  ir_module *m = g->module;
  ir_value *tokens;
  TRY(need_token_input(g, &tokens));
  TRY(find_past(g, &result->past));
  result->sequence = ir_dim_resolve(m, tokens->type.dims[1]);
  if (!ir_dim_is_symbol(result->sequence) && !ir_dim_is(result->sequence, 1)) {
    return fail(m->arena, STATUS_INPUT, "input '%s' has no symbolic sequence length", tokens->name);
  }
  if (result->sequence == result->past) {
    return fail(m->arena, STATUS_INPUT, "sequence and past have one symbolic length; they must differ");
  }
  TRY(bind_dims(g, ir_dim_add(m, result->past, result->sequence), result->encoded));
  TRY(carry_encoded(g, first, result));
  if (ir_dim_is_symbol(result->sequence)) ir_dim_set_maximum(m, result->sequence, limits->prefill_tokens);
  ir_dim_set_maximum(m, result->past, limits->max_tokens);
  TRY(fix_inputs(g, result->past));
  TRY(show_growth(g));
  TRY(make_states(g, limits->max_tokens));
  return keep_last_logits(g, verifies(limits, result) ? limits->verify_tokens : 1, &result->vocab_size);
}

/* Whether v counts up from the past along its last axis, as positions do. */
static bool is_positions(const ir_value *v, ir_dim past) {
  while (v->def && (v->def->op == IR_CAST || v->def->op == IR_RESHAPE)) v = v->def->operands[0];
  return v->def && v->def->op == IR_IOTA && v->def->attrs.start[0] == past && v->def->attrs.step[0] == 1;
}

/* The number of positions that a node has room for, if it reads a table by position; INT64_MAX else. */
static int64_t position_room(ir_module *m, const ir_node *n, const generator *g) {
  int64_t room = INT64_MAX, size;
  if (n->op == IR_GATHER && is_positions(n->operands[1], g->past)) {
    ir_dim_is_const(n->operands[0]->type.dims[n->attrs.axis], &room);
  }
  for (int i = 0; n->op == IR_SLICE && i < n->result->type.rank; i++) {
    ir_dim end = ir_dim_add(m, n->attrs.start[i], n->result->type.dims[i]);
    bool is_by_position = ir_dim_equal(m, end, ir_dim_add(m, g->past, g->sequence));
    if (is_by_position && ir_dim_is_const(n->operands[0]->type.dims[i], &size) && size < room) room = size;
  }
  return room;
}

/* Tables of learned positions and mask constants end somewhere: longer texts would read beyond them. */
static status check_positions(const ir_graph *graph, const generator *g, const generator_limits *limits) {
  for (const ir_node *n = graph->first; n; n = n->next) {
    int64_t room = position_room(graph->module, n, g);
    if (limits->max_tokens <= room) continue;
    arena *a = graph->module->arena;
    status s = fail(a, STATUS_INPUT, "the model has fewer positions than the program would need");
    if (n->origin) s = fail_node(a, s, "%s", n->origin);
    s = fail_expected(a, s, "at least %lld", (long long)limits->max_tokens);
    s = fail_found(a, s, "%lld", (long long)room);
    return fail_hint(a, s, "give --max-tokens %lld or less", (long long)room);
  }
  return OK;
}

/* ---- the encoder ---- */

static status prepare_text_encoder(ir_graph *g, const generator_limits *limits, generator *result) {
  ir_value *tokens;
  TRY(need_token_input(g, &tokens));
  result->encoder = result->encoded = tokens->type.dims[1];
  if (!ir_dim_is_symbol(result->encoder)) {
    return fail(g->module->arena, STATUS_INPUT, "input '%s' has no symbolic length", tokens->name);
  }
  TRY(bind_dims(g, result->encoder, result->encoder));
  ir_dim_set_maximum(g->module, result->encoder, limits->max_encoder_tokens);
  return OK;
}

static status check_features(ir_graph *g, const ir_value *features) {
  const ir_type *type = &features->type;
  if ((type->rank == 2 || type->rank == 3) && ir_dtype_is_float(type->dtype)) return OK;
  text t = {0};
  ir_type_print(&t, type);
  arena *a = g->module->arena;
  status s = fail(a, STATUS_INPUT, "input '%s' is not features of one sequence", features->name);
  s = fail_expected(a, fail_found(a, s, "%s", t.bytes),
                    "f32[batch, features, frames] or f32[batch, samples]");
  text_free(&t);
  return s;
}

/* Whisper's features are [1, mel bins, frames], others are [1, samples]. At most one size is symbolic. */
static status prepare_feature_encoder(ir_graph *g, ir_value *features, const generator_limits *limits,
                                      generator *result) {
  ir_module *m = g->module;
  const ir_value *hidden = g->outputs[0].value;
  TRY(check_features(g, features));
  TRY(bind(m, features->type.dims[0], ir_dim_const(m, 1), "the batch size"));
  ir_apply_bindings(m);
  for (int i = 0; i < features->type.rank; i++) {
    ir_dim size = ir_dim_resolve(m, features->type.dims[i]);
    if (ir_dim_is_const(size, NULL) || size == result->encoder) continue;
    if (!ir_dim_is_symbol(size) || result->encoder) {
      return fail(m->arena, STATUS_INPUT, "input '%s' has more than one symbolic size", features->name);
    }
    result->encoder = size;
    int64_t most = features->type.rank == 2 ? limits->max_samples : limits->max_frames;
    if (ir_dim_maximum(m, size) > most) ir_dim_set_maximum(m, size, most);
  }
  if (hidden->type.rank != 3) {
    return fail(m->arena, STATUS_INPUT, "the encoder's output is not [batch, rows, width]");
  }
  result->reads_features = true;
  result->encoded = ir_dim_resolve(m, hidden->type.dims[1]);
  return bind_dims(g, result->encoder, result->encoder);
}

static status prepare_encoder(ir_graph *g, const generator_limits *limits, generator *result) {
  size_t features = find_role(g, ROLE_FEATURES);
  if (g->output_count < 1) return fail(g->module->arena, STATUS_INPUT, "the encoder has no output");
  if (features < g->input_count) {
    TRY(prepare_feature_encoder(g, g->inputs[features], limits, result));
  } else {
    TRY(prepare_text_encoder(g, limits, result));
  }
  return fix_inputs(g, ir_dim_const(g->module, 0));
}

/* What the decoder computes from the encoder's result moves behind the encoder. */
static status join_encoder(ir_graph *decoder, bool is_carried, generator *result) {
  ir_graph *encode = result->encode;
  arena *a = encode->module->arena;
  size_t index = find_role(decoder, ROLE_ENCODER);
  if (index < decoder->input_count && decoder->inputs[index]->use_count == 0) {
    pass_drop_input(decoder, index);
  } else if (index < decoder->input_count) {
    TRY(pass_hoist(decoder, encode, &decoder->inputs[index], &encode->outputs[0].value, 1));
  } else if (!is_carried) {
    return fail(a, STATUS_INPUT, "the decoder has no input 'encoder_hidden_states'");
  }
  while (encode->output_count) pass_drop_output(encode, encode->output_count - 1);
  return OK;
}

/* ---- prefill and decode ---- */

/* That the logits of each of `rows` tokens are there: a graph may have cut them itself. */
static status check_rows(const ir_graph *verify, ir_dim rows) {
  arena *a = verify->module->arena;
  if (ir_dim_equal(verify->module, verify->outputs[0].value->type.dims[1], rows)) return OK;
  status s =
      fail(a, STATUS_INPUT, "--speculate needs the logits of every token, the model gives the last one's");
  return fail_hint(a, s, "export it with all logits, or build without --speculate");
}

/*
 * The entries of the finished decoder. One that was traced with a single token has no mask of later tokens,
 * or a fixed length: it can only decode, and prompts go through it token by token.
 */
static status make_entries(ir_graph *decoder, bool may_be_single, bool only_decodes, pass_observer *observe,
                           void *user, generator *result) {
  ir_module *m = decoder->module;
  ir_dim one = ir_dim_const(m, 1);
  if (ir_dim_is(result->sequence, 1)) {
    result->decode = decoder;
    decoder->name = "decode";
  } else {
    if (!only_decodes && (!may_be_single || pass_hides_future(decoder))) result->prefill = decoder;
    result->decode = ir_graph_clone(decoder, "decode", result->sequence, one);
    TRY(pass_run_all(result->decode, observe, user));
  }
  if (!result->prefill) result->sequence = NULL;
  if (!result->prefill) result->verify = NULL; /* which reads several tokens as well */
  ir_module_keep(m, (ir_graph *[]){result->encode, result->prefill, result->decode, result->verify}, 4);
  return OK;
}

status pass_make_generator(ir_module *m, const generator_source *source, const generator_limits *limits,
                           pass_observer *observe, void *user, generator *result) {
  ir_graph *decoder = source->decoder, *encoder = source->encoder;
  *result = (generator){.encode = encoder};
  decoder->name = "prefill";
  if (encoder) {
    encoder->name = "encode";
    TRY(prepare_encoder(encoder, limits, result));
  }
  TRY(prepare_decoder(decoder, source->first, limits, result));
  ir_apply_bindings(m);
  TRY(pass_run_all(decoder, observe, user));
  if (verifies(limits, result)) { /* after the passes, so that they share what those made of the weights */
    ir_dim few = ir_dim_new_symbol(m, "verified");
    ir_dim_set_maximum(m, few, limits->verify_tokens);
    result->verify = ir_graph_clone(decoder, "verify", result->sequence, few);
    TRY(pass_run_all(result->verify, observe, user));
    TRY(check_rows(result->verify, few));
    TRY(pass_set_apart(result->verify, result->past, few));
    TRY(keep_last_logits(decoder, 1, &result->vocab_size));
    TRY(pass_run_all(decoder, observe, user));
  }
  TRY(check_positions(decoder, result, limits));
  if (encoder) {
    TRY(join_encoder(decoder, source->first != NULL, result));
    TRY(pass_run_all(encoder, observe, user));
    result->encoder = result->encoder ? ir_dim_resolve(m, result->encoder) : NULL;
    if (result->encoder && !ir_dim_is_symbol(result->encoder)) result->encoder = NULL; /* it was found out */
  }
  return make_entries(decoder, source->takes_later_steps, limits->only_decodes, observe, user, result);
}
