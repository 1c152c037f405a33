/* regex_parse.c: recursive descent over the text of a regular expression. */
#include "tokenizer/regex.h"

#include <string.h>
#include <utf8proc.h>

enum { MAX_DEPTH = 100, MAX_REPEAT = 1000, MAX_PROPERTY_BYTES = 32 };

typedef struct {
  arena *a;
  const char *pattern;
  size_t bytes, at;
  bool ignore_case;
  int depth;
} parser;

static status parse_choice(parser *p, regex_node **result);

/* Never OK. */
__attribute__((returns_nonnull)) static status syntax_error(parser *p, const char *what) {
  status s = fail(p->a, STATUS_INPUT, "regular expression: %s at byte %zu", what, p->at);
  return fail_found(p->a, s, "%.*s", (int)(p->bytes < 200 ? p->bytes : 200), p->pattern);
}

static bool looking_at(const parser *p, const char *text) {
  size_t count = strlen(text);
  return p->bytes - p->at >= count && memcmp(p->pattern + p->at, text, count) == 0;
}

static bool accept(parser *p, const char *text) {
  if (!looking_at(p, text)) return false;
  p->at += strlen(text);
  return true;
}

static status next_code(parser *p, uint32_t *code) {
  utf8proc_int32_t value;
  if (p->at >= p->bytes) return syntax_error(p, "the end came too early");
  utf8proc_ssize_t length = utf8proc_iterate((const utf8proc_uint8_t *)p->pattern + p->at,
                                             (utf8proc_ssize_t)(p->bytes - p->at), &value);
  if (length <= 0) return syntax_error(p, "broken UTF-8");
  p->at += (size_t)length;
  *code = (uint32_t)value;
  return OK;
}

static regex_node *new_node(parser *p, regex_kind kind) {
  regex_node *node = ARENA_NEW(p->a, regex_node);
  node->kind = kind;
  return node;
}

static void add_child(parser *p, regex_node *node, regex_node *child) {
  ARENA_PUSH(p->a, node->children, node->child_count, node->child_capacity) = child;
}

/* ---- escapes and sets ----------------------------------------------------------------- */

/* Hexadecimal digits up to `most`; at least one. */
static status parse_hex(parser *p, int most, uint32_t *code) {
  static const char digits[] = "0123456789abcdef";
  *code = 0;
  int count = 0;
  for (; count < most && p->at < p->bytes; count++, p->at++) {
    char c = p->pattern[p->at];
    const char *digit = c ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;
    if (!digit) break;
    *code = *code * 16 + (uint32_t)(digit - digits);
  }
  return count && *code < CODE_POINT_COUNT ? OK : syntax_error(p, "a bad hexadecimal code");
}

/* After \p or \P. */
static status parse_property(parser *p, bool negated, code_set *set) {
  char name[MAX_PROPERTY_BYTES];
  size_t count = 0;
  if (accept(p, "{")) {
    if (accept(p, "^")) negated = !negated;
    while (p->at < p->bytes && p->pattern[p->at] != '}' && count + 1 < sizeof name)
      name[count++] = p->pattern[p->at++];
    if (!accept(p, "}")) return syntax_error(p, "an unfinished property");
  } else if (p->at < p->bytes) {
    name[count++] = p->pattern[p->at++];
  }
  name[count] = 0;
  if (!code_set_property(p->a, name, set)) return syntax_error(p, "an unknown Unicode property");
  if (negated) *set = code_set_complement(p->a, set);
  return OK;
}

/* Escapes that stand for one code point. */
static const struct {
  char letter;
  uint8_t code;
} code_escapes[] = {{'n', '\n'}, {'r', '\r'}, {'t', '\t'}, {'f', '\f'},
                    {'v', '\v'}, {'a', 7},    {'e', 27},   {'0', 0}};

/* Escapes that stand for a set; the capital is its complement. */
static bool set_escape(arena *a, uint32_t lower, code_set *set) {
  *set = (code_set){0};
  if (lower == 's') {
    *set = code_set_white_space(a);
  } else if (lower == 'w') {
    *set = code_set_word(a);
  } else if (lower == 'd') {
    return code_set_property(a, "Nd", set);
  } else if (lower == 'h') {
    code_set_add(a, set, '0', '9');
    code_set_add(a, set, 'A', 'F');
    code_set_add(a, set, 'a', 'f');
  } else {
    return false;
  }
  return true;
}

/* After a backslash. `is_code` says that the set is the one code point *code. */
static status parse_escape(parser *p, code_set *set, uint32_t *code, bool *is_code) {
  TRY(next_code(p, code));
  uint32_t letter = *code;
  *is_code = false;
  if (letter == 'p' || letter == 'P') return parse_property(p, letter == 'P', set);
  if (letter < 0x80 && set_escape(p->a, letter | 0x20, set)) {
    if (!(letter & 0x20)) *set = code_set_complement(p->a, set);
    return OK;
  }
  *is_code = true;
  if (letter == 'x' || letter == 'u') {
    bool braces = letter == 'x' && accept(p, "{");
    TRY(parse_hex(p, braces ? 6 : letter == 'x' ? 2 : 4, code));
    if (braces && !accept(p, "}")) return syntax_error(p, "an unfinished hexadecimal code");
  } else {
    bool known = false;
    for (size_t i = 0; i < sizeof code_escapes / sizeof *code_escapes && !known; i++)
      if ((known = letter == (uint32_t)code_escapes[i].letter)) *code = code_escapes[i].code;
    bool is_word = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                   (letter >= '1' && letter <= '9');
    if (!known && is_word) return syntax_error(p, "an unsupported escape");
  }
  *set = (code_set){0};
  code_set_add(p->a, set, *code, *code);
  return OK;
}

/* One member of a class, up to and with the end of a range. */
static status parse_class_member(parser *p, code_set *all) {
  uint32_t first, last;
  bool is_code = true;
  code_set set = {0};
  if (looking_at(p, "[")) return syntax_error(p, "an unsupported class inside a class");
  if (looking_at(p, "&&")) return syntax_error(p, "an unsupported intersection of classes");
  if (accept(p, "\\")) {
    TRY(parse_escape(p, &set, &first, &is_code));
  } else {
    TRY(next_code(p, &first));
  }
  if (!is_code) {
    code_set_add_all(p->a, all, &set);
    return OK;
  }
  last = first;
  if (looking_at(p, "-") && !looking_at(p, "-]")) {
    p->at++;
    if (looking_at(p, "[")) return syntax_error(p, "an unsupported class inside a class");
    if (accept(p, "\\")) {
      TRY(parse_escape(p, &set, &last, &is_code));
    } else {
      TRY(next_code(p, &last));
    }
    if (!is_code || last < first) return syntax_error(p, "a bad range");
  }
  code_set_add(p->a, all, first, last);
  return OK;
}

/* After [. */
static status parse_class(parser *p, code_set *set) {
  bool negated = accept(p, "^");
  *set = (code_set){0};
  do {
    if (p->at >= p->bytes) return syntax_error(p, "an unfinished class");
    TRY(parse_class_member(p, set));
  } while (!accept(p, "]"));
  code_set_settle(set);
  if (p->ignore_case) *set = code_set_ignore_case(p->a, set);
  if (negated) *set = code_set_complement(p->a, set);
  return OK;
}

/* ---- groups ----------------------------------------------------------------------------- */

/* The set of texts of one code point that `node` is, if it is one. */
static bool as_set(arena *a, const regex_node *node, code_set *set) {
  if (node->kind == REGEX_SET) {
    code_set_add_all(a, set, &node->set);
    return true;
  }
  if (node->kind == REGEX_SEQUENCE && node->child_count == 1) return as_set(a, node->children[0], set);
  if (node->kind != REGEX_CHOICE) return false;
  for (size_t i = 0; i < node->child_count; i++)
    if (!as_set(a, node->children[i], set)) return false;
  return true;
}

/* After (?= or (?!: a set, at most. */
static status parse_look_ahead(parser *p, bool negated, regex_node **result) {
  regex_node *inside, *node = new_node(p, REGEX_LOOK_AHEAD);
  TRY(parse_choice(p, &inside));
  if (!as_set(p->a, inside, &node->set))
    return syntax_error(p, "an unsupported look-ahead beyond one character");
  code_set_settle(&node->set);
  if (negated) node->set = code_set_complement(p->a, &node->set);
  node->at_end = negated;
  *result = node;
  return OK;
}

/* After (. */
static status parse_group(parser *p, regex_node **result) {
  bool outer_case = p->ignore_case;
  if (++p->depth > MAX_DEPTH) return syntax_error(p, "groups are nested too deep");
  if (accept(p, "?=")) {
    TRY(parse_look_ahead(p, false, result));
  } else if (accept(p, "?!")) {
    TRY(parse_look_ahead(p, true, result));
  } else {
    if (accept(p, "?i:")) {
      p->ignore_case = true;
    } else if (accept(p, "?-i:")) {
      p->ignore_case = false;
    } else if (!accept(p, "?:") && looking_at(p, "?")) {
      return syntax_error(p, "an unsupported kind of group");
    }
    TRY(parse_choice(p, result));
  }
  if (!accept(p, ")")) return syntax_error(p, "a group is not closed");
  p->ignore_case = outer_case;
  p->depth--;
  return OK;
}

static status parse_atom(parser *p, regex_node **result) {
  uint32_t code;
  bool is_code = true;
  if (accept(p, "(")) return parse_group(p, result);
  regex_node *node = *result = new_node(p, REGEX_SET);
  if (accept(p, "[")) return parse_class(p, &node->set);
  if (accept(p, ".")) {
    code_set newline = {0};
    code_set_add(p->a, &newline, '\n', '\n');
    node->set = code_set_complement(p->a, &newline);
    return OK;
  }
  if (accept(p, "$") || accept(p, "\\z")) {
    node->kind = REGEX_LOOK_AHEAD;
    node->at_end = true;
    if (p->pattern[p->at - 1] == '$') code_set_add(p->a, &node->set, '\n', '\n');
    return OK;
  }
  if (looking_at(p, "^")) return syntax_error(p, "an unsupported anchor");
  if (looking_at(p, "*") || looking_at(p, "+") || looking_at(p, "?"))
    return syntax_error(p, "nothing to repeat");
  if (accept(p, "\\")) {
    TRY(parse_escape(p, &node->set, &code, &is_code));
  } else {
    TRY(next_code(p, &code));
    code_set_add(p->a, &node->set, code, code);
  }
  code_set_settle(&node->set);
  if (p->ignore_case) node->set = code_set_ignore_case(p->a, &node->set);
  return OK;
}

/* ---- repetition, sequence, choice ---------------------------------------------------------- */

static bool parse_number(parser *p, uint32_t *value) {
  size_t begin = p->at;
  *value = 0;
  for (; p->at < p->bytes && p->pattern[p->at] >= '0' && p->pattern[p->at] <= '9'; p->at++)
    if (*value <= MAX_REPEAT) *value = *value * 10 + (uint32_t)(p->pattern[p->at] - '0');
  return p->at > begin;
}

/* {m}, {m,}, {,n}, {m,n}. A brace that opens none of these is a plain character. */
static bool parse_interval(parser *p, uint32_t *min, uint32_t *max) {
  size_t begin = p->at;
  if (!accept(p, "{")) return false;
  bool has_min = parse_number(p, min);
  *max = *min;
  if (accept(p, ",")) {
    bool has_max = parse_number(p, max);
    if (!has_max) *max = REGEX_NO_LIMIT;
    has_min = has_min || has_max;
  }
  if (has_min && accept(p, "}")) return true;
  p->at = begin;
  return false;
}

static status parse_repeat(parser *p, regex_node **result) {
  static const struct {
    const char *text;
    uint32_t min, max;
  } signs[] = {{"?", 0, 1}, {"*", 0, REGEX_NO_LIMIT}, {"+", 1, REGEX_NO_LIMIT}};
  TRY(parse_atom(p, result));
  for (int layers = 0;; layers++) {
    uint32_t min = 0, max = 0;
    bool interval = parse_interval(p, &min, &max), sign = false;
    for (size_t i = 0; i < 3 && !interval && !sign; i++)
      if ((sign = accept(p, signs[i].text))) min = signs[i].min, max = signs[i].max;
    if (!interval && !sign) return OK;
    if (layers || (*result)->kind == REGEX_LOOK_AHEAD) return syntax_error(p, "an unsupported repetition");
    if (min > MAX_REPEAT || (max > MAX_REPEAT && max != REGEX_NO_LIMIT) || max < min)
      return syntax_error(p, "a bad number of repetitions");
    regex_node *node = new_node(p, REGEX_REPEAT);
    node->min = min;
    node->max = max;
    node->mode = accept(p, "?") ? REGEX_LAZY : sign && accept(p, "+") ? REGEX_POSSESSIVE : REGEX_GREEDY;
    add_child(p, node, *result);
    *result = node;
  }
}

static status parse_sequence(parser *p, regex_node **result) {
  regex_node *node = *result = new_node(p, REGEX_SEQUENCE);
  while (p->at < p->bytes && !looking_at(p, "|") && !looking_at(p, ")")) {
    if (accept(p, "(?i)")) {
      p->ignore_case = true;
      continue;
    }
    regex_node *child;
    TRY(parse_repeat(p, &child));
    add_child(p, node, child);
  }
  return OK;
}

static status parse_choice(parser *p, regex_node **result) {
  regex_node *node = *result = new_node(p, REGEX_CHOICE);
  do {
    regex_node *child;
    TRY(parse_sequence(p, &child));
    add_child(p, node, child);
  } while (accept(p, "|"));
  return OK;
}

status regex_parse(arena *a, const char *pattern, size_t bytes, const regex_node **tree) {
  parser p = {.a = a, .pattern = pattern, .bytes = bytes};
  regex_node *node;
  TRY(parse_choice(&p, &node));
  if (p.at < bytes) return syntax_error(&p, "a parenthesis too many");
  *tree = node;
  return OK;
}
