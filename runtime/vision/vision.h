/*
 * vision.h: from the bytes of an image file to the numbers that a model reads. Images are JPEG, or PNG
 * and BMP, which stb_image decodes; what comes out are the very numbers that Hugging Face's image processors
 * give with PIL. Nothing here prints; memory is bounded by the image's size.
 */
#ifndef RT_VISION_H
#define RT_VISION_H

#include "smelt/image.h"

/* The most pixels of an image: 256 Mi bytes of RGB, and about what PIL warns of. */
enum { RT_PICTURE_MOST_PIXELS = 89478485 };

extern const char rt_picture_too_large[]; /* what is said of more */

/* Rows of RGB, a byte each, without padding. */
typedef struct {
  uint8_t *bytes; /* [height * width * 3], malloc's; NULL: none */
  int32_t width, height;
} rt_picture;

/*
 * Decodes the file in bytes[count] (picture.c). Gray, palettes, alpha (which is dropped), 16 bits a channel
 * (the upper 8 stay) and CMYK all become RGB, and the picture stands as the camera was held.
 * Returns NULL, or what is wrong as a static text. *picture is to be freed in either case.
 */
const char *rt_picture_read(const void *bytes, size_t count, rt_picture *picture);
void rt_picture_free(rt_picture *picture);

/*
 * Turns the picture of the file in file[count] as its Exif data say (orientation.c); data that are damaged
 * say nothing. False: out of memory, and *picture is as it was.
 */
bool rt_picture_set_upright(const void *file, size_t count, rt_picture *picture);

/*
 * Brings *picture to width x height with one of PIL's filters, byte for byte as PIL's resize (resize.c).
 * False: out of memory, and *picture is as it was.
 */
bool rt_picture_resize(rt_picture *picture, int32_t width, int32_t height, smelt_resampling filter);

/*
 * What the model reads of *picture: pixels[channels * height * width] as the record says, planes of channels
 * (pixels.c). May resize *picture. Returns NULL, or what is wrong as a static text.
 */
const char *rt_picture_pixels(const smelt_manifest_vision *v, rt_picture *picture, float *pixels);

/* The size that the record resizes a picture to; {0, 0}: it becomes too large. */
typedef struct {
  int32_t width, height;
} rt_picture_size;
rt_picture_size rt_picture_resized(const smelt_manifest_vision *v, int32_t width, int32_t height);

#endif
