/*
 * codegen.h: steps -> LLVM -> object files. For each entry of the plan one
 * function smelt_entry_code (smelt/image.h), for each distinct step key one
 * kernel, for each instruction-set level of the target one object.
 */
#ifndef SMELT_CODEGEN_H
#define SMELT_CODEGEN_H

#include "plan/plan.h"
#include "smelt/image.h"

/* Matrix engines a level may have; kernel generators ask for these, never for names. */
enum {
  ENGINE_FMA = 1 << 0,   /* fused multiply-add on vectors */
  ENGINE_DOT8U = 1 << 1, /* VNNI: dots of four u8 with four s8, added to s32 */
  ENGINE_DOT8 = 1 << 5,  /* NEON's sdot: the same of s8 with s8 */
  ENGINE_BF16 = 1 << 2,  /* AVX512-BF16, NEON's bfdot: dots of two bf16 with two bf16, added to f32 */
  ENGINE_MMLA = 1 << 6,  /* NEON's smmla and bfmmla: two rows times two columns, eight bytes of each */
  ENGINE_AMX = 1 << 3,   /* tiles */
  ENGINE_LONG = 1 << 7,  /* NEON's smull, smlal and sadalp: products of bytes, added to s32 */
  ENGINE_PAIRS = 1 << 4, /* products of 16-bit numbers, added up in pairs: x86's pmaddwd */
  ENGINE_SVE = 1 << 8,   /* SVE: vectors are its registers, of just vector_bytes; DOT8, BF16, MMLA too */
};

/* One way to generate code for a target. */
typedef struct {
  smelt_isa_level level;
  const char *cpu;      /* LLVM's name */
  const char *features; /* LLVM's feature string */
  /* LLVM's names of processors whose best level this is, a space between them; NULL: it is no choice */
  const char *processors;
  int vector_bytes;
  int vector_registers;
  unsigned engines;
  unsigned layouts; /* 1 << plan_layout: only programs with such weights have this level; 0: every program */
  unsigned never_with; /* the same: programs with such weights do without this level, for their size */
  /* Features of processor's instructions that stand in functions of their own, since the code around them
   * does without: NULL: there are none. For tests that emulate those instructions. */
  const char *apart_features;
  bool lacks_rounding; /* to whole numbers, as an instruction */
  bool lacks_halves; /* LLVM comes to no end with comparisons of f16, which it makes of those of widened ones
                      */
} codegen_level;

enum { CODEGEN_MAX_LEVELS = 6, CODEGEN_MAX_FILES = CODEGEN_MAX_LEVELS + 2 };

typedef enum { CODEGEN_ELF, CODEGEN_WASM, CODEGEN_COFF, CODEGEN_MACHO, CODEGEN_FORMAT_COUNT } codegen_format;
typedef enum { CODEGEN_NO_OS, CODEGEN_LINUX, CODEGEN_WASI, CODEGEN_WINDOWS, CODEGEN_MACOS } codegen_os;
/* What --emit makes for a target, beside text. */
enum { CODEGEN_EXE = 1 << 0, CODEGEN_OBJ = 1 << 1, CODEGEN_LIB = 1 << 2, CODEGEN_SHARED = 1 << 3 };

/* A row of the target table (codegen/targets.c): all that code generation, link/ and driver/ know of a
 * target. */
typedef struct {
  const char *name;      /* "x86_64-linux": --target's argument, and the folder of its libc pack */
  const char *triple;    /* LLVM's */
  const char *arch;      /* "x86_64", "aarch64": machine's name for link/ */
  codegen_format format; /* of its objects; link/ has a linker for each */
  codegen_os os;
  unsigned pointer_bytes;      /* 4 or 8 */
  uint32_t page_bytes;         /* alignment of the weights: the largest page that its kernels use */
  uint64_t memory_bytes;       /* that a process addresses; 0: more than any model has */
  uint64_t image_bytes;        /* of a program or shared library; 0: any */
  uint64_t linked_bytes;       /* likewise, where an object or archive goes into what others link */
  unsigned forms;              /* CODEGEN_EXE | ... */
  const char *libraries;       /* for -l: what is linked beside a library of a model, apart by spaces */
  const codegen_level *levels; /* of the processor: [CODEGEN_MAX_LEVELS], ascending; ended by cpu == NULL */
  smelt_isa_level highest;     /* that machines with this system have; 0: any */
} codegen_target;

const codegen_target *codegen_target_named(const char *name); /* NULL: unknown */
const codegen_target *codegen_target_at(size_t index);        /* NULL past the end */
const codegen_target *codegen_target_host(void);
const codegen_level *codegen_level_at(const codegen_target *target, int index); /* NULL past the end */
bool codegen_target_has(const codegen_target *target, unsigned engines); /* any of them, at any level */
const char *codegen_level_name(const codegen_level *level);              /* "x86-64-v3" */
/* The index of the level that has `name` among its processors; -1: none. */
int codegen_processor_level(const codegen_target *target, const char *name);
/* The names of all of them, index from 0, in `a`; NULL past the end. */
const char *codegen_processor_at(arena *a, const codegen_target *target, size_t index);

/* "22.1.8": of the LLVM that this process runs with. Text lives in `a`. */
const char *codegen_llvm_version(arena *a);

typedef enum { CODEGEN_OBJECT, CODEGEN_ASSEMBLY, CODEGEN_LLVM } codegen_form;

typedef struct {
  const codegen_target *target;
  const char *model_name; /* the image is smelt_model_NAME, hidden symbols start with NAME_ */
  codegen_form form;
  int only_level;   /* index into target->levels to emit alone (--emit llvm/asm, tests), or -1: all */
  bool has_runtime; /* what is made is linked with it: runs of steps are tables that it walks through */
  bool has_tokenizer;
  const char *speculator;     /* the runtime's symbol by which the program guesses; NULL: it does not */
  const char *weights_source; /* the runtime's symbol that has the weights; NULL: they are NAME_weights */
  bool weights_are_beside;    /* there is no NAME_weights */
  const char *draft_name;     /* of the model that guesses: its image is smelt_model_DRAFT; NULL: none */
} codegen_options;

/* The best level up to `best` for such a program: others differ in products of weights that it does not have.
 */
int codegen_gaining_level(const plan_module *plan, const codegen_target *target, int best);

/* One generated file in memory: an object, or text. */
typedef struct {
  const char *name; /* "code-x86-64-v3.o", "image.o" */
  text bytes;
} codegen_output;

/*
 * Code generation that goes on beside the caller: codegen_begin makes LLVM's
 * modules, which threads turn into files until codegen_end. *job is set after
 * failures too, and to be ended before `a` and the plan go. A NULL job gives
 * no outputs.
 */
typedef struct codegen_job codegen_job;
status codegen_begin(arena *a, const plan_module *plan, const codegen_options *options, codegen_job **job);
/*
 * Fills outputs[] (room for CODEGEN_MAX_FILES): one per level and, for
 * CODEGEN_OBJECT, what levels share, if there are several, and the image table
 * `smelt_model_NAME` that refers to the hidden symbols NAME_manifest,
 * NAME_weights and, with a tokenizer, NAME_tokenizer, made by the link stage. The caller frees the texts;
 * after failures, here or in codegen_begin, there are none. `progress` (may be NULL) is called before each is
 * waited for, with done and total.
 */
status codegen_end(codegen_job *job, codegen_output *outputs, size_t *output_count,
                   void (*progress)(void *user, size_t done, size_t total), void *user);
/* Both. */
status codegen_make(arena *a, const plan_module *plan, const codegen_options *options,
                    codegen_output *outputs, size_t *output_count);

/* ---- code in this process (jit.c), for `smelt check` ---------------------------------------- */

typedef struct codegen_loaded codegen_loaded;

/* The index into codegen_target_host()->levels of the best that this processor has; -1: not even the first.
 */
int codegen_host_level(void);
/* The same of those whose engines are no slower than the levels' below. */
int codegen_fast_host_level(void);

/*
 * Generates code for the host at that level and links it into this process. *loaded is set after failures too
 * and is the caller's to unload, before `a` goes.
 */
status codegen_load(arena *a, const plan_module *plan, int level, codegen_loaded **loaded);
/* The same for a target of the host's kind that no table has: levels that only tests can run. */
status codegen_load_for(arena *a, const plan_module *plan, const codegen_target *target, int level,
                        codegen_loaded **loaded);
smelt_entry_code *codegen_loaded_entry(const codegen_loaded *loaded, size_t entry); /* by the plan's order */
void codegen_unload(codegen_loaded *loaded);                                        /* NULL is allowed */

#endif
