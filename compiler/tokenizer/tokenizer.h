/*
 * tokenizer.h: a Hugging Face tokenizer.json becomes the packed tables of
 * smelt/tokenizer.h, which runtime/text reads in place.
 *
 * Families: byte-level BPE (GPT-2, RoBERTa, Qwen, Llama-3), BPE with byte
 * fallback (Llama-2), WordPiece (BERT, MiniLM), Unigram (T5), WordLevel.
 * Anything in the JSON that is not understood is a failure that names its JSON path; nothing is
 * left out silently.
 */
#ifndef SMELT_COMPILER_TOKENIZER_H
#define SMELT_COMPILER_TOKENIZER_H

#include "base/base.h"

/* What the driver checks against the model. Ids are -1 where the tokenizer has no such token. */
typedef struct {
  const char *family;  /* "byte-level BPE", "BPE with byte fallback", "BPE", "WordPiece", "Unigram",
                           "WordLevel" */
  uint32_t vocab_size; /* highest id + 1, added tokens included */
  int64_t bos_id, eos_id, pad_id, unknown_id, mask_id;
  uint32_t merge_count, added_token_count;
  bool adds_bos; /* encoding puts bos_id first */
} tok_summary;

/*
 * The file of a folder that holds the tokenizer: the first there is of tokenizer.json, tokenizer.model,
 * spiece.model, sentencepiece.bpe.model, source.spm (with vocab.json), vocab.json (with merges.txt),
 * vocab.txt, NAME.tiktoken. NULL: none.
 */
const char *tok_locate(arena *a, const char *folder);

/*
 * Reads `path`, such a file or a folder that holds one, with tokenizer_config.json, special_tokens_map.json
 * and, for other forms than tokenizer.json, added_tokens.json and config.json beside it if present. Appends
 * the packed tables to `blob` (the caller frees it with text_free) and fills `summary`, whose texts are
 * static. Fails with STATUS_INPUT naming file, JSON path and cause; `blob` is then unchanged.
 */
status tok_compile(arena *a, const char *path, text *blob, tok_summary *summary);

/*
 * Whether the tokenizers at both paths, as tok_compile takes them, have the same token for each id. Fails
 * with STATUS_INPUT naming `path` and the first difference.
 */
status tok_compare(arena *a, const char *path, const char *wanted_path);

#endif
