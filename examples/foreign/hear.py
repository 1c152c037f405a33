#!/usr/bin/env python3
"""hear.py LIBRARY SOUND: what is said in a WAV file; LIBRARY is of a model that hears, such as whisper-tiny."""
import sys
from ctypes import CDLL, CFUNCTYPE, POINTER, Structure, byref, c_bool, c_char, c_char_p, c_double, c_int32, c_size_t, c_void_p, string_at


class Piece(Structure):
    _fields_ = [("start_s", c_double), ("end_s", c_double), ("text", c_void_p), ("bytes", c_size_t),
                ("is_apart", c_bool), ("ids", POINTER(c_int32)), ("count", c_int32)]


@CFUNCTYPE(c_bool, c_void_p, POINTER(Piece))
def on_piece(user, piece):
    heard = piece.contents
    print(f"{heard.start_s:.2f}\t{heard.end_s:.2f}\t{string_at(heard.text, heard.bytes).decode(errors='replace')}")
    return True


library, model = CDLL(sys.argv[1]), c_void_p()
library.smelt_error.restype = c_char_p
if library.smelt_open(byref(c_char.in_dll(library, "smelt_model_main")), None, byref(model)):
    sys.exit("hear.py: the model cannot be opened")
with open(sys.argv[2], "rb") as f:
    file = f.read()
if library.smelt_transcribe(model, file, c_size_t(len(file)), None, on_piece, None):
    sys.exit(f"hear.py: {library.smelt_error(model).decode()}")
