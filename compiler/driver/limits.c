/* limits.c: how much memory the target addresses, and how much of weights an artefact can hold. */
#include "driver/limits.h"
#include "driver/storage.h"

static const double GB = 1e-9;

/* Whether pointers reach all that the model has in memory while it runs. */
static status check_memory(compilation *c, const compilation *draft) {
  enum { REST_BYTES = 64 << 20 }; /* code, tokenizer, texts, stack */
  const codegen_target *target = c->target;
  uint64_t weights = 0, caches = 0, activations = 0;
  for (const compilation *each = c; each; each = each == c ? draft : NULL) {
    weights += each->plan->weights_bytes;
    caches += each->plan->state_bytes;
    activations += each->plan->arena_bytes;
  }
  uint64_t bytes = weights + caches + activations;
  if (!target->memory_bytes || bytes < target->memory_bytes - REST_BYTES) return OK;
  status s =
      fail(&c->arena, STATUS_INPUT,
           "the model needs %.1f GB (weights %.1f, caches %.1f, activations %.1f), and %s addresses %.0f GiB",
           (double)bytes * GB, (double)weights * GB, (double)caches * GB, (double)activations * GB,
           target->name, (double)target->memory_bytes / (1 << 30));
  return fail_hint(&c->arena, fail_file(&c->arena, s, c->options->path),
                   "--precision makes weights smaller, --max-tokens and --max-batch the rest");
}

static status check_artefact(compilation *c, const compilation *draft, unsigned form) {
  enum { REST_BYTES = 16 << 20 }; /* code and tables */
  const codegen_target *target = c->target;
  bool is_linked = form & (CODEGEN_EXE | CODEGEN_SHARED);
  uint64_t most = is_linked ? target->image_bytes : target->linked_bytes;
  uint64_t bytes = storage_source(c->options) ? 0 : c->plan->weights_bytes;
  if (draft) bytes += draft->plan->weights_bytes;
  if (!most || bytes < most - REST_BYTES) return OK;
  status s = fail(&c->arena, STATUS_INPUT, "the weights have %.2f GB, and %s for %s has room for %.2f GB",
                  (double)bytes * GB, is_linked ? "one file" : "what objects are linked into", target->name,
                  (double)most * GB);
  bool has_files = target->os != CODEGEN_NO_OS;
  return fail_hint(&c->arena, fail_file(&c->arena, s, c->options->path), "%s",
                   has_files
                       ? "--weights NAME puts them into a file beside it, --precision makes them smaller"
                       : "--precision makes them smaller");
}

status limits_check(compilation *c, const compilation *draft, unsigned form) {
  TRY(check_memory(c, draft));
  return check_artefact(c, draft, form);
}
