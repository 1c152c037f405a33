/*
 * beams.c: beam search with a model that holds one text. Beams are paths of a
 * tree: a node has a token and the rows that the caches have for it. The caches
 * hold one path; to change to another, only the rows behind the last common
 * node are copied in.
 */
#include "decode/decode.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#pragma STDC FP_CONTRACT OFF

/* A token that was read. Beams and later nodes that lead to it keep it. */
typedef struct node {
  struct node *parent; /* NULL: the prompt comes before */
  int32_t token, users;
  uint8_t rows[];
} node;

typedef struct {
  node *path;    /* what was read of it, counted among its users; NULL: the prompt alone */
  int32_t token; /* what comes next, not read yet; SMELT_NONE: the prompt's end is not passed */
  double score;  /* log-probability, penalties included */
} beam;

typedef struct {
  double score;
  int32_t beam, token;
} candidate;

typedef struct {
  rt_session *session;
  const rt_generation *request;
  rt_processors processors;
  int32_t start;      /* tokens before the new ones */
  int32_t beam_count; /* of all groups */
  int32_t group_count, group_size;
  size_t row_bytes;
  float *scores;   /* [vocab_size] */
  beam *beams;     /* [beam_count], group by group; those of a group that live come first */
  beam *next;      /* [group_size] */
  int32_t *living; /* [group_count] beams of each group */
  rt_hypotheses *groups;
  int32_t *done_at;      /* [group_count] `length` at which a group was done; NOT_DONE */
  candidate *candidates; /* [candidate_room], best first */
  int32_t candidate_count, candidate_room;
  node *loaded;   /* whose path the caches hold; counted among its users */
  int32_t length; /* new tokens of every beam, the one not read yet included */
} search;

enum { NOT_DONE = INT32_MAX };

/* ---- the tree ------------------------------------------------------------------------------ */

static node *keep(node *n) {
  if (n) n->users++;
  return n;
}

static void let_go(node *n) {
  while (n && --n->users == 0) {
    node *parent = n->parent;
    free(n);
    n = parent;
  }
}

static int32_t depth_of(const node *n) {
  int32_t depth = 0;
  for (; n; n = n->parent) depth++;
  return depth;
}

/* Lets the caches hold the path to n: rows are copied until the path that they hold is met. */
static void load_path(search *s, node *n) {
  int32_t depth = depth_of(n), loaded_depth = depth_of(s->loaded);
  const node *at = n, *other = s->loaded;
  for (; loaded_depth > depth; loaded_depth--) other = other->parent;
  rt_session_keep(s->session, s->start + depth);
  for (int32_t place = depth; at != other; at = at->parent, place--) {
    rt_cache_load(s->session->model, s->start + place - 1, at->rows);
    s->session->tokens[s->start + place - 1] = at->token;
    if (place <= loaded_depth) other = other->parent;
  }
  let_go(s->loaded);
  s->loaded = keep(n);
}

/* Reads the beam's next token: its path is one node longer. */
static smelt_result read_beam(search *s, beam *b) {
  load_path(s, b->path);
  smelt_result result = rt_session_read(s->session, &b->token, 1);
  node *n = result ? NULL : malloc(sizeof *n + s->row_bytes);
  if (result) return result;
  if (!n) return rt_fail(s->session->model, SMELT_OUT_OF_MEMORY, "no memory for a beam");
  *n = (node){.parent = b->path, .token = b->token, .users = 1};
  rt_cache_save(s->session->model, s->session->count - 1, n->rows);
  b->path = n;
  let_go(s->loaded);
  s->loaded = keep(n);
  return SMELT_OK;
}

/* ---- scores ----------------------------------------------------------------------------------- */

/* scores = ln softmax(logits) */
static void take_log_probabilities(search *s, const float *logits) {
  int32_t count = s->processors.vocab_size;
  float highest = -INFINITY;
  double sum = 0;
  for (int32_t i = 0; i < count; i++)
    if (logits[i] > highest) highest = logits[i];
  for (int32_t i = 0; i < count; i++) sum += rt_exponential((double)logits[i] - highest);
  double log_sum = rt_logarithm(sum);
  for (int32_t i = 0; i < count; i++) s->scores[i] = (float)((double)logits[i] - highest - log_sum);
}

/* Vijayakumar et al., "Diverse Beam Search" (2018): tokens that earlier groups chose at this place cost. */
static void penalise_sameness(search *s, int32_t group) {
  const smelt_manifest_generation *g = s->session->generation;
  int32_t pad = g->pad_token != SMELT_NONE ? g->pad_token : g->end_token_count ? g->end_tokens[0] : 0;
  for (int32_t i = 0; i < group; i++)
    for (int32_t k = 0; k < s->group_size; k++) {
      bool is_over = s->done_at[i] < s->length; /* then it goes on with padding, as the reference has it */
      int32_t token = is_over ? pad : s->beams[i * s->group_size + k].token;
      if (is_over || k < s->living[i]) s->scores[token] -= s->request->options.diversity_penalty;
    }
}

/* The constraint's state after the beam's new tokens, which are the session's. */
static void replay_constraint(const search *s) {
  const rt_constraint *c = s->request->constraint;
  if (!c) return;
  c->reset(c->user);
  for (int32_t i = s->start; i < s->session->count; i++) c->accept(c->user, s->session->tokens[i]);
}

/* Of equal candidates the first comes first. */
static void offer(search *s, candidate offered) {
  int32_t place = s->candidate_count;
  if (place == s->candidate_room) {
    if (!(offered.score > s->candidates[place - 1].score)) return;
    place--;
  } else {
    s->candidate_count++;
  }
  for (; place > 0 && offered.score > s->candidates[place - 1].score; place--)
    s->candidates[place] = s->candidates[place - 1];
  s->candidates[place] = offered;
}

/* ---- a step ------------------------------------------------------------------------------------ */

/* Offers what may follow one beam. A text that a constraint ends has no candidate and has ended. */
static smelt_result extend_beam(search *s, int32_t group, int32_t index) {
  const rt_constraint *c = s->request->constraint;
  beam *b = &s->beams[group * s->group_size + index];
  rt_session *session = s->session;
  if (s->length > 0) {
    smelt_result result = read_beam(s, b);
    if (result) return result;
  } else {
    rt_session_rewind(session);
  }
  rt_history history = {.tokens = session->tokens,
                        .count = session->count,
                        .new_from = s->start,
                        .source = {session->source, session->source_count}};
  take_log_probabilities(s, session->logits);
  replay_constraint(s);
  penalise_sameness(s, group);
  rt_processors_apply(&s->processors, &history, s->scores);
  bool any = false;
  for (int32_t i = 0; i < s->processors.vocab_size; i++) {
    if (s->scores[i] == -INFINITY) continue;
    any = true;
    offer(s, (candidate){b->score + (double)s->scores[i], index, i});
  }
  if (any || !c || !c->may_end(c->user)) return SMELT_OK;
  if (!rt_hypotheses_add(&s->groups[group], session->tokens + s->start, s->length, b->score,
                         s->request->options.length_penalty))
    return rt_fail(session->model, SMELT_OUT_OF_MEMORY, "no memory for a beam");
  return SMELT_OK;
}

/* The beam's new tokens, `length` of them, into tokens. */
static void write_tokens(const beam *b, int32_t length, int32_t *tokens) {
  int32_t at = depth_of(b->path);
  if (at < length) tokens[at] = b->token; /* not read yet */
  for (const node *n = b->path; n; n = n->parent) tokens[--at] = n->token;
}

static smelt_result finish(search *s, int32_t group, const beam *b, double score) {
  int32_t *tokens = calloc((size_t)s->length + 1, sizeof *tokens);
  bool added = false;
  if (tokens) {
    write_tokens(b, s->length, tokens);
    added =
        rt_hypotheses_add(&s->groups[group], tokens, s->length, score, s->request->options.length_penalty);
  }
  free(tokens);
  return added ? SMELT_OK : rt_fail(s->session->model, SMELT_OUT_OF_MEMORY, "no memory for a beam");
}

/* Chooses the group's next beams among the candidates. */
static smelt_result choose_beams(search *s, int32_t group) {
  beam *beams = &s->beams[group * s->group_size];
  int32_t count = 0;
  smelt_result result = SMELT_OK;
  for (int32_t rank = 0; rank < s->candidate_count && count < s->group_size && !result; rank++) {
    const candidate *c = &s->candidates[rank];
    const beam *from = &beams[c->beam];
    if (!rt_is_end(&s->processors, c->token))
      s->next[count++] = (beam){keep(from->path), c->token, c->score};
    else if (rank < s->group_size)
      result = finish(s, group, from, c->score);
  }
  for (int32_t i = 0; i < s->living[group]; i++) let_go(beams[i].path);
  memcpy(beams, s->next, (size_t)count * sizeof *beams);
  s->living[group] = count;
  return result;
}

static smelt_result step_group(search *s, int32_t group, int32_t most) {
  smelt_result result = SMELT_OK;
  s->candidate_count = 0;
  for (int32_t i = 0; i < s->living[group] && !result; i++) result = extend_beam(s, group, i);
  if (!result) result = choose_beams(s, group);
  if (result) return result;
  double best = s->candidate_count > 0 ? s->candidates[0].score : -INFINITY;
  if (s->living[group] == 0 ||
      rt_hypotheses_are_done(&s->groups[group], &s->request->options, best, s->length + 1, most))
    s->done_at[group] = s->length;
  return SMELT_OK;
}

/* ---- the search ----------------------------------------------------------------------------------- */

static bool are_all_done(const search *s) {
  for (int32_t i = 0; i < s->group_count; i++)
    if (s->done_at[i] == NOT_DONE) return false;
  return true;
}

/* At most `most` new tokens. */
static smelt_result grow(search *s, int32_t most) {
  smelt_result result = SMELT_OK;
  for (s->length = 0; s->length < most && !are_all_done(s) && !result; s->length++)
    for (int32_t i = 0; i < s->group_count && !result; i++)
      if (s->done_at[i] == NOT_DONE) result = step_group(s, i, most);
  for (int32_t i = 0; i < s->beam_count && !result; i++) {
    int32_t group = i / s->group_size;
    bool lives = s->done_at[group] == NOT_DONE && i % s->group_size < s->living[group];
    if (lives) result = finish(s, group, &s->beams[i], s->beams[i].score);
  }
  return result;
}

/* All groups' texts, the best first; of equal ones the last, as the reference has it. */
static smelt_result collect(search *s, rt_found_list *list) {
  list->items = calloc((size_t)s->beam_count + 1, sizeof *list->items);
  if (!list->items) return rt_fail(s->session->model, SMELT_OUT_OF_MEMORY, "no memory for the texts found");
  for (int32_t group = 0; group < s->group_count; group++) {
    rt_hypotheses *h = &s->groups[group];
    for (int32_t i = 0; i < h->count; i++) {
      int32_t place = list->count++;
      for (; place > 0 && h->items[i].score >= list->items[place - 1].score; place--)
        list->items[place] = list->items[place - 1];
      list->items[place] = h->items[i];
    }
    h->count = 0; /* the texts are the list's now */
  }
  return SMELT_OK;
}

static bool allocate(search *s) {
  const rt_generation *request = s->request;
  const smelt_manifest_generation *g = s->session->generation;
  size_t beams = (size_t)s->beam_count, groups = (size_t)s->group_count;
  if (!rt_processors_init(&s->processors, &s->session->model->manifest, &request->options,
                          request->constraint))
    return false;
  int32_t ends = s->processors.end_token_count;
  s->candidate_room = (ends > 1 ? 1 + ends : 2) * s->group_size;
  s->candidates = calloc((size_t)s->candidate_room, sizeof *s->candidates);
  s->scores = calloc((size_t)g->vocab_size, sizeof *s->scores);
  s->beams = calloc(beams, sizeof *s->beams);
  s->next = calloc(beams, sizeof *s->next);
  s->living = calloc(groups, sizeof *s->living);
  s->done_at = calloc(groups, sizeof *s->done_at);
  s->groups = calloc(groups, sizeof *s->groups);
  if (!s->candidates || !s->scores || !s->beams || !s->next || !s->living || !s->done_at || !s->groups)
    return false;
  bool made = true;
  for (int32_t i = 0; i < s->group_count; i++) {
    made &= rt_hypotheses_init(&s->groups[i], s->group_size);
    s->living[i] = 1; /* all would begin alike */
    s->done_at[i] = NOT_DONE;
  }
  return made && rt_session_mark(s->session);
}

static void release(search *s) {
  for (int32_t i = 0; s->beams && s->living && i < s->beam_count; i++)
    if (i % s->group_size < s->living[i / s->group_size]) let_go(s->beams[i].path);
  let_go(s->loaded);
  for (int32_t i = 0; s->groups && i < s->group_count; i++) rt_hypotheses_free(&s->groups[i]);
  rt_processors_free(&s->processors);
  free(s->candidates);
  free(s->scores);
  free(s->beams);
  free(s->next);
  free(s->living);
  free(s->done_at);
  free(s->groups);
}

smelt_result rt_beam_search(rt_session *session, const rt_generation *request, rt_found_list *list) {
  smelt_model *model = session->model;
  const smelt_generate_options *options = &request->options;
  int32_t beams = rt_beam_count(model, options), groups = options->beam_groups > 1 ? options->beam_groups : 1;
  int32_t room = model->max_tokens - session->count + 1, most = rt_most_new_tokens(options, session->count);
  search s = {.session = session,
              .request = request,
              .start = session->count,
              .beam_count = beams,
              .group_count = groups,
              .group_size = beams / groups,
              .row_bytes = rt_cache_row_bytes(model)};
  *list = (rt_found_list){0};
  smelt_result result = SMELT_OK;
  if (!allocate(&s)) result = rt_fail(model, SMELT_OUT_OF_MEMORY, "no memory for beams");
  rt_constraint_begin(request->constraint, session);
  if (!result) result = grow(&s, most == 0 || most > room ? room : most);
  bool is_cut = most > room && s.length == room && !are_all_done(&s);
  if (!result) result = collect(&s, list);
  if (!result && list->count == 0)
    result = rt_fail(model, SMELT_BAD_ARGUMENT,
                     "no token may come next: what is excluded leaves none that the text needs");
  if (!result && is_cut)
    result = rt_fail(model, SMELT_TOO_LARGE, "stopped after %d tokens: the model holds at most %d in all",
                     (int)room, (int)model->max_tokens);
  release(&s);
  rt_session_keep(session, s.start);
  session->logits = NULL;
  return result;
}

void rt_found_free(rt_found_list *list) {
  for (int32_t i = 0; i < list->count; i++) free(list->items[i].tokens);
  free(list->items);
}

smelt_result rt_generate_by_beams(rt_session *s, const rt_generation *request) {
  rt_found_list list;
  smelt_result result = rt_beam_search(s, request, &list), told = SMELT_OK;
  if (list.count > 0) told = rt_session_tell(s, request, list.items[0].tokens, list.items[0].count);
  rt_found_free(&list);
  return told ? told : result;
}
