/*
 * oracle.c: the command line of ort_oracle, which answers what ONNX Runtime would say.
 */
#include "answer.h"
#include "decoder.h"
#include "greedy.h"
#include "oracle_error.h"
#include "session.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage_text[] =
    "usage: ort_oracle [--lib libonnxruntime.so] COMMAND\n"
    "  version                                      print ONNX Runtime's version\n"
    "  run MODEL.onnx --in NAME=FILE.npy ... --out FOLDER [--threads N]\n"
    "      run the model once; each output becomes FOLDER/NAME.npy ('/' and ':' in names become '_')\n"
    "  greedy FOLDER --ids 1,2,3|--features FILE.npy [-n 256] [--start 0] [--end 2,1] [--logits FILE.npy]\n"
    "         [--positions 64] [--threads N] [--time]\n"
    "      decode greedily; print the new ids; keep the logits of the first positions\n"
    "  logits FOLDER --ids 1,2,3|--features FILE.npy [--threads N]\n"
    "      for each line of ids on standard input, the decoder's text, its last row of logits as raw f32\n"
    "  answer FOLDER [--threads N]\n"
    "      standard input has a question a line: encode FILE.npy, or: next 1 2 3, a whole text of the "
    "decoder;\n"
    "      the answer of the latter is the f32 logits of what follows\n"
    "  diff A.npy B.npy [--within 1e-4]\n"
    "      print the largest absolute difference; exit 1 where it is larger or a value is not a number\n"
    "Exits 77 after a line 'SKIP: ...' where ONNX Runtime is absent.\n";

static _Noreturn void usage(const char *problem) {
  fputs(usage_text, stderr);
  oracle_die(ORACLE_EXIT_USAGE, "%s", problem);
}

/* The argument after `argv[*at]`, which moves on to it. */
static const char *next_argument(int argc, char **argv, int *at) {
  if (*at + 1 >= argc) usage("an option lacks its value");
  return argv[++*at];
}

static size_t parse_count(const char *text) {
  char *end;
  long long value = strtoll(text, &end, 10);
  if (end == text || *end || value < 0 || value > 1 << 24) usage("a count is not a number in range");
  return (size_t)value;
}

/* "1,2,3" or "1 2 3" -> new array, freed by the caller */
static int64_t *parse_ids(const char *text, size_t *count) {
  int64_t *ids = oracle_array(strlen(text) + 1, sizeof *ids);
  *count = 0;
  while (*(text += strspn(text, ", "))) {
    char *end;
    ids[(*count)++] = strtoll(text, &end, 10);
    if (end == text) usage("token ids are not whole numbers separated by commas");
    text = end;
  }
  return ids;
}

/* ---- run ---- */

static void feed_from_argument(const session *s, ort_value **feeds, const char *argument) {
  const char *equals = strrchr(argument, '=');
  if (!equals) usage("--in wants NAME=FILE.npy");
  char *name = oracle_array((size_t)(equals - argument) + 1, 1);
  memcpy(name, argument, (size_t)(equals - argument));
  int index = session_find_input(s, name);
  if (index == NOT_FOUND) oracle_die(ORACLE_EXIT_FAILED, "the model has no input called %s", name);
  if (feeds[index]) usage("an input is given twice");
  tensor given = npy_read(equals + 1);
  feeds[index] = tensor_new(s->api, given.element_type, given.rank, given.dims);
  memcpy(tensor_of(s->api, feeds[index]).data, given.data, tensor_bytes(&given));
  free(given.data);
  free(name);
}

static void write_output(const session *s, size_t index, ort_value *value, const char *folder) {
  char path[4096];
  int prefix = snprintf(path, sizeof path, "%s/", folder);
  int length = snprintf(path, sizeof path, "%s/%s.npy", folder, s->output_names[index]);
  if (length >= (int)sizeof path) oracle_die(ORACLE_EXIT_FAILED, "path too long: %s", path);
  for (char *c = path + prefix; *c; c++)
    if (*c == '/' || *c == ':') *c = '_';
  tensor t = tensor_of(s->api, value);
  npy_write(path, &t);
}

static int command_run(const ort_api *api, int argc, char **argv) {
  const char *out = NULL;
  size_t threads = 1;
  for (int i = 1; i < argc; i++) {
    if (!strcmp(argv[i], "--out"))
      out = next_argument(argc, argv, &i);
    else if (!strcmp(argv[i], "--threads"))
      threads = parse_count(next_argument(argc, argv, &i));
    else if (!strcmp(argv[i], "--in"))
      next_argument(argc, argv, &i);
    else
      usage("unknown option of run");
  }
  if (argc < 1 || !out) usage("run wants a model and --out");

  session s = session_open(api, argv[0], (int)threads);
  ort_value **feeds = oracle_array(s.input_count, sizeof *feeds);
  ort_value **outputs = oracle_array(s.output_count, sizeof *outputs);
  for (int i = 1; i < argc; i++)
    if (!strcmp(argv[i], "--in")) feed_from_argument(&s, feeds, argv[++i]);
  for (size_t i = 0; i < s.input_count; i++)
    if (!feeds[i]) oracle_die(ORACLE_EXIT_FAILED, "input %s is not given", s.input_names[i]);
  session_run(&s, feeds, outputs);
  for (size_t i = 0; i < s.output_count; i++) {
    write_output(&s, i, outputs[i], out);
    api->ReleaseValue(outputs[i]);
  }
  for (size_t i = 0; i < s.input_count; i++) api->ReleaseValue(feeds[i]);
  free(feeds);
  free(outputs);
  session_close(&s);
  return 0;
}

/* ---- greedy ---- */

static int command_greedy(const ort_api *api, int argc, char **argv) {
  if (argc < 1) usage("greedy wants a model folder");
  greedy_request request = {.folder = argv[0], .token_count = 256, .logit_positions = 64, .threads = 1};
  int64_t *ids = NULL, *start = NULL, *end = NULL;
  tensor features = {0};
  for (int i = 1; i < argc; i++) {
    const char *option = argv[i];
    if (!strcmp(option, "--ids"))
      ids = parse_ids(next_argument(argc, argv, &i), &request.id_count);
    else if (!strcmp(option, "--features"))
      features = npy_read(next_argument(argc, argv, &i));
    else if (!strcmp(option, "--start"))
      start = parse_ids(next_argument(argc, argv, &i), &request.start_count);
    else if (!strcmp(option, "--end"))
      end = parse_ids(next_argument(argc, argv, &i), &request.end_count);
    else if (!strcmp(option, "-n"))
      request.token_count = parse_count(next_argument(argc, argv, &i));
    else if (!strcmp(option, "--positions"))
      request.logit_positions = parse_count(next_argument(argc, argv, &i));
    else if (!strcmp(option, "--threads"))
      request.threads = (int)parse_count(next_argument(argc, argv, &i));
    else if (!strcmp(option, "--logits"))
      request.logits_path = next_argument(argc, argv, &i);
    else if (!strcmp(option, "--time"))
      request.report_time = true;
    else
      usage("unknown option of greedy");
  }
  if (!request.id_count == !features.data) usage("greedy wants --ids or --features");
  request.features = features.data ? &features : NULL;
  request.ids = ids;
  request.start_ids = start;
  request.end_ids = end;
  greedy_decode(api, &request);
  free(ids);
  free(start);
  free(end);
  free(features.data);
  return 0;
}

/* ---- logits ---- */

static int command_logits(const ort_api *api, int argc, char **argv) {
  if (argc < 1) usage("logits wants a model folder");
  size_t id_count = 0, threads = 1;
  int64_t *ids = NULL;
  tensor features = {0};
  for (int i = 1; i < argc; i++) {
    if (!strcmp(argv[i], "--ids"))
      ids = parse_ids(next_argument(argc, argv, &i), &id_count);
    else if (!strcmp(argv[i], "--features"))
      features = npy_read(next_argument(argc, argv, &i));
    else if (!strcmp(argv[i], "--threads"))
      threads = parse_count(next_argument(argc, argv, &i));
    else
      usage("unknown option of logits");
  }
  decoder d = decoder_open(api, argv[0], (int)threads);
  char line[1 << 16];
  while (fgets(line, sizeof line, stdin)) {
    size_t count;
    line[strcspn(line, "\n")] = '\0';
    int64_t *text = parse_ids(line, &count);
    decoder_reset(&d);
    if (d.encoder.handle) decoder_encode(&d, ids, id_count, features.data ? &features : NULL);
    ort_value *value = decoder_step(&d, text, count);
    tensor logits = tensor_of(api, value);
    size_t vocab = (size_t)logits.dims[2];
    fwrite((float *)logits.data + (size_t)(logits.dims[1] - 1) * vocab, sizeof(float), vocab, stdout);
    fflush(stdout);
    api->ReleaseValue(value);
    free(text);
  }
  decoder_close(&d);
  free(ids);
  free(features.data);
  return 0;
}

/* ---- answer ---- */

static int command_answer(const ort_api *api, int argc, char **argv) {
  size_t threads = 1;
  if (argc == 3 && !strcmp(argv[1], "--threads"))
    threads = parse_count(argv[2]);
  else if (argc != 1)
    usage("answer wants a model folder");
  answer_questions(api, argv[0], (int)threads);
  return 0;
}

/* ---- diff ---- */

static bool same_shape(const tensor *a, const tensor *b) {
  return a->element_type == b->element_type && a->rank == b->rank &&
         !memcmp(a->dims, b->dims, a->rank * sizeof *a->dims);
}

static int command_diff(const ort_api *api, int argc, char **argv) {
  (void)api;
  double within = 1e-4;
  if (argc == 4 && !strcmp(argv[2], "--within"))
    within = strtod(argv[3], NULL);
  else if (argc != 2)
    usage("diff wants two .npy files");
  tensor a = npy_read(argv[0]), b = npy_read(argv[1]);
  if (!same_shape(&a, &b))
    oracle_die(ORACLE_EXIT_FAILED, "%s and %s differ in shape or type", argv[0], argv[1]);
  if (a.element_type != ELEMENT_F32) oracle_die(ORACLE_EXIT_FAILED, "diff compares f32 only");

  size_t count = tensor_element_count(&a), worst_at = 0, wrong = 0;
  double worst = 0;
  for (size_t i = 0; i < count; i++) {
    double x = ((float *)a.data)[i], y = ((float *)b.data)[i];
    double gap = x == y ? 0 : fabs(x - y); /* equal infinities agree */
    if (!(gap <= within)) wrong++;
    if (!(gap <= worst)) worst = gap, worst_at = i;
  }
  printf("largest difference %.3g at element %zu of %zu; %zu beyond %.3g\n", worst, worst_at, count, wrong,
         within);
  free(a.data);
  free(b.data);
  return wrong ? ORACLE_EXIT_FAILED : 0;
}

static int command_version(const ort_api *api, int argc, char **argv) {
  (void)argc, (void)argv;
  puts(api->version);
  return 0;
}

static const struct {
  const char *name;
  bool asks_onnxruntime;
  int (*run)(const ort_api *api, int argc, char **argv);
} commands[] = {
    {"version", true, command_version}, {"run", true, command_run},       {"greedy", true, command_greedy},
    {"logits", true, command_logits},   {"answer", true, command_answer}, {"diff", false, command_diff},
};

int main(int argc, char **argv) {
  int at = 1;
  const char *library = NULL;
  if (argc > 2 && !strcmp(argv[1], "--lib")) {
    library = argv[2];
    at = 3;
  }
  if (at >= argc) usage("no command given");
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
    if (strcmp(argv[at], commands[i].name)) continue;
    ort_api api = {0};
    if (commands[i].asks_onnxruntime) api = ort_load(library);
    int result = commands[i].run(&api, argc - at - 1, argv + at + 1);
    if (api.env) api.ReleaseEnv(api.env);
    return result;
  }
  usage("unknown command");
}
