/* weights_options.c: options of programs that do not hold their weights as they are used. */
#include "app/option_table.h"

/* Whatever it is to do, the program opens its model first. */
enum { ANY = (APP_TRANSCRIBES << 1) - 1 };

const app_option app_weights_options[] = {
    {0, "weights", "FILE", "the file of the weights, where it is not the usual one", ANY, APP_TEXT,
     APP_FIELD(weights_path), 0},
    {0, "check-weights", NULL, "read that file whole before, and compare its hash", ANY, APP_FLAG,
     APP_FIELD(checks_weights), 0},
    {0},
};
