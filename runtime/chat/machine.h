/* machine.h: a template that is being run. Private to runtime/chat. */
#ifndef RT_CHAT_MACHINE_H
#define RT_CHAT_MACHINE_H

#include "chat/value.h"

enum { STACK_VALUES = 512, MOST_CAPTURES = 64 };

typedef struct block {
  struct block *next;
  size_t used, capacity;
  _Alignas(16) unsigned char bytes[];
} block;

typedef struct {
  uint32_t name; /* a text's number */
  value value;
} variable;

struct machine {
  const rt_chat *chat;
  rt_chat_result *result;
  value inputs[CHAT_INPUT_COUNT];
  value stack[STACK_VALUES];
  uint32_t stack_count;
  variable *variables;
  uint32_t variable_count, variable_capacity;
  uint32_t scope_start;  /* the innermost scope's first variable */
  uint32_t global_count; /* variables of no loop or macro, the first ones */
  uint32_t macro_start;  /* in a macro: its first variable */
  value_loop *loop;
  uint32_t call_count;
  size_t captures[MOST_CAPTURES]; /* where in the output each begins */
  uint32_t capture_count;
  size_t capacity; /* of result->text */
  block *blocks;
  size_t memory_bytes;
  int64_t steps;
};

bool rt_machine_has_failed(const machine *m);
/* As rt_machine_fail, where code does what compiled code does not. */
value rt_machine_damaged(machine *m);
void rt_machine_push(machine *m, value v);

/* ---- variables (scopes.c); names are numbers of texts ------------------------------------------ */

value rt_machine_load(machine *m, int64_t name);          /* undefined where there is none */
void rt_machine_store(machine *m, int64_t name, value v); /* in the innermost scope */
bool rt_machine_is_given(const machine *m, int64_t name);

/* ---- loops (scopes.c) ------------------------------------------------------------------------------ */

/* False: there is nothing to loop over; one that makes a list is begun all the same. */
bool rt_machine_begin_loop(machine *m, value over, bool makes_list);
/* Pushes the next item, in a scope of its own; false: there is none. */
bool rt_machine_next_item(machine *m);
void rt_machine_keep_item(machine *m, value is_kept);
bool rt_machine_end_loop(machine *m);    /* whether a body was done to its end */
value rt_machine_end_filter(machine *m); /* leaves a loop that makes a list: that list */

#endif
