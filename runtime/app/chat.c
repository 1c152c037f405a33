/* chat.c: a dialogue at a terminal or over lines, or one answer. At a terminal Ctrl-C ends the answer, not
 * the program. */
#define _GNU_SOURCE
#include "app/conversation.h"
#include "app/line_editor.h"

#include <string.h>
#include <unistd.h>

#pragma weak app_take_constraint /* NULL where they were left out */
#pragma weak app_free_constraint

/* ---- answers -------------------------------------------------------------------------------------- */

static bool write_answer(void *user, const char *text, size_t bytes) {
  app_output *out = user;
  app_write(out, text, bytes);
  return app_flush(out) && !rt_host_was_interrupted();
}

static int answer(app_conversation *c, app_output *out, const char *text, size_t bytes) {
  int64_t dropped = c->turns_dropped;
  rt_host_forget_interrupt();
  int code = app_conversation_answer(c, text, bytes, write_answer, out);
  if (code == APP_OK) app_write_text(out, "\n");
  if (!app_flush(out)) return app_fail(APP_INPUT, "%s: the answer cannot be written", c->options->program);
  if (c->turns_dropped > dropped && isatty(STDERR_FILENO))
    app_fail(APP_OK, "(the oldest turns are forgotten: the model holds at most %d tokens)",
             (int)c->model->max_tokens);
  return code;
}

/* ---- the dialogue ------------------------------------------------------------------------------------ */

/* A failure to answer, of a terminal, is told and the dialogue goes on; of lines it is the end. */
static int talk(app_conversation *c, line_editor *editor, app_output *out) {
  bool is_terminal = isatty(STDIN_FILENO);
  for (int interrupts = 0, code;;) {
    rt_host_forget_interrupt();
    line_result result = line_editor_read(editor);
    interrupts = result == LINE_INTERRUPTED ? interrupts + 1 : 0;
    if (result == LINE_END || interrupts > 1) return APP_OK;
    if (result == LINE_FAILED) return app_fail(APP_INPUT, "%s: the line cannot be read", c->options->program);
    if (result == LINE_INTERRUPTED)
      app_fail(APP_OK, "(Ctrl-C once more, or Ctrl-D, ends it)");
    else if (editor->count > 0 && (code = answer(c, out, editor->text, editor->count)) && !is_terminal)
      return code;
    if (out->failed) return APP_INPUT;
  }
}

int app_chat(smelt_model *model, app_options *options) {
  app_output out = app_output_on(STDOUT_FILENO);
  app_token_lists lists = {0};
  app_conversation c = {0};
  line_editor editor;
  app_choose_seed(options);
  line_editor_init(&editor, STDIN_FILENO, STDOUT_FILENO, "> ");
  int code = app_take_token_lists(model, options, &lists);
  if (code == APP_OK && app_take_constraint) code = app_take_constraint(model, options);
  if (code == APP_OK) code = app_conversation_open(&c, model, options, options->system);
  if (code == APP_OK && isatty(STDIN_FILENO) && !options->prompt) rt_host_catch_interrupts();
  if (code == APP_OK)
    code = options->prompt ? answer(&c, &out, options->prompt, strlen(options->prompt))
                           : talk(&c, &editor, &out);
  app_conversation_close(&c);
  line_editor_free(&editor);
  app_free_token_lists(&lists);
  if (app_free_constraint) app_free_constraint(options);
  return code;
}
