/*
 * media.h: the C ABI of compiled models that read files of images or sounds, beside model.h; the same rules
 * of threads and errors. Models of other kinds have these functions too in an archive (`smelt build --emit
 * lib`), where they fail; a shared library gives them out only where the model can use them.
 */
#ifndef SMELT_MEDIA_H
#define SMELT_MEDIA_H

#include "smelt/model.h"

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

/* ---- images ------------------------------------------------------------------ */

/*
 * What the model's input `pixel_values` is of the PNG, JPEG or BMP file in file[bytes]: resized, cropped and
 * normalised as the model's image processor does it, f32 [1, channels, height, width] as smelt_input_info
 * says. Returns how many floats that are; writes them where `capacity` is as many, else nothing. Negative:
 * the file is no such image, or the model reads none (smelt_error).
 */
int64_t smelt_pixels(smelt_model *model, const void *file, size_t bytes, float *pixels, int64_t capacity);

/* ---- sounds ------------------------------------------------------------------ */

typedef struct {
  const char *language; /* a code, "en"; NULL: as the model is set, else it finds out */
  bool translates;      /* into English */
  bool tells_times; /* pieces end where the model says; so they do of sounds longer than it hears at once */
  bool conditions;  /* each window is heard behind the text of those before */
  const smelt_generate_options *generation; /* NULL: the model's defaults */
} smelt_hearing;

/* A piece of what is said. Its memory is the model's, during the call. */
typedef struct {
  double start_s, end_s;
  const char *text; /* UTF-8, not NUL-terminated, without spaces at its ends */
  size_t bytes;
  bool is_apart;      /* from the piece before: a space stands between */
  const int32_t *ids; /* as they were generated, times among them */
  int32_t count;
} smelt_piece;

/* Called with each piece in order. Return false to stop (SMELT_STOPPED). */
typedef bool smelt_piece_callback(void *user, const smelt_piece *piece);

/*
 * What is said in the WAV file in file[bytes], of any length and rate. `hearing` NULL: all of it 0. Errors as
 * smelt_generate_ids; SMELT_BAD_ARGUMENT too where the file is no sound, the model does not hear, or it has
 * no such language or no choice of tasks.
 */
smelt_result smelt_transcribe(smelt_model *model, const void *file, size_t bytes,
                              const smelt_hearing *hearing, smelt_piece_callback *callback, void *user);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
