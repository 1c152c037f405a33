/* vision.h: graphs over pixels that read images: ViT, CLIP. Private to driver/. */
#ifndef SMELT_DRIVER_VISION_H
#define SMELT_DRIVER_VISION_H

#include "driver/compile.h"

/*
 * For onnx_options.see_input, `user` being a compilation: where the input is pixel_values and the folder says
 * how images become such, fills c->vision and gives the input their sizes; c->reads_images says so. Where the
 * folder's files do not suit, a warning says why and the program takes arrays only.
 */
void vision_see_input(void *user, const char *name, ir_type *type);

/* The graph may take many texts beside an image. After other limits. */
void vision_limit_texts(compilation *c, const ir_graph *graph);

/* Fills c->reader: which output of the planned graph answers, and how. After planning. */
void vision_describe(compilation *c);

/* What preprocessor_config.json says of images, but for what the graph takes (vision_config.c). `model_file`:
 * config.json, which is asked where that names no image processor; NULL: there is none. */
status vision_read_config(arena *a, const char *file, const char *model_file, smelt_manifest_vision *v);

#endif
