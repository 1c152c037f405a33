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
#pragma weak app_classify_images
#pragma weak app_embed_images
#pragma weak app_match_images
#pragma weak app_tag
#pragma weak app_similar
#pragma weak app_fill
#pragma weak app_answer
#pragma weak app_transcribe

static const app_command commands[] = {
    {"chat", "--system \"Answer briefly.\"", "a dialogue; -p TEXT: one answer", APP_CHATS, app_chat},
    {"transcribe", "speech.wav", "what is said in WAV files", APP_TRANSCRIBES, app_transcribe},
    {"tokenize", "-p \"Once upon a time\"", "text to token ids", APP_TOKENIZES, app_tokenize},
    {"detokenize", "-p \"1 2 3\"", "token ids to text", APP_DETOKENIZES, app_detokenize},
    {"score", "-p \"Once upon a time\"", "how likely the model finds a text", APP_SCORES, app_score},
    {"embed", "-p \"Once upon a time\"", "a text's vector", APP_EMBEDS, app_embed},
    {"similar", "\"A first text.\" \"A second one.\"", "how alike two texts are", APP_COMPARES, app_similar},
    {"classify", "-p \"Once upon a time\"", "which labels suit a text", APP_CLASSIFIES, app_classify},
    {"classify", "photo.jpg", "which label suits an image", APP_SEES_LABELS, app_classify_images},
    {"classify", "photo.jpg --labels \"a cat\" \"a dog\"", "which text suits an image", APP_SEES_MATCHES,
     app_match_images},
    {"embed", "photo.jpg", "an image's vector", APP_SEES_VECTORS, app_embed_images},
    {"tag", "-p \"Marie Curie was born in Warsaw.\"", "what is named in a text, and where", APP_TAGS,
     app_tag},
    {"fill", "-p \"Paris is the [MASK] of France.\"", "what may stand where a text has masks", APP_FILLS,
     app_fill},
    {"answer", "-p \"Where is it?\" --context \"It is there.\"", "where a text answers a question",
     APP_ANSWERS, app_answer},
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

/* What a graph's answer to a text is good for. */
static const int head_abilities[SMELT_HEAD_COUNT] = {
    [SMELT_HEAD_STATES] = APP_EMBEDS,      [SMELT_HEAD_VECTOR] = APP_EMBEDS,
    [SMELT_HEAD_LABELS] = APP_CLASSIFIES,  [SMELT_HEAD_TOKEN_LABELS] = APP_TAGS,
    [SMELT_HEAD_NEXT_TOKENS] = APP_SCORES, [SMELT_HEAD_FILLINGS] = APP_FILLS,
    [SMELT_HEAD_ANSWERS] = APP_ANSWERS,
};

/* The same of an image. */
static const int sight_abilities[SMELT_HEAD_COUNT] = {
    [SMELT_HEAD_STATES] = APP_SEES_VECTORS,
    [SMELT_HEAD_VECTOR] = APP_SEES_VECTORS,
    [SMELT_HEAD_LABELS] = APP_SEES_LABELS,
    [SMELT_HEAD_MATCHES] = APP_SEES_MATCHES,
};

/* What the model's answer is for; 0: it answers neither texts nor images. */
static int answer_ability(const smelt_model *model) {
  const smelt_manifest_reader *r = model->manifest.reader;
  if (!r) return 0;
  return model->manifest.vision ? sight_abilities[r->head] : head_abilities[r->head];
}

int app_model_abilities(const smelt_model *model) {
  const smelt_manifest_generation *g = model->manifest.generation;
  int abilities = answer_ability(model) | (g ? APP_GENERATES : APP_RUNS_GRAPH);
  if (abilities & APP_EMBEDS) abilities |= APP_COMPARES;
  if (rt_reads_features(model)) abilities |= APP_READS_FEATURES;
  if (model->manifest.hearing) abilities |= APP_TRANSCRIBES;
  if (!model->has_tokenizer) return abilities;
  abilities |= APP_TOKENIZES | APP_DETOKENIZES;
  if (g && !rt_reads_features(model)) abilities |= APP_SCORES;
  if (g && g->encode_entry == SMELT_NONE && model->manifest.header->chat) abilities |= APP_CHATS;
  return abilities;
}

int app_abilities(const smelt_model *model) {
  int abilities = app_model_abilities(model);
  for (int i = 0; i < COMMANDS; i++)
    if (!commands[i].run) abilities &= ~commands[i].kind;
  return abilities;
}

const app_command *app_command_named(const char *name, int abilities) {
  const app_command *found = NULL;
  for (int i = 0; i < COMMANDS; i++)
    if (strcmp(commands[i].name, name) == 0 && (!found || commands[i].kind & abilities)) found = &commands[i];
  return found;
}

const app_command *app_usual_command(const smelt_model *model) {
  int ability = model->manifest.hearing ? APP_TRANSCRIBES : answer_ability(model);
  for (int i = 0; i < COMMANDS; i++)
    if (commands[i].kind & ability) return &commands[i];
  return NULL;
}

void app_write_commands(app_output *out, const smelt_model *model) {
  enum { HELP_COLUMN = 26 };
  int abilities = app_abilities(model);
  bool has_any = false;
  for (int i = 0; i < COMMANDS; i++) {
    if (!(commands[i].kind & abilities)) continue;
    has_any = true;
    app_write_text(out, "  ");
    app_write_text(out, commands[i].name);
    for (size_t used = 2 + strlen(commands[i].name); used < HELP_COLUMN; used++) app_write_text(out, " ");
    app_write_text(out, commands[i].help);
    app_write_text(out, "\n");
  }
  if (!has_any || (!model->has_tokenizer && !(abilities & APP_SEES))) return;
  app_write_text(out, "  COMMAND --help          the command's own options\n");
}
