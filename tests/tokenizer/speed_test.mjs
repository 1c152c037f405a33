// speed_test.mjs TOKENIZE NPM TOKENIZERS STORIES WORK LIMITS DOCUMENT...: encoding of the documents next to
// @huggingface/transformers' tokenizers, and time on 1 MB of one thing again and again, for each kind of model and of
// splits. With LIMITS
// "yes" ten times the reference's speed and linear time are asked for; sanitizers would be timed otherwise.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadReference } from "./reference.mjs";
import { loadTokenizers } from "./tokenizers.mjs";

const [tokenize, npm, tokenizers, stories, work, limits, ...documents] = process.argv.slice(2);
const LEAST_TIMES = 10, MEGABYTE = 1e6, SHORT = 1e5, MOST_GROWTH = 40; // ten times the text: far from a hundred times
const english = documents.map((path) => readFileSync(path, "utf8")).join("\n");
const folders = { gpt2: join(tokenizers, "gpt2"), minilm: join(tokenizers, "minilm-l6"), t5: join(tokenizers, "t5"), stories260K: stories };
const families = loadTokenizers(folders), COMPARED = ["gpt2", "minilm", "t5"];
const HARD = { letters: "a", spaces: " ", lines: "\n", marks: "\u0301" };
const KINDS = ["gpt2", "llama3", "deepseek", "falcon", "clip", "stories260K", "minilm", "t5", "unigram-whole", "word-level"];
let wrong = 0;

if (!families.length) {
  console.log("SKIP: the tokenizers are not there");
  process.exit(77);
}

// MB/s of encoding, the best of several.
function speed(folder, text) {
  const run = spawnSync(tokenize, [folder, "speed"], { input: text, maxBuffer: 1 << 28 });
  return Number(/encoding ([0-9.]+) MB/.exec(run.stdout.toString())?.[1] ?? 0);
}

function referenceSpeed(Tokenizer, { json, config }) {
  const reference = new Tokenizer(json, { ...config, unk_token: json.model.unk_token }), lines = english.split(/(?<=\n\n)/);
  let best = Infinity;
  for (let i = 0; i < 3; i++) {
    const begin = process.cpuUsage().user;
    for (const line of lines) reference.encode(line, { add_special_tokens: false });
    best = Math.min(best, (process.cpuUsage().user - begin) / 1e6);
  }
  return Buffer.byteLength(english) / 1e6 / best;
}

const Tokenizer = await loadReference(npm);
for (const family of families.filter(({ name }) => KINDS.includes(name))) {
  const folder = join(work, family.name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "tokenizer.json"), JSON.stringify(family.json));
  if (COMPARED.includes(family.name)) {
    const ours = speed(folder, english), theirs = referenceSpeed(Tokenizer, family), times = ours / theirs;
    console.log(`${family.name}: ${ours.toFixed(1)} MB/s, the reference ${theirs.toFixed(2)} MB/s, ${times.toFixed(1)} times`);
    if (limits === "yes" && times < LEAST_TIMES) wrong++;
  }
  for (const [what, part] of Object.entries(HARD)) {
    // A letter at the end: patterns such as \s+$ read to it and then do not match.
    const [short, long] = [SHORT, MEGABYTE].map((bytes) => bytes / 1e6 / speed(folder, part.repeat(bytes / Buffer.byteLength(part)) + "x"));
    if (long < 0.2 || (limits !== "yes" && long < Infinity) || long / short < MOST_GROWTH) continue;
    wrong++;
    console.log(`${family.name}: 1 MB of ${what} takes ${long.toFixed(2)} s, 100 kB ${short.toFixed(3)} s`);
  }
}
process.exit(wrong ? 1 : 0);
