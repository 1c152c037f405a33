// tokenizers.mjs: the tokenizers under test: those in ../shared, and families made of their vocabularies.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const CL100K =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const O200K = [
  "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
  "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
  "\\p{N}{1,3}", " ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*", "\\s*[\\r\\n]+", "\\s+(?!\\S)", "\\s+",
].join("|");

const SPACE = "\u2581";
const token = (id, content, flags = {}) =>
  ({ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true, ...flags });
const splitThenBytes = (...patterns) => ({
  type: "Sequence",
  pretokenizers: [
    ...patterns.map((Regex) => ({ type: "Split", pattern: { Regex }, behavior: "Isolated", invert: false })),
    { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false },
  ],
});
const template = (...ids) => ({
  type: "TemplateProcessing",
  single: [{ SpecialToken: { id: "<|endoftext|>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
  pair: [],
  special_tokens: { "<|endoftext|>": { id: "<|endoftext|>", ids, tokens: ids.map(() => "<|endoftext|>") } },
});

// Every token also as the end of a word, and merges to it.
function endWords(t, suffix) {
  const { vocab, merges } = t.model, spellings = Object.keys(vocab), count = spellings.length;
  for (const spelling of spellings) vocab[spelling + suffix] = vocab[spelling] + count;
  for (const added of t.added_tokens) added.id = vocab[added.content];
  t.model.merges = merges.flatMap((merge) => {
    const [left, right] = Array.isArray(merge) ? merge : merge.split(" ");
    return [[left, right], [left, right + suffix]];
  });
  t.model.end_of_word_suffix = suffix;
  t.model.dropout = 0;
}

// Each: name, the base it is made of, how, and tokenizer_config.json.
const FAMILIES = [
  ["gpt2", "gpt2", (t) => t],
  ["gpt2-clean", "gpt2", (t) => t, { clean_up_tokenization_spaces: true }],
  ["stories-clean", "stories260K", (t) => t, { clean_up_tokenization_spaces: true }],
  ["bert-clean", "minilm", (t) => { t.decoder.cleanup = false; }, { clean_up_tokenization_spaces: true }],
  ["llama3", "gpt2", (t) => {
    t.pre_tokenizer = splitThenBytes(CL100K);
    t.model.ignore_merges = true;
    t.post_processor = { type: "Sequence", processors: [t.post_processor, template(50256)] };
    t.added_tokens.push(token(50257, "<|start_header_id|>"), token(50258, "<|start|>"), token(50300, "<|eot_id|>"));
  }],
  ["qwen2", "gpt2", (t) => {
    t.normalizer = { type: "NFC" };
    t.pre_tokenizer = splitThenBytes(CL100K.replace("{1,3}", ""));
    t.added_tokens.push(token(50257, "<|im_start|>"), token(50258, "caf\u00e9", { normalized: true, special: false }));
  }],
  ["gpt4o", "gpt2", (t) => { t.pre_tokenizer = splitThenBytes(O200K); }],
  ["deepseek", "gpt2", (t) => {
    t.pre_tokenizer = splitThenBytes("[\r\n]", "\\s?[A-Za-z\u00b5\u00c0-\u00d6\u00d8-\u00f6]+", "\\s?[!-/:-~\uff01-\uff0f]+",
      "\\s+$", "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+", "\\p{N}");
  }],
  ["falcon", "gpt2", (t) => { // splits of bytes' spelling
    const bytes = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true };
    t.pre_tokenizer = { type: "Sequence", pretokenizers: [{ type: "Punctuation", behavior: "Contiguous" }, bytes, { type: "Digits", individual_digits: false },
      { type: "Split", pattern: { Regex: "[0-9][0-9][0-9]" }, behavior: "Isolated", invert: false }, { type: "Split", pattern: { Regex: "[\u00a9-\u00e9]|\u0120" }, behavior: "Isolated", invert: false }] };
  }],
  ["roberta", "gpt2", (t) => {
    t.pre_tokenizer.add_prefix_space = true;
    t.post_processor = { type: "RobertaProcessing", sep: ["</s>", 50258], cls: ["<s>", 50257], trim_offsets: true, add_prefix_space: true };
    t.added_tokens.push(token(50257, "<s>", { normalized: true }), token(50258, "</s>", { rstrip: true }), token(50259, "<mask>", { lstrip: true }));
  }],
  ["clip", "gpt2", (t) => {
    endWords(t, "</w>");
    t.normalizer = { type: "Sequence", normalizers: [{ type: "NFC" }, { type: "Replace", pattern: { Regex: "\\s+" }, content: " " }, { type: "Lowercase" }] };
    t.pre_tokenizer = splitThenBytes("'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+");
    Object.assign(t.pre_tokenizer.pretokenizers[0], { behavior: "Removed", invert: true });
    t.post_processor = { type: "RobertaProcessing", sep: ["<|endoftext|>", 50256], cls: ["<|startoftext|>", 100514], trim_offsets: false, add_prefix_space: false };
    t.added_tokens.push(token(100514, "<|startoftext|>", { normalized: true }));
  }],
  ["gpt1", "gpt2", (t) => {
    endWords(t, "</w>");
    t.normalizer = { type: "BertNormalizer", clean_text: true, handle_chinese_chars: true, strip_accents: true, lowercase: true };
    t.pre_tokenizer = { type: "BertPreTokenizer" };
    t.post_processor = null;
    t.decoder = { type: "BPEDecoder", suffix: "</w>" };
    Object.assign(t.model, { unk_token: "<|endoftext|>", fuse_unk: false, dropout: null });
  }],
  ["wide", "gpt2", (t) => { t.added_tokens.push(token(70000, "<|wide|>")); }], // ids of more than 16 bits
  ["shuffled", "gpt2", (t) => { // merged ids in no order
    const ids = Object.values(t.model.vocab), turn = (id) => (id * 7919) % ids.length; // 7919 is a prime: one to one
    for (const spelling of Object.keys(t.model.vocab)) t.model.vocab[spelling] = turn(t.model.vocab[spelling]);
    for (const added of t.added_tokens) added.id = turn(added.id);
  }],
  ["stories260K", "stories260K", (t) => t],
  ["metaspace", "stories260K", (t) => {
    t.normalizer = null;
    t.pre_tokenizer = { type: "Metaspace", replacement: SPACE, prepend_scheme: "always", split: false };
  }],
  ["metaspace-first", "stories260K", (t) => {
    t.normalizer = null;
    t.pre_tokenizer = { type: "Metaspace", replacement: SPACE, prepend_scheme: "first", split: false };
  }],
  ["no-fallback", "stories260K", (t) => { t.model.byte_fallback = false; }],
  ["minilm", "minilm", (t) => t],
  ["bert-cased", "minilm", (t) => { t.normalizer.lowercase = false; }],
  ["bert-cased-no-accents", "minilm", (t) => { t.normalizer.lowercase = false; t.normalizer.strip_accents = true; }],
  ["bert-accents", "minilm", (t) => { t.normalizer.strip_accents = false; t.decoder.cleanup = false; }],
  ["bert-unclean", "minilm", (t) => {
    t.normalizer.clean_text = t.normalizer.handle_chinese_chars = false;
    t.model.max_input_chars_per_word = 7;
    t.post_processor = { type: "BertProcessing", sep: ["[SEP]", 102], cls: ["[CLS]", 101] };
    t.added_tokens.push(token(30522, "na\u00efve", { normalized: true, special: false }), token(30523, "outside"));
  }],
  ["t5", "t5", (t) => t],
  ["unigram-whole", "t5", (t) => { // as XLM-R and others: no split, all of a text at once
    t.pre_tokenizer = { type: "Metaspace", replacement: SPACE, prepend_scheme: "first", split: true };
    t.added_tokens.push(token(32100, "caf\u00e9", { normalized: true, special: false }));
  }],
  ["unigram-words", "t5", (t) => { // unknown words side by side
    t.normalizer = { type: "NFKD" };
    t.pre_tokenizer = { type: "WhitespaceSplit" };
  }],
  ["unigram-squeezed", "t5", (t) => { // as ALBERT
    t.normalizer = { type: "Sequence", normalizers: [t.normalizer, { type: "Replace", pattern: { Regex: " {2,}" }, content: " " }] };
    t.pre_tokenizer = { type: "Metaspace", replacement: SPACE, prepend_scheme: "always", split: true };
  }],
  ["word-level", "minilm", (t) => {
    t.normalizer = { type: "Sequence", normalizers: [{ type: "NFKD" }, { type: "StripAccents" }, { type: "Lowercase" }, { type: "Strip", strip_left: true, strip_right: true },
      { type: "Replace", pattern: { Regex: "[0-9]{2,}|l+(?=o)" }, content: "7" }] };
    t.pre_tokenizer = { type: "Whitespace" };
    t.post_processor = t.decoder = null;
    t.model = { type: "WordLevel", vocab: t.model.vocab, unk_token: "[UNK]" };
  }],
  ["word-level-ctc", "minilm", (t) => {
    t.pre_tokenizer = { type: "Sequence", pretokenizers: [{ type: "WhitespaceSplit" }, { type: "Punctuation", behavior: "Contiguous" }, { type: "Digits", individual_digits: true }] };
    t.decoder = { type: "CTC", pad_token: "[PAD]", word_delimiter_token: "|", cleanup: true };
    t.model = { type: "WordLevel", vocab: t.model.vocab, unk_token: "[UNK]" };
  }],
  ["splits", "minilm", (t) => {
    t.pre_tokenizer = { type: "Sequence", pretokenizers: [
      { type: "Split", pattern: { Regex: "[aeiou]+" }, behavior: "Removed", invert: false }, { type: "Split", pattern: { String: "s" }, behavior: "Isolated", invert: false },
      { type: "Split", pattern: { Regex: "\\p{L}+" }, behavior: "Removed", invert: true }] };
    t.decoder = { type: "Sequence", decoders: [{ type: "Strip", content: "#", start: 2, stop: 1 }, { type: "Replace", pattern: { String: "t" }, content: " " },
      { type: "Fuse" }, { type: "Strip", content: " ", start: 2, stop: 1 }] };
  }],
  ["unknown-apart", "stories260K", (t) => { t.model.byte_fallback = false; t.model.fuse_unk = false; }],
];

// [{ name, json, config }] of the families whose base is there. `folders`: base name -> folder with tokenizer.json.
export function loadTokenizers(folders) {
  const result = [];
  for (const [name, base, change, config] of FAMILIES) {
    const path = join(folders[base] ?? "", "tokenizer.json");
    if (!folders[base] || !existsSync(path)) continue;
    const json = JSON.parse(readFileSync(path, "utf8"));
    change(json);
    result.push({ name, json, config: config ?? { clean_up_tokenization_spaces: false } });
  }
  return result;
}
