/*
 * attention.c: one query over a long context. Its keys are split into chunks:
 * each is a unit of work for the heads that share it, and a second step joins
 * what the chunks found (Flash-Decoding: Dao, Haziza, Massa and Sizov, 2023).
 * So there is work for more threads than heads. Chunks have one size whatever
 * the threads, and are joined in order.
 */
#include "plan/planner.h"

enum { Q, K, V };

/* Where the context can be of a few chunks only, meeting once more costs what the split brings. */
enum { LEAST_CHUNKS = 5 };

/* Queries apart are split where one alone would be: it has as many keys less as there are other queries. */
static bool is_split(planner *p, const plan_step *step) {
  int64_t least, most, queries;
  ir_dim rows = step->reads[Q].value->type.dims[2];
  if (!ir_dim_is(rows, 1) && !step->nodes[0]->attrs.apart) return false;
  ir_dim_bounds(p->m, rows, &least, &queries);
  ir_dim_bounds(p->m, step->reads[K].value->type.dims[2], &least, &most);
  return most - (queries - 1) > (LEAST_CHUNKS - 1) * PLAN_CHUNK_KEYS;
}

/* [B, H, S chunks, E + 2] */
static ir_type chunks_type(planner *p, const plan_step *step) {
  const ir_type *q = &step->reads[Q].value->type, *k = &step->reads[K].value->type,
                *v = &step->reads[V].value->type;
  ir_dim last = ir_dim_add(p->m, k->dims[2], ir_dim_const(p->m, PLAN_CHUNK_KEYS - 1));
  ir_dim chunks = ir_dim_div(p->m, last, ir_dim_const(p->m, PLAN_CHUNK_KEYS));
  return (ir_type){.dtype = q->dtype == SMELT_F64 ? SMELT_F64 : SMELT_F32,
                   .rank = 4,
                   .dims = {q->dims[0], q->dims[1], ir_dim_mul(p->m, q->dims[2], chunks),
                            ir_dim_add(p->m, v->dims[3], ir_dim_const(p->m, 2))}};
}

status plan_add_attention(planner *p, const plan_step *step) {
  if (!is_split(p, step)) return plan_add_step(p, step);
  ir_value *found = ARENA_NEW(p->a, ir_value);
  *found = (ir_value){.type = chunks_type(p, step), .name = step->result.value->name};
  plan_operand *between = ARENA_NEW(p->a, plan_operand);
  between->value = found;
  TRY(plan_new_dense(p, &found->type, &between->view));
  plan_step chunks = *step, join = *step;
  chunks.kernel = PLAN_ATTENTION_CHUNKS;
  chunks.result = *between;
  join.kernel = PLAN_ATTENTION_JOIN;
  join.reads = between;
  join.read_count = 1;
  TRY(plan_add_step(p, &chunks));
  return plan_add_step(p, &join);
}
