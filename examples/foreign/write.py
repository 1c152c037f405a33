#!/usr/bin/env python3
"""write.py LIBRARY PROMPT TOKENS: goes on with a text; LIBRARY is of `smelt build --emit shared`. Needs Python alone."""
import sys
from ctypes import CDLL, CFUNCTYPE, byref, c_bool, c_char, c_char_p, c_int32, c_size_t, c_void_p, string_at

library = CDLL(sys.argv[1])
library.smelt_error.restype = c_char_p
tokens_left = int(sys.argv[3])


@CFUNCTYPE(c_bool, c_void_p, c_int32, c_void_p, c_size_t)
def on_token(user, token, text, size):
    global tokens_left
    sys.stdout.buffer.write(string_at(text, size) if size else b"")
    sys.stdout.buffer.flush()
    tokens_left -= 1
    return tokens_left > 0


def check(result, stopped=6):  # SMELT_STOPPED: by on_token
    if result not in (0, stopped):
        sys.exit(f"write.py: {library.smelt_error(model).decode()}")


model = c_void_p()
check(library.smelt_open(byref(c_char.in_dll(library, "smelt_model_main")), None, byref(model)))
check(library.smelt_generate(model, sys.argv[2].encode(), None, on_token, None))
library.smelt_close(model)
