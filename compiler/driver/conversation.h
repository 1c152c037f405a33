/* conversation.h: the chat template of a model folder. Private to driver/. */
#ifndef SMELT_DRIVER_CONVERSATION_H
#define SMELT_DRIVER_CONVERSATION_H

#include "driver/compile.h"

/*
 * Compiles the template of a decoder into c->chat: chat_template.jinja, or chat_template in
 * tokenizer_config.json. One that cannot be compiled gives a warning that names the line, and a program
 * without chat.
 */
void conversation_describe(compilation *c);

#endif
