/* post_processor.c: post_processor -> the ids around an encoded text. */
#include "tokenizer/build.h"

#include <string.h>

typedef struct {
  uint32_t *ids;
  size_t count, capacity;
} id_list;

typedef struct {
  id_list prefix, suffix;
  tok_pair_item *pair;
  size_t pair_count, pair_capacity;
} template;

static status read_one(tok_build *b, const json_view *view, template *t);

static status add_id(tok_build *b, const json_view *view, id_list *list) {
  uint32_t id;
  TRY(view_unsigned(b->a, view, b->vocab_size, &id));
  ARENA_PUSH(b->a, list->ids, list->count, list->capacity) = id;
  return OK;
}

/* ---- one function per type --------------------------------------------------------- */

/* ByteLevel changes only where tokens are said to come from; RobertaProcessing too. */
static status read_byte_level(tok_build *b, const json_view *view, template *t) {
  (void)t;
  json_view trims = view_member(view, "trim_offsets"), prefixes = view_member(view, "add_prefix_space");
  bool is_trimmed, has_prefix;
  TRY(view_bool(b->a, &trims, true, &is_trimmed));
  TRY(view_bool(b->a, &prefixes, true, &has_prefix));
  if (is_trimmed) b->header.flags |= TOK_TRIM_ORIGINS;
  if (is_trimmed && has_prefix) b->header.flags |= TOK_SPARE_FIRST;
  return OK;
}

/* The ids of a special token of a template. */
static status read_special(tok_build *b, const json_view *view, const json_view *item, id_list *list) {
  json_view special = view_member(item, "SpecialToken");
  tok_string name;
  TRY(view_object(b->a, &special));
  json_view id = view_member(&special, "id");
  TRY(view_string(b->a, &id, &name.bytes, &name.count));
  json_view table = view_member(view, "special_tokens"), entry = view_member(&table, name.bytes);
  json_view ids = view_member(&entry, "ids");
  TRY(view_array(b->a, &ids));
  for (size_t i = 0; i < view_item_count(&ids); i++) {
    json_view number = view_item(&ids, i);
    TRY(add_id(b, &number, list));
  }
  return OK;
}

/* One item of TemplateProcessing.single: the text's place, or a special token with its ids. */
static status read_template_item(tok_build *b, const json_view *view, const json_view *item, template *t,
                                 bool *text_seen) {
  json_view sequence = view_member(item, "Sequence");
  if (view_is_absent(&sequence)) return read_special(b, view, item, *text_seen ? &t->suffix : &t->prefix);
  if (*text_seen) return view_fail(b->a, item, "the text appears twice");
  *text_seen = true;
  return OK;
}

static void add_pair_item(tok_build *b, template *t, tok_pair_kind kind, uint32_t id, uint32_t type) {
  ARENA_PUSH(b->a, t->pair, t->pair_count, t->pair_capacity) =
      (tok_pair_item){.kind = kind, .id = id, .type = type};
}

/* One item of TemplateProcessing.pair. */
static status read_pair_item(tok_build *b, const json_view *view, const json_view *item, template *t) {
  json_view sequence = view_member(item, "Sequence"), special = view_member(item, "SpecialToken");
  bool is_text = !view_is_absent(&sequence);
  json_view type_member = view_member(is_text ? &sequence : &special, "type_id");
  uint32_t type = 0;
  if (!view_is_absent(&type_member)) TRY(view_unsigned(b->a, &type_member, UINT16_MAX, &type));
  if (is_text) {
    json_view which = view_member(&sequence, "id");
    tok_string name;
    TRY(view_string(b->a, &which, &name.bytes, &name.count));
    if (strcmp(name.bytes, "A") != 0 && strcmp(name.bytes, "B") != 0)
      return view_fail(b->a, &which, "the texts of a pair are A and B");
    add_pair_item(b, t, *name.bytes == 'A' ? TOK_PAIR_FIRST : TOK_PAIR_SECOND, 0, type);
    return OK;
  }
  id_list ids = {0};
  TRY(read_special(b, view, item, &ids));
  for (size_t i = 0; i < ids.count; i++) add_pair_item(b, t, TOK_PAIR_TOKEN, ids.ids[i], type);
  return OK;
}

static status read_template(tok_build *b, const json_view *view, template *t) {
  json_view single = view_member(view, "single"), pair = view_member(view, "pair");
  bool text_seen = false;
  TRY(view_array(b->a, &single));
  for (size_t i = 0; i < view_item_count(&single); i++) {
    json_view item = view_item(&single, i);
    TRY(read_template_item(b, view, &item, t, &text_seen));
  }
  for (size_t i = 0; i < view_item_count(&pair); i++) {
    json_view item = view_item(&pair, i);
    TRY(read_pair_item(b, view, &item, t));
  }
  return text_seen ? OK : view_fail(b->a, &single, "the text does not appear");
}

/* RobertaProcessing and BertProcessing: cls and sep are pairs of spelling and id. Between two texts the one
 * has two separators, the other one. */
static status read_cls_sep(tok_build *b, const json_view *view, template *t, int separators) {
  json_view cls = view_member(view, "cls"), sep = view_member(view, "sep");
  TRY(view_array(b->a, &cls));
  TRY(view_array(b->a, &sep));
  json_view cls_id = view_item(&cls, 1), sep_id = view_item(&sep, 1);
  TRY(add_id(b, &cls_id, &t->prefix));
  TRY(add_id(b, &sep_id, &t->suffix));
  uint32_t begin = t->prefix.ids[t->prefix.count - 1], end = t->suffix.ids[t->suffix.count - 1];
  add_pair_item(b, t, TOK_PAIR_TOKEN, begin, 0);
  add_pair_item(b, t, TOK_PAIR_FIRST, 0, 0);
  for (int i = 0; i < separators; i++) add_pair_item(b, t, TOK_PAIR_TOKEN, end, i ? 1 : 0);
  add_pair_item(b, t, TOK_PAIR_SECOND, 0, 1);
  add_pair_item(b, t, TOK_PAIR_TOKEN, end, 1);
  return OK;
}

static status read_bert(tok_build *b, const json_view *view, template *t) {
  return read_cls_sep(b, view, t, 1);
}

static status read_roberta(tok_build *b, const json_view *view, template *t) {
  TRY(read_byte_level(b, view, t));
  return read_cls_sep(b, view, t, 2);
}

static status read_sequence(tok_build *b, const json_view *view, template *t) {
  json_view items = view_member(view, "processors");
  TRY(view_array(b->a, &items));
  for (size_t i = 0; i < view_item_count(&items); i++) {
    json_view item = view_item(&items, i);
    TRY(read_one(b, &item, t));
    if (t->prefix.count + t->suffix.count && i + 1 < view_item_count(&items))
      return view_fail(b->a, &item, "a template is supported as the last post-processor only");
  }
  return OK;
}

static const struct {
  const char *type;
  status (*read)(tok_build *b, const json_view *view, template *t);
} types[] = {{"Sequence", read_sequence},
             {"ByteLevel", read_byte_level},
             {"TemplateProcessing", read_template},
             {"RobertaProcessing", read_roberta},
             {"BertProcessing", read_bert}};

static status read_one(tok_build *b, const json_view *view, template *t) {
  const char *type;
  TRY(view_type(b->a, view, &type));
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    if (strcmp(type, types[i].type) == 0) return types[i].read(b, view, t);
  return view_fail(b->a, view, "post-processors of type %s are not supported", type);
}

/* Sets the flag that one of `count` names stands for, where the member is there. */
static status read_flag(tok_build *b, const json_view *member, const char *const *names,
                        const uint32_t *flags, size_t count) {
  tok_string name;
  if (view_is_absent(member)) return OK;
  TRY(view_string(b->a, member, &name.bytes, &name.count));
  for (size_t i = 0; i < count; i++) {
    if (strcmp(name.bytes, names[i]) != 0) continue;
    b->header.flags |= flags[i];
    return OK;
  }
  return fail_found(b->a, view_fail(b->a, member, "the word is none of the format's"), "'%s'", name.bytes);
}

/* How texts are cut; how long they may be, and whether they are cut at all, is the program's choice. */
static status read_truncation(tok_build *b, const json_view *root) {
  static const char *const directions[] = {"Right", "Left"};
  static const uint32_t direction_flags[] = {0, TOK_TRUNCATE_START};
  static const char *const strategies[] = {"LongestFirst", "OnlyFirst", "OnlySecond"};
  static const uint32_t strategy_flags[] = {0, TOK_TRUNCATE_FIRST, TOK_TRUNCATE_SECOND};
  json_view view = view_member(root, "truncation"), length = view_member(&view, "max_length");
  json_view direction = view_member(&view, "direction"), strategy = view_member(&view, "strategy");
  b->header.truncation_length = TOK_NONE;
  if (view_is_absent(&view)) return OK;
  TRY(view_unsigned(b->a, &length, UINT32_MAX, &b->header.truncation_length));
  TRY(read_flag(b, &direction, directions, direction_flags, 2));
  return read_flag(b, &strategy, strategies, strategy_flags, 3);
}

status tok_read_post_processor(tok_build *b, const json_view *root) {
  template t = {0};
  json_view view = view_member(root, "post_processor");
  if (!view_is_absent(&view)) TRY(read_one(b, &view, &t));
  if (!t.pair_count) { /* nothing is said about pairs: one after the other */
    add_pair_item(b, &t, TOK_PAIR_FIRST, 0, 0);
    add_pair_item(b, &t, TOK_PAIR_SECOND, 0, 1);
  }
  TOK_SET_SECTION(b, prefix_ids, t.prefix.ids, t.prefix.count);
  TOK_SET_SECTION(b, suffix_ids, t.suffix.ids, t.suffix.count);
  TOK_SET_SECTION(b, pair_items, t.pair, t.pair_count);
  return read_truncation(b, root);
}
