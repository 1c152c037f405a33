"""Files that are missing, cut short, or not what their name says, and weights kept outside the model file."""

import os
import random

from onnx import TensorProto

import sound_model as sound
from case_table import BUILDS, case, initializer_called, model_case

NOT_ONNX = "model\\.onnx.*(not (a|an|valid)|no graph|truncat|cut short|corrupt|malformed|cannot be (read|parsed)|empty)"


@case(BUILDS)
def sound_folder(folder):
    sound.write_folder(folder)


@case("no_such_model")
def no_such_path(folder):
    return os.path.join(folder, "no_such_model")


@case("model\\.onnx|no (onnx )?model|no \\.onnx")
def folder_without_model(folder):
    sound.write_folder(folder)
    os.remove(os.path.join(folder, "model.onnx"))


@case(NOT_ONNX)
def truncated_in_the_middle(folder):
    sound.write_folder(folder)
    data = sound.sound_model().SerializeToString()
    sound.write_bytes(folder, "model.onnx", data[: len(data) // 2])


@case(NOT_ONNX)
def truncated_by_one_byte(folder):
    sound.write_folder(folder)
    sound.write_bytes(folder, "model.onnx", sound.sound_model().SerializeToString()[:-1])


@case(NOT_ONNX)
def text_named_onnx(folder):
    sound.write_folder(folder)
    sound.write_bytes(folder, "model.onnx", b"This is a letter to a friend, not a model.\n" * 20)


@case(NOT_ONNX)
def git_lfs_pointer(folder):
    sound.write_folder(folder)
    sound.write_bytes(folder, "model.onnx",
                      b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 653407880\n")


@case(NOT_ONNX)
def empty_file(folder):
    sound.write_folder(folder)
    sound.write_bytes(folder, "model.onnx", b"")


@case(NOT_ONNX)
def random_bytes(folder):
    sound.write_folder(folder)
    sound.write_bytes(folder, "model.onnx", random.Random(1).randbytes(4096))


@case(NOT_ONNX)
def length_prefix_beyond_the_file(folder):
    sound.write_folder(folder)
    sound.write_bytes(folder, "model.onnx", b"\x08\x08\x3a\xff\xff\xff\xff\x0f")


@case(NOT_ONNX)
def single_file_that_is_not_onnx(folder):
    path = os.path.join(folder, "model.onnx")
    sound.write_bytes(folder, "model.onnx", b"\xff" * 64)
    return path


# ---- external data ----


def _keep_outside(model, **entries):
    """Points head_weight at an external file; entries are its external_data keys."""
    tensor = initializer_called(model, "head_weight")
    data = tensor.raw_data
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in entries.items():
        entry = tensor.external_data.add()
        entry.key, entry.value = key, str(value)
    return data


def _external_case(expect, data_bytes=None, **entries):
    """A sound model whose head_weight lies in weights.bin, with wrong `entries` or only `data_bytes` of the file."""

    def register(function):
        def write(folder):
            model = sound.sound_model()
            data = _keep_outside(model, **{"location": "weights.bin", **entries})
            sound.write_folder(folder, model)
            sound.write_bytes(folder, "weights.bin", data[:data_bytes])

        write.__name__ = function.__name__
        return case(expect)(write)

    return register


@_external_case(BUILDS)
def external_sound(): ...


@_external_case("no_such_weights\\.bin", location="no_such_weights.bin")
def external_file_missing(): ...


@_external_case("outside|leave|escape", location="../../../../../../../etc/passwd")
def external_path_climbs_out(): ...


@_external_case("outside|leave|escape|absolute", location="/etc/passwd")
def external_path_absolute(): ...


@_external_case("outside|leave|escape", location="nothing/../../case_000/model.onnx")
def external_path_climbs_out_in_the_middle(): ...


@_external_case("location|external", location="")
def external_path_empty(): ...


@_external_case("weights\\.bin", data_bytes=100)
def external_file_too_short(): ...


@_external_case("weights\\.bin|head_weight", offset=4096)
def external_offset_beyond_the_file(): ...


@_external_case("weights\\.bin|head_weight", offset=-4096)
def external_offset_negative(): ...


@_external_case("weights\\.bin|head_weight", offset=2**63 - 1, length=2**63 - 1)
def external_offset_plus_length_overflows(): ...


@_external_case("weights\\.bin|head_weight", offset="a few")
def external_offset_not_a_number(): ...


@_external_case("weights\\.bin|head_weight", length=12)
def external_length_too_small(): ...


@_external_case("weights\\.bin|head_weight", length=1 << 40)
def external_length_beyond_the_file(): ...


@model_case("head_weight|external|location")
def external_without_location(model):
    _keep_outside(model)
