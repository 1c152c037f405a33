/* conversation.c: turns of a dialogue: rendered, read as far as they are new, answered. */
#include "app/conversation.h"

#include <stdlib.h>
#include <string.h>

#pragma weak rt_generate_by_beams /* NULL where it was left out */

static int out_of_memory(const app_conversation *c) {
  return app_fail(APP_INPUT, "%s: out of memory", c->options->program);
}

/* ---- messages ---------------------------------------------------------------------------------- */

static bool add_message(app_conversation *c, const char *role, const char *text, size_t bytes) {
  if (c->count == c->capacity) {
    size_t capacity = 2 * c->capacity + 8;
    rt_message *grown = realloc(c->messages, capacity * sizeof *grown);
    if (!grown) return false;
    c->messages = grown;
    c->capacity = capacity;
  }
  char *copy = malloc(bytes + 1);
  if (!copy) return false;
  if (bytes > 0) memcpy(copy, text, bytes);
  c->messages[c->count++] = (rt_message){.role = role, .content = copy, .bytes = bytes};
  return true;
}

static void free_content(const rt_message *message) {
  char *content;
  memcpy(&content, &message->content, sizeof content); /* made by add_message, shown as const */
  free(content);
}

static void drop_last(app_conversation *c) {
  free_content(&c->messages[--c->count]);
}

enum { TURN = 2 }; /* messages: a question and its answer */

/* Whether behind the oldest `skipped` messages a turn is left besides the last question. */
static bool has_turn(const app_conversation *c, size_t skipped) {
  return c->count > c->system_count + skipped + TURN;
}

/* Drops the oldest `count` messages, whole turns; the system's stays. */
static void drop_oldest(app_conversation *c, size_t count) {
  rt_message *first = c->messages + c->system_count;
  for (size_t i = 0; i < count; i++) free_content(&first[i]);
  memmove(first, first + count, (c->count - c->system_count - count) * sizeof *first);
  c->count -= count;
  c->turns_dropped += (int64_t)(count / TURN);
}

/* ---- from messages to tokens ----------------------------------------------------------------------- */

/* Renders all messages but the oldest `skipped`; the system's is among them. */
static bool render(const app_conversation *c, size_t skipped, rt_chat_result *rendered) {
  rt_message *shown = calloc(c->count, sizeof *shown);
  if (!shown) {
    *rendered = (rt_chat_result){.error = "out of memory"};
    return false;
  }
  for (size_t i = 0; i < c->count - skipped; i++)
    shown[i] = c->messages[i < c->system_count ? i : i + skipped];
  bool done =
      rt_chat_render(&c->chat, shown, c->count - skipped, true, c->variables, c->variable_count, rendered);
  free(shown);
  return done;
}

/* The dialogue's tokens and behind them those of the answer so far; *ids is the caller's to free. */
static int make_tokens(app_conversation *c, size_t skipped, int32_t **ids, int64_t *count) {
  rt_chat_result rendered;
  *ids = NULL;
  int code = APP_OK;
  if (!render(c, skipped, &rendered)) {
    code = app_fail(APP_INPUT, "%s: the chat template: %s", c->options->program, rendered.error);
  } else {
    int64_t made = smelt_encode(c->model, rendered.text ? rendered.text : "", rendered.bytes, false, NULL, 0);
    if (made < 0) code = app_fail(APP_INPUT, "%s: %s", c->options->program, smelt_error(c->model));
    if (made >= 0) *ids = malloc(((size_t)made + (size_t)c->token_count + 1) * sizeof **ids);
    if (made >= 0 && !*ids) code = out_of_memory(c);
    if (*ids && made > 0) memcpy(*ids, c->model->encoder.ids.items, (size_t)made * sizeof **ids);
    if (*ids && c->token_count > 0) memcpy(*ids + made, c->tokens, (size_t)c->token_count * sizeof **ids);
    *count = made + c->token_count;
  }
  rt_chat_free(&rendered);
  return code;
}

/* Room that an answer has to find: an eighth of what the model holds, or all that is asked for. */
static int64_t wanted_room(const app_conversation *c) {
  int64_t room = c->model->max_tokens / 8 + 1, asked = c->options->generate.max_new_tokens;
  return asked > 0 && asked < room ? asked : room;
}

/* Brings the model to where the answer goes on; the oldest turns go until there is room, unless they would
 * go for nothing. */
static int read_dialogue(app_conversation *c) {
  int32_t *ids = NULL;
  int64_t count = 0;
  size_t skipped = 0;
  int code = make_tokens(c, skipped, &ids, &count);
  while (code == APP_OK && count > c->model->max_tokens - wanted_room(c) && has_turn(c, skipped)) {
    free(ids);
    skipped += TURN;
    code = make_tokens(c, skipped, &ids, &count);
  }
  if (code == APP_OK && count > c->model->max_tokens - 1)
    code = app_fail(APP_INPUT,
                    "%s: the message has %lld tokens with what goes with it, the model holds at most %d",
                    c->options->program, (long long)count, (int)c->model->max_tokens);
  if (code == APP_OK) drop_oldest(c, skipped);
  if (code == APP_OK && rt_session_become(&c->session, ids, (int32_t)count))
    code = app_fail(APP_INPUT, "%s: %s", c->options->program, smelt_error(c->model));
  free(ids);
  return code;
}

/* ---- the answer -------------------------------------------------------------------------------------- */

static bool grow_answer(app_conversation *c, size_t bytes) {
  if (c->answer_bytes + bytes > c->answer_capacity) {
    size_t capacity = 2 * (c->answer_bytes + bytes) + 256;
    char *grown = realloc(c->answer, capacity);
    if (!grown) return false;
    c->answer = grown;
    c->answer_capacity = capacity;
  }
  if (c->token_count == c->token_capacity) {
    int32_t capacity = 2 * c->token_capacity + 64;
    int32_t *grown = realloc(c->tokens, (size_t)capacity * sizeof *grown);
    if (!grown) return false;
    c->tokens = grown;
    c->token_capacity = capacity;
  }
  return true;
}

static bool on_token(void *user, int32_t token, const char *text, size_t bytes) {
  app_conversation *c = user;
  c->out_of_memory = !grow_answer(c, bytes);
  if (c->out_of_memory) return false;
  if (bytes > 0) memcpy(c->answer + c->answer_bytes, text, bytes);
  c->answer_bytes += bytes;
  if (token >= 0) c->tokens[c->token_count++] = token;
  c->is_stopped = !c->sink(c->user, text, bytes);
  return !c->is_stopped;
}

/* ---- a constraint over all pieces of an answer ------------------------------------------------------- */

/* Where an answer goes on behind turns that were forgotten, its constraint goes on too. */
static void begin_constraint(void *user, const rt_decoder *before) {
  const app_conversation *c = user;
  if (c->constraint->begin && c->token_count == 0) c->constraint->begin(c->constraint->user, before);
}

static void reset_constraint(void *user) {
  const app_conversation *c = user;
  c->constraint->reset(c->constraint->user);
  for (int32_t i = 0; i < c->token_count; i++) c->constraint->accept(c->constraint->user, c->tokens[i]);
}

static const uint64_t *constraint_allows(void *user) {
  const app_conversation *c = user;
  return c->constraint->allowed(c->constraint->user);
}

static void constraint_accepts(void *user, int32_t token) {
  const app_conversation *c = user;
  c->constraint->accept(c->constraint->user, token);
}

static bool constraint_may_end(void *user) {
  const app_conversation *c = user;
  return c->constraint->may_end(c->constraint->user);
}

/* Goes on until the answer ends, or the model is full. *is_full: it is, and the answer would go on. */
static int generate_piece(app_conversation *c, bool *is_full) {
  const rt_constraint constraint = {.user = c,
                                    .begin = begin_constraint,
                                    .reset = reset_constraint,
                                    .allowed = constraint_allows,
                                    .accept = constraint_accepts,
                                    .may_end = constraint_may_end};
  rt_generation request = {.options = c->options->generate,
                           .constraint = c->constraint ? &constraint : NULL,
                           .by_beams = rt_generate_by_beams,
                           .on_token = on_token,
                           .user = c,
                           .may_go_on = true};
  int32_t before = c->session.count, made_before = c->token_count, most = request.options.max_new_tokens;
  if (most > 0) request.options.max_new_tokens = most - c->token_count;
  smelt_result result = rt_session_generate(&c->session, &request);
  /* What ends an answer is not reported; of what is reported only the last token may be unread. */
  int32_t made = c->token_count - made_before;
  *is_full = made > 0 && c->session.count >= c->model->max_tokens && c->session.count < before + made &&
             !c->is_stopped && (most == 0 || c->token_count < most);
  if (c->out_of_memory) return out_of_memory(c);
  if (result == SMELT_STOPPED || result == SMELT_TOO_LARGE || result == SMELT_OK) return APP_OK;
  if (result == SMELT_INCOMPLETE && *is_full) return APP_OK; /* it may yet go on */
  return app_fail(APP_INPUT, "%s: %s", c->options->program, smelt_error(c->model));
}

/* As generate_piece, with the oldest turns gone where the model is full. */
static int generate(app_conversation *c) {
  bool is_full = true;
  int code = APP_OK;
  while (is_full) {
    code = read_dialogue(c);
    if (code == APP_OK) code = generate_piece(c, &is_full);
    if (!is_full || code) break;
    is_full = has_turn(c, 0);
    if (is_full)
      drop_oldest(c, TURN);
    else
      code = app_fail(c->constraint ? APP_INPUT : APP_OK,
                      "%s: the answer ends here: the model holds at most %d tokens", c->options->program,
                      (int)c->model->max_tokens);
  }
  return code;
}

int app_conversation_answer(app_conversation *c, const char *text, size_t bytes, app_answer_sink *sink,
                            void *user) {
  c->sink = sink;
  c->user = user;
  c->answer_bytes = 0;
  c->token_count = 0;
  c->is_stopped = false;
  if (!add_message(c, "user", text, bytes)) return out_of_memory(c);
  int code = generate(c);
  if (code == APP_OK && !add_message(c, "assistant", c->answer, c->answer_bytes)) code = out_of_memory(c);
  if (code) drop_last(c);
  return code;
}

/* ---- open and close -------------------------------------------------------------------------------------
 */

/* The end of a turn is mostly the tokenizer's end token, which the model's configuration may leave out. */
static bool take_stop_ids(app_conversation *c, app_options *options) {
  uint32_t own = c->model->tokenizer.header->eos_id;
  smelt_token_list *list = &options->generate.stop_ids;
  if (options->generate.ignore_end) return true;
  if (own == TOK_NONE || own >= (uint32_t)c->model->manifest.generation->vocab_size) return true;
  c->stop_ids = malloc(((size_t)list->count + 1) * sizeof *c->stop_ids);
  if (!c->stop_ids) return false;
  if (list->count > 0) memcpy(c->stop_ids, list->tokens, (size_t)list->count * sizeof *c->stop_ids);
  c->stop_ids[list->count] = (int32_t)own;
  *list = (smelt_token_list){.tokens = c->stop_ids, .count = list->count + 1};
  return true;
}

/* --set NAME=VALUE */
static int take_variables(app_conversation *c) {
  const app_options *options = c->options;
  c->variables = calloc((size_t)options->item_count + 1, sizeof *c->variables);
  if (!c->variables) return out_of_memory(c);
  for (int32_t i = 0; i < options->item_count; i++) {
    const char *text = options->items[i].text, *equals = strchr(text, '=');
    if (options->items[i].list != APP_SET) continue;
    if (!equals || equals == text)
      return app_fail(APP_USAGE, "%s: --set: expected NAME=VALUE, found '%s'", options->program, text);
    if (!rt_chat_knows(&c->chat, text, (size_t)(equals - text)))
      return app_fail(APP_USAGE, "%s: --set: the chat template has no variable '%.*s'", options->program,
                      (int)(equals - text), text);
    c->variables[c->variable_count++] =
        (rt_chat_variable){.name = text, .name_bytes = (size_t)(equals - text), .value = equals + 1};
  }
  return APP_OK;
}

int app_conversation_open(app_conversation *c, smelt_model *model, app_options *options, const char *system) {
  const smelt_manifest *header = model->manifest.header;
  *c = (app_conversation){.model = model, .options = options};
  options->generate.max_length = 0; /* of one text, which a dialogue outgrows */
  options->generate.beams = 1;      /* they would show an answer when it is whole */
  c->constraint = rt_constraint_of(&options->generate);
  const char *wrong = rt_chat_open(&c->chat, (const uint8_t *)header + header->chat, header->chat_bytes);
  if (wrong) return app_fail(APP_INPUT, "%s: %s", options->program, wrong);
  if (rt_session_open(&c->session, model))
    return app_fail(APP_INPUT, "%s: %s", options->program, smelt_error(model));
  int code = take_variables(c);
  if (code) return code;
  if (!take_stop_ids(c, options)) return out_of_memory(c);
  if (system && !add_message(c, "system", system, strlen(system))) return out_of_memory(c);
  c->system_count = c->count;
  return APP_OK;
}

void app_conversation_close(app_conversation *c) {
  while (c->count > 0) drop_last(c);
  free(c->messages);
  free(c->answer);
  free(c->tokens);
  free(c->stop_ids);
  free(c->variables);
  if (c->model) rt_session_close(&c->session);
}
