/* hearing.h: encoder-decoders that read sound. Private to driver/. */
#ifndef SMELT_DRIVER_HEARING_H
#define SMELT_DRIVER_HEARING_H

#include "driver/compile.h"

/*
 * Fills c->hearing and the languages where the encoder reads features or samples and preprocessor_config.json
 * says how sound becomes them; c->hears says so. Where the folder's files do not suit, a warning says why and
 * the program takes features as .npy files only.
 */
void hearing_describe(compilation *c);

#endif
