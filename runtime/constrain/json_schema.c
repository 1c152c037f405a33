/*
 * json_schema.c: the values that a JSON schema (draft 2020-12) allows, as a
 * grammar. What cannot be kept to is refused, so that every text is valid.
 */
#include "constrain/json_schema.h"

#include <string.h>

enum { MOST_LAYERS = 64, MOST_VALUES = 10000, MOST_NESTING = 400 };

/* ---- keywords ------------------------------------------------------------------------------- */

/* Keywords that say something about values, but not to us. Those not known are for people. */
static const char *const refused[] = {"not",
                                      "if",
                                      "then",
                                      "else",
                                      "patternProperties",
                                      "propertyNames",
                                      "minProperties",
                                      "maxProperties",
                                      "contains",
                                      "minContains",
                                      "maxContains",
                                      "dependentRequired",
                                      "dependentSchemas",
                                      "dependencies",
                                      "multipleOf",
                                      "unevaluatedItems",
                                      "$dynamicRef",
                                      "$recursiveRef"};

/* The kind of values that a keyword is about, where no `type` says it. */
static const struct {
  const char *keyword, *type;
} implied[] = {
    {"properties", "object"}, {"required", "object"},         {"additionalProperties", "object"},
    {"items", "array"},       {"prefixItems", "array"},       {"minItems", "array"},
    {"maxItems", "array"},    {"pattern", "string"},          {"format", "string"},
    {"minLength", "string"},  {"maxLength", "string"},        {"minimum", "number"},
    {"maximum", "number"},    {"exclusiveMinimum", "number"}, {"exclusiveMaximum", "number"},
};

enum {
  NULL_TYPE = 1,
  BOOLEAN = 2,
  INTEGER = 4,
  NUMBER = 8,
  STRING = 16,
  ARRAY = 32,
  OBJECT = 64,
  ANY_TYPE = 127
};

static const struct {
  const char *name;
  unsigned types;
} type_names[] = {
    {"null", NULL_TYPE}, {"boolean", BOOLEAN}, {"integer", INTEGER}, {"number", NUMBER | INTEGER},
    {"string", STRING},  {"array", ARRAY},     {"object", OBJECT}};

#define COUNT_OF(table) (sizeof(table) / sizeof(table)[0])

static const char *kind_name(con_json_kind kind) {
  static const char *const names[] = {"null",     "false",    "true",     "a number",
                                      "a string", "an array", "an object"};
  return names[kind];
}

const con_json *con_schema_keyword(const con_schema *c, const con_layer *layer, const char *name,
                                   con_json_kind kind) {
  const con_json *value = con_json_named(layer->schema, name);
  if (value && value->kind != kind)
    con_fail_at(c->source, value->at, "%s: expected %s, found %s", name, kind_name(kind),
                kind_name(value->kind));
  return value;
}

uint32_t con_schema_count(const con_schema *c, const con_layers *layers, const char *name, bool is_least,
                          uint32_t otherwise) {
  uint32_t count = otherwise;
  for (uint32_t i = 0; i < layers->count; i++) {
    const con_json *value = con_schema_keyword(c, &layers->items[i], name, CON_JSON_NUMBER);
    bool is_exact = true;
    int64_t number = value ? con_json_floor(value, &is_exact) : 0;
    if (!value) continue;
    if (number < 0 || !is_exact || number > CON_MOST_REPEATS)
      con_fail_at(c->source, value->at, "%s: expected a whole number from 0 to %d", name, CON_MOST_REPEATS);
    if (is_least ? number > count : number < count) count = (uint32_t)number;
  }
  return count;
}

/* ---- layers ------------------------------------------------------------------------------------ */

static void check_keywords(const con_schema *c, const con_json *schema) {
  for (const con_json *item = schema->first; item; item = item->next) {
    for (size_t i = 0; i < COUNT_OF(refused); i++)
      if (con_string_is(item->key, refused[i]) && item->kind != CON_JSON_FALSE)
        con_fail_at(c->source, item->key_at,
                    "the keyword %s cannot be kept to; leave it out or say it otherwise", refused[i]);
    if (con_string_is(item->key, "uniqueItems") && item->kind == CON_JSON_TRUE)
      con_fail_at(c->source, item->key_at, "the keyword uniqueItems cannot be kept to; leave it out");
  }
}

void con_schema_add(con_schema *c, con_layers *layers, const con_json *schema) {
  if (schema->kind != CON_JSON_OBJECT && schema->kind != CON_JSON_TRUE && schema->kind != CON_JSON_FALSE)
    con_fail_at(c->source, schema->at, "a schema is an object, true or false, found %s",
                kind_name(schema->kind));
  if (layers->count == MOST_LAYERS)
    con_fail_at(c->source, schema->at, "more than %d schemas of one value; do they refer to each other?",
                MOST_LAYERS);
  if (schema->kind == CON_JSON_OBJECT) check_keywords(c, schema);
  if (schema->kind != CON_JSON_TRUE) *con_add(c->memory, layers) = (con_layer){.schema = schema};
}

/* One step of a pointer: "/" and a name with ~0 for ~, ~1 for /. */
static const con_json *follow_step(con_schema *c, const con_json *at, const char **step, const char *end) {
  CON_LIST(char) name = {0};
  const char *from = *step + 1;
  for (; from < end && *from != '/'; from++) {
    char letter = *from;
    if (letter == '~' && from + 1 < end) letter = *++from == '1' ? '/' : '~';
    *con_add(c->memory, &name) = letter;
  }
  *step = from;
  if (at->kind != CON_JSON_ARRAY) return con_json_member(at, (con_string){name.items, name.count});
  uint32_t index = 0;
  for (uint32_t i = 0; i < name.count; i++) {
    if (name.items[i] < '0' || name.items[i] > '9' || index > at->count) return NULL;
    index = index * 10 + (uint32_t)(name.items[i] - '0');
  }
  const con_json *item = at->first;
  while (item && index-- > 0) item = item->next;
  return item;
}

static const con_json *find_referred(con_schema *c, const con_json *ref) {
  const char *step = ref->text.bytes, *end = step + ref->text.count;
  if (step == end || *step != '#' || (step + 1 < end && step[1] != '/'))
    con_fail_at(c->source, ref->at, "$ref: expected # or #/..., a place in this file");
  const con_json *at = c->root;
  step++;
  while (at && step < end) at = follow_step(c, at, &step, end);
  if (!at) con_fail_at(c->source, ref->at, "$ref: there is no such place in this file");
  return at;
}

/* Whether a keyword of the layer that was not followed yet says something. */
static bool says_something(const con_layer *layer) {
  static const char *const others[] = {"type", "enum", "const", "unevaluatedProperties", "additionalItems"};
  const con_json *schema = layer->schema;
  if (schema->kind == CON_JSON_FALSE || (!layer->no_ref && con_json_named(schema, "$ref")) ||
      (!layer->no_all && con_json_named(schema, "allOf")) ||
      (!layer->no_any && con_json_named(schema, "anyOf")) ||
      (!layer->no_one && con_json_named(schema, "oneOf")))
    return true;
  for (size_t i = 0; i < COUNT_OF(implied); i++)
    if (con_json_named(schema, implied[i].keyword)) return true;
  for (size_t i = 0; i < COUNT_OF(others); i++)
    if (con_json_named(schema, others[i])) return true;
  return false;
}

/* Follows $ref and allOf until only keywords about the value itself, and choices, are left. */
static con_layers flattened(con_schema *c, const con_layers *from) {
  con_layers layers = {0}, flat = {0};
  for (uint32_t i = 0; i < from->count; i++) *con_add(c->memory, &layers) = from->items[i];
  for (uint32_t i = 0; i < layers.count; i++) {
    con_layer *layer = &layers.items[i];
    const con_json *ref = layer->no_ref ? NULL : con_schema_keyword(c, layer, "$ref", CON_JSON_STRING);
    const con_json *all = layer->no_all ? NULL : con_schema_keyword(c, layer, "allOf", CON_JSON_ARRAY);
    layer->no_ref = layer->no_all = true;
    if (says_something(layer)) *con_add(c->memory, &flat) = *layer;
    if (ref) con_schema_add(c, &layers, find_referred(c, ref));
    for (const con_json *item = all ? all->first : NULL; item; item = item->next)
      con_schema_add(c, &layers, item);
  }
  return flat;
}

/* ---- choices of schemas --------------------------------------------------------------------------- */

/* The first anyOf or oneOf of the layers, which then is followed; NULL: there is none. */
static const con_json *take_choice(const con_schema *c, con_layers *layers) {
  for (uint32_t i = 0; i < layers->count; i++) {
    con_layer *layer = &layers->items[i];
    const con_json *any = layer->no_any ? NULL : con_schema_keyword(c, layer, "anyOf", CON_JSON_ARRAY);
    const con_json *one = layer->no_one ? NULL : con_schema_keyword(c, layer, "oneOf", CON_JSON_ARRAY);
    if (any) layer->no_any = true;
    if (any) return any;
    if (one) layer->no_one = true;
    if (one) return one;
  }
  return NULL;
}

static uint32_t choice_node(con_schema *c, const con_layers *layers, const con_json *choice) {
  CON_LIST(uint32_t) nodes = {0};
  for (const con_json *item = choice->first; item; item = item->next) {
    con_layers one = {0};
    for (uint32_t i = 0; i < layers->count; i++) *con_add(c->memory, &one) = layers->items[i];
    con_schema_add(c, &one, item);
    *con_add(c->memory, &nodes) = con_schema_value(c, &one);
  }
  return con_any(c->grammar, nodes.items, nodes.count);
}

/* ---- types ------------------------------------------------------------------------------------------ */

static unsigned types_of_name(const con_schema *c, const con_json *name) {
  for (size_t i = 0; i < COUNT_OF(type_names); i++)
    if (name->kind == CON_JSON_STRING && con_string_is(name->text, type_names[i].name))
      return type_names[i].types;
  con_fail_at(c->source, name->at,
              "expected a type: null, boolean, integer, number, string, array or object");
}

/* All that the layers' types have in common; without any, what other keywords are about. */
static unsigned types_of(const con_schema *c, const con_layers *layers) {
  unsigned types = ANY_TYPE, about = 0;
  bool is_said = false;
  for (uint32_t i = 0; i < layers->count; i++) {
    const con_json *schema = layers->items[i].schema, *type = con_json_named(schema, "type");
    unsigned own = type && type->kind != CON_JSON_ARRAY ? types_of_name(c, type) : 0;
    for (const con_json *item = type ? type->first : NULL; item; item = item->next)
      own |= types_of_name(c, item);
    if (type) types &= own;
    is_said |= type != NULL;
    for (size_t k = 0; k < COUNT_OF(implied); k++)
      for (size_t t = 0; t < COUNT_OF(type_names) && con_json_named(schema, implied[k].keyword); t++)
        if (strcmp(type_names[t].name, implied[k].type) == 0) about |= type_names[t].types;
  }
  return is_said || !about ? types : about;
}

static uint32_t typed_nodes(con_schema *c, const con_layers *layers) {
  con_grammar *g = c->grammar;
  unsigned types = types_of(c, layers);
  uint32_t node = con_nothing(g);
  if (types & NULL_TYPE) node = con_choice(g, con_word(g, "null"), node);
  if (types & BOOLEAN) node = con_choice(g, con_choice(g, con_word(g, "true"), con_word(g, "false")), node);
  if (types & (NUMBER | INTEGER)) node = con_choice(g, con_schema_number(c, layers, !(types & NUMBER)), node);
  if (types & STRING) node = con_choice(g, con_schema_string(c, layers), node);
  if (types & ARRAY) node = con_choice(g, con_schema_array(c, layers), node);
  if (types & OBJECT) node = con_choice(g, con_schema_object(c, layers), node);
  return node;
}

/* ---- values that are listed ------------------------------------------------------------------------- */

/* A value as it is, with a space where most people write one. */
static uint32_t literal(con_schema *c, const con_json *value) {
  con_grammar *g = c->grammar;
  CON_LIST(uint32_t) nodes = {0};
  if (value->kind == CON_JSON_STRING) return con_json_quoted(g, value->text);
  if (value->kind == CON_JSON_NUMBER) return con_text(g, value->text.bytes, value->text.count);
  if (value->kind < CON_JSON_NUMBER) return con_word(g, kind_name(value->kind));
  bool is_object = value->kind == CON_JSON_OBJECT;
  uint32_t space = con_repeat(g, con_word(g, " "), 0, 1);
  *con_add(c->memory, &nodes) = con_word(g, is_object ? "{" : "[");
  for (const con_json *item = value->first; item; item = item->next) {
    if (is_object) {
      *con_add(c->memory, &nodes) = con_json_quoted(g, item->key);
      *con_add(c->memory, &nodes) = con_sequence(g, con_word(g, ":"), space);
    }
    *con_add(c->memory, &nodes) = literal(c, item);
    if (item->next) *con_add(c->memory, &nodes) = con_sequence(g, con_word(g, ","), space);
  }
  *con_add(c->memory, &nodes) = con_word(g, is_object ? "}" : "]");
  return con_all(g, nodes.items, nodes.count);
}

static bool is_listed(const con_json *list, const con_json *value) {
  for (const con_json *item = list->first; item; item = item->next)
    if (con_json_same(item, value)) return true;
  return false;
}

static bool suits_types(const con_json *value, unsigned types) {
  static const unsigned of_kind[] = {NULL_TYPE, BOOLEAN, BOOLEAN, NUMBER, STRING, ARRAY, OBJECT};
  bool is_exact;
  if (value->kind != CON_JSON_NUMBER || types & NUMBER) return types & of_kind[value->kind];
  con_json_floor(value, &is_exact);
  return types & INTEGER && is_exact;
}

/* A listed value, if all layers allow it. Numbers and strings are held against bounds, lengths and patterns.
 */
static uint32_t listed_node(con_schema *c, const con_layers *layers, const con_json *value) {
  con_grammar *g = c->grammar;
  bool is_bounded = false;
  unsigned types = ANY_TYPE;
  for (uint32_t i = 0; i < layers->count; i++) {
    const con_layer *layer = &layers->items[i];
    const con_json *list = con_schema_keyword(c, layer, "enum", CON_JSON_ARRAY);
    const con_json *one = con_json_named(layer->schema, "const");
    if ((list && !is_listed(list, value)) || (one && !con_json_same(one, value))) return con_nothing(g);
    if (con_json_named(layer->schema, "type")) types = types_of(c, layers);
    for (size_t k = 0; k < COUNT_OF(implied); k++)
      is_bounded |= k >= 7 && con_json_named(layer->schema, implied[k].keyword);
  }
  if (!suits_types(value, types)) return con_nothing(g);
  uint32_t node = literal(c, value);
  if (!is_bounded) return node;
  if (value->kind == CON_JSON_STRING) return con_both(g, node, con_schema_string(c, layers));
  if (value->kind == CON_JSON_NUMBER) return con_both(g, node, con_schema_number(c, layers, false));
  return node;
}

/* The values that the layers list; false where none does. */
static bool listed_nodes(con_schema *c, const con_layers *layers, uint32_t *node) {
  CON_LIST(uint32_t) nodes = {0};
  for (uint32_t i = 0; i < layers->count; i++) {
    const con_json *list = con_schema_keyword(c, &layers->items[i], "enum", CON_JSON_ARRAY);
    const con_json *one = con_json_named(layers->items[i].schema, "const");
    if (!list && !one) continue;
    for (const con_json *item = one ? one : list->first; item; item = one ? NULL : item->next)
      *con_add(c->memory, &nodes) = listed_node(c, layers, item);
    *node = con_any(c->grammar, nodes.items, nodes.count);
    return true;
  }
  return false;
}

/* ---- rules that schemas share ------------------------------------------------------------------------ */

/* Space between the parts of a value: what people write, and no more, so that no text is space for ever. */
static uint32_t shared_node(con_schema *c, con_shared which) {
  static const char *const texts[] = {
      [CON_SHARED_SPACE] = "( |\n[ \t]{0,20})?",
      [CON_SHARED_STRING] =
          "\"([^\"\\\\\\x00-\\x1f]|\\\\([\"\\\\/bfnrt]|u([0-9a-ce-fA-CE-F][0-9a-fA-F]|[dD][0-7])"
          "[0-9a-fA-F]{2}))*\"",
  };
  if (which == CON_SHARED_VALUE) return typed_nodes(c, &(con_layers){0});
  con_source source = {
      .memory = c->memory, .text = (const uint8_t *)texts[which], .bytes = strlen(texts[which])};
  return con_regex_node(c->grammar, &source, NULL, false);
}

uint32_t con_schema_shared(con_schema *c, con_shared which) {
  static const char *const names[] = {"of space", "of strings", "of values"};
  if (!c->shared[which]) {
    uint32_t rule = con_new_rule(c->grammar, names[which]);
    c->shared[which] = rule + 1;
    uint32_t node = shared_node(c, which);
    c->grammar->rules.items[rule].node = node;
  }
  return con_rule_node(c->grammar, c->shared[which] - 1);
}

uint32_t con_schema_apart(con_schema *c, uint32_t node, const char *name) {
  if (c->grammar->nodes.items[node].kind == CON_RULE) return node;
  uint32_t rule = con_new_rule(c->grammar, name);
  c->grammar->rules.items[rule].node = node;
  return con_rule_node(c->grammar, rule);
}

/* ---- values ------------------------------------------------------------------------------------------- */

static uint32_t value_node(con_schema *c, con_layers *layers) {
  uint32_t node;
  for (uint32_t i = 0; i < layers->count; i++)
    if (layers->items[i].schema->kind == CON_JSON_FALSE) return con_nothing(c->grammar);
  if (layers->count == 0) return con_schema_shared(c, CON_SHARED_VALUE);
  const con_json *choice = take_choice(c, layers);
  if (choice) return choice_node(c, layers, choice);
  if (listed_nodes(c, layers, &node)) return node;
  return typed_nodes(c, layers);
}

static bool same_layers(const con_layers *x, const con_layers *y) {
  if (x->count != y->count) return false;
  for (uint32_t i = 0; i < x->count; i++)
    if (x->items[i].schema != y->items[i].schema || x->items[i].no_any != y->items[i].no_any ||
        x->items[i].no_one != y->items[i].no_one)
      return false;
  return true;
}

/* Every value is a rule: so schemas may come back to themselves. */
uint32_t con_schema_value(con_schema *c, const con_layers *from) {
  con_layers layers = flattened(c, from);
  for (uint32_t i = 0; i < c->known.count; i++)
    if (same_layers(&c->known.items[i].layers, &layers))
      return con_rule_node(c->grammar, c->known.items[i].rule);
  if (++c->nesting > MOST_NESTING || c->known.count == MOST_VALUES)
    con_fail_at(c->source, from->count ? from->items[0].schema->at : 0,
                "the schema is too large or nests too deep");
  uint32_t rule = con_new_rule(c->grammar, "of a value");
  con_layers kept = {0};
  for (uint32_t i = 0; i < layers.count; i++) *con_add(c->memory, &kept) = layers.items[i];
  *con_add(c->memory, &c->known) = (con_known){kept, rule};
  uint32_t node = value_node(c, &layers);
  c->grammar->rules.items[rule].node = node;
  c->nesting--;
  return con_rule_node(c->grammar, rule);
}

void con_read_json_schema(con_grammar *g, con_source *s) {
  con_schema c = {.grammar = g, .source = s, .memory = s->memory, .root = con_json_read(s)};
  con_layers layers = {0};
  con_schema_add(&c, &layers, c.root);
  g->root = con_new_rule(g, "root");
  uint32_t node = con_schema_value(&c, &layers);
  g->rules.items[g->root].node = node;
}
