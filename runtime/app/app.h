/*
 * app.h: the command line of a compiled program. What it prints goes to
 * standard output, messages to standard error; exit codes: 0 done, 1 the input
 * is at fault, 2 the command line is.
 */
#ifndef RT_APP_H
#define RT_APP_H

#include "core/limits.h"
#include "decode/decode.h"
#include "text/encoder.h"

enum { APP_OK = 0, APP_INPUT = 1, APP_USAGE = 2 };

/* ---- output (output.c) ----------------------------------------------------------- */

/* A file being written, with a buffer; only flushing and closing can fail. */
typedef struct {
  int file;
  bool failed; /* a write failed; later ones do nothing */
  size_t count;
  char buffer[4096];
} app_output;

app_output app_output_on(int file);
/* Creates or empties the file at `path`. False: errno says why. */
bool app_output_create(app_output *out, const char *path);
void app_write(app_output *out, const void *bytes, size_t count);
void app_write_text(app_output *out, const char *text);
void app_write_integer(app_output *out, int64_t value);
/* value with `digits` digits after the point, 0 to 3. */
void app_write_decimal(app_output *out, double value, int digits);
/* `digits` significant ones, as %g; in JSON, where it is no number, null. */
void app_write_number(app_output *out, double value, int digits);
/* As a JSON string: names come from the model's file, so what JSON does not allow is escaped. */
void app_write_json_text(app_output *out, const char *text);
void app_write_json_bytes(app_output *out, const void *text, size_t bytes);
bool app_flush(app_output *out);
bool app_output_close(app_output *out); /* flushes; whether all was written */

/* "PROGRAM: message" on standard error; returns `exit_code`. */
int app_fail(int exit_code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- options (options.c) ------------------------------------------------------------ */

typedef struct app_command app_command;

/* --input or --output NAME=FILE */
typedef struct {
  const char *argument; /* as given */
  const char *path;     /* after the first '=' */
} app_named_file;

typedef struct {
  const app_named_file *items; /* the options' memory */
  int32_t count;
} app_named_files;

/* Options that may be given again and again, each time with one more item. */
typedef enum {
  APP_BIAS,
  APP_BAD_WORD,
  APP_BAD_IDS,
  APP_SUPPRESS,
  APP_SUPPRESS_FIRST,
  APP_FIRST,
  APP_SET,
  APP_STOP,
  APP_STOP_IDS,
  APP_LISTS
} app_list;

typedef struct {
  app_list list;
  const char *text; /* as given */
} app_item;

typedef struct {
  const char *program;        /* how the program was called */
  const app_command *command; /* the command line's first word; NULL: none is given */
  const char *prompt;         /* NULL: not given */
  const char *prompt_ids;
  const char *features_path;
  const char *logits_path;
  const char *grammar_path, *schema_path, *regex; /* what the new text has to be, at most one of them */
  const char *profile_path;                       /* where the profile goes as JSON; NULL: nowhere */
  const char *entry;
  const char *system;                /* what a chat's model is told first; NULL: nothing */
  const char *lines_path;            /* "-": standard input; NULL: one text */
  const char *prompt_names, *prefix; /* what is put before texts; NULL: as the model has it */
  const char *pooling_name;          /* NULL: the model's own */
  const char *scoring_name;          /* likewise */
  bool normalises, leaves_length;    /* --normalize, --no-normalize */
  const char *cut_name;              /* which of two texts is cut; NULL: as the tokenizer is set */
  bool pair;                         /* each text is two */
  bool json, no_special, truncates, windows, all;
  int32_t stride;                     /* tokens that neighbouring windows share; -1: as the command has it */
  const char *aggregation_name;       /* NULL: simple */
  int32_t top;                        /* candidates or answers wanted; 0: as the command has it */
  int32_t longest_answer;             /* tokens; 0: as the command has it */
  bool impossible;                    /* there may be no answer */
  const char *context, *context_path; /* NULL: not given */
  size_t context_bytes;
  bool binary;             /* vectors as f32 */
  const char *output_path; /* NULL: standard output */
  int output_file;         /* where results go; 0: standard output */
  const char **words;      /* [word_count]: images or sounds, "-" is standard input; texts; arrays */
  const char **labels;     /* [label_count]: what --labels gives */
  int32_t word_count, label_count;
  smelt_generate_options generate;
  bool seed_given;
  int32_t threads;
  bool pins;
  const char *weights_path; /* NULL: where they usually are */
  bool checks_weights;
  int32_t samples; /* 0: one */
  bool ids, echo, no_echo, stats, profile, bench, version, licenses, help, help_all, describe;
  app_named_files inputs, outputs;
  app_named_file *named_files; /* [2 * argc], behind inputs and outputs */
  app_item *items;             /* [item_count], in the order given */
  int32_t item_count;
  const char *language, *task; /* of speech; NULL: not given */
  bool tells_times, as_srt, as_vtt, conditions;
  float no_speech; /* -1: not given */
} app_options;

/*
 * Reads the command line over *options, whose fields hold the defaults. Options that do nothing for `model`
 * or the command are refused; NULL: it is not open yet, and none are. Returns APP_OK, or APP_USAGE after a
 * message. app_options_free in either case.
 */
int app_parse_options(app_options *options, const smelt_model *model, int argc, char **argv);
void app_options_free(app_options *options);
/* A decimal number without an exponent, the whole text. */
bool app_parse_decimal(const char *text, double *value);

/* Prints the options that suit the program: one that generates text, or one that runs a graph. The rarely
 * used ones too where help_all is set. */
void app_write_help(app_output *out, const app_options *options, const smelt_model *model);

/* ---- what a program does by its first word (commands.c) ---------------------------------- */

/* Kinds of programs, or of commands, that options suit. */
enum {
  APP_GENERATES = 1 << 0,
  APP_RUNS_GRAPH = 1 << 1,
  APP_READS_FEATURES = 1 << 2,
  APP_TOKENIZES = 1 << 3,
  APP_DETOKENIZES = 1 << 4,
  APP_SCORES = 1 << 5,
  APP_EMBEDS = 1 << 6,
  APP_CLASSIFIES = 1 << 7,
  APP_CHATS = 1 << 8,
  APP_SEES_LABELS = 1 << 16, /* of images: which labels suit, their vector, which texts suit */
  APP_SEES_VECTORS = 1 << 17,
  APP_SEES_MATCHES = 1 << 18,
  APP_SEES = APP_SEES_LABELS | APP_SEES_VECTORS | APP_SEES_MATCHES,
  APP_TAGS = 1 << 9,
  APP_FILLS = 1 << 10,
  APP_ANSWERS = 1 << 11,
  APP_TRANSCRIBES = 1 << 20,
  APP_COMPARES = 1 << 12,
};

struct app_command {
  const char *name, *argument, *help; /* `argument`: what an example gives it */
  int kind;                           /* one of the above */
  int (*run)(smelt_model *model, app_options *options);
};

/* What the program can do, and what its model could: parts may have been left out. */
int app_abilities(const smelt_model *model);
int app_model_abilities(const smelt_model *model);
/* The command of that name, of several one that suits these abilities. NULL: there is none of that name. */
const app_command *app_command_named(const char *name, int abilities);
/* What a program does with a text or an image unless a word says otherwise; NULL: it has no such command. */
const app_command *app_usual_command(const smelt_model *model);
void app_write_commands(app_output *out, const smelt_model *model);

int app_tokenize(smelt_model *model, app_options *options); /* tokenize.c */
int app_detokenize(smelt_model *model, app_options *options);
int app_score(smelt_model *model, app_options *options);      /* score.c */
int app_embed(smelt_model *model, app_options *options);      /* embed.c */
int app_classify(smelt_model *model, app_options *options);   /* classify.c */
int app_similar(smelt_model *model, app_options *options);    /* similar.c */
int app_tag(smelt_model *model, app_options *options);        /* tag.c */
int app_fill(smelt_model *model, app_options *options);       /* fill.c */
int app_answer(smelt_model *model, app_options *options);     /* answer.c */
int app_chat(smelt_model *model, app_options *options);       /* chat.c */
int app_transcribe(smelt_model *model, app_options *options); /* transcribe.c */

int app_classify_images(smelt_model *model, app_options *options); /* image_commands.c */
int app_embed_images(smelt_model *model, app_options *options);
int app_match_images(smelt_model *model, app_options *options); /* image_matches.c */
/* How the labels of a span's tokens become one (tag.c). Words: of each, its first token, the token of the
 * highest score, or the mean of its tokens' scores decides. */
#define APP_AGGREGATIONS(X)                                                                                  \
  X(NONE, "none")     /* tokens stay tokens */                                                               \
  X(SIMPLE, "simple") /* each token decides for itself */                                                    \
  X(FIRST, "first")                                                                                          \
  X(MAX, "max")                                                                                              \
  X(AVERAGE, "average")

typedef enum {
#define X(NAME, text) APP_AGGREGATION_##NAME,
  APP_AGGREGATIONS(X)
#undef X
      APP_AGGREGATIONS_COUNT
} app_aggregation;

/* ---- texts (texts.c) --------------------------------------------------------------------- */

/* The constraint that the options ask for, as options->generate.constraint; to be freed with
 * app_free_constraint, also after a failure (constraint.c). */
int app_take_constraint(smelt_model *model, app_options *options);
void app_free_constraint(app_options *options);

/* Texts that the model reads together, of which this one is (batch.c). */
typedef struct app_batch app_batch;

/* One text of those that a command works on. */
typedef struct {
  const app_options *options;
  app_batch *batch;  /* NULL: the model reads it alone */
  const char *bytes; /* not NUL-terminated */
  size_t count;
  int64_t line; /* of --lines, from 1; 0: the only text */
} app_text;

/* What a command makes of a text, without a newline at its end. Returns an exit code, after a message where
 * it is not APP_OK. */
typedef int app_text_work(smelt_model *model, const app_text *text, app_output *out);

/* Writes what `work` makes of each text that the options name, a line each. A text that fails is told and has
 * an empty line, or null; the others are worked on. */
int app_each_text(smelt_model *model, const app_options *options, app_text_work *work);

/* As app_fail of the text's program, naming its line; returns APP_INPUT. */
int app_fail_text(const app_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* All of a file that is open, to its end; *bytes is the caller's to free, also after a failure. */
bool app_read_all(int file, char **bytes, size_t *count);

/* All of standard input, less one newline at its end. *bytes is the caller's to free, also after a failure.
 */
int app_read_stdin(const app_options *options, char **bytes, size_t *count);

/* Token ids apart by spaces or commas; *ids is the caller's to free. False: other characters, no int32, no
 * memory. */
bool app_parse_ids(const char *text, size_t bytes, int32_t **ids, int32_t *count);

/*
 * A text's token ids, with the tokenizer's special ones unless the options say otherwise, or those of
 * --prompt-ids. At most `most`: more are cut off before the special tokens at the end where the options say
 * so, else they are an error. *ids is the caller's to free.
 */
int app_text_ids(smelt_model *model, const app_text *text, int64_t most, int32_t **ids, int32_t *count);
/* Cuts ids[*count] to `most`: at its end, or where the tokenizer says so at its start; special ones stay. */
void app_truncate_ids(const smelt_model *model, bool has_special, int64_t most, int32_t *ids, int32_t *count);

/* ,"id":1,"text":"a" of a token; its text as bytes where they are no whole characters. */
void app_write_json_token(app_output *out, const smelt_model *model, int32_t id);
/* Text for people, on one line: what ends lines is escaped, and bytes that are no UTF-8. */
void app_write_visible(app_output *out, const uint8_t *bytes, size_t count);
/* The same of a token's own text. */
void app_write_token(app_output *out, const smelt_model *model, int32_t id);

/* ---- graphs that read text (text_graph.c) -------------------------------------------------- */

/* A text's way through the graph. */
typedef struct {
  int32_t *ids, *types; /* types NULL: all 0; both are the caller's to free */
  int32_t count;
  const float *rows; /* the answer, until the next run: [row_count, columns]; rows of tokens are [count] */
  const float *last_rows; /* of SMELT_HEAD_ANSWERS: the same of answers' ends */
  int64_t row_count, columns;
} app_reading;

/* Beside exit codes: the model reads the text later, together with others; or it reads it alone. */
enum { APP_LATER = -1, APP_ALONE = -2 };

struct app_batch {
  bool
      asks; /* so far it is found out what the model is to read; what comes of it is not seen, nor messages */
  /* Notes what the model is to read, or fills in its answer. APP_OK, APP_LATER or APP_ALONE. */
  int (*read)(app_batch *batch, app_reading *reading);
};

/* Runs the graph on reading->ids. */
int app_run_reading(smelt_model *model, const app_text *text, app_reading *reading);
/* Runs it on several at once, at most as many as the reader says. False: it cannot, and the model or the
 * answer is at fault. */
bool app_run_readings(smelt_model *model, app_reading *const *readings, int64_t count);
/* A whole text of at most as many tokens as the model reads. *reading is to be freed with app_reading_free,
 * also after a failure. */
int app_read_text(smelt_model *model, const app_text *text, app_reading *reading);
void app_reading_free(app_reading *reading);

/* ---- what a graph's answer says ------------------------------------------------------------ */

typedef struct {
  uint32_t label;
  double score;
} app_choice;

/* The scoring that the options name, or the model's own; SMELT_SCORING_COUNT after a message (classify.c). */
smelt_scoring app_scoring(const smelt_model *model, const app_options *options);
/* Each label's score, the highest first: choices[count]. */
void app_score_labels(const float *logits, uint32_t count, smelt_scoring scoring, app_choice *choices);
void app_write_json_choice(app_output *out, const char *label, double score);
void app_write_choice(app_output *out, const char *label, double score);

/* The text's vector, [*width], as the options have it, behind the prompt of the `which`-th text
 * (app_choose_prompt); the caller's to free, also after a failure. */
int app_make_vector(smelt_model *model, const app_text *text, int which, double **vector, int64_t *width);
/* What the options, or the model, have put before a text: of two that are compared number `which`, 0 or 1.
 * Returns APP_OK, or APP_USAGE after a message (prompts.c). */
int app_choose_prompt(const smelt_model *model, const app_options *options, int which, const char **prompt);
/* The text behind `prompt`. *memory is what the whole lies in, the caller's to free, also after a failure. */
int app_put_prompt(const app_text *text, const char *prompt, app_text *whole, char **memory);
/* How many tokens at the text's beginning are the prompt's, where the model's pooling leaves them out; else
 * 0. */
int64_t app_prompt_tokens(smelt_model *model, const app_text *text, const char *prompt);
/* Of x >= 0. */
double app_square_root(double x);
/* Whether the options' pooling suits the model, after a message where it does not (embed.c). */
bool app_pooling_suits(const smelt_model *model, const app_options *options);
/* The numbers of the one vector that the rows become; JSON's without their braces. False: out of memory. */
bool app_write_vector(app_output *out, const smelt_model *model, const app_options *options,
                      const app_reading *reading);

/* ---- images (images.c) --------------------------------------------------------------------- */

/* One image of those that a command works on, as what the model reads. */
typedef struct {
  const app_options *options;
  const char *path;
  float *pixels; /* [channels, height, width] */
} app_image;

/* As app_text_work: what a command makes of an image, without a newline at its end. */
typedef int app_image_work(smelt_model *model, const app_image *image, void *context, app_output *out);

/* Writes what `work` makes of each image that the options name, a line each. An image that fails is told, the
 * others are answered all the same; then the exit code is that of the first failure. */
int app_each_image(smelt_model *model, const app_options *options, app_image_work *work, void *context);

/* As app_fail of the image's program, naming the image; returns APP_INPUT. */
int app_fail_image(const app_image *image, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Points the model's input at the image's pixels, in *tensor. */
void app_give_pixels(smelt_model *model, const app_image *image, smelt_tensor *tensor);
/* What a line about the image begins with: where there are several, or in JSON, its path. */
void app_begin_image(app_output *out, const app_image *image);
/* The best of choices[count], as many as the options say; names[i] is what label i is called (NULL: the model
 * says). */
void app_write_image_choices(app_output *out, const smelt_model *model, const app_image *image,
                             const app_choice *choices, uint32_t count, const char *const *names);
/* ---- long texts (parts.c) -------------------------------------------------------------------- */

/* A stretch of a text's tokens that the model reads at once, the special ones around it. */
typedef struct {
  app_reading reading;
  const rt_origin *origins; /* [reading.count]; NULL: nobody asked */
  bool is_only;
} app_part;

/* What is done with a part; returns an exit code, after a message where it is not APP_OK. */
typedef int app_part_work(void *user, const smelt_model *model, const app_text *text, const app_part *part);

/* Of `count` tokens, `room` at once and `stride` of them again: where the window behind that from `begin`
 * starts; `count`: there is none. */
int64_t app_next_window(int64_t begin, int64_t count, int64_t room, int64_t stride);

/*
 * Has the model read the text and `work` see what it says: the whole text; of a longer one than it reads the
 * first part, which is told on standard error unless --truncate is given; or with --window all parts in turn,
 * of which neighbours share --stride tokens.
 */
int app_read_parts(smelt_model *model, const app_text *text, bool wants_origins, app_part_work *work,
                   void *user);

/* The same of two texts, a tab between them, at once (pairs.c). */
int app_read_pair(smelt_model *model, const app_text *text, app_part_work *work, void *user);

/* A place in the text that a command works on, in bytes and in characters. */
typedef struct {
  size_t bytes;
  int64_t characters;
} app_place;

/* Moves the place to `bytes` of the text. */
int64_t app_characters_at(const char *text, app_place *place, size_t bytes);

/* ln of the sum of e^logits[count]. */
double app_log_sum(const float *logits, int64_t count);

/* ---- options that are lists (token_lists.c) ------------------------------------------------- */

/* The options' lists as generation takes them. */
typedef struct {
  struct {
    int32_t *tokens;
    int32_t count, capacity;
  } lists[APP_LISTS];
  smelt_token_bias *biases;
  const char **stop_texts;
} app_token_lists;

/* Fills the lists of options->generate from options->items, over those that are the model's defaults. Memory
 * is that of `lists`, to be freed in any case. Returns APP_OK, or an exit code after a message. */
int app_take_token_lists(smelt_model *model, app_options *options, app_token_lists *lists);
void app_free_token_lists(app_token_lists *lists);

/* ---- what else a program does -------------------------------------------------------------- */

int app_generate(smelt_model *model, app_options *options); /* generate_text.c */
/* For --lines and --json, once lists and constraint are taken (generate_lines.c). */
int app_generate_lines(smelt_model *model, app_options *options);
/* A seed of the system's, where one is wanted and none is given. */
void app_choose_seed(app_options *options);
/* Of programs that encode a text (sources.c): whether each line of standard input is a text, which is so
 * where no text is given, nor anything asked for that goes with one text only. */
bool app_takes_lines(const smelt_model *model, const app_options *options);
/* Cuts ids[*count] to what the encoder reads, and says so unless --truncate is given. */
void app_fit_source(const smelt_model *model, const app_text *text, int32_t *ids, int32_t *count);
int app_run_graph(smelt_model *model, const app_options *options); /* run_graph.c */

/* The tensors of one call of an entry. */
typedef struct {
  char **names; /* of inputs, copies */
  smelt_tensor *inputs, *outputs;
  int32_t input_count, input_capacity, output_count;
} app_call;

/* Takes over the name and the data, also where it fails: false, out of memory. */
bool app_add_input(app_call *c, char *name, const smelt_tensor *tensor);
/* The array of a .npy file as the input whose name has `bytes` bytes. Returns an exit code, after a message.
 */
int app_read_input(app_call *c, const app_options *options, const char *name, size_t bytes, const char *path);
/* The files that the command line names without an input: a .npz file's arrays, or the graph's only input
 * (graph_files.c). */
int app_read_files(app_call *c, const smelt_model *model, const char *entry, const app_options *options);
/* --output-file: all outputs as an archive, or the only one as an array. */
int app_write_file(const smelt_model *model, const char *entry, const app_call *c,
                   const app_options *options);
void app_write_version(app_output *out, const smelt_model *model); /* about.c */
void app_write_licenses(app_output *out);
void app_write_description(app_output *out, const smelt_model *model);

/* Prints or writes where the time went, as the options ask. Measures the machine's limits first
 * (profile_report.c). */
int app_write_profile(const smelt_model *model, const app_options *options);

/* One line of JSON: the limits, and every step of the entries that ran. */
void app_write_profile_json(app_output *out, const smelt_model *model, const rt_limits *limits);
/* The other side of `smelt bench` (bench.c). */
int app_bench(smelt_model *model, const app_options *options);

/* ---- NumPy's file format (npy.c) --------------------------------------------------------- */

/* Reads the array at `path`. Returns NULL, or what is wrong as a static text. tensor->data is the caller's to
 * free. */
const char *npy_read(const char *path, smelt_tensor *tensor);
/* The same of a file in memory. */
const char *npy_parse(const void *bytes, size_t count, smelt_tensor *tensor);
/* How an array lies that does not lie as models read it. */
typedef struct {
  bool is_fortran, is_big; /* the first axis runs fastest; the highest byte comes first */
} npy_order;
/* Brings the array in order (npy_order.c, which not all programs have). False: out of memory. */
bool npy_put_in_order(smelt_tensor *tensor, npy_order order);
const char *npy_write(const char *path, const smelt_tensor *tensor);
/* What comes before the data. */
void npy_write_header(app_output *out, const smelt_tensor *tensor);

/* ---- archives of arrays (npz.c) ------------------------------------------------------------ */

typedef struct {
  char *name;
  smelt_tensor tensor;
} app_array;

/* As npy_read: the arrays of a .npz file, without ".npy" behind their names, to be freed also after a
 * failure. */
const char *npz_read(const char *path, app_array **arrays, int32_t *count);
void npz_free(app_array *arrays, int32_t count);
const char *npz_write(const char *path, const char *const *names, const smelt_tensor *tensors, int32_t count);

/* Whether a file is called so: ends_with(path, ".npz"). */
bool app_ends_with(const char *text, const char *end);

#endif
