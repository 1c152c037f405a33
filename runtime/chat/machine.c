/*
 * machine.c: runs a template's code over a stack of values. Code comes from a
 * file: each step checks what it takes.
 */
#include "chat/machine.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_CALLS = 64, MOST_STEPS = 20000000, MOST_BYTES = 1 << 28, BLOCK_BYTES = 1 << 16 };

/* ---- failures and memory ---------------------------------------------------------------- */

bool rt_machine_has_failed(const machine *m) {
  return m->result->error[0] != 0;
}

value rt_machine_fail(machine *m, const char *format, ...) {
  if (!rt_machine_has_failed(m)) {
    char *error = m->result->error;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error, sizeof m->result->error, format, arguments);
    va_end(arguments);
    if (!error[0]) memcpy(error, "the template fails", sizeof "the template fails");
    for (; *error; error++)
      if ((unsigned char)*error < 0x20 || *error == 0x7f) *error = ' ';
  }
  return value_of(KIND_UNDEFINED);
}

value rt_machine_damaged(machine *m) {
  return rt_machine_fail(m, "the template's code is damaged");
}

void *rt_machine_memory(machine *m, size_t count, size_t item_bytes) {
  size_t bytes;
  if (__builtin_mul_overflow(count, item_bytes, &bytes) || bytes > MOST_BYTES) bytes = MOST_BYTES;
  bytes = (bytes + 31) / 16 * 16; /* not nothing, so that nothing has a place too */
  if (bytes > MOST_BYTES - m->memory_bytes) {
    rt_machine_fail(m, "the template takes too much memory");
    return NULL;
  }
  if (!m->blocks || bytes > m->blocks->capacity - m->blocks->used) {
    size_t capacity = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
    block *fresh = malloc(sizeof *fresh + capacity);
    if (!fresh) {
      rt_machine_fail(m, "there is not enough memory for the template");
      return NULL;
    }
    *fresh = (block){.next = m->blocks, .capacity = capacity};
    m->blocks = fresh;
  }
  void *memory = m->blocks->bytes + m->blocks->used;
  m->blocks->used += bytes;
  m->memory_bytes += bytes;
  return memory;
}

/* ---- output ----------------------------------------------------------------------------- */

static void write_bytes(machine *m, const char *bytes, size_t count) {
  rt_chat_result *out = m->result;
  if (count > m->capacity - out->bytes) {
    size_t capacity = 2 * (out->bytes + count) + 256;
    char *grown = capacity <= MOST_BYTES ? realloc(out->text, capacity) : NULL;
    if (!grown) {
      rt_machine_fail(m, "the template's text is too long");
      return;
    }
    out->text = grown;
    m->capacity = capacity;
  }
  if (count) memcpy(out->text + out->bytes, bytes, count);
  out->bytes += count;
}

static void write_value(machine *m, value text) {
  if (text.kind == KIND_STRING) write_bytes(m, text.bytes, text.count);
}

static void begin_capture(machine *m) {
  if (m->capture_count == MOST_CAPTURES)
    rt_machine_damaged(m);
  else
    m->captures[m->capture_count++] = m->result->bytes;
}

static value end_capture(machine *m) {
  if (m->capture_count == 0) return rt_machine_damaged(m);
  size_t begin = m->captures[--m->capture_count];
  if (begin > m->result->bytes) return rt_machine_damaged(m);
  size_t count = m->result->bytes - begin;
  char *copy = rt_machine_memory(m, count, 1);
  if (!copy) return value_of(KIND_UNDEFINED);
  if (count) memcpy(copy, m->result->text + begin, count);
  m->result->bytes = begin;
  return value_string(copy, count);
}

/* ---- stack and texts -------------------------------------------------------------------- */

void rt_machine_push(machine *m, value v) {
  if (m->stack_count == STACK_VALUES)
    rt_machine_fail(m, "the template is nested too deep");
  else
    m->stack[m->stack_count++] = v;
}

/* Takes the last `count` values; NULL: there are not so many. */
static value *take(machine *m, int64_t count) {
  if (count < 0 || count > m->stack_count) {
    rt_machine_damaged(m);
    return NULL;
  }
  m->stack_count -= (uint32_t)count;
  return m->stack + m->stack_count;
}

static value text_at(machine *m, int64_t number) {
  if (number < 0 || number >= m->chat->header->text_count) return rt_machine_damaged(m);
  uint32_t begin = m->chat->starts[number], end = m->chat->starts[number + 1];
  return value_string(m->chat->texts + begin, end - begin);
}

/* ---- steps ------------------------------------------------------------------------------ */

static void make_map(machine *m, const value *values, int64_t count) {
  value map = rt_value_new_map(m, (uint32_t)count / 2 + 1);
  if (map.kind != KIND_MAP) return;
  for (int64_t i = 0; i + 1 < count; i += 2) rt_value_set(m, map.map, values[i], values[i + 1]);
  rt_machine_push(m, map);
}

static void make_list(machine *m, const value *values, int64_t count) {
  value *items = rt_machine_memory(m, (size_t)count, sizeof *items);
  if (!items) return;
  for (int64_t i = 0; i < count; i++) items[i] = values[i];
  rt_machine_push(m, value_list(items, (size_t)count));
}

static void unpack(machine *m, value list, int64_t count) {
  const value *items;
  uint32_t item_count;
  if (!rt_value_items(m, list, &items, &item_count)) return;
  if (item_count != count) rt_machine_fail(m, "%u values are there for %d names", item_count, (int)count);
  for (uint32_t i = item_count; i > 0 && !rt_machine_has_failed(m); i--) rt_machine_push(m, items[i - 1]);
}

static value constant(machine *m, int64_t which) {
  switch (which) {
  case CHAT_UNDEFINED:
    return value_of(KIND_UNDEFINED);
  case CHAT_MISSING:
    return value_of(KIND_MISSING);
  case CHAT_NONE:
    return value_of(KIND_NONE);
  case CHAT_FALSE:
  case CHAT_TRUE:
    return value_boolean(which == CHAT_TRUE);
  default:
    return rt_machine_damaged(m);
  }
}

static value float_at(machine *m, int64_t number) {
  value bytes = text_at(m, number);
  double made = 0;
  if (bytes.count != sizeof made) return rt_machine_damaged(m);
  memcpy(&made, bytes.bytes, sizeof made);
  return value_float(made);
}

static value negate(machine *m, value v) {
  if (v.kind == KIND_FLOAT) return value_float(-v.number);
  return rt_operate(m, CHAT_SUBTRACT, value_integer(0), v);
}

static void set_attribute(machine *m, value object, value name, value v) {
  if (object.kind == KIND_MAP && object.map->is_namespace)
    rt_value_set(m, object.map, name, v);
  else
    rt_machine_fail(m, "attributes can be set of a namespace only");
}

static void call(machine *m, int64_t which) {
  if (which < 0 || which >= CHAT_FUNCTION_COUNT) {
    rt_machine_damaged(m);
    return;
  }
  const value *arguments = take(m, rt_function_arity[which]);
  if (arguments) rt_machine_push(m, rt_function_call(m, (chat_function)which, arguments));
}

static void run(machine *m, uint32_t at);

/* A macro has scopes of its own over those of no loop, and what it writes is its value. */
static void call_macro(machine *m, int64_t number) {
  if (number < 0 || number >= m->chat->header->macro_count || m->call_count == MOST_CALLS) {
    rt_machine_fail(m, "macros call each other without end");
    return;
  }
  const chat_macro *macro = &m->chat->macros[number];
  const value *arguments = take(m, macro->parameter_count);
  if (!arguments) return;
  uint32_t scope_start = m->scope_start, macro_start = m->macro_start, count = m->variable_count;
  value_loop *loop = m->loop;
  m->scope_start = m->macro_start = count;
  m->loop = NULL;
  m->call_count++;
  for (uint32_t i = 0; i < macro->parameter_count; i++)
    rt_machine_store(m, macro->parameters[i], arguments[i]);
  begin_capture(m);
  if (!rt_machine_has_failed(m)) run(m, macro->start);
  value text = end_capture(m);
  m->call_count--;
  m->loop = loop;
  m->scope_start = scope_start;
  m->macro_start = macro_start;
  m->variable_count = count;
  rt_machine_push(m, text);
}

/* Values that an operation takes, but for those that say it in their operand. */
static const int8_t takes[CHAT_OP_COUNT] = {
#define X(NAME, count) [CHAT_OP_##NAME] = count,
    CHAT_OPS(X)
#undef X
};

/* The value that an operation of those that just make one pushes; false: it is another. */
static bool make_value(machine *m, chat_op op, int64_t operand, const value *v, value *made) {
  switch (op) {
  case CHAT_OP_CONSTANT:
    *made = constant(m, operand);
    return true;
  case CHAT_OP_INTEGER:
    *made = value_integer(operand);
    return true;
  case CHAT_OP_FLOAT:
    *made = float_at(m, operand);
    return true;
  case CHAT_OP_STRING:
    *made = text_at(m, operand);
    return true;
  case CHAT_OP_LOAD:
    *made = rt_machine_load(m, operand);
    return true;
  case CHAT_OP_INPUT:
    *made = operand >= 0 && operand < CHAT_INPUT_COUNT ? m->inputs[operand] : rt_machine_damaged(m);
    return true;
  case CHAT_OP_LOOP:
    *made = m->loop ? (value){.kind = KIND_LOOP, .loop = m->loop} : rt_machine_damaged(m);
    return true;
  case CHAT_OP_ATTRIBUTE:
    *made = rt_value_attribute(m, v[0], text_at(m, operand));
    return true;
  case CHAT_OP_INDEX:
    *made = rt_value_index(m, v[0], v[1]);
    return true;
  case CHAT_OP_SLICE:
    *made = rt_value_slice(m, v[0], v[1], v[2], v[3]);
    return true;
  case CHAT_OP_NOT:
    *made = value_boolean(!rt_value_is_true(v[0]));
    return true;
  case CHAT_OP_NEGATE:
    *made = negate(m, v[0]);
    return true;
  case CHAT_OP_BINARY:
    *made = rt_operate(m, (chat_operator)operand, v[0], v[1]);
    return true;
  case CHAT_OP_CONCAT:
    *made = rt_operate(m, CHAT_ADD, rt_chat_text_of(m, v[0]), rt_chat_text_of(m, v[1]));
    return true;
  case CHAT_OP_IS_GIVEN:
    *made = value_boolean(rt_machine_is_given(m, operand));
    return true;
  case CHAT_OP_END_FILTER:
    *made = rt_machine_end_filter(m);
    return true;
  case CHAT_OP_END_CAPTURE:
    *made = end_capture(m);
    return true;
  default:
    return false;
  }
}

/* Does one of the other operations with the values `v` that it takes; returns how far to jump. */
static int64_t step(machine *m, chat_op op, int64_t operand, const value *v) {
  switch (op) {
  case CHAT_OP_TEXT:
    write_value(m, text_at(m, operand));
    return 0;
  case CHAT_OP_PRINT:
    write_value(m, rt_chat_text_of(m, v[0]));
    return 0;
  case CHAT_OP_STORE:
    rt_machine_store(m, operand, v[0]);
    return 0;
  case CHAT_OP_SET_ATTRIBUTE:
    set_attribute(m, v[0], text_at(m, operand), v[1]);
    return 0;
  case CHAT_OP_LIST:
    make_list(m, v, operand);
    return 0;
  case CHAT_OP_MAP:
    make_map(m, v, operand);
    return 0;
  case CHAT_OP_UNPACK:
    unpack(m, v[0], operand);
    return 0;
  case CHAT_OP_CALL:
    call(m, operand);
    return 0;
  case CHAT_OP_MACRO:
    call_macro(m, operand);
    return 0;
  case CHAT_OP_FILTER:
    rt_machine_begin_loop(m, v[0], true);
    return 0;
  case CHAT_OP_KEEP:
    rt_machine_keep_item(m, v[0]);
    return 0;
  case CHAT_OP_COMPLETE:
    if (m->loop) m->loop->is_complete = true;
    return 0;
  case CHAT_OP_CAPTURE:
    begin_capture(m);
    return 0;
  case CHAT_OP_JUMP:
    return operand;
  case CHAT_OP_JUMP_IF_FALSE:
    return rt_value_is_true(v[0]) ? 0 : operand;
  case CHAT_OP_AND:
  case CHAT_OP_OR:
    if (rt_value_is_true(v[0]) == (op == CHAT_OP_AND)) return 0;
    rt_machine_push(m, v[0]);
    return operand;
  case CHAT_OP_FOR:
    return rt_machine_begin_loop(m, v[0], false) ? 0 : operand;
  case CHAT_OP_NEXT:
    return rt_machine_next_item(m) ? 0 : operand;
  case CHAT_OP_END_FOR:
    return rt_machine_end_loop(m) ? 0 : operand;
  default:
    return 0;
  }
}

/* From word `at` to the END. */
static void run(machine *m, uint32_t at) {
  uint32_t words = m->chat->header->code_words;
  while (!rt_machine_has_failed(m)) {
    if (at >= words || ++m->steps > MOST_STEPS) {
      rt_machine_fail(m, at >= words ? "the template's code is damaged" : "the template does not end");
      return;
    }
    uint32_t word = m->chat->code[at++], op = word & 0xff;
    int64_t operand = (int32_t)word >> CHAT_OPERAND_SHIFT;
    if (op == CHAT_OP_END) return;
    if (op >= CHAT_OP_COUNT) {
      rt_machine_damaged(m);
      return;
    }
    bool by_operand = op == CHAT_OP_LIST || op == CHAT_OP_MAP;
    const value *v = take(m, by_operand ? operand : takes[op] > 0 ? takes[op] : 0);
    value taken[4] = {{0}}, made; /* copies: what is pushed lands where they were */
    for (int i = 0; v && i < takes[op]; i++) taken[i] = v[i];
    if (!v) return;
    if (make_value(m, (chat_op)op, operand, taken, &made))
      rt_machine_push(m, made);
    else
      at = (uint32_t)((int64_t)at + step(m, (chat_op)op, operand, by_operand ? v : taken));
  }
}

/* ---- all of it -------------------------------------------------------------------------- */

static value message_values(machine *m, const rt_message *messages, size_t count) {
  value *list = rt_machine_memory(m, count, sizeof *list);
  for (size_t i = 0; list && i < count; i++) {
    list[i] = rt_value_new_map(m, 2);
    if (list[i].kind != KIND_MAP) break;
    rt_value_set(m, list[i].map, rt_value_text("role"), rt_value_text(messages[i].role));
    rt_value_set(m, list[i].map, rt_value_text("content"),
                 value_string(messages[i].content, messages[i].bytes));
  }
  return value_list(list, list ? count : 0);
}

/* The number of a text, or text_count. */
static uint32_t text_number(const rt_chat *chat, const char *text, size_t bytes) {
  uint32_t number = 0, count = chat->header->text_count;
  while (number < count && (chat->starts[number + 1] - chat->starts[number] != bytes ||
                            memcmp(chat->texts + chat->starts[number], text, bytes) != 0))
    number++;
  return number;
}

bool rt_chat_knows(const rt_chat *chat, const char *name, size_t bytes) {
  return text_number(chat, name, bytes) < chat->header->text_count;
}

static void set_variables(machine *m, const rt_chat_variable *variables, size_t count) {
  for (size_t i = 0; i < count && !rt_machine_has_failed(m); i++) {
    uint32_t name = text_number(m->chat, variables[i].name, variables[i].name_bytes);
    if (name < m->chat->header->text_count)
      rt_machine_store(m, name, rt_value_from_json(m, variables[i].value));
  }
}

bool rt_chat_render(const rt_chat *chat, const rt_message *messages, size_t count, bool adds_prompt,
                    const rt_chat_variable *variables, size_t variable_count, rt_chat_result *result) {
  *result = (rt_chat_result){0};
  machine *m = calloc(1, sizeof *m);
  if (!m) {
    memcpy(result->error, "out of memory", sizeof "out of memory");
    return false;
  }
  m->chat = chat;
  m->result = result;
  m->inputs[CHAT_INPUT_MESSAGES] = message_values(m, messages, count);
  m->inputs[CHAT_INPUT_ADDS_PROMPT] = value_boolean(adds_prompt);
  run(m, 0);
  set_variables(m, variables, variable_count);
  run(m, chat->header->start);
  bool ok = !rt_machine_has_failed(m);
  for (block *b = m->blocks, *next; b; b = next) {
    next = b->next;
    free(b);
  }
  free(m->variables);
  free(m);
  return ok;
}

void rt_chat_free(rt_chat_result *result) {
  free(result->text);
  *result = (rt_chat_result){0};
}
