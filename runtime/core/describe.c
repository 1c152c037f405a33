/* describe.c: what a model's entries take and give, for those who run them by name. */
#include "core/core.h"

#include <string.h>

int32_t smelt_entry_count(const smelt_model *model) {
  return (int32_t)model->manifest.header->entry_count;
}

const char *smelt_entry_name(const smelt_model *model, int32_t entry) {
  if (entry < 0 || entry >= smelt_entry_count(model)) return NULL;
  return rt_manifest_text(&model->manifest, model->manifest.entries[entry].name);
}

int32_t rt_entry_index(const smelt_model *model, const char *name) {
  for (int32_t i = 0; i < smelt_entry_count(model); i++)
    if (strcmp(smelt_entry_name(model, i), name) == 0) return i;
  return SMELT_NONE;
}

static const smelt_manifest_entry *entry_named(const smelt_model *model, const char *name) {
  int32_t index = rt_entry_index(model, name);
  return index == SMELT_NONE ? NULL : &model->manifest.entries[index];
}

int32_t smelt_input_count(const smelt_model *model, const char *entry) {
  const smelt_manifest_entry *found = entry_named(model, entry);
  return found ? (int32_t)found->input_count : -1;
}

int32_t smelt_output_count(const smelt_model *model, const char *entry) {
  const smelt_manifest_entry *found = entry_named(model, entry);
  return found ? (int32_t)found->output_count : -1;
}

static smelt_result describe(const rt_manifest *view, smelt_offset tensors, uint32_t count, int32_t index,
                             smelt_tensor_info *info) {
  if (index < 0 || (uint32_t)index >= count) return SMELT_BAD_ARGUMENT;
  const smelt_manifest_tensor *tensor = &rt_manifest_tensors(view, tensors)[index];
  *info = (smelt_tensor_info){.name = rt_manifest_text(view, tensor->name),
                              .dtype = (smelt_dtype)tensor->dtype,
                              .rank = (int32_t)tensor->rank};
  for (uint32_t axis = 0; axis < tensor->rank; axis++) {
    if (rt_dim_constant(rt_dim_program(view, tensor, axis), &info->dims[axis])) continue;
    info->dims[axis] = -1;
    info->symbols[axis] = rt_dim_text(view, tensor, axis);
  }
  return SMELT_OK;
}

smelt_result smelt_input_info(const smelt_model *model, const char *entry, int32_t index,
                              smelt_tensor_info *info) {
  const smelt_manifest_entry *found = entry_named(model, entry);
  if (!found) return SMELT_BAD_ARGUMENT;
  return describe(&model->manifest, found->inputs, found->input_count, index, info);
}

smelt_result smelt_output_info(const smelt_model *model, const char *entry, int32_t index,
                               smelt_tensor_info *info) {
  const smelt_manifest_entry *found = entry_named(model, entry);
  if (!found) return SMELT_BAD_ARGUMENT;
  return describe(&model->manifest, found->outputs, found->output_count, index, info);
}

const char *smelt_label(const smelt_model *model, int32_t label) {
  const smelt_manifest_reader *r = model->manifest.reader;
  bool is_one = r && label >= 0 && (uint32_t)label < r->label_count;
  return is_one ? rt_manifest_label(&model->manifest, (uint32_t)label) : NULL;
}
