/* sound_file.c: a WAV file as a sound at the model's rate. */
#include "speech/speech.h"

#include <stdlib.h>

smelt_result rt_sound_read(smelt_model *model, const void *bytes, size_t count, rt_wave *wave) {
  rt_wave read;
  rt_wave_fault fault = rt_wave_read(bytes, count, &read);
  smelt_result result = SMELT_OK;
  *wave = (rt_wave){0};
  if (fault.what && fault.has_found)
    result = rt_fail(model, SMELT_BAD_ARGUMENT, "byte %llu: %s (found %lld)", (unsigned long long)fault.place,
                     fault.what, (long long)fault.found);
  else if (fault.what)
    result = rt_fail(model, SMELT_BAD_ARGUMENT, "byte %llu: %s", (unsigned long long)fault.place, fault.what);
  else if (!rt_wave_resample(&read, model->manifest.hearing->rate, wave))
    result = rt_fail(model, SMELT_OUT_OF_MEMORY, "is too long for the memory there is");
  free(read.samples);
  return result;
}
