/* pre_tokenizer.c: pre_tokenizer -> steps and splits. Everything that splits becomes a regular expression. */
#include "tokenizer/build.h"

#include <string.h>

/* What ByteLevel splits by where it does: GPT-2's pattern. */
static const char byte_level_pattern[] =
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

static status read_one(tok_build *b, const json_view *view);

status tok_add_split(tok_build *b, const char *pattern, size_t bytes, tok_split_kind kind) {
  const regex_node *tree;
  regex_program program;
  if (b->split_count == TOK_MAX_SPLITS)
    return fail(b->a, STATUS_INPUT, "more than %d splits", TOK_MAX_SPLITS);
  TRY(regex_parse(b->a, pattern, bytes, &tree));
  TRY(regex_compile(b->a, tree, &program));
  ARENA_PUSH(b->a, b->programs, b->program_count, b->program_capacity) = program;
  b->splits = arena_grow(b->a, b->splits, b->split_count, &b->split_capacity, sizeof *b->splits);
  b->splits[b->split_count].kind = kind;
  b->splits[b->split_count].inverted = false;
  b->splits[b->split_count].over_bytes = (b->header.flags & TOK_BYTE_LEVEL) != 0;
  b->splits[b->split_count++].steps_end = (uint32_t)b->step_count;
  return OK;
}

status tok_add_split_of(tok_build *b, const json_view *view, const char *pattern, size_t bytes,
                        tok_split_kind kind) {
  status s = tok_add_split(b, pattern, bytes, kind);
  if (!s) return OK;
  status where = view_fail(b->a, view, "%s", s->cause);
  return s->found ? fail_found(b->a, where, "%s", s->found) : where;
}

/* A text as a regular expression that matches just it. */
static const char *quote(arena *a, tok_string string) {
  char *result = arena_alloc(a, 2 * string.count + 1), *end = result;
  for (size_t i = 0; i < string.count; i++) {
    if (strchr("\\^$.|?*+()[]{}", string.bytes[i])) *end++ = '\\';
    *end++ = string.bytes[i];
  }
  return result;
}

/* ---- one function per type --------------------------------------------------------- */

static status read_byte_level(tok_build *b, const json_view *view) {
  bool add_prefix_space, use_regex;
  json_view prefix = view_member(view, "add_prefix_space"), regex = view_member(view, "use_regex");
  if (b->header.flags & TOK_BYTE_LEVEL) return view_fail(b->a, view, "ByteLevel comes twice");
  TRY(view_bool(b->a, &prefix, true, &add_prefix_space));
  TRY(view_bool(b->a, &regex, true, &use_regex));
  tok_string space = {" ", 1};
  if (add_prefix_space) tok_add_step(b, TOK_STEP_PREPEND_MISSING, space, space);
  if (use_regex)
    TRY(tok_add_split_of(b, view, byte_level_pattern, sizeof byte_level_pattern - 1, TOK_SPLIT_ISOLATED));
  b->header.flags |= TOK_BYTE_LEVEL; /* what comes after it sees the spelling of bytes */
  return OK;
}

static const struct {
  const char *name;
  tok_split_kind kind, inverted;
} behaviors[] = {{"Isolated", TOK_SPLIT_ISOLATED, TOK_SPLIT_ISOLATED},
                 {"Removed", TOK_SPLIT_REMOVE_MATCHES, TOK_SPLIT_KEEP_MATCHES},
                 {"MergedWithPrevious", TOK_SPLIT_JOIN_PREVIOUS, TOK_SPLIT_JOIN_PREVIOUS},
                 {"MergedWithNext", TOK_SPLIT_JOIN_NEXT, TOK_SPLIT_JOIN_NEXT},
                 {"Contiguous", TOK_SPLIT_JOIN_SAME, TOK_SPLIT_JOIN_SAME}};

/* A split with the behavior that the member of that name in `view` has. */
static status add_behaved(tok_build *b, const json_view *view, tok_string pattern, bool invert) {
  json_view behavior = view_member(view, "behavior"), where = view_member(view, "pattern");
  const char *name = "Isolated";
  size_t count;
  if (!view_is_absent(&behavior)) TRY(view_string(b->a, &behavior, &name, &count));
  for (size_t i = 0; i < sizeof behaviors / sizeof *behaviors; i++) {
    if (strcmp(name, behaviors[i].name) != 0) continue;
    TRY(tok_add_split_of(b, view_is_absent(&where) ? view : &where, pattern.bytes, pattern.count,
                         invert ? behaviors[i].inverted : behaviors[i].kind));
    b->splits[b->split_count - 1].inverted = invert;
    return OK;
  }
  return view_fail(b->a, &behavior, "splits with behavior %s are not supported", name);
}

static status read_split(tok_build *b, const json_view *view) {
  json_view pattern = view_member(view, "pattern"), invert_member = view_member(view, "invert");
  bool invert;
  tok_string string;
  TRY(view_bool(b->a, &invert_member, false, &invert));
  TRY(view_object(b->a, &pattern));
  json_view regex = view_member(&pattern, "Regex"), plain = view_member(&pattern, "String");
  if (!view_is_absent(&regex)) {
    TRY(view_string(b->a, &regex, &string.bytes, &string.count));
  } else {
    TRY(view_string(b->a, &plain, &string.bytes, &string.count));
    string.bytes = quote(b->a, string);
    string.count = strlen(string.bytes);
  }
  return add_behaved(b, view, string, invert);
}

static status read_char_delimiter(tok_build *b, const json_view *view) {
  json_view member = view_member(view, "delimiter");
  tok_string delimiter;
  TRY(view_string(b->a, &member, &delimiter.bytes, &delimiter.count));
  const char *pattern = quote(b->a, delimiter);
  return tok_add_split_of(b, &member, pattern, strlen(pattern), TOK_SPLIT_REMOVE_MATCHES);
}

/* Punctuation as BERT has it: of category P, or in ASCII neither letter, digit nor space. */
#define PUNCTUATION "\\p{P}!-/:-@\\[-`{-~"

static status read_bert(tok_build *b, const json_view *view) {
  static const char pattern[] = "[^\\s" PUNCTUATION "]+|[" PUNCTUATION "]";
  return tok_add_split_of(b, view, pattern, sizeof pattern - 1, TOK_SPLIT_KEEP_MATCHES);
}

static status read_punctuation(tok_build *b, const json_view *view) {
  static const char pattern[] = "[" PUNCTUATION "]";
  return add_behaved(b, view, (tok_string){pattern, sizeof pattern - 1}, false);
}

/* Letters of words are ASCII's, as the reference's \w is JavaScript's. */
static status read_whitespace(tok_build *b, const json_view *view) {
  static const char pattern[] = "[0-9A-Za-z_]+|[^0-9A-Za-z_\\s]+";
  return tok_add_split_of(b, view, pattern, sizeof pattern - 1, TOK_SPLIT_KEEP_MATCHES);
}

static status read_fixed_length(tok_build *b, const json_view *view) {
  json_view member = view_member(view, "length");
  uint32_t length = 5;
  if (!view_is_absent(&member)) TRY(view_unsigned(b->a, &member, UINT32_MAX, &length));
  if (!length) return view_fail(b->a, &member, "the length is 0");
  const char *pattern = arena_format(b->a, "[\\s\\S]{1,%u}", (unsigned)length);
  return tok_add_split_of(b, &member, pattern, strlen(pattern), TOK_SPLIT_KEEP_MATCHES);
}

static status read_whitespace_split(tok_build *b, const json_view *view) {
  return tok_add_split_of(b, view, "\\S+", 3, TOK_SPLIT_KEEP_MATCHES);
}

static status read_digits(tok_build *b, const json_view *view) {
  bool individual;
  json_view member = view_member(view, "individual_digits");
  TRY(view_bool(b->a, &member, false, &individual));
  const char *pattern = individual ? "[0-9]" : "[0-9]+";
  return tok_add_split_of(b, view, pattern, strlen(pattern), TOK_SPLIT_ISOLATED);
}

/* Spaces become `replacement`, one of which also begins the text. */
static status read_metaspace(tok_build *b, const json_view *view) {
  static const struct {
    const char *scheme;
    tok_step_kind kind;
  } schemes[] = {{"always", TOK_STEP_PREPEND_MISSING}, {"first", TOK_STEP_PREPEND_MISSING_FIRST}};
  json_view member = view_member(view, "replacement"), scheme_member = view_member(view, "prepend_scheme");
  json_view split_member = view_member(view, "split"), prefix_member = view_member(view, "add_prefix_space");
  tok_string mark, scheme = {"always", 6};
  bool split, add_prefix_space;
  TRY(view_string(b->a, &member, &mark.bytes, &mark.count));
  if (!mark.count) return view_fail(b->a, &member, "the replacement is empty");
  TRY(view_bool(b->a, &split_member, true, &split));
  TRY(view_bool(b->a, &prefix_member, true, &add_prefix_space));
  if (!view_is_absent(&scheme_member)) TRY(view_string(b->a, &scheme_member, &scheme.bytes, &scheme.count));
  if (!add_prefix_space) scheme.bytes = "never";

  tok_add_step(b, TOK_STEP_REPLACE, (tok_string){" ", 1}, mark);
  bool known = strcmp(scheme.bytes, "never") == 0;
  for (size_t i = 0; i < sizeof schemes / sizeof *schemes && !known; i++) {
    if ((known = strcmp(scheme.bytes, schemes[i].scheme) == 0)) tok_add_step(b, schemes[i].kind, mark, mark);
  }
  if (!known) return view_fail(b->a, &scheme_member, "the scheme %s is not supported", scheme.bytes);
  /* The reference never splits here, which such models seldom show; safe_split.c does where they never do. */
  if (!split || b->header.model == TOK_MODEL_BPE || b->header.model == TOK_MODEL_UNIGRAM) return OK;
  const char *pattern = arena_format(b->a, "%s(?:[^%s])*|[^%s]+", quote(b->a, mark), mark.bytes, mark.bytes);
  return tok_add_split_of(b, view, pattern, strlen(pattern), TOK_SPLIT_ISOLATED);
}

static status read_sequence(tok_build *b, const json_view *view) {
  json_view items = view_member(view, "pretokenizers");
  TRY(view_array(b->a, &items));
  for (size_t i = 0; i < view_item_count(&items); i++) {
    json_view item = view_item(&items, i);
    bool over_bytes = b->header.flags & TOK_BYTE_LEVEL;
    size_t step_count = b->step_count;
    TRY(read_one(b, &item));
    if (over_bytes && b->step_count > step_count)
      return view_fail(b->a, &item, "what follows ByteLevel may split only, not change the text");
  }
  return OK;
}

static const struct {
  const char *type;
  status (*read)(tok_build *b, const json_view *view);
} types[] = {{"Sequence", read_sequence},
             {"ByteLevel", read_byte_level},
             {"Split", read_split},
             {"CharDelimiterSplit", read_char_delimiter},
             {"FixedLength", read_fixed_length},
             {"Punctuation", read_punctuation},
             {"Whitespace", read_whitespace},
             {"BertPreTokenizer", read_bert},
             {"WhitespaceSplit", read_whitespace_split},
             {"Digits", read_digits},
             {"Metaspace", read_metaspace}};

static status read_one(tok_build *b, const json_view *view) {
  const char *type;
  TRY(view_type(b->a, view, &type));
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    if (strcmp(type, types[i].type) == 0) return types[i].read(b, view);
  return view_fail(b->a, view, "pre-tokenizers of type %s are not supported", type);
}

status tok_read_pre_tokenizer(tok_build *b, const json_view *root) {
  json_view view = view_member(root, "pre_tokenizer");
  b->header.first_split = (uint32_t)b->split_count;
  return view_is_absent(&view) ? OK : read_one(b, &view);
}
