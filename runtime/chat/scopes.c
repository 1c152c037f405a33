/* scopes.c: what names mean while a template runs: variables of the template, of macros, of loops. */
#include "chat/machine.h"

#include <stdlib.h>

/* ---- variables ---------------------------------------------------------------------------- */

/* The newest of that name that can be seen: in a macro its own, then those of no loop. */
static variable *find(const machine *m, int64_t name) {
  for (uint32_t i = m->variable_count; i > m->macro_start; i--)
    if (m->variables[i - 1].name == name) return &m->variables[i - 1];
  for (uint32_t i = m->global_count; i > 0 && m->macro_start > 0; i--)
    if (m->variables[i - 1].name == name) return &m->variables[i - 1];
  return NULL;
}

void rt_machine_store(machine *m, int64_t name, value v) {
  for (uint32_t i = m->variable_count; i > m->scope_start; i--) {
    if (m->variables[i - 1].name != name) continue;
    m->variables[i - 1].value = v;
    return;
  }
  if (m->variable_count == m->variable_capacity) {
    uint32_t capacity = 2 * m->variable_capacity + 32;
    variable *grown = capacity < CHAT_MOST_NAMES ? realloc(m->variables, capacity * sizeof *grown) : NULL;
    if (!grown) {
      rt_machine_fail(m, "the template has too many variables");
      return;
    }
    m->variables = grown;
    m->variable_capacity = capacity;
  }
  m->variables[m->variable_count++] = (variable){(uint32_t)name, v};
  if (m->scope_start == 0 && m->macro_start == 0) m->global_count = m->variable_count;
}

bool rt_machine_is_given(const machine *m, int64_t name) {
  const variable *found = find(m, name);
  return found && found->value.kind != KIND_MISSING;
}

value rt_machine_load(machine *m, int64_t name) {
  const variable *found = find(m, name);
  return found && found->value.kind != KIND_MISSING ? found->value : value_of(KIND_UNDEFINED);
}

/* ---- loops -------------------------------------------------------------------------------- */

/* False: there is nothing to loop over. */
bool rt_machine_begin_loop(machine *m, value over, bool makes_list) {
  const value *items;
  uint32_t count;
  if (!rt_value_items(m, over, &items, &count)) return true;
  if (count == 0 && !makes_list) return false;
  value_loop *loop = rt_machine_memory(m, 1, sizeof *loop);
  value *copy = rt_machine_memory(m, count, sizeof *copy),
        *kept = makes_list ? rt_machine_memory(m, count, sizeof *kept) : NULL;
  if (!loop || !copy || (makes_list && !kept)) return true;
  for (uint32_t i = 0; i < count; i++) copy[i] = items[i];
  *loop = (value_loop){.outer = m->loop,
                       .items = copy,
                       .count = count,
                       .kept = kept,
                       .scope_start = m->variable_count,
                       .outer_scope_start = m->scope_start};
  m->loop = loop;
  m->scope_start = m->variable_count;
  return true;
}

/* The next item; false: there is none, or no loop. */
bool rt_machine_next_item(machine *m) {
  value_loop *loop = m->loop;
  if (!loop || loop->scope_start > m->variable_count) {
    rt_machine_damaged(m);
    return false;
  }
  m->variable_count = loop->scope_start;
  if (loop->next == loop->count) return false;
  rt_machine_push(m, loop->items[loop->next++]);
  return true;
}

void rt_machine_keep_item(machine *m, value is_kept) {
  value_loop *loop = m->loop;
  if (!loop || !loop->kept || loop->next == 0 || loop->kept_count == loop->count)
    rt_machine_damaged(m);
  else if (rt_value_is_true(is_kept))
    loop->kept[loop->kept_count++] = loop->items[loop->next - 1];
}

/* Whether a body was done to its end. */
bool rt_machine_end_loop(machine *m) {
  value_loop *loop = m->loop;
  if (!loop || loop->scope_start > m->variable_count) {
    rt_machine_damaged(m);
    return true;
  }
  m->variable_count = loop->scope_start;
  m->scope_start = loop->outer_scope_start;
  m->loop = loop->outer;
  return loop->is_complete;
}

value rt_machine_end_filter(machine *m) {
  if (!m->loop || !m->loop->kept) return rt_machine_damaged(m);
  value list = value_list(m->loop->kept, m->loop->kept_count);
  rt_machine_end_loop(m);
  return list;
}
