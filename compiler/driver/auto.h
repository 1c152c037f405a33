/* auto.h: --precision auto: int8 where the sample allows it. Private to driver/. */
#ifndef SMELT_DRIVER_AUTO_H
#define SMELT_DRIVER_AUTO_H

#include "driver/options.h"

/*
 * Chooses for each weight: *chosen are the options with precision int8 and the weights that stay in bf16,
 * those that lose most first, as few as 99 % equal tokens and an error of 2 % need on the sample. With
 * --report it prints what it found. Builds the model up to eight times.
 */
status auto_choose(arena *a, const driver_options *options, driver_options *chosen);

#endif
