/* math.h: what compilers know by themselves. The runtime's own functions (decode/exponential.c) do the rest.
 */
#ifndef RT_BUILTIN_MATH_H
#define RT_BUILTIN_MATH_H

#define INFINITY    __builtin_inff()
#define NAN         __builtin_nanf("")
#define isinf(x)    __builtin_isinf(x)
#define isnan(x)    __builtin_isnan(x)
#define isfinite(x) __builtin_isfinite(x)
#define fabs(x)     __builtin_fabs(x)
#define fabsf(x)    __builtin_fabsf(x)
#define sqrt(x)     __builtin_sqrt(x)

#endif
