/*
 * json_object.c: objects of JSON: the properties of the schema in its order,
 * then, where they are allowed, others whose names the schema does not have.
 */
#include "constrain/json_schema.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
  con_string name;
  bool is_required;
  con_layers layers;
  uint32_t node; /* "name": value */
} property;

typedef struct {
  con_schema *schema;
  CON_LIST(property) properties;
  uint32_t comma;
  bool has_more;
  uint32_t more; /* a property with another name */
} object;

/* ---- what the layers say ------------------------------------------------------------------------- */

static property *find_property(object *o, con_string name) {
  for (uint32_t i = 0; i < o->properties.count; i++)
    if (con_string_same(o->properties.items[i].name, name)) return &o->properties.items[i];
  property *p = con_add(o->schema->memory, &o->properties);
  *p = (property){.name = name};
  return p;
}

static void find_properties(object *o, const con_layers *layers) {
  con_schema *c = o->schema;
  for (uint32_t i = 0; i < layers->count; i++) {
    const con_json *all = con_schema_keyword(c, &layers->items[i], "properties", CON_JSON_OBJECT);
    for (const con_json *item = all ? all->first : NULL; item; item = item->next) find_property(o, item->key);
  }
  for (uint32_t i = 0; i < layers->count; i++) {
    const con_json *all = con_schema_keyword(c, &layers->items[i], "required", CON_JSON_ARRAY);
    for (const con_json *item = all ? all->first : NULL; item; item = item->next) {
      if (item->kind != CON_JSON_STRING) con_fail_at(c->source, item->at, "expected the name of a property");
      find_property(o, item->text)->is_required = true;
    }
  }
}

/* What a layer says about names that are not among its properties: NULL: nothing. */
static const con_json *additional(const con_json *schema) {
  const con_json *found = con_json_named(schema, "additionalProperties");
  return found ? found : con_json_named(schema, "unevaluatedProperties");
}

/* Every layer's word about each property: its own schema of it, or that of additional ones. */
static void collect_layers(object *o, const con_layers *layers) {
  con_schema *c = o->schema;
  for (uint32_t i = 0; i < layers->count; i++) {
    const con_json *schema = layers->items[i].schema, *all = con_json_named(schema, "properties");
    for (uint32_t k = 0; k < o->properties.count; k++) {
      property *p = &o->properties.items[k];
      const con_json *own = all ? con_json_member(all, p->name) : NULL;
      if (!own) own = con_json_named(schema, "additionalProperties");
      if (own) con_schema_add(c, &p->layers, own);
    }
  }
}

/* Properties beyond the named ones come where a layer asks for them, or none says anything about properties.
 */
static void find_more(object *o, const con_layers *layers) {
  con_layers more = {0};
  bool is_asked = o->properties.count == 0;
  for (uint32_t i = 0; i < layers->count; i++) {
    const con_json *schema = additional(layers->items[i].schema);
    if (!schema) continue;
    if (schema->kind == CON_JSON_FALSE) return;
    con_schema_add(o->schema, &more, schema);
    is_asked = true;
  }
  if (!is_asked) return;
  o->has_more = true;
  o->more = con_schema_apart(o->schema, con_schema_value(o->schema, &more), "of an additional property");
}

/* ---- names that are none of the properties' ---------------------------------------------------------- */

static int compare_names(const void *x, const void *y) {
  const con_string *a = x, *b = y;
  size_t shorter = a->count < b->count ? a->count : b->count;
  int order = memcmp(a->bytes, b->bytes, shorter);
  return order ? order : a->count < b->count ? -1 : a->count > b->count;
}

/* One of the plain characters that are below 0x80 or begin others, apart from those in `without`. */
static uint32_t other_character(con_grammar *g, con_set *without) {
  con_set_normalise(g->memory, without);
  con_set plain = con_json_plain(g->memory), rest = con_set_inverse(g->memory, without);
  rest = con_set_common(g->memory, &plain, &rest);
  return con_one_of(g, &rest);
}

/*
 * What plain names go on with behind `depth` bytes that names[count], sorted, share, to become none of them.
 * Names that differ in a character beyond ASCII are told apart there, not in its bytes.
 */
static uint32_t other_names(con_grammar *g, const con_string *names, size_t count, size_t depth) {
  con_set without = {0}, all = con_json_plain(g->memory);
  bool ends = count && names[0].count == depth;
  uint32_t node = ends ? con_nothing(g) : con_empty(g);
  for (size_t i = ends, end; i < count; i = end) {
    con_source at = {
        .memory = g->memory, .text = (const uint8_t *)names[i].bytes, .bytes = names[i].count, .at = depth};
    uint32_t code = con_code_point(&at);
    size_t bytes = at.at - depth;
    for (end = i + 1; end < count && names[end].count >= at.at; end++)
      if (memcmp(names[end].bytes + depth, names[i].bytes + depth, bytes) != 0) break;
    con_set_add(g->memory, &without, code, code);
    uint32_t rest = other_names(g, names + i, end - i, at.at);
    node = con_choice(g, con_sequence(g, con_text(g, names[i].bytes + depth, bytes), rest), node);
  }
  uint32_t tail = con_repeat(g, con_one_of(g, &all), 0, CON_MANY);
  return con_choice(g, con_sequence(g, other_character(g, &without), tail), node);
}

static bool is_plain(con_string name) {
  for (size_t i = 0; i < name.count; i++)
    if ((uint8_t)name.bytes[i] < ' ' || name.bytes[i] == '"' || name.bytes[i] == '\\') return false;
  return true;
}

static uint32_t other_name(object *o) {
  con_grammar *g = o->schema->grammar;
  if (o->properties.count == 0) return con_schema_shared(o->schema, CON_SHARED_STRING);
  con_string *names = con_take(g->memory, o->properties.count * sizeof *names);
  size_t count = 0;
  for (uint32_t i = 0; i < o->properties.count; i++)
    if (is_plain(o->properties.items[i].name)) names[count++] = o->properties.items[i].name;
  qsort(names, count, sizeof *names, compare_names);
  uint32_t node = con_sequence(g, other_names(g, names, count, 0), con_word(g, "\""));
  return con_sequence(g, con_word(g, "\""), node);
}

/* ---- the object ---------------------------------------------------------------------------------------- */

static uint32_t named_value(con_grammar *g, uint32_t name, uint32_t value) {
  uint32_t space = con_repeat(g, con_word(g, " "), 0, 1);
  return con_sequence(g, name, con_sequence(g, con_word(g, ":"), con_sequence(g, space, value)));
}

/* Where any of the first properties may be the first that comes, what follows them is used twice. */
static void make_nodes(object *o) {
  con_grammar *g = o->schema->grammar;
  bool may_begin = true;
  for (uint32_t i = 0; i < o->properties.count; i++) {
    property *p = &o->properties.items[i];
    p->node = named_value(g, con_json_quoted(g, p->name), con_schema_value(o->schema, &p->layers));
    may_begin &= !p->is_required;
    if (may_begin) p->node = con_schema_apart(o->schema, p->node, "of a property");
  }
  if (o->has_more)
    o->more =
        con_schema_apart(o->schema, named_value(g, other_name(o), o->more), "of an additional property");
}

/* What may come from property `i` on where some came before: from the last one back. */
static uint32_t make_body(object *o) {
  con_grammar *g = o->schema->grammar;
  uint32_t after = con_empty(g), first = con_empty(g);
  if (o->has_more) {
    after = con_repeat(g, con_sequence(g, o->comma, o->more), 0, CON_MANY);
    after = con_schema_apart(o->schema, after, "of additional properties");
    first = con_repeat(g, con_sequence(g, o->more, after), 0, 1);
  }
  uint32_t may_begin = 0;
  while (may_begin < o->properties.count && !o->properties.items[may_begin].is_required) may_begin++;
  for (uint32_t i = o->properties.count; i-- > 0;) {
    const property *p = &o->properties.items[i];
    uint32_t begins = con_sequence(g, p->node, after);
    first = p->is_required ? begins : con_choice(g, begins, first);
    uint32_t one = con_repeat(g, con_sequence(g, o->comma, p->node), p->is_required ? 1 : 0, 1);
    after = con_sequence(g, one, after);
    if (i > 0 && i <= may_begin) after = con_schema_apart(o->schema, after, "of the properties that follow");
  }
  return first;
}

uint32_t con_schema_object(con_schema *c, const con_layers *layers) {
  con_grammar *g = c->grammar;
  uint32_t space = con_schema_shared(c, CON_SHARED_SPACE);
  object o = {.schema = c, .comma = con_sequence(g, con_word(g, ","), space)};
  find_properties(&o, layers);
  collect_layers(&o, layers);
  find_more(&o, layers);
  make_nodes(&o);
  uint32_t body = con_all(g, (uint32_t[]){space, make_body(&o), space, con_word(g, "}")}, 4);
  return con_sequence(g, con_word(g, "{"), body);
}
