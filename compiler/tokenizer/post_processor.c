/* post_processor.c: post_processor -> the ids around an encoded text. */
#include "tokenizer/build.h"

#include <string.h>

typedef struct {
  uint32_t *ids;
  size_t count, capacity;
} id_list;

typedef struct {
  id_list prefix, suffix;
} template;

static status read_one(tok_build *b, const json_view *view, template *t);

static status add_id(tok_build *b, const json_view *view, id_list *list) {
  uint32_t id;
  TRY(view_unsigned(b->a, view, b->vocab_size, &id));
  ARENA_PUSH(b->a, list->ids, list->count, list->capacity) = id;
  return OK;
}

/* ---- one function per type --------------------------------------------------------- */

static status read_byte_level(tok_build *b, const json_view *view, template *t) {
  (void)b, (void)view, (void)t; /* changes offsets into the text only */
  return OK;
}

/* One item of TemplateProcessing.single: the text's place, or a special token with its ids. */
static status read_template_item(tok_build *b, const json_view *view, const json_view *item, template *t,
                                 bool *text_seen) {
  json_view sequence = view_member(item, "Sequence"), special = view_member(item, "SpecialToken");
  if (!view_is_absent(&sequence)) {
    if (*text_seen) return view_fail(b->a, item, "the text appears twice");
    *text_seen = true;
    return OK;
  }
  tok_string name;
  TRY(view_object(b->a, &special));
  json_view id = view_member(&special, "id");
  TRY(view_string(b->a, &id, &name.bytes, &name.count));
  json_view table = view_member(view, "special_tokens"), entry = view_member(&table, name.bytes);
  json_view ids = view_member(&entry, "ids");
  TRY(view_array(b->a, &ids));
  for (size_t i = 0; i < view_item_count(&ids); i++) {
    json_view number = view_item(&ids, i);
    TRY(add_id(b, &number, *text_seen ? &t->suffix : &t->prefix));
  }
  return OK;
}

static status read_template(tok_build *b, const json_view *view, template *t) {
  json_view single = view_member(view, "single");
  bool text_seen = false;
  TRY(view_array(b->a, &single));
  for (size_t i = 0; i < view_item_count(&single); i++) {
    json_view item = view_item(&single, i);
    TRY(read_template_item(b, view, &item, t, &text_seen));
  }
  return text_seen ? OK : view_fail(b->a, &single, "the text does not appear");
}

/* RobertaProcessing and BertProcessing: cls and sep are pairs of spelling and id. */
static status read_cls_sep(tok_build *b, const json_view *view, template *t) {
  json_view cls = view_member(view, "cls"), sep = view_member(view, "sep");
  TRY(view_array(b->a, &cls));
  TRY(view_array(b->a, &sep));
  json_view cls_id = view_item(&cls, 1), sep_id = view_item(&sep, 1);
  TRY(add_id(b, &cls_id, &t->prefix));
  return add_id(b, &sep_id, &t->suffix);
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
             {"RobertaProcessing", read_cls_sep},
             {"BertProcessing", read_cls_sep}};

static status read_one(tok_build *b, const json_view *view, template *t) {
  const char *type;
  TRY(view_type(b->a, view, &type));
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    if (strcmp(type, types[i].type) == 0) return types[i].read(b, view, t);
  return view_fail(b->a, view, "post-processors of type %s are not supported", type);
}

status tok_read_post_processor(tok_build *b, const json_view *root) {
  template t = {0};
  json_view view = view_member(root, "post_processor");
  if (!view_is_absent(&view)) TRY(read_one(b, &view, &t));
  TOK_SET_SECTION(b, prefix_ids, t.prefix.ids, t.prefix.count);
  TOK_SET_SECTION(b, suffix_ids, t.suffix.ids, t.suffix.count);
  return OK;
}
