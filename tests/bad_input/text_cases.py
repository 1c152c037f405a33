"""Tokenizers and configurations that are no JSON, of the wrong type, or not of this model."""

import json
import os

import sound_model as sound
from case_table import NO_CRASH, case

TOKENIZER = "tokenizer\\.json"


def _tokenizer_case(expect):
    """Registers a function that edits a sound tokenizer.json; the rest of the folder is sound."""

    def register(edit):
        def write(folder):
            sound.write_folder(folder)
            tokenizer = sound.sound_tokenizer()
            edit(tokenizer)
            sound.write_json(folder, "tokenizer.json", tokenizer)

        write.__name__ = edit.__name__
        return case(expect)(write)

    return register


def _file_case(expect, name, content):
    """A sound folder with `content` in the file `name`."""

    def register(function):
        def write(folder):
            sound.write_folder(folder)
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            sound.write_bytes(folder, name, data)

        write.__name__ = function.__name__
        return case(expect)(write)

    return register


# ---- tokenizer.json ----


@case("tokenizer")
def tokenizer_missing(folder):
    sound.write_folder(folder)
    os.remove(os.path.join(folder, "tokenizer.json"))
    os.remove(os.path.join(folder, "tokenizer_config.json"))


def _form_case(expect, **files):
    """A sound folder whose tokenizer is `files` in place of tokenizer.json; names have _ for the dot."""

    def register(function):
        def write(folder):
            sound.write_folder(folder)
            os.remove(os.path.join(folder, "tokenizer.json"))
            for name, content in files.items():
                sound.write_bytes(folder, name.replace("_", "."), content)

        write.__name__ = function.__name__
        return case(expect)(write)

    return register


@_form_case("tokenizer\\.model: the file is empty", tokenizer_model=b"")
def model_empty(): ...


@_form_case("tokenizer\\.model: .*SentencePiece", tokenizer_model=b"\n\x7f" + bytes(range(256)))
def model_damaged(): ...


@_form_case("tokenizer\\.model: line 2: .*base64", tokenizer_model=b"QQ== 0\nQQ=? 1\n")
def ranks_damaged(): ...


@_form_case("gpt2\\.tiktoken: line 1: .*base64", gpt2_tiktoken=b"\xff\xfe\n")
def ranks_binary(): ...


@_form_case("vocab\\.txt: line 2: .*UTF-8", vocab_txt=b"[UNK]\n\xff\xfe\n")
def words_binary(): ...


@_form_case("merges\\.txt", vocab_json=b'{"a": 0}')
def merges_missing(): ...


@_form_case("merges\\.txt: line 1: .*two tokens", vocab_json=b'{"a": 0}', merges_txt=b"a a a\n")
def merges_damaged(): ...


@_file_case(TOKENIZER, "tokenizer.json", b"tokens, tokens, tokens")
def tokenizer_not_json(): ...


@_file_case(TOKENIZER, "tokenizer.json", b"")
def tokenizer_empty(): ...


@_file_case(TOKENIZER, "tokenizer.json", json.dumps(sound.sound_tokenizer()).encode()[:-200])
def tokenizer_truncated(): ...


@_file_case(TOKENIZER, "tokenizer.json", [1, 2, 3])
def tokenizer_not_an_object(): ...


@_file_case(TOKENIZER, "tokenizer.json", b"[" * 200000)
def tokenizer_nested_without_end(): ...


@_file_case(TOKENIZER, "tokenizer.json", b'{"model": {"type": "BPE", "vocab": {"\xff\xfe": 0}, "merges": []}}')
def tokenizer_not_utf8(): ...


@_tokenizer_case(TOKENIZER + ".*model|model.*" + TOKENIZER)
def tokenizer_without_a_model(tokenizer):
    del tokenizer["model"]


@_tokenizer_case("Mystery")
def tokenizer_of_an_unknown_model(tokenizer):
    tokenizer["model"]["type"] = "Mystery"


@_tokenizer_case("Mystery")
def tokenizer_with_an_unknown_pre_tokenizer(tokenizer):
    tokenizer["pre_tokenizer"] = {"type": "Mystery"}


@_tokenizer_case("vocab")
def vocabulary_larger_than_the_model(tokenizer):
    vocab = tokenizer["model"]["vocab"]
    for index in range(10):
        vocab[f"extra{index}"] = sound.VOCAB + index


@_tokenizer_case(TOKENIZER + "|added|vocab")
def added_token_beyond_the_model(tokenizer):
    tokenizer["added_tokens"][0]["id"] = 1 << 20


@_tokenizer_case(TOKENIZER + "|vocab")
def vocabulary_of_the_wrong_type(tokenizer):
    tokenizer["model"]["vocab"] = "all words"


@_tokenizer_case(TOKENIZER + "|vocab")
def vocabulary_empty(tokenizer):
    tokenizer["model"]["vocab"] = {}


@_tokenizer_case(TOKENIZER + "|vocab")
def token_id_is_text(tokenizer):
    tokenizer["model"]["vocab"]["!"] = "zero"


@_tokenizer_case(TOKENIZER + "|vocab")
def token_id_negative(tokenizer):
    tokenizer["model"]["vocab"]["!"] = -1


@_tokenizer_case(TOKENIZER + "|vocab")
def token_id_huge(tokenizer):
    tokenizer["model"]["vocab"]["!"] = 1 << 60


@_tokenizer_case(TOKENIZER + "|vocab")
def token_id_used_twice(tokenizer):
    tokenizer["model"]["vocab"]["!"] = tokenizer["model"]["vocab"]["?"]


@_tokenizer_case(TOKENIZER + "|merge")
def merge_of_an_unknown_token(tokenizer):
    tokenizer["model"]["merges"].append("never heard")


@_tokenizer_case(TOKENIZER + "|merge")
def merge_without_a_second_half(tokenizer):
    tokenizer["model"]["merges"].append("lonely")


@_tokenizer_case(TOKENIZER + "|merge")
def merge_that_is_a_number(tokenizer):
    tokenizer["model"]["merges"].append(7)


# ---- config.json and generation_config.json ----


@_file_case("config\\.json", "config.json", b"{ vocab_size: ")
def config_not_json(): ...


@_file_case("config\\.json", "config.json", ["gpt2"])
def config_not_an_object(): ...


@_file_case("config\\.json", "config.json", {**sound.sound_config(), "eos_token_id": {"an": "object"}})
def config_end_of_wrong_type(): ...


@_file_case(NO_CRASH, "config.json", {**sound.sound_config(), "n_positions": "many", "vocab_size": [1], "n_head": None,
                                      "model_type": 7})
def config_of_wrong_types(): ...


@_file_case(NO_CRASH, "config.json", {**sound.sound_config(), "n_positions": -(1 << 62), "n_head": 1 << 62})
def config_of_absurd_numbers(): ...


@_file_case("generation_config\\.json", "generation_config.json", {"eos_token_id": "stop"})
def generation_end_is_text(): ...


@_file_case("generation_config\\.json|eos_token_id|vocab", "generation_config.json", {"eos_token_id": [1, 1 << 40]})
def generation_end_beyond_the_vocabulary(): ...


@_file_case("generation_config\\.json", "generation_config.json", b"\x00\x01\x02")
def generation_not_json(): ...


@_file_case(NO_CRASH, "generation_config.json", {"temperature": "warm", "top_k": -5, "top_p": 1e308, "max_length": 1e99})
def generation_of_wrong_types(): ...


@_file_case(NO_CRASH, "tokenizer_config.json", {"bos_token": 5, "chat_template": {"a": []}, "add_bos_token": "maybe"})
def tokenizer_config_of_wrong_types(): ...
