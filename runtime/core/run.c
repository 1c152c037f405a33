/*
 * run.c: one call of an entry: inputs checked and matched by name, symbols
 * bound from their shapes, output shapes computed, the code run by the team.
 */
#include "core/core.h"

#include <string.h>

typedef long long printed; /* int64_t for %lld, on every target */

static const smelt_manifest_tensor *entry_input(const smelt_model *model, int32_t entry, uint32_t index) {
  return &rt_manifest_tensors(&model->manifest, model->manifest.entries[entry].inputs)[index];
}

static const char *text_of(const smelt_model *model, smelt_offset offset) {
  return rt_manifest_text(&model->manifest, offset);
}

/* ---- inputs -------------------------------------------------------------------------- */

/* dtype, rank and data of one input; its sizes come later. */
static smelt_result check_kind(smelt_model *model, const smelt_manifest_tensor *wanted,
                               const smelt_tensor *given) {
  const char *name = text_of(model, wanted->name);
  if ((uint32_t)given->dtype != wanted->dtype)
    return rt_fail(model, SMELT_BAD_ARGUMENT, "input '%s': expected dtype %s, found %s", name,
                   rt_dtype_text(wanted->dtype), rt_dtype_text((uint32_t)given->dtype));
  if (given->rank < 0 || (uint32_t)given->rank != wanted->rank)
    return rt_fail(model, SMELT_BAD_ARGUMENT, "input '%s': expected %d axes, found %d", name,
                   (int)wanted->rank, (int)given->rank);
  bool empty = false;
  for (uint32_t axis = 0; axis < wanted->rank; axis++) {
    if (given->dims[axis] < 0)
      return rt_fail(model, SMELT_BAD_ARGUMENT, "input '%s', axis %d: expected a size, found %lld", name,
                     (int)axis, (printed)given->dims[axis]);
    empty |= given->dims[axis] == 0;
  }
  if (!given->data && !empty) return rt_fail(model, SMELT_BAD_ARGUMENT, "input '%s' has no data", name);
  if ((uintptr_t)given->data % rt_dtype_bytes(wanted->dtype) != 0)
    return rt_fail(model, SMELT_BAD_ARGUMENT, "input '%s': expected data aligned to %d bytes", name,
                   (int)rt_dtype_bytes(wanted->dtype));
  return SMELT_OK;
}

/* Gives values to the symbols that stand alone as an axis of this input. */
static smelt_result bind_symbols(smelt_model *model, const smelt_manifest_tensor *wanted,
                                 const smelt_tensor *given) {
  for (uint32_t axis = 0; axis < wanted->rank; axis++) {
    int32_t symbol = rt_dim_lone_symbol(rt_dim_program(&model->manifest, wanted, axis));
    if (symbol == SMELT_NONE || model->bound[symbol]) continue;
    int64_t maximum = model->manifest.symbols[symbol].maximum;
    if (given->dims[axis] > maximum)
      return rt_fail(model, SMELT_TOO_LARGE, "input '%s', axis %d: expected %s of at most %lld, found %lld",
                     text_of(model, wanted->name), (int)axis,
                     text_of(model, model->manifest.symbols[symbol].name), (printed)maximum,
                     (printed)given->dims[axis]);
    model->bound[symbol] = true;
    model->symbols[symbol] = given->dims[axis];
  }
  return SMELT_OK;
}

static smelt_result check_sizes(smelt_model *model, const smelt_manifest_tensor *wanted,
                                const smelt_tensor *given) {
  for (uint32_t axis = 0; axis < wanted->rank; axis++) {
    int64_t expected;
    const char *name = text_of(model, wanted->name), *text = rt_dim_text(&model->manifest, wanted, axis);
    const int64_t *program = rt_dim_program(&model->manifest, wanted, axis);
    if (!rt_dim_value(program, model->symbols, &expected))
      return rt_fail(model, SMELT_BAD_ARGUMENT, "input '%s', axis %d: %s has no value", name, (int)axis,
                     text);
    if (expected == given->dims[axis]) continue;
    int64_t constant;
    if (rt_dim_constant(program, &constant))
      return rt_fail(model, SMELT_BAD_ARGUMENT, "input '%s', axis %d: expected %lld, found %lld", name,
                     (int)axis, (printed)expected, (printed)given->dims[axis]);
    return rt_fail(model, SMELT_BAD_ARGUMENT, "input '%s', axis %d: expected %s = %lld, found %lld", name,
                   (int)axis, text, (printed)expected, (printed)given->dims[axis]);
  }
  return SMELT_OK;
}

/* Symbols that no input binds but that the runtime itself knows. */
static void bind_known_symbols(smelt_model *model) {
  const smelt_manifest_generation *generation = model->manifest.generation;
  if (!generation) return;
  const struct {
    int32_t symbol;
    int64_t value;
  } known[] = {{generation->past_symbol, model->past_tokens},
               {generation->encoder_symbol, model->encoder_length},
               {generation->sequence_symbol, 1}};
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
    if (known[i].symbol != SMELT_NONE && !model->bound[known[i].symbol])
      model->symbols[known[i].symbol] = known[i].value;
}

static smelt_result bind_inputs(smelt_model *model, int32_t entry) {
  uint32_t count = model->manifest.entries[entry].input_count;
  uint32_t symbol_count = model->manifest.header->symbol_count;
  memset(model->bound, 0, symbol_count * sizeof *model->bound);
  memset(model->symbols, 0, symbol_count * sizeof *model->symbols);
  smelt_result result = SMELT_OK;
  for (uint32_t i = 0; i < count && !result; i++) {
    const smelt_manifest_tensor *wanted = entry_input(model, entry, i);
    result = check_kind(model, wanted, model->inputs[i]);
    if (!result) result = bind_symbols(model, wanted, model->inputs[i]);
    model->input_data[i] = model->inputs[i]->data;
  }
  bind_known_symbols(model);
  for (uint32_t i = 0; i < count && !result; i++)
    result = check_sizes(model, entry_input(model, entry, i), model->inputs[i]);
  return result;
}

/* ---- tokens in the state --------------------------------------------------------------- */

static bool is_decoder(const smelt_model *model, int32_t entry) {
  const smelt_manifest_generation *generation = model->manifest.generation;
  return generation && (entry == generation->prefill_entry || entry == generation->decode_entry ||
                        entry == generation->verify_entry);
}

static bool is_encoder(const smelt_model *model, int32_t entry) {
  const smelt_manifest_generation *generation = model->manifest.generation;
  return generation && entry == generation->encode_entry;
}

bool rt_reads_features(const smelt_model *model) {
  const smelt_manifest_generation *generation = model->manifest.generation;
  return generation && generation->encode_entry != SMELT_NONE && generation->max_encoder_tokens == 0;
}

/* Tokens of an entry whose one input is [1, n]. */
static int64_t token_count(const smelt_model *model) {
  return model->inputs[0]->dims[1];
}

static smelt_result check_tokens(smelt_model *model, int32_t entry) {
  const smelt_manifest_generation *generation = model->manifest.generation;
  bool reads_tokens = is_decoder(model, entry) || (is_encoder(model, entry) && !rt_reads_features(model));
  if (!reads_tokens) return SMELT_OK;
  if (model->inputs[0]->dims[0] != 1 || token_count(model) < 1)
    return rt_fail(model, SMELT_BAD_ARGUMENT, "expected tokens of shape [1, n], found [%lld, %lld]",
                   (printed)model->inputs[0]->dims[0], (printed)token_count(model));
  if (is_encoder(model, entry)) {
    if (token_count(model) <= generation->max_encoder_tokens) return SMELT_OK;
    return rt_fail(model, SMELT_TOO_LARGE, "the model reads at most %d tokens, the text has %lld",
                   (int)generation->max_encoder_tokens, (printed)token_count(model));
  }
  if (token_count(model) <= model->max_tokens - model->past_tokens) return SMELT_OK;
  return rt_fail(model, SMELT_TOO_LARGE,
                 "the model holds at most %d tokens, %lld are in use and %lld more are given",
                 (int)model->max_tokens, (printed)model->past_tokens, (printed)token_count(model));
}

static void count_tokens(smelt_model *model, int32_t entry) {
  bool reads_tokens = is_decoder(model, entry) || (is_encoder(model, entry) && !rt_reads_features(model));
  if (model->profile && reads_tokens) model->profile->entries[entry].tokens += token_count(model);
  if (is_decoder(model, entry)) model->past_tokens += token_count(model);
  if (!is_encoder(model, entry)) return;
  int32_t symbol = model->manifest.generation->encoder_symbol;
  model->has_encoded = true;
  model->encoder_length = symbol == SMELT_NONE ? 0 : model->symbols[symbol];
  model->past_tokens = 0;
}

void smelt_reset(smelt_model *model) {
  model->past_tokens = 0;
}

/* ---- outputs ----------------------------------------------------------------------------- */

static smelt_result place_output(smelt_model *model, int32_t entry, const smelt_manifest_tensor *tensor,
                                 smelt_tensor *output) {
  *output = (smelt_tensor){.dtype = (smelt_dtype)tensor->dtype,
                           .rank = (int32_t)tensor->rank,
                           .data = model->arena + tensor->arena_offset};
  int64_t bytes = rt_dtype_bytes(tensor->dtype);
  bool valid = true;
  for (uint32_t axis = 0; axis < tensor->rank && valid; axis++) {
    const int64_t *program = rt_dim_program(&model->manifest, tensor, axis);
    valid = rt_dim_value(program, model->symbols, &output->dims[axis]) && output->dims[axis] >= 0 &&
            !__builtin_mul_overflow(bytes, output->dims[axis], &bytes);
  }
  if (valid && (uint64_t)bytes <= model->manifest.entries[entry].arena_bytes - tensor->arena_offset)
    return SMELT_OK;
  return rt_fail(model, SMELT_CORRUPT_IMAGE, "output '%s' does not fit where the image places it",
                 text_of(model, tensor->name));
}

static smelt_result place_outputs(smelt_model *model, int32_t entry, smelt_tensor *outputs) {
  const smelt_manifest_entry *described = &model->manifest.entries[entry];
  const smelt_manifest_tensor *tensors = rt_manifest_tensors(&model->manifest, described->outputs);
  for (uint32_t i = 0; i < described->output_count; i++) {
    smelt_tensor output;
    smelt_result result = place_output(model, entry, &tensors[i], &output);
    if (result) return result;
    if (outputs) outputs[i] = output;
  }
  return SMELT_OK;
}

/* A size that the code computed and has no room for. */
static smelt_result check_fault(smelt_model *model, const int64_t *fault) {
  if (!fault[0]) return SMELT_OK;
  if (fault[0] < 0 || fault[0] > model->manifest.header->symbol_count)
    return rt_fail(model, SMELT_BAD_ARGUMENT,
                   "a size that was computed from the inputs is %lld, which does not fit the other sizes",
                   (printed)fault[1]);
  const smelt_manifest_symbol *symbol = &model->manifest.symbols[fault[0] - 1];
  return rt_fail(model, SMELT_TOO_LARGE, "the inputs make %s = %lld: expected at most %lld",
                 text_of(model, symbol->name), (printed)fault[1], (printed)symbol->maximum);
}

/* ---- the call ------------------------------------------------------------------------------ */

smelt_result rt_run(smelt_model *model, int32_t entry, smelt_tensor *outputs) {
  int64_t fault[2] = {0};
  smelt_result result = bind_inputs(model, entry);
  if (!result) result = check_tokens(model, entry);
  if (result) return result;
  rt_arena_shrink(model, model->manifest.entries[entry].arena_bytes);
  smelt_frame frame = {.arena = model->arena,
                       .weights = model->weights,
                       .state = model->state,
                       .inputs = model->input_data,
                       .dims = model->symbols,
                       .fault = fault};
  smelt_entry_code *code = model->code->entries[entry];
  if (model->profile)
    rt_profile_run(model->profile, &model->manifest, entry, model->team, code, &frame);
  else
    rt_team_run(model->team, code, &frame);
  result = check_fault(model, fault);
  if (!result) result = place_outputs(model, entry, outputs);
  if (!result) count_tokens(model, entry);
  return result;
}

/* The position of `name` among the entry's inputs, or SMELT_NONE. */
static int32_t input_index(const smelt_model *model, int32_t entry, const char *name) {
  uint32_t count = model->manifest.entries[entry].input_count;
  for (uint32_t i = 0; i < count; i++)
    if (strcmp(text_of(model, entry_input(model, entry, i)->name), name) == 0) return (int32_t)i;
  return SMELT_NONE;
}

smelt_result smelt_run(smelt_model *model, const char *entry_name, const char *const *input_names,
                       const smelt_tensor *inputs, int32_t input_count, smelt_tensor *outputs) {
  int32_t entry = rt_entry_index(model, entry_name);
  if (entry == SMELT_NONE)
    return rt_fail(model, SMELT_BAD_ARGUMENT, "the model has no entry '%s'", entry_name);
  uint32_t wanted_count = model->manifest.entries[entry].input_count;
  memset(model->inputs, 0, wanted_count * sizeof *model->inputs);
  for (int32_t i = 0; i < input_count; i++) {
    int32_t index = input_index(model, entry, input_names[i]);
    if (index == SMELT_NONE)
      return rt_fail(model, SMELT_BAD_ARGUMENT, "entry '%s' has no input '%s'", entry_name, input_names[i]);
    if (model->inputs[index])
      return rt_fail(model, SMELT_BAD_ARGUMENT, "input '%s' is given twice", input_names[i]);
    model->inputs[index] = &inputs[i];
  }
  for (uint32_t i = 0; i < wanted_count; i++)
    if (!model->inputs[i])
      return rt_fail(model, SMELT_BAD_ARGUMENT, "input '%s' is missing",
                     text_of(model, entry_input(model, entry, i)->name));
  return rt_run(model, entry, outputs);
}
