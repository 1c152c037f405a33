/* units.c: SI prefixes, thousands and percentages. */
#include "driver/units.h"

#include <math.h>
#include <string.h>

char *units_scaled(arena *a, double number, const char *unit) {
  static const char *const prefixes[] = {"", "k", "M", "G", "T", "P", "E"};
  size_t i = 0;
  while (fabs(number) >= 999.95 && i + 1 < sizeof prefixes / sizeof *prefixes) {
    number /= 1000;
    i++;
  }
  bool is_whole = i == 0 && number == floor(number);
  const char *space = *prefixes[i] || *unit ? " " : "";
  int decimals = is_whole ? 0 : fabs(number) < 9.995 ? 2 : 1;
  return arena_format(a, "%.*f%s%s%s", decimals, number, space, prefixes[i], unit);
}

char *units_grouped(arena *a, int64_t number) {
  char digits[32], grouped[48];
  int count = snprintf(digits, sizeof digits, "%lld", (long long)number), to = 0;
  int first = digits[0] == '-';
  for (int from = 0; from < count; from++) {
    if (from > first && (count - from) % 3 == 0) grouped[to++] = ',';
    grouped[to++] = digits[from];
  }
  grouped[to] = 0;
  return arena_text(a, grouped);
}

char *units_share(arena *a, double part, double whole) {
  double percent = whole > 0 ? 100 * part / whole : 0;
  if (part > 0 && percent < 0.05) return arena_text(a, "< 0.1 %");
  return arena_format(a, percent == 0 || percent == 100 ? "%.0f %%" : "%.1f %%", percent);
}
