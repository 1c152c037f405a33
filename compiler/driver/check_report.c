/* check_report.c: what became of the tests, for people and for programs. */
#include "driver/check.h"

#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define X(NAME, text) text,
const char *check_verdict_name(check_verdict verdict) {
  static const char *const names[] = {CHECK_VERDICTS(X)};
  return names[verdict];
}

const char *check_stage_name(check_stage stage) {
  static const char *const names[] = {CHECK_STAGES(X)};
  return names[stage];
}
#undef X

/* ---- reasons ---- */

/* Where names, numbers and remarks in parentheses begin: a reason's kind ends there. */
static size_t kind_length(const char *reason) {
  size_t i = 0;
  while (reason[i] && !strchr("'\"(;\n", reason[i])) {
    if (isdigit((unsigned char)reason[i]) && i && reason[i - 1] == ' ') break;
    i++;
  }
  while (i && (reason[i - 1] == ' ' || reason[i - 1] == ',')) i--;
  return i;
}

void check_finish(check_result *result, check_verdict verdict, const char *subject, const char *format, ...) {
  char cause[sizeof result->reason];
  va_list args;
  va_start(args, format);
  vsnprintf(cause, sizeof cause, format, args);
  va_end(args);
  const char *before = subject ? subject : "", *colon = subject ? ": " : "";
  snprintf(result->reason, sizeof result->reason, "%s%s%s", before, colon, cause);
  snprintf(result->kind, sizeof result->kind, "%s%s%.*s", before, colon, (int)kind_length(cause), cause);
  for (char *c = result->reason; *c; c++)
    if (iscntrl((unsigned char)*c)) *c = ' ';
  result->verdict = verdict;
}

typedef struct {
  check_verdict verdict;
  const char *kind;
  size_t count;
} reason_count;

static int compare_reasons(const void *x, const void *y) {
  const reason_count *a = x, *b = y;
  if (a->verdict != b->verdict) return a->verdict < b->verdict ? -1 : 1;
  if (a->count != b->count) return a->count > b->count ? -1 : 1;
  return strcmp(a->kind, b->kind);
}

/* Every reason with how many tests it stopped, failures first, then by count. The caller frees. */
static reason_count *count_reasons(const check_suite *suite, size_t *count) {
  reason_count *reasons = calloc(suite->count + 1, sizeof *reasons);
  *count = 0;
  for (size_t i = 0; reasons && i < suite->count; i++) {
    const check_result *r = suite->tests[i].result;
    size_t k = 0;
    if (r->verdict == CHECK_PASSED) continue;
    while (k < *count && (reasons[k].verdict != r->verdict || strcmp(reasons[k].kind, r->kind) != 0)) k++;
    if (k == *count) reasons[(*count)++] = (reason_count){r->verdict, r->kind, 0};
    reasons[k].count++;
  }
  if (reasons) qsort(reasons, *count, sizeof *reasons, compare_reasons);
  return reasons;
}

size_t check_count(const check_suite *suite, check_verdict verdict) {
  size_t count = 0;
  for (size_t i = 0; i < suite->count; i++) count += suite->tests[i].result->verdict == verdict;
  return count;
}

/* ---- text ---- */

void check_print(FILE *out, const check_suite *suite, bool all) {
  size_t reason_total;
  for (size_t i = 0; i < suite->count; i++) {
    const check_result *r = suite->tests[i].result;
    if (r->verdict == CHECK_PASSED || (r->verdict == CHECK_UNSUPPORTED && !all)) continue;
    fprintf(out, "%-12s %s: %s\n", check_verdict_name(r->verdict), suite->tests[i].name, r->reason);
  }
  reason_count *reasons = count_reasons(suite, &reason_total);
  for (size_t i = 0; i < reason_total; i++) {
    fprintf(out, "%6zu %-12s %s\n", reasons[i].count, check_verdict_name(reasons[i].verdict),
            reasons[i].kind);
  }
  free(reasons);
  for (int v = 0; v < CHECK_VERDICT_COUNT; v++) {
    fprintf(out, "%s%zu %s", v ? ", " : "", check_count(suite, (check_verdict)v),
            check_verdict_name((check_verdict)v));
  }
  fprintf(out, " of %zu tests\n", suite->count);
}

/* ---- JSON ---- */

static json_t *json_tests(const check_suite *suite) {
  json_t *list = json_array();
  for (size_t i = 0; i < suite->count; i++) {
    const check_result *r = suite->tests[i].result;
    json_t *test =
        json_pack("{s:s, s:s}", "name", suite->tests[i].name, "verdict", check_verdict_name(r->verdict));
    if (r->verdict == CHECK_PASSED) {
      json_object_set_new(test, "difference", json_real(r->difference));
    } else {
      json_object_set_new(test, "stage", json_string(check_stage_name(r->stage)));
      json_object_set_new(test, "reason", json_string(r->reason));
    }
    json_array_append_new(list, test);
  }
  return list;
}

static json_t *json_reasons(const check_suite *suite) {
  size_t count;
  reason_count *reasons = count_reasons(suite, &count);
  json_t *list = json_array();
  for (size_t i = 0; i < count; i++) {
    json_array_append_new(list,
                          json_pack("{s:s, s:s, s:I}", "verdict", check_verdict_name(reasons[i].verdict),
                                    "reason", reasons[i].kind, "count", (json_int_t)reasons[i].count));
  }
  free(reasons);
  return list;
}

status check_write_json(arena *a, const check_suite *suite, const char *path) {
  json_t *report = json_object();
  for (int v = 0; v < CHECK_VERDICT_COUNT; v++) {
    json_t *count = json_integer((json_int_t)check_count(suite, (check_verdict)v));
    json_object_set_new(report, check_verdict_name((check_verdict)v), count);
  }
  json_object_set_new(report, "reasons", json_reasons(suite));
  json_object_set_new(report, "tests", json_tests(suite));
  char *lines = json_dumps(report, JSON_INDENT(1));
  json_decref(report);
  status s = lines ? file_replace(a, path, lines, strlen(lines))
                   : fail_file(a, fail(a, STATUS_INPUT, "a name in it is no UTF-8"), path);
  free(lines);
  return s;
}
