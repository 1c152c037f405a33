"""classes_test.py TOKENIZE WORK: SentencePiece models whose ids are not their own, as folders of CamemBERT, mBART, NLLB,
Pegasus, ALBERT, T5 and Marian have them. What each id should be is worked out here, from SentencePiece's own pieces and
the rules that the classes of the transformers library have.

Exits 77 with a line "SKIP: ..." where python3-sentencepiece is not installed."""

import json
import os
import random
import struct
import subprocess
import sys
import unicodedata

try:
    import sentencepiece
except ImportError:
    print("SKIP: python3-sentencepiece is not installed")
    sys.exit(77)

tokenize, work = sys.argv[1:]
SHOWN = 5
SOURCE_WORDS = (
    "the a of time there was girl named She loved to play outside park and said that with don't 2024 3.5 (see) "
    '"quoted" naïve résumé Straße ﬁne ①② ``so'' мир и война').split()
TARGET_WORDS = "der die Mädchen spielte gern draußen im Park und sagte dass mit der Zeit 2024 (siehe) Größe fünf schön".split()
MBART = "ar_AR cs_CZ de_DE en_XX es_XX et_EE fi_FI fr_XX gu_IN hi_IN it_IT ja_XX kk_KZ ko_KR lt_LT lv_LV my_MM ne_NP nl_XX"
MBART = (MBART + " ro_RO ru_RU si_LK tr_TR vi_VN zh_CN").split()
MBART_50 = "af_ZA az_AZ bn_IN fa_IR he_IL hr_HR id_ID ka_GE km_KH mk_MK ml_IN mn_MN mr_IN pl_PL ps_AF pt_XX sv_SE sw_KE"
MBART_50 = MBART + (MBART_50 + " ta_IN te_IN th_TH tl_XX uk_UA ur_PK xh_ZA gl_ES sl_SI").split()
NLLB = ["ace_Arab", "eng_Latn", "fra_Latn", "zul_Latn"]


def make_texts(words, count, seed):
    pick = random.Random(seed)
    ends = [" ", " ", " ", "  ", ", ", ". ", "", "日本"]
    return ["".join(pick.choice(words) + pick.choice(ends) for _ in range(pick.randint(1, 20))) for _ in range(count)]


def train(path, words, seed, **options):
    texts = make_texts(words, 1500, seed)
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts), model_prefix=path, vocab_size=400, character_coverage=0.98, hard_vocab_limit=False,
        num_threads=1, minloglevel=2, **options)
    return sentencepiece.SentencePieceProcessor(model_file=path + ".model")


def write_json(folder, name, value):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        json.dump(value, file, ensure_ascii=False)


def run(folder, mode, records):
    data = b"".join(struct.pack("<I", len(part)) + part for part in (text.encode() for text in records))
    made = subprocess.run([tokenize, folder, mode], input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return made.stdout.decode().split("\n"), made.stderr.decode()


def compare(name, folder, texts, ids_of, pair_of, text_of):
    """Ids and decoded texts of `texts`, ids of pairs of neighbours; how many differ."""
    lines, error = run(folder, "records", texts)
    pairs, _ = run(folder, "pairs", texts)
    if error:
        print(f"{name}: {error}")
        return 1
    wrong = 0
    rows = [(texts[i], ids_of(texts[i]), lines[2 * i]) for i in range(len(texts))]
    rows += [(texts[2 * i : 2 * i + 2], pair_of(*texts[2 * i : 2 * i + 2]), pairs[2 * i]) for i in range(len(texts) // 2)]
    for text, expected, found in rows:
        expected = " ".join(map(str, expected))
        wrong += expected != found
        if expected != found and wrong <= SHOWN:
            print(f"{name}: of {text!r}\n  expected {expected}\n  found    {found}")
    for i, text in enumerate(texts):
        expected, found = text_of(ids_of(text)), bytes.fromhex(lines[2 * i + 1]).decode()
        wrong += expected != found
        if expected != found and wrong <= SHOWN:
            print(f"{name}: decoding of {text!r}\n  expected {expected!r}\n  found    {found!r}")
    print(f"{name}: {len(rows)} texts, {wrong} differ")
    return wrong


def check_class(name, config, model, file, names, form, pair_form, before=lambda text: text):
    """`names`: the spelling of each id. A form's texts are A and B, its other items spellings."""
    folder = os.path.join(work, name)
    os.makedirs(folder, exist_ok=True)
    write_json(folder, "tokenizer_config.json", config)
    os.replace(model + ".model", os.path.join(folder, file))
    reference = sentencepiece.SentencePieceProcessor(model_file=os.path.join(folder, file))
    ids = {spelling: number for number, spelling in enumerate(names(reference))}
    unknown = ids[reference.id_to_piece(reference.unk_id())]

    def encode(text):
        numbers = reference.encode(before(text))
        return [unknown if i == reference.unk_id() else ids[reference.id_to_piece(i)] for i in numbers]

    def put(parts, items):
        return [i for item in items for i in (encode(parts[item]) if item in parts else [ids[item]])]

    def text_of(numbers):
        """As the decoder of such a file has it: special tokens are text as they are."""
        spellings = list(ids)
        text = "".join(spellings[i].replace("\u2581", " ") for i in numbers)
        return text[1:] if text.startswith(" ") else text

    return compare(name, folder, make_texts(SOURCE_WORDS, 400, 7) + ["", " ", "  a "],
                   lambda text: put({"A": text}, form), lambda a, b: put({"A": a, "B": b}, pair_form), text_of)


def pieces(reference):
    return [reference.id_to_piece(i) for i in range(reference.get_piece_size())]


def fairseq(languages):
    return lambda reference: ["<s>", "<pad>", "</s>", "<unk>", *pieces(reference)[3:], *languages, "<mask>"]


def albert_before(text):
    text = text.replace("``", '"').replace("''", '"')
    text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.category(c).startswith("M"))
    return text.lower()


T5_IDS = dict(pad_id=0, eos_id=1, unk_id=2, bos_id=-1)
CLASSES = [
    ("xlm_roberta", {"tokenizer_class": "XLMRobertaTokenizer"}, "sentencepiece.bpe.model", {}, fairseq([]),
     ["<s>", "A", "</s>"], ["<s>", "A", "</s>", "</s>", "B", "</s>"]),
    ("camembert", {"tokenizer_class": "CamembertTokenizer"}, "sentencepiece.bpe.model", {},
     lambda reference: ["<s>NOTUSED", "<pad>", "</s>NOTUSED", "<unk>", "<unk>NOTUSED", *pieces(reference)[1:], "<mask>"],
     ["<s>", "A", "</s>"], ["<s>", "A", "</s>", "</s>", "B", "</s>"]),
    ("mbart", {"tokenizer_class": "MBartTokenizer", "src_lang": "de_DE"}, "sentencepiece.bpe.model", {}, fairseq(MBART),
     ["A", "</s>", "de_DE"], ["A", "B", "</s>", "de_DE"]),
    ("mbart_50", {"tokenizer_class": "MBart50TokenizerFast"}, "sentencepiece.bpe.model", {"model_type": "bpe"},
     fairseq(MBART_50), ["en_XX", "A", "</s>"], ["en_XX", "A", "B", "</s>"]),
    ("nllb", {"tokenizer_class": "NllbTokenizer", "additional_special_tokens": NLLB, "src_lang": "fra_Latn"},
     "sentencepiece.bpe.model", {"model_type": "bpe"}, fairseq(NLLB),
     ["fra_Latn", "A", "</s>"], ["fra_Latn", "A", "B", "</s>"]),
    ("nllb_legacy", {"tokenizer_class": "NllbTokenizer", "additional_special_tokens": NLLB, "legacy_behaviour": True},
     "sentencepiece.bpe.model", {"model_type": "bpe"}, fairseq(NLLB),
     ["A", "</s>", "eng_Latn"], ["A", "B", "</s>", "eng_Latn"]),
    ("pegasus", {"tokenizer_class": "PegasusTokenizer"}, "spiece.model", T5_IDS,
     lambda reference: ["<pad>", "</s>", "<mask_1>", "<mask_2>", *(f"<unk_{i}>" for i in range(2, 103)), *pieces(reference)[2:]],
     ["A", "</s>"], ["A", "B", "</s>"]),
    ("t5", {"tokenizer_class": "T5Tokenizer", "extra_ids": 4}, "spiece.model", T5_IDS,
     lambda reference: [*pieces(reference), *(f"<extra_id_{i}>" for i in (3, 2, 1, 0))],
     ["A", "</s>"], ["A", "</s>", "B", "</s>"]),
    ("mt5", {"tokenizer_class": "MT5Tokenizer"}, "spiece.model", T5_IDS, pieces, ["A", "</s>"], ["A", "</s>", "B", "</s>"]),
    ("albert", {"tokenizer_class": "AlbertTokenizer"}, "spiece.model",
     dict(pad_id=0, unk_id=1, bos_id=-1, eos_id=-1, control_symbols=["[CLS]", "[SEP]"]), pieces,
     ["[CLS]", "A", "[SEP]"], ["[CLS]", "A", "[SEP]", "B", "[SEP]"], albert_before),
]


def check_marian():
    """Two models and a vocabulary of both, from which some pieces of the source are missing."""
    folder = os.path.join(work, "marian")
    os.makedirs(folder, exist_ok=True)
    source = train(os.path.join(folder, "s"), SOURCE_WORDS, 1)
    target = train(os.path.join(folder, "t"), TARGET_WORDS, 2)
    os.replace(os.path.join(folder, "s.model"), os.path.join(folder, "source.spm"))
    os.replace(os.path.join(folder, "t.model"), os.path.join(folder, "target.spm"))
    missing = set(pieces(source)[20:400:7]) - set(pieces(target))
    kept = [p for p in dict.fromkeys(pieces(source) + pieces(target)) if p not in missing and not p.startswith("<")]
    names = ["</s>", "<unk>", *kept, ">>fra<<", "<pad>"]
    ids = {spelling: number for number, spelling in enumerate(names)}
    write_json(folder, "vocab.json", ids)
    write_json(folder, "tokenizer_config.json", {"tokenizer_class": "MarianTokenizer", "source_lang": "en"})

    def encode(text):
        code = [">>fra<<"] if text.startswith(">>fra<<") else []
        numbers = source.encode(text[7 * len(code):])
        return [ids.get(piece, ids["<unk>"]) for piece in code + [source.id_to_piece(i) for i in numbers]]

    def text_of(numbers):
        text = "".join(names[i].replace("\u2581", " ") for i in numbers)
        return text[1:] if text.startswith(" ") else text

    texts = make_texts(SOURCE_WORDS, 400, 7) + ["", ">>fra<< the girl", ">>fra<<the", "<s> a", "x日y本語z"]
    wrong = compare("marian", folder, texts, lambda text: [*encode(text), 0], lambda a, b: [*encode(a), *encode(b), 0], text_of)
    if not any(ids["<unk>"] in encode(text) for text in texts):
        print("marian: no text has a piece that the vocabulary lacks")
        wrong += 1
    return wrong + check_refusals(folder, ids)


def check_refusals(folder, ids):
    """Vocabularies that do not fit: each is refused with a message that says why."""
    wrong, few = 0, {spelling: number for spelling, number in list(ids.items())[:5]}
    cases = [({}, "unknown token '<unk>'"), ([], "not a vocabulary"), ({"<unk>": 0, "</s>": 0}, "twice"), ({"<unk>": 7}, "not an id")]
    for vocabulary, expected in cases + [({**few, "<unk>": "x"}, "not an id")]:
        write_json(folder, "vocab.json", vocabulary)
        _, error = run(folder, "records", ["a"])
        wrong += expected not in error
        if expected not in error:
            print(f"marian: {vocabulary} is not refused with '{expected}': {error!r}")
    os.remove(os.path.join(folder, "vocab.json"))
    _, error = run(folder, "records", ["a"])
    return wrong + ("vocab.json" not in error)


wrong = 0
for name, config, file, options, names, form, pair_form, *before in CLASSES:
    os.makedirs(os.path.join(work, name), exist_ok=True)
    model = os.path.join(work, name, "trained")
    train(model, SOURCE_WORDS, 1, **options)
    wrong += check_class(name, config, model, file, names, form, pair_form, *before)
wrong += check_marian()
sys.exit(1 if wrong else 0)
