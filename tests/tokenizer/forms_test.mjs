// forms_test.mjs TOKENIZE TOKENIZERS WORK: vocab.txt, vocab.json with merges.txt, and tiktoken's files give the ids and
// texts that the same tokenizer's tokenizer.json gives; which file of a folder counts; and what is refused.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { corpus, records } from "./corpus.mjs";
import { loadTokenizers } from "./tokenizers.mjs";

const [tokenize, tokenizers, work] = process.argv.slice(2);
const folders = { gpt2: join(tokenizers, "gpt2"), minilm: join(tokenizers, "minilm-l6") };
if (!existsSync(folders.gpt2)) {
  console.log("SKIP: the tokenizers are not there");
  process.exit(77);
}
const json = Object.fromEntries(loadTokenizers(folders).map(({ name, json }) => [name, json]));
const input = records(corpus(600));
let wrong = 0;

function makeFolder(name, files) {
  const folder = join(work, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [file, content] of Object.entries(files))
    writeFileSync(join(folder, file), typeof content === "string" || Buffer.isBuffer(content) ? content : JSON.stringify(content));
  return folder;
}

function run(path) {
  return spawnSync(tokenize, [path, "records"], { input, maxBuffer: 1 << 30 });
}

// The folder of `files` gives what the tokenizer.json `expected` gives.
function same(name, files, expected) {
  const form = run(makeFolder(name, files)), reference = run(makeFolder(`${name}-json`, { "tokenizer.json": expected }));
  const lines = form.stdout.toString().split("\n"), wanted = reference.stdout.toString().split("\n");
  const at = wanted.findIndex((line, i) => line !== lines[i]);
  const equal = !form.status && !reference.status && at < 0 && lines.length === wanted.length && lines.length > 1000;
  if (equal) return console.log(`${name}: equal`);
  wrong++;
  console.log(`${name}: ${form.stderr}${reference.stderr}line ${at}\n  expected ${wanted[at]}\n  found    ${lines[at]}`);
}

function refused(name, files, ...words) {
  const { status, stderr } = run(makeFolder(name, files)), missing = words.filter((word) => !stderr.toString().includes(word));
  if (status === 1 && !missing.length) return;
  wrong++;
  console.log(`${name}: ended with ${status}, lacks ${missing}: ${stderr}`);
}

// ---- vocab.txt ----
const bert = json.minilm, bertWords = Object.entries(bert.model.vocab).sort((x, y) => x[1] - y[1]).map(([spelling]) => spelling);
const vocabulary = bertWords.join("\n") + "\n";
same("bert", { "vocab.txt": vocabulary, "tokenizer_config.json": { do_lower_case: true, tokenizer_class: "BertTokenizer" } }, bert);
same("bert-cased", { "vocab.txt": vocabulary.replaceAll("\n", "\r\n"), "tokenizer_config.json": { do_lower_case: false } }, json["bert-cased"]);
const unapart = structuredClone(bert);
Object.assign(unapart.normalizer, { handle_chinese_chars: false, strip_accents: false });
same("bert-accents", { "vocab.txt": vocabulary, "tokenizer_config.json": { tokenize_chinese_chars: false, strip_accents: false, added_tokens_decoder: { 30522: { content: "outside", special: true, normalized: false } } } },
  { ...unapart, added_tokens: [...unapart.added_tokens, { id: 30522, content: "outside", special: true, normalized: false }] });
refused("bert-empty", { "vocab.txt": "" }, "vocab.txt", "no tokens");
refused("bert-bytes", { "vocab.txt": Buffer.from("[UNK]\na\n\xff\xfe\n", "latin1") }, "vocab.txt", "line 3", "UTF-8");
refused("bert-no-unknown", { "vocab.txt": "a\nb\n" }, "vocab.txt", "[UNK]");

// ---- vocab.json and merges.txt ----
function pairOf(tokenizer) {
  const merges = tokenizer.model.merges.map((merge) => (Array.isArray(merge) ? merge.join(" ") : merge));
  return { "vocab.json": tokenizer.model.vocab, "merges.txt": `#version: 0.2\n${merges.join("\n")}\n` };
}
const listed = (tokenizer) => Object.fromEntries(tokenizer.added_tokens.map(({ id, ...rest }) => [id, rest]));
same("gpt2", { "vocab.json": readFileSync(join(folders.gpt2, "vocab.json")), "merges.txt": readFileSync(join(folders.gpt2, "merges.txt")) }, json.gpt2);
for (const [name, tokenizer_class] of [["qwen2", "Qwen2Tokenizer"], ["clip", "CLIPTokenizerFast"], ["gpt1", "OpenAIGPTTokenizer"]])
  same(name, { ...pairOf(json[name]), "tokenizer_config.json": { tokenizer_class, unk_token: json[name].model.unk_token ?? undefined, added_tokens_decoder: listed(json[name]) } }, json[name]);
same("roberta", { ...pairOf(json.roberta), "config.json": { model_type: "roberta" }, "tokenizer_config.json": { add_prefix_space: true, added_tokens_decoder: listed(json.roberta) } }, json.roberta);
refused("gpt2-alone", { "vocab.json": json.gpt2.model.vocab }, "merges.txt");
refused("gpt2-words", { ...pairOf(json.gpt2), "merges.txt": "#version: 0.2\na b c\n" }, "merges.txt", "line 2", "two tokens");
refused("gpt2-unknown", { ...pairOf(json.gpt2), "merges.txt": "a \u00e4\n" }, "merges[0]", "vocabulary");
refused("gpt2-list", { "vocab.json": [1], "merges.txt": "" }, "vocab.json", "wrong type");

// ---- tiktoken ----
const BYTES = (() => { // GPT-2's characters for bytes
  const result = new Map();
  for (let byte = 0, next = 256; byte < 256; byte++) {
    const plain = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    result.set(String.fromCharCode(plain ? byte : next++), byte);
  }
  return result;
})();
const { "<|endoftext|>": end, ...plain } = json.gpt2.model.vocab;
const ranks = Object.entries(plain).map(([spelling, id]) => `${Buffer.from([...spelling].map((c) => BYTES.get(c))).toString("base64")} ${id}\n`).join("");
const looked = (tokenizer, added, post) => ({ ...tokenizer, added_tokens: added, post_processor: post ?? null, model: { ...tokenizer.model, vocab: plain, ignore_merges: true } });
const special = (id, content) => ({ id, content, special: true, normalized: false });
same("r50k_base", { "r50k_base.tiktoken": ranks }, looked(json.gpt2, [special(end, "<|endoftext|>")]));
same("cl100k_base", { "cl100k_base.tiktoken": ranks },
  looked(json.llama3, [special(100257, "<|endoftext|>"), special(100258, "<|fim_prefix|>"), special(100259, "<|fim_middle|>"), special(100260, "<|fim_suffix|>"), special(100276, "<|endofprompt|>")]));
same("o200k_base", { "o200k_base.tiktoken": ranks }, looked(json.gpt4o, [special(199999, "<|endoftext|>"), special(200018, "<|endofprompt|>")]));
const begin = special(50256, "<|endoftext|>"), header = special(50257, "<|start_header_id|>");
same("llama3", { "tokenizer.model": ranks, "tokenizer_config.json": { bos_token: "<|endoftext|>", added_tokens_decoder: listed({ added_tokens: [begin, header] }) } },
  looked(json.llama3, [begin, header], json.llama3.post_processor));
refused("tiktoken-name", { "mine.tiktoken": ranks }, "no tokenizer");
refused("tiktoken-line", { "gpt2.tiktoken": ranks + "QQ=\n" }, "line 50257", "base64");
refused("tiktoken-byte", { "gpt2.tiktoken": "QQ== 0\n" }, "no token is the byte");
refused("tiktoken-twice", { "gpt2.tiktoken": ranks + "QUFBQUFBQUFBQUFBQUFBQUFB 7\n" }, "two tokens have the rank 7");
refused("model-empty", { "tokenizer.model": "" }, "tokenizer.model", "empty");
refused("model-damaged", { "spiece.model": "\n\xff\xff" }, "spiece.model", "not a SentencePiece model");

// ---- which file counts ----
same("json-first", { "tokenizer.json": json.gpt2, "vocab.txt": vocabulary, "tokenizer.model": ranks }, json.gpt2);
same("model-second", { "tokenizer.model": ranks, "vocab.txt": vocabulary }, looked(json.llama3, []));
process.exit(wrong ? 1 : 0);
