/* merges_file.c: vocab.json with merges.txt: byte-level BPE of GPT-2, RoBERTa, Qwen 2 and CLIP, and GPT-1's.
 */
#include "tokenizer/source.h"

#include <string.h>

/* ---- kinds ----------------------------------------------------------------------------------------- */

#define BYTES_AFTER(normalizer, behavior, invert, pattern)                                                   \
  "{'normalizer':" normalizer ",'decoder':{'type':'ByteLevel'},'pre_tokenizer':{'type':'Sequence',"          \
  "'pretokenizers':[{'type':'Split','behavior':'" behavior "','invert':" invert                              \
  ",'pattern':{'Regex':'" pattern "'}},{'type':'ByteLevel','add_prefix_space':false,'use_regex':false}]}}"

static const char gpt2[] = "{'decoder':{'type':'ByteLevel'},'pre_tokenizer':{'type':'ByteLevel',"
                           "'add_prefix_space':false,'use_regex':true}}";
static const char qwen2[] =
    BYTES_AFTER("{'type':'NFC'}", "Isolated", "false",
                "(?i:`s|`t|`re|`ve|`m|`ll|`d)|[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?\\\\p{L}+"
                "|\\\\p{N}| ?[^\\\\s\\\\p{L}\\\\p{N}]+[\\\\r\\\\n]*|\\\\s*[\\\\r\\\\n]+"
                "|\\\\s+(?!\\\\S)|\\\\s+");
static const char clip[] = BYTES_AFTER(
    "{'type':'Sequence','normalizers':[{'type':'NFC'},{'type':'Replace','pattern':{'Regex':"
    "'\\\\s+'},'content':' '},{'type':'Lowercase'}]}",
    "Removed", "true", "`s|`t|`re|`ve|`m|`ll|`d|[\\\\p{L}]+|[\\\\p{N}]|[^\\\\s\\\\p{L}\\\\p{N}]+");
static const char gpt1[] = "{'normalizer':{'type':'BertNormalizer'},'pre_tokenizer':{'type':"
                           "'BertPreTokenizer'},'decoder':{'type':'BPEDecoder','suffix':'</w>'}}";

/* By tokenizer_class, or model_type of config.json; the first is for all others. Quotes are ' and `. */
static const struct {
  const char *class, *type, *parts;
  const char *before, *after; /* around a text, unless the configuration says otherwise */
  const char *unknown, *ending;
} kinds[] = {
    {"GPT2Tokenizer", "gpt2", gpt2, NULL, NULL, "<|endoftext|>", ""},
    {"RobertaTokenizer", "roberta", gpt2, "<s>", "</s>", "<unk>", ""},
    {"BartTokenizer", "bart", gpt2, "<s>", "</s>", "<unk>", ""},
    {"LongformerTokenizer", "longformer", gpt2, "<s>", "</s>", "<unk>", ""},
    {"Qwen2Tokenizer", "qwen2", qwen2, NULL, NULL, NULL, ""},
    {"CLIPTokenizer", "clip", clip, "<|startoftext|>", "<|endoftext|>", "<|endoftext|>", "</w>"},
    {"OpenAIGPTTokenizer", "openai-gpt", gpt1, NULL, NULL, "<unk>", "</w>"},
};

static size_t find_kind(arena *a, const tok_source *source) {
  const char *class = tok_source_class(a, source);
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (strcmp(class, kinds[i].class) == 0 || strcmp(class, kinds[i].type) == 0) return i;
  return 0;
}

/* JSON with ' for " and ` for '. */
static json_t *parse_parts(arena *a, const char *parts) {
  char *copy = arena_text(a, parts);
  for (char *c = copy; *c; c++) *c = *c == '\'' ? '"' : *c == '`' ? '\'' : *c;
  return json_loads(copy, 0, NULL);
}

/* ---- files ----------------------------------------------------------------------------------------- */

static status read_merges(arena *a, const file_view *file, json_t *merges) {
  tok_string line;
  size_t at = 0;
  for (int number = 1; tok_next_line(file, &at, &line); number++) {
    const char *space = memchr(line.bytes, ' ', line.count);
    if (!line.count || tok_begins_with(line, (tok_string){"#version", 8})) continue;
    json_t *pair = space ? json_pack("[s%, s%]", line.bytes, (size_t)(space - line.bytes), space + 1,
                                     line.count - (size_t)(space + 1 - line.bytes))
                         : NULL;
    if (!pair || memchr(space + 1, ' ', line.count - (size_t)(space + 1 - line.bytes))) {
      json_decref(pair);
      return fail_node(a, fail(a, STATUS_INPUT, "a merge is two tokens of UTF-8 with a space between"),
                       "line %d", number);
    }
    json_array_append_new(merges, pair);
  }
  return OK;
}

/* GPT-2 has one special token, RoBERTa's like more; those that are not in the vocabulary are left out. */
static void add_specials(tok_source *source, size_t kind) {
  bool has_mask = kinds[kind].after && strcmp(kinds[kind].after, "</s>") == 0;
  tok_add_named_token(source, "bos_token", kinds[kind].before ? kinds[kind].before : kinds[kind].unknown,
                      TOK_SPECIAL);
  tok_add_named_token(source, "eos_token", kinds[kind].after ? kinds[kind].after : kinds[kind].unknown,
                      TOK_SPECIAL);
  tok_add_named_token(source, "unk_token", kinds[kind].unknown, TOK_SPECIAL);
  tok_add_named_token(source, "pad_token", has_mask ? "<pad>" : NULL, TOK_SPECIAL);
  if (has_mask) tok_add_named_token(source, "mask_token", "<mask>", TOK_SPECIAL | TOK_LSTRIP);
}

static status fill_model(arena *a, size_t kind, tok_source *source, json_t *model) {
  const char *path = file_join(a, source->folder, "merges.txt");
  json_t *merges = json_array(), *vocab = NULL;
  file_view file;
  json_object_set_new(model, "merges", merges);
  json_object_set_new(model, "end_of_word_suffix", json_string(kinds[kind].ending));
  TRY(json_file_read(a, source->file, &vocab));
  json_object_set_new(model, "vocab", vocab);
  json_view root = {.value = vocab};
  TRY(view_object(a, &root));
  TRY(file_map(a, path, &file));
  status s = read_merges(a, &file, merges);
  file_unmap(&file);
  return s ? fail_file(a, s, path) : OK;
}

status tok_read_merges_file(arena *a, const file_view *file, tok_source *source) {
  (void)file; /* read as JSON */
  size_t kind = find_kind(a, source);
  json_t *model = json_pack("{s:s}", "type", "BPE");
  source->document = parse_parts(a, kinds[kind].parts);
  json_object_set_new(source->document, "model", model);
  TRY(fill_model(a, kind, source, model));
  if (tok_config_flag(source, "add_prefix_space", false) && kinds[kind].parts == gpt2)
    json_object_set_new(json_object_get(source->document, "pre_tokenizer"), "add_prefix_space", json_true());
  TRY(tok_add_listed_tokens(a, source));
  add_specials(source, kind);
  const char *unknown = tok_config_token(source, "unk_token", kinds[kind].unknown);
  if (unknown && tok_source_id(source, unknown) != TOK_NONE)
    json_object_set_new(model, "unk_token", json_string(unknown));
  if (kinds[kind].before)
    tok_set_template(
        source, "bAe", "bAeeBe",
        &(tok_template_tokens){.before = tok_config_token(source, "bos_token", kinds[kind].before),
                               .after = tok_config_token(source, "eos_token", kinds[kind].after)},
        false);
  else if (tok_config_flag(source, "add_bos_token", false))
    tok_set_template(source, "bA", "bAbB",
                     &(tok_template_tokens){.before = tok_config_token(source, "bos_token", NULL)}, false);
  return OK;
}
