/*
 * fourier.c: the discrete Fourier transform, of size 2^a 3^b 5^c ... by Stockham's order: for each factor p
 * of the size, transforms of size p over elements that lie size / p apart, results side by side, so that
 * nothing need be reversed at the end. A large prime factor costs its square, and is right all the same.
 */
#include "host/host.h"
#include "sound/sound.h"

#include <stdlib.h>

#pragma STDC FP_CONTRACT OFF

enum { MOST_FACTORS = 32 };

struct rt_fourier {
  int32_t size;
  int32_t factors[MOST_FACTORS], factor_count;
  double *cosines, *sines; /* of -i / size of a turn, [size] */
  rt_complex *buffers[2];  /* [size] */
};

static void factorise(rt_fourier *f) {
  int32_t rest = f->size;
  while (rest % 4 == 0) f->factors[f->factor_count++] = 4, rest /= 4;
  for (int32_t p = 2; rest > 1; p++) {
    if (p > rest / p) p = rest; /* what is left is prime */
    while (rest % p == 0) f->factors[f->factor_count++] = p, rest /= p;
  }
}

rt_fourier *rt_fourier_create(int32_t size) {
  rt_fourier *f = size < 1 ? NULL : calloc(1, sizeof *f);
  if (!f) return NULL;
  f->size = size;
  factorise(f);
  f->cosines = malloc((size_t)size * sizeof *f->cosines);
  f->sines = malloc((size_t)size * sizeof *f->sines);
  for (int i = 0; i < 2; i++)
    f->buffers[i] = (rt_complex *)(void *)rt_host_map((size_t)size * sizeof *f->buffers[i]);
  if (!f->cosines || !f->sines || !f->buffers[0] || !f->buffers[1]) {
    rt_fourier_free(f);
    return NULL;
  }
  for (int32_t i = 0; i < size; i++) {
    rt_turn(i, size, &f->cosines[i], &f->sines[i]);
    f->sines[i] = -f->sines[i];
  }
  return f;
}

void rt_fourier_free(rt_fourier *f) {
  if (!f) return;
  free(f->cosines);
  free(f->sines);
  for (int i = 0; i < 2; i++)
    rt_host_unmap((uint8_t *)f->buffers[i], (size_t)f->size * sizeof *f->buffers[i]);
  free(f);
}

rt_complex *rt_fourier_input(rt_fourier *f) {
  return f->buffers[0];
}

/*
 * One factor p of a transform of which transforms of size `done` are there: output j of the group at g, in
 * [0, done), is the sum over q of input (g + done rest), rest + q size / p, turned by q (j done + g) / (p
 * done).
 */
static void step(const rt_fourier *f, int32_t p, int32_t done, const rt_complex *from, rt_complex *to) {
  int32_t rests = f->size / (p * done), apart = f->size / p, unit = f->size / (p * done);
  for (int32_t rest = 0; rest < rests; rest++) {
    for (int32_t g = 0; g < done; g++) {
      const rt_complex *in = from + rest * done + g;
      for (int32_t j = 0; j < p; j++) {
        int32_t turn = unit * (j * done + g), at = 0; /* below size */
        rt_lanes re = in[0].re, im = in[0].im;
        for (int32_t q = 1; q < p; q++) {
          at += turn;
          if (at >= f->size) at -= f->size;
          double c = f->cosines[at], s = f->sines[at];
          const rt_complex *x = &in[q * apart];
          re += x->re * c - x->im * s;
          im += x->re * s + x->im * c;
        }
        to[rest * p * done + j * done + g] = (rt_complex){re, im};
      }
    }
  }
}

const rt_complex *rt_fourier_run(rt_fourier *f) {
  int32_t done = 1, from = 0;
  for (int32_t i = 0; i < f->factor_count; i++) {
    step(f, f->factors[i], done, f->buffers[from], f->buffers[1 - from]);
    done *= f->factors[i];
    from = 1 - from;
  }
  return f->buffers[from];
}
