/* check.c: smelt check: whether compiled models answer as the ONNX backend tests expect. */
#include "driver/check.h"
#include "driver/commands.h"
#include "driver/cpu.h"
#include "driver/diagnostics.h"

/* The level that --cpu names, or the best that the processor has. */
static status choose_level(arena *a, const driver_options *options, int *level) {
  const codegen_target *host = codegen_target_host();
  cpu_choice choice;
  *level = codegen_host_level();
  if (*level < 0) return fail(a, STATUS_INPUT, "smelt has no code for this processor");
  if (!options->cpu) return OK;
  TRY(cpu_find(a, host, options->cpu, &choice));
  if (choice.level > *level) {
    status s = fail(a, STATUS_USAGE, "this processor has no level '%s'",
                    codegen_level_name(&host->levels[choice.level]));
    return fail_hint(a, s, "its best is %s", codegen_level_name(&host->levels[*level]));
  }
  *level = choice.level;
  return OK;
}

static status check(arena *a, const driver_options *options, check_suite *suite) {
  int level;
  TRY(choose_level(a, options, &level));
  if (!options->suite) {
    *suite = (check_suite){.tests = ARENA_NEW(a, check_test), .count = 1};
    bool is_there = file_exists(options->path) || file_is_folder(options->path);
    if (!is_there) return fail_file(a, fail(a, STATUS_INPUT, "no such file or folder"), options->path);
    if (!file_exists(options->path) && !file_exists(file_join(a, options->path, "model.onnx"))) {
      status s = fail_file(a, fail(a, STATUS_INPUT, "holds no model.onnx"), options->path);
      return fail_hint(a, s, "--suite runs all tests below a folder");
    }
    suite->tests[0] = (check_test){.path = options->path, .name = options->path};
  } else {
    TRY(check_find(a, options->path, suite));
  }
  TRY(check_run(a, suite, level, (int)options->jobs));
  return options->report ? check_write_json(a, suite, options->report) : OK;
}

int command_check(arena *a, const driver_options *options) {
  check_suite suite = {0};
  status s = check(a, options, &suite);
  if (s) {
    print_failure(s);
    return s->code;
  }
  check_print(stdout, &suite, !options->quiet);
  if (check_count(&suite, CHECK_FAILED)) return STATUS_DEFECT;
  return !options->suite && check_count(&suite, CHECK_UNSUPPORTED) ? STATUS_INPUT : STATUS_OK;
}
