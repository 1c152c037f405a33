/*
 * main.c: a model on a board without an operating system. What smelt made of ../verse/model is linked in;
 * its weights stay where the linker script puts read-only data, and all that it writes lies in `memory`.
 */
#include "board.h"

#include <smelt/model.h>

extern const smelt_image
    smelt_model_verse; /* of `smelt build --target armv7m-none --emit lib --name verse` */

static _Alignas(64) char memory[MEMORY_BYTES];

enum { TOKENS = 24, FAILED = 1 };

static void say(const char *text) {
  size_t bytes = 0;
  while (text[bytes]) bytes++;
  board_write(text, bytes);
}

static void say_number(uint32_t number) {
  if (number > 9) say_number(number / 10);
  board_write(&"0123456789"[number % 10], 1);
}

static int32_t ids[TOKENS], id_count;

static bool on_token(void *user, int32_t token, const char *text, size_t bytes) {
  (void)user;
  if (token >= 0 && id_count < TOKENS) ids[id_count++] = token;
  board_write(text, bytes);
  return true; /* false would stop the model */
}

static int write_verse(void) {
  static const char PROMPT[] = "In the beginning";
  smelt_model *model;
  size_t needed = smelt_memory_bytes(&smelt_model_verse);
  smelt_give_memory(memory, needed < sizeof memory ? needed : sizeof memory);
  smelt_result result = smelt_open(&smelt_model_verse, NULL, &model);
  if (result) {
    say(smelt_result_text(result));
    return FAILED;
  }
  smelt_generate_options options = smelt_generate_defaults(model);
  options.temperature = 0; /* always the likeliest token */
  options.max_new_tokens = TOKENS;
  say(PROMPT);
  result = smelt_generate(model, PROMPT, &options, on_token, NULL);
  if (result) say(smelt_error(model));
  smelt_close(model);
  return result ? FAILED : 0;
}

int main(void) {
  int code = write_verse();
  say("\nids");
  for (int32_t i = 0; i < id_count; i++) {
    say(" ");
    say_number((uint32_t)ids[i]);
  }
  say("\nmemory ");
  say_number((uint32_t)smelt_memory_bytes(&smelt_model_verse));
  say("\n");
  return code;
}
