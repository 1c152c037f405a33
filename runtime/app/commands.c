/* commands.c: what a program does by its first word. One table says what there is; parser and --help read it.
 */
#include "app/app.h"

#include <string.h>

/* Linked only into programs whose model they suit (compiler/driver/build.c), else NULL. */
#pragma weak app_chat
#pragma weak app_tokenize
#pragma weak app_detokenize
#pragma weak app_score
#pragma weak app_embed
#pragma weak app_classify

static const app_command commands[] = {
    {"chat", "--system \"Answer briefly.\"", "a dialogue; -p TEXT: one answer", APP_CHATS, app_chat},
    {"tokenize", "-p \"Once upon a time\"", "text to token ids", APP_TOKENIZES, app_tokenize},
    {"detokenize", "-p \"1 2 3\"", "token ids to text", APP_DETOKENIZES, app_detokenize},
    {"score", "-p \"Once upon a time\"", "how likely the model finds a text", APP_SCORES, app_score},
    {"embed", "-p \"Once upon a time\"", "a text's vector", APP_EMBEDS, app_embed},
    {"classify", "-p \"Once upon a time\"", "which labels suit a text", APP_CLASSIFIES, app_classify},
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

/* What a graph's answer to a text is good for. */
static const int head_abilities[SMELT_HEAD_COUNT] = {
    [SMELT_HEAD_STATES] = APP_EMBEDS,      [SMELT_HEAD_VECTOR] = APP_EMBEDS,
    [SMELT_HEAD_LABELS] = APP_CLASSIFIES,  [SMELT_HEAD_TOKEN_LABELS] = APP_CLASSIFIES,
    [SMELT_HEAD_NEXT_TOKENS] = APP_SCORES,
};

int app_abilities(const smelt_model *model) {
  const smelt_manifest_generation *g = model->manifest.generation;
  const smelt_manifest_reader *r = model->manifest.reader;
  int abilities = g ? APP_GENERATES : APP_RUNS_GRAPH;
  if (rt_reads_features(model)) abilities |= APP_READS_FEATURES;
  if (!model->has_tokenizer) return abilities;
  abilities |= APP_TOKENIZES | APP_DETOKENIZES;
  if (g && g->encode_entry == SMELT_NONE) abilities |= APP_SCORES;
  if (g && g->encode_entry == SMELT_NONE && model->manifest.header->chat) abilities |= APP_CHATS;
  return r ? abilities | head_abilities[r->head] : abilities;
}

const app_command *app_command_named(const char *name) {
  for (int i = 0; i < COMMANDS; i++)
    if (strcmp(commands[i].name, name) == 0) return &commands[i];
  return NULL;
}

const app_command *app_usual_command(const smelt_model *model) {
  const smelt_manifest_reader *r = model->manifest.reader;
  for (int i = 0; r && i < COMMANDS; i++)
    if (commands[i].kind == head_abilities[r->head]) return &commands[i];
  return NULL;
}

void app_write_commands(app_output *out, const smelt_model *model) {
  enum { HELP_COLUMN = 26 };
  int abilities = app_abilities(model);
  for (int i = 0; i < COMMANDS; i++) {
    if (!(commands[i].kind & abilities)) continue;
    app_write_text(out, "  ");
    app_write_text(out, commands[i].name);
    for (size_t used = 2 + strlen(commands[i].name); used < HELP_COLUMN; used++) app_write_text(out, " ");
    app_write_text(out, commands[i].help);
    app_write_text(out, "\n");
  }
  if (!model->has_tokenizer) return;
  app_write_text(out, "  COMMAND --help          the command's own options\n");
}
