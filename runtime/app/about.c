/* about.c: what a program says of itself: --version, --licenses and --describe. */
#include "app/app.h"

#include <string.h>

/*
 * Written by compiler/driver/about.c: the text of --version, a NUL, that of --licenses, a NUL. It may be far
 * from code, so code finds it through this variable, of which the compiler cannot know that it stays.
 */
extern const char smelt_about[];
extern const char *app_about;
const char *app_about = smelt_about;

void app_write_version(app_output *out, const smelt_model *model) {
  const smelt_manifest *header = model->manifest.header;
  app_write_text(out, rt_manifest_text(&model->manifest, header->model_name));
  app_write_text(out, ", ");
  app_write_integer(out, (int64_t)header->parameters);
  app_write_text(out, " parameters, compiled by smelt ");
  app_write_text(out, rt_manifest_text(&model->manifest, header->smelt_version));
  app_write_text(out, "\nrunning ");
  app_write_text(out, rt_isa_text(model->code->isa_level));
  app_write_text(out, " code on ");
  app_write_integer(out, rt_team_thread_count(model->team));
  app_write_text(out, rt_team_thread_count(model->team) == 1 ? " thread" : " threads");
  if (model->manifest.generation) {
    app_write_text(out, ", at most ");
    app_write_integer(out, model->max_tokens);
    app_write_text(out, " tokens");
  }
  app_write_text(out, "\n");
  app_write_text(out, app_about);
}

void app_write_licenses(app_output *out) {
  app_write_text(out, app_about + strlen(app_about) + 1);
}

static void write_tensor(app_output *out, const char *role, const smelt_tensor_info *info) {
  app_write_text(out, role);
  app_write_text(out, info->name);
  app_write_text(out, " ");
  app_write_text(out, rt_dtype_text((uint32_t)info->dtype));
  app_write_text(out, "[");
  for (int32_t axis = 0; axis < info->rank; axis++) {
    if (axis > 0) app_write_text(out, ", ");
    if (info->symbols[axis])
      app_write_text(out, info->symbols[axis]);
    else
      app_write_integer(out, info->dims[axis]);
  }
  app_write_text(out, "]\n");
}

void app_write_description(app_output *out, const smelt_model *model) {
  for (int32_t i = 0; i < smelt_entry_count(model); i++) {
    const char *entry = smelt_entry_name(model, i);
    smelt_tensor_info info;
    app_write_text(out, entry);
    app_write_text(out, "\n");
    for (int32_t j = 0; smelt_input_info(model, entry, j, &info) == SMELT_OK; j++)
      write_tensor(out, "  input  ", &info);
    for (int32_t j = 0; smelt_output_info(model, entry, j, &info) == SMELT_OK; j++)
      write_tensor(out, "  output ", &info);
  }
}
