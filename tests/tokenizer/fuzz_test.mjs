// fuzz_test.mjs TOKENIZE WORK [ROUNDS]: damaged tokenizer.json files, other forms of tokenizers and packed tables. Each must be refused or
// work; never crash. Worth running where TOKENIZE is built with sanitizers.
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [tokenize, work, rounds = "150"] = process.argv.slice(2);
const TEXT = "Hello  low, e\u0301\u{1f600}\n\n<s> 123 lower\u00ff \u2581 <mask> x" + "lo".repeat(60);
let seed = 7;
const random = (n) => {
  seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
  return Math.floor((seed / 0x80000000) * n);
};

const letters = [..."Helowrd!\u0120\u010a,123e"];
const merges = [["l", "o"], ["lo", "w"], ["\u0120", "low"], ["lo", "lo"]];
const vocab = {};
for (const item of [...new Set(letters), ...merges.map((pair) => pair.join(""))]) vocab[item] = Object.keys(vocab).length;
const added = (id, content, more) => ({ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true, ...more });
const byteLevel = {
  added_tokens: [added(40, "<s>"), added(41, "<mask>", { lstrip: true, rstrip: true }), added(42, "e\u0301", { normalized: true })],
  normalizer: { type: "Sequence", normalizers: [{ type: "NFC" }, { type: "Replace", pattern: { String: "ll" }, content: "lol" }] },
  pre_tokenizer: { type: "Sequence", pretokenizers: [
    { type: "Split", pattern: { Regex: "(?i:'s|'t)|\\p{L}++|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+" }, behavior: "Isolated", invert: false },
    { type: "ByteLevel", add_prefix_space: false, use_regex: true }] },
  post_processor: { type: "TemplateProcessing", single: [{ SpecialToken: { id: "<s>", type_id: 0 } }, { Sequence: { id: "A" } }], special_tokens: { "<s>": { id: "<s>", ids: [40], tokens: ["<s>"] } } },
  decoder: { type: "ByteLevel" },
  model: { type: "BPE", unk_token: null, vocab, merges: merges.map((pair) => pair.join(" ")) },
};
const fallback = structuredClone(byteLevel);
fallback.normalizer = { type: "Sequence", normalizers: [{ type: "Prepend", prepend: "\u2581" }, { type: "Replace", pattern: { String: " " }, content: "\u2581" }] };
fallback.pre_tokenizer = null;
fallback.decoder = { type: "Sequence", decoders: [{ type: "Replace", pattern: { String: "\u2581" }, content: " " }, { type: "ByteFallback" }, { type: "Fuse" }, { type: "Strip", content: " ", start: 1, stop: 0 }] };
fallback.model = { type: "BPE", unk_token: "<s>", fuse_unk: true, byte_fallback: true, vocab: { ...vocab, "\u2581": 50 }, merges };
for (let byte = 0; byte < 256; byte++) fallback.model.vocab[`<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`] = 60 + byte;

const wordPiece = structuredClone(byteLevel);
wordPiece.normalizer = { type: "BertNormalizer", clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true };
wordPiece.pre_tokenizer = { type: "BertPreTokenizer" };
wordPiece.decoder = { type: "WordPiece", prefix: "##", cleanup: true };
wordPiece.model = { type: "WordPiece", unk_token: "<s>", continuing_subword_prefix: "##", max_input_chars_per_word: 100, vocab: { ...vocab, "##lo": 50, "##w": 51, hel: 52, 123: 53 } };

const unigram = structuredClone(fallback);
unigram.normalizer = { type: "Precompiled", precompiled_charsmap: "" };
unigram.pre_tokenizer = { type: "Sequence", pretokenizers: [{ type: "WhitespaceSplit" }, { type: "Metaspace", replacement: "\u2581", add_prefix_space: true }] };
unigram.decoder = { type: "Metaspace", replacement: "\u2581" };
unigram.model = { type: "Unigram", unk_id: 0, byte_fallback: true, vocab: [["<unk>", 0], ["\u2581", -2], ["lo", -3.5], ["l", -4], ["o", -4.5], ["lol", -6], ["\u2581low", -5], ["e", -3], ["<0xC3>", -9], ["123", -8]] };

const wordLevel = structuredClone(wordPiece);
wordLevel.normalizer = { type: "Sequence", normalizers: [{ type: "NFKC" }, { type: "Strip", strip_left: true, strip_right: true }, { type: "Replace", pattern: { Regex: "l{2,}" }, content: "l" }, { type: "StripAccents" }] };
wordLevel.added_tokens = [added(40, "<s>"), added(41, "low", { single_word: true })];
wordLevel.pre_tokenizer = { type: "Sequence", pretokenizers: [{ type: "Whitespace" }, { type: "Punctuation", behavior: "MergedWithNext" }, { type: "Split", pattern: { String: "o" }, behavior: "Contiguous", invert: true }, { type: "FixedLength", length: 9 }] };
wordLevel.decoder = { type: "Sequence", decoders: [{ type: "Strip", content: "l", start: 1, stop: 1 }, { type: "CTC", pad_token: "e", word_delimiter_token: "d", cleanup: true }] };
wordLevel.model.type = "WordLevel";

mkdirSync(work, { recursive: true });
let crashes = 0, accepted = 0;
function run(path, mode, what) {
  const result = spawnSync(tokenize, [path, mode], { input: TEXT, maxBuffer: 1 << 28, timeout: 60000 });
  if (result.status === 0) accepted++;
  if (result.status === 0 || (result.status === 1 && /^error: /.test(result.stderr.toString()))) return result.stdout;
  crashes++;
  const kept = join(work, `crash-${crashes}${mode === "open" ? ".blob" : ".json"}`);
  writeFileSync(kept, what);
  console.log(`${kept}: ended with ${result.status ?? result.signal}\n${result.stderr.toString().slice(0, 1500)}`);
  return result.stdout;
}

const INSERTED = [..."{}[]\",:0123456789-\\|*+?()^$p\u2581", "null", "true", "4294967295", "\\\\p{L}", "{2,900}", "\\u0000", "[^"];
function damageText(text) {
  for (let i = 1 + random(3); i > 0; i--) {
    const at = random(text.length), length = random(4) === 0 ? random(40) : random(3);
    text = text.slice(0, at) + (random(3) ? INSERTED[random(INSERTED.length)] : "") + text.slice(at + length);
  }
  return text;
}

// Replaces or drops one value somewhere inside, so that the result is still JSON.
const VALUES = () => [null, true, -1, 0, 1e9, 1.5, "", " ", "\u2581", "Removed", "first", "BPE", "(a|b)*", "\\p{L}{3,900}", [], {}, ["l", "o"], { type: "NFC" }, { type: "Metaspace" }];
function damageTree(tree) {
  let at = tree, parent, key;
  while (at && typeof at === "object" && Object.keys(at).length && (!parent || random(5))) {
    parent = at;
    const keys = Object.keys(at);
    key = keys[random(keys.length)];
    at = at[key];
  }
  if (random(4)) parent[key] = VALUES()[random(VALUES().length)];
  else if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else delete parent[key];
  return tree;
}

function damageBytes(bytes) {
  const copy = Buffer.from(bytes);
  for (let i = 1 + random(6); i > 0; i--) {
    const at = random(2) ? random(Math.min(400, copy.length)) : random(copy.length);
    copy[at] = random(2) ? random(256) : copy[at] ^ (1 << random(8));
  }
  return random(8) ? copy : copy.subarray(0, random(copy.length));
}

for (const [name, tokenizer] of [["byte_level", byteLevel], ["fallback", fallback], ["word_piece", wordPiece], ["unigram", unigram], ["word_level", wordLevel]]) {
  const text = JSON.stringify(tokenizer), path = join(work, `${name}.json`), blobPath = join(work, `${name}.blob`);
  writeFileSync(path, text);
  const blob = run(path, "blob", text);
  if (blob.length < 100) {
    console.log(`${name}: the undamaged tokenizer is refused`);
    process.exit(1);
  }
  for (let i = 0; i < Number(rounds); i++) {
    const damaged = random(2) ? damageText(text) : JSON.stringify(damageTree(JSON.parse(text))), damagedBlob = damageBytes(blob);
    writeFileSync(path, damaged);
    run(path, "speed", damaged);
    writeFileSync(blobPath, damagedBlob);
    run(blobPath, "open", damagedBlob);
  }
}
// ---- other forms ----

// Protobuf: fields of numbers below 16, values below 128 or bytes.
const field = (number, value) => (typeof value === "number" ? Buffer.from([number << 3, value]) : Buffer.concat([Buffer.from([(number << 3) | 2, ...length(value.length)]), value]));
const length = (n) => (n < 128 ? [n] : [(n & 127) | 128, n >> 7]);
function piece(spelling, score, type) {
  const bits = Buffer.alloc(4);
  bits.writeFloatLE(score);
  return field(1, Buffer.concat([field(1, Buffer.from(spelling)), Buffer.from([2 << 3 | 5]), bits, field(3, type)]));
}
// A trie as darts-clone's with the one rule l -> o: the root, its child, and the child's result.
const units = Buffer.alloc(4 * 256);
units.writeUInt32LE((1 << 10) >>> 0, 0);
units.writeUInt32LE(((2 << 10) | (1 << 8) | 0x6c) >>> 0, 4 * (1 ^ 0x6c));
units.writeUInt32LE(0x80000000, 4 * ((1 ^ 0x6c) ^ 2));
const size = Buffer.alloc(4);
size.writeUInt32LE(units.length);
const charsmap = Buffer.concat([size, units, Buffer.from("o\0")]);
const model = (type) => Buffer.concat([
  piece("<unk>", 0, 2), piece("<s>", 0, 3), piece("<0xC3>", 0, 6), piece("\u2581", -3, 1), piece("l", -4, 1), piece("o", -5, 1), piece("w", -5.5, 1), piece("lo", -1, 1),
  piece("low", -2, 1), piece("\u2581low", -2.5, 1), piece("mask", -9, 4), field(2, Buffer.concat([field(3, type), Buffer.from([35 << 3 & 0x7f | 0x80, 35 >> 4, 1])])), field(3, field(2, charsmap)),
]);
const bytes = Array.from({ length: 256 }, (_, i) => `${Buffer.from([i]).toString("base64")} ${i}\n`).join("");
const FORMS = {
  "unigram/spiece.model": { "spiece.model": model(1) },
  "bpe/tokenizer.model": { "tokenizer.model": model(2), "tokenizer_config.json": JSON.stringify({ tokenizer_class: "LlamaTokenizer" }) },
  "xlm/sentencepiece.bpe.model": { "sentencepiece.bpe.model": model(1), "config.json": JSON.stringify({ model_type: "llama" }) },
  "ranks/gpt2.tiktoken": { "gpt2.tiktoken": bytes + "bG8= 256\nbG93 257\nIGxvdw== 258\n" },
  "llama3/tokenizer.model": { "tokenizer.model": bytes + "bG8= 256\n", "tokenizer_config.json": JSON.stringify({ added_tokens_decoder: { 300: { content: "<s>" } }, bos_token: "<s>" }) },
  "words/vocab.txt": { "vocab.txt": "[PAD]\n[UNK]\n[CLS]\n[SEP]\nlow\nhel\n##lo\n123\ne\n", "tokenizer_config.json": JSON.stringify({ do_lower_case: true, strip_accents: null }) },
  "merges/merges.txt": { "merges.txt": "#version\nl o\nlo w\n", "vocab.json": JSON.stringify(vocab) },
};
for (const [target, files] of Object.entries(FORMS)) {
  const [name, damagedFile] = target.split("/"), folder = join(work, name);
  mkdirSync(folder, { recursive: true });
  for (const [file, content] of Object.entries(files)) writeFileSync(join(folder, file), content);
  if (run(folder, "blob", "").length < 100) {
    console.log(`${target}: the undamaged tokenizer is refused`);
    process.exit(1);
  }
  for (let i = 0; i < Number(rounds) / 3; i++) {
    const companions = Object.keys(files), file = random(4) ? damagedFile : companions[random(companions.length)];
    const damaged = damageBytes(Buffer.from(files[file]));
    writeFileSync(join(folder, file), damaged);
    run(folder, "speed", damaged);
    writeFileSync(join(folder, file), files[file]);
  }
}
console.log(`${(10 + 7 / 3) * Number(rounds)} damaged files, ${accepted} of them harmless, ${crashes} crashes`);
process.exit(crashes ? 1 : 0);
