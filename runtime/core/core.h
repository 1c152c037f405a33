/*
 * core.h: an opened model: its checked manifest, its memory, its threads, and
 * one call of an entry. Public to runtime/decode and runtime/app; users of a
 * compiled model see include/smelt/model.h only.
 *
 * Nothing here prints, exits or keeps mutable globals. Unless a function says
 * otherwise, a model is used by one thread at a time.
 */
#ifndef RT_CORE_H
#define RT_CORE_H

#include "host/host.h"
#include "smelt/image.h"
#include "text/text.h"

/* ---- the manifest, checked (manifest.c) --------------------------------------- */

/* Pointers into a manifest that rt_manifest_check found sound; they live as long as the image. */
typedef struct {
  const smelt_manifest *header;
  const smelt_manifest_entry *entries;         /* [header->entry_count] */
  const smelt_manifest_symbol *symbols;        /* [header->symbol_count] */
  const smelt_manifest_generation *generation; /* NULL: the model does not generate text */
  const smelt_manifest_hearing *hearing;       /* NULL: it does not hear */
  const smelt_manifest_reader *reader;         /* NULL: it is no graph that reads text or images */
  const smelt_manifest_vision *vision;         /* NULL: it is no graph that reads images */
  const smelt_manifest_cache *caches;          /* [header->cache_count] */
} rt_manifest;

/*
 * Checks all of `bytes_of_manifest` and fills *view. Afterwards every offset of
 * the manifest lies inside it, every text ends inside it, and every dim program
 * is well formed, so that the functions below need no checks of their own.
 * Returns NULL, or what is wrong as a static text.
 */
const char *rt_manifest_check(const void *bytes_of_manifest, rt_manifest *view);

/* The text at `offset`; "" where it is absent. */
const char *rt_manifest_text(const rt_manifest *view, smelt_offset offset);

/* The reader's label `index`, below its label_count. */
const char *rt_manifest_label(const rt_manifest *view, uint32_t index);

/* Of a reader, [reader->prompt_count]. */
const smelt_manifest_prompt *rt_manifest_prompts(const rt_manifest *view);

/* Of a model that hears, [hearing->language_count]. */
const smelt_manifest_language *rt_manifest_languages(const rt_manifest *view);

const smelt_manifest_tensor *rt_manifest_tensors(const rt_manifest *view, smelt_offset offset);

/* The list's tokens, [list->count]. */
const int32_t *rt_manifest_tokens(const rt_manifest *view, const smelt_manifest_tokens *list);
const float *rt_manifest_floats(const rt_manifest *view, smelt_offset floats);

/* The entry's steps, [entry->step_count]. */
const smelt_manifest_step *rt_manifest_steps(const rt_manifest *view, const smelt_manifest_entry *entry);

/* Bytes of one element; 0 for a number that is no dtype. */
uint32_t rt_dtype_bytes(uint32_t dtype);
const char *rt_dtype_text(uint32_t dtype);

/* ---- sizes (dims.c) ------------------------------------------------------------- */

/*
 * Walks the postfix program in words[0 .. word_count). Returns whether it ends
 * in time, leaves one value, never takes from an empty stack, and names only
 * symbols below symbol_count.
 */
bool rt_dim_check(const int64_t *words, size_t word_count, uint32_t symbol_count);

/* The program of axis `axis` of `tensor`. */
const int64_t *rt_dim_program(const rt_manifest *view, const smelt_manifest_tensor *tensor, uint32_t axis);
/* The size of that axis as text, "past + sequence". */
const char *rt_dim_text(const rt_manifest *view, const smelt_manifest_tensor *tensor, uint32_t axis);

/* The symbol that the program consists of, or SMELT_NONE. */
int32_t rt_dim_lone_symbol(const int64_t *program);
/* Whether the program is one constant; *value is then that. */
bool rt_dim_constant(const int64_t *program, int64_t *value);

/* Evaluates a checked program over symbol values. False: division by zero, or a value beyond 64 bits. */
bool rt_dim_value(const int64_t *program, const int64_t *symbols, int64_t *value);

/* ---- the processor (cpu.c, and a file per processor in processor/) ------------------- */

/* Where processor and operating system tell what they have: outputs of CPUID's leaves, and XCR0; on Arm what
 * the kernel says in AT_HWCAP. */
typedef enum {
  RT_CPU_LEAF_0_EBX, /* the first letters of the vendor's name */
  RT_CPU_LEAF_1_ECX,
  RT_CPU_LEAF_7_EBX,
  RT_CPU_LEAF_7_ECX,
  RT_CPU_LEAF_7_EDX,
  RT_CPU_LEAF_7_1_EAX, /* subleaf 1 */
  RT_CPU_LEAF_80000001_ECX,
  RT_CPU_XCR0,
  RT_CPU_HWCAP,
  RT_CPU_HWCAP2,
  RT_CPU_SVE_LENGTH, /* RT_CPU_SVE_OF the bytes of SVE registers, as they are now; 0: there are none */
  RT_CPU_WORD_COUNT
} rt_cpu_word;

/* A bit for each length, so that only the same has it. */
#define RT_CPU_SVE_OF(bytes) (UINT64_C(1) << (bytes) / 16)

/* What a level adds to the one below it: bits of one of the words that describe the processor. */
typedef struct {
  smelt_isa_level level;
  rt_cpu_word word;
  uint64_t bits;
} rt_level_feature;

/* From the lowest level to the highest; each level's are neighbours (processor/). */
extern const rt_level_feature rt_level_features[];
extern const size_t rt_level_feature_count;

/* Fills what this processor has of words[RT_CPU_WORD_COUNT]; the rest stays (processor/, or host/). */
void rt_cpu_read_words(uint64_t *words);
/* Asks the operating system for a level that the processor has (host/, or processor/ where none need ask). */
bool rt_cpu_may_use(smelt_isa_level level);

/* The highest level that processor and operating system offer. Asks the system for what it gives on request.
 */
smelt_isa_level rt_cpu_level(void);
/* Whether the level is one of this processor's, of what kind it is too. */
bool rt_cpu_has(smelt_isa_level level);
/* The same for a processor described by words[RT_CPU_WORD_COUNT] and levels of `count` features; `is_allowed`
 * asks the system for a level. */
smelt_isa_level rt_cpu_level_of(const rt_level_feature *features, size_t count, const uint64_t *words,
                                bool (*is_allowed)(smelt_isa_level level));
/* Whether the processor has `level`, but takes longer with what it adds than with the levels below. */
bool rt_cpu_is_slow(smelt_isa_level level);
bool rt_cpu_is_slow_of(const uint64_t *words, smelt_isa_level level); /* (processor/) */
const char *rt_isa_text(uint64_t level);
/* The level named `text` in *level, or false. */
bool rt_isa_from_text(const char *text, smelt_isa_level *level);

/* ---- the thread team (team.c) -------------------------------------------------------- */

typedef struct rt_team rt_team;

/*
 * A team of `thread_count` threads (at least 1), the caller of rt_team_run
 * being thread 0 of it. Where the system refuses to make more threads the team
 * is smaller. NULL: out of memory. A team of one makes no thread. `pins`: each
 * thread, the caller's too, stays on one of the processors that it might use.
 */
rt_team *rt_team_create(int32_t thread_count, bool pins);
void rt_team_destroy(rt_team *team); /* ends and joins the threads; NULL is allowed */
int32_t rt_team_thread_count(const rt_team *team);

/*
 * Calls code(frame, thread, thread_count) on every thread of the team and
 * returns when all have returned. Fills frame->barrier, team and claims. What
 * the caller wrote before is seen by all threads, and their writes by the
 * caller afterwards. One run at a time.
 */
void rt_team_run(rt_team *team, smelt_entry_code *code, smelt_frame *frame);

/* ---- where the time goes (profile.c) -------------------------------------------------- */

/* What one thread spent on one step. */
typedef struct {
  int64_t calls, work_ns, wait_ns; /* wait: at the barrier after the step */
  double flops, bytes;             /* of the whole step, all threads together; thread 0 counts */
} rt_step_time;

typedef struct {
  int64_t calls, tokens; /* tokens: of entries that read them */
  int64_t wall_ns;
  rt_step_time *steps; /* [thread][step_count] */
} rt_entry_time;

typedef struct {
  int32_t thread_count;
  uint32_t entry_count;
  rt_entry_time *entries; /* in the manifest's order */
} rt_profile;

/* NULL: out of memory. */
rt_profile *rt_profile_create(const rt_manifest *manifest, int32_t thread_count);
void rt_profile_free(rt_profile *profile); /* NULL is allowed */
/* As rt_team_run of an entry's code, its steps timed into `profile`. */
void rt_profile_run(rt_profile *profile, const rt_manifest *manifest, int32_t entry, rt_team *team,
                    smelt_entry_code *code, smelt_frame *frame);

/* ---- an opened model (open.c, run.c) ---------------------------------------- */

struct smelt_model {
  const smelt_image *image;
  smelt_model *draft; /* of image->draft, once it was needed; its team is this model's */
  rt_manifest manifest;
  const smelt_code_level *code; /* of the ISA level in use */
  bool repeats;                 /* as smelt_open_options says */
  rt_team *team;
  rt_profile *profile;    /* NULL: nobody wants one */
  const uint8_t *weights; /* the image's, or where its source has them */
  void *weights_map;      /* the source's, with weights_map_bytes */
  uint64_t weights_map_bytes;
  uint8_t *arena, *state;      /* one mapping each, touched lazily */
  uint64_t arena_bytes;        /* of the entry that ran last */
  int64_t *symbols;            /* values during a call, [symbol_count] */
  bool *bound;                 /* whether an input gave the value, [symbol_count] */
  const smelt_tensor **inputs; /* of the call, in the entry's order, [most inputs of any entry] */
  const void **input_data;     /* likewise */
  int32_t max_tokens;          /* what past + sequence may reach */
  int64_t past_tokens;         /* tokens in the state */
  bool has_encoded;            /* "encode" has run */
  int64_t encoder_length;      /* of its last run: the size of its input that is symbolic, if one is */
  bool has_tokenizer;
  rt_tokenizer tokenizer;
  rt_encoder encoder; /* memory of smelt_encode, used again */
  char error[256];
};

/* Whether the model's encoder reads features; else it reads the prompt, or there is none. */
bool rt_reads_features(const smelt_model *model);

/* Formats the line that smelt_error gives, and returns `result`. */
smelt_result rt_fail(smelt_model *model, smelt_result result, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The entry called `name`, or SMELT_NONE. */
int32_t rt_entry_index(const smelt_model *model, const char *name);

/* ---- rows of the caches (cache.c) -------------------------------------------------------- */

/* Bytes of one token's rows in all caches. */
size_t rt_cache_row_bytes(const smelt_model *model);
/* Copies the rows of the token at `position` of the text, below max_tokens, from the caches and back. */
void rt_cache_save(const smelt_model *model, int64_t position, uint8_t *rows);
void rt_cache_load(smelt_model *model, int64_t position, const uint8_t *rows);

/*
 * Runs an entry with model->inputs already in the entry's order. Symbols take
 * their values from the inputs' shapes; past and encoder length, where no input
 * gives them, from what ran before. `outputs` may be NULL. Errors as smelt_run.
 */
smelt_result rt_run(smelt_model *model, int32_t entry, smelt_tensor *outputs);
/* Before an entry whose part of the arena is `bytes`: gives the system back what the last one had beyond
 * (open.c). */
void rt_arena_shrink(smelt_model *model, uint64_t bytes);

#endif
