/* describe.c: what the entries of a model take and give, by name. */
#include <smelt/model.h>

#include <stdio.h>

extern const smelt_image smelt_model_verse;

static void print_tensor(const char *entry, const char *role, const smelt_tensor_info *info) {
  printf("%-8s %-6s %s [", entry, role, info->name);
  for (int32_t axis = 0; axis < info->rank; axis++) { /* a size is a number, or depends on the call */
    if (info->symbols[axis]) printf(" %s", info->symbols[axis]);
    if (!info->symbols[axis]) printf(" %lld", (long long)info->dims[axis]);
  }
  printf(" ]\n");
}

int main(void) {
  smelt_model *model;
  smelt_tensor_info info;
  if (smelt_open(&smelt_model_verse, NULL, &model)) return 1;
  for (int32_t i = 0; i < smelt_entry_count(model); i++) {
    const char *entry = smelt_entry_name(model, i);
    for (int32_t k = 0; !smelt_input_info(model, entry, k, &info); k++) print_tensor(entry, "input", &info);
    for (int32_t k = 0; !smelt_output_info(model, entry, k, &info); k++) print_tensor(entry, "output", &info);
  }
  smelt_close(model);
}
