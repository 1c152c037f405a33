/*
 * conversation.h: a dialogue with a model through its chat template: messages
 * in, answers out. The cache is kept from turn to turn; where the dialogue has
 * outgrown the model, its oldest turns go, the system's message stays.
 * Private to runtime/app.
 */
#ifndef RT_APP_CONVERSATION_H
#define RT_APP_CONVERSATION_H

#include "app/app.h"
#include "chat/chat.h"

/* Receives an answer's text as it is made. False: it is to stop. */
typedef bool app_answer_sink(void *user, const char *text, size_t bytes);

typedef struct {
  smelt_model *model;
  const app_options *options;
  rt_chat chat;
  rt_session session;
  rt_message *messages; /* contents are the conversation's */
  size_t count, capacity;
  rt_chat_variable *variables; /* [variable_count], what --set says */
  size_t variable_count;
  size_t system_count; /* 1 where the first message is the system's */
  int64_t turns_dropped;
  const rt_constraint *constraint; /* of each answer, or NULL */
  /* Of the answer at hand. */
  app_answer_sink *sink;
  void *user;
  char *answer;
  size_t answer_bytes, answer_capacity;
  int32_t *tokens; /* of the answer, [token_count] */
  int32_t token_count, token_capacity;
  int32_t *stop_ids; /* the options' and the tokenizer's own end */
  bool out_of_memory, is_stopped;
} app_conversation;

/* Returns an exit code, after a message where it is not APP_OK. app_conversation_close in either case.
 * `system` may be NULL. */
int app_conversation_open(app_conversation *c, smelt_model *model, app_options *options, const char *system);
void app_conversation_close(app_conversation *c);

/*
 * The answer to `text`, which becomes part of the conversation together with it; also where the sink stopped
 * it. After a failure (a message said why) the conversation is as before.
 */
int app_conversation_answer(app_conversation *c, const char *text, size_t bytes, app_answer_sink *sink,
                            void *user);

#endif
