// vectors_test.mjs TOKENIZE TOKENIZERS WORK: ids and texts of all lines of the corpus against the committed answers of
// the reference (vectors.mjs), without the reference.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { brokenCorpus, corpus, records } from "./corpus.mjs";
import { BROKEN_TEXTS, NAMES, RANDOM_TEXTS, hashLines } from "./vectors.mjs";

const [tokenize, tokenizers, work] = process.argv.slice(2);
const LEAST_LINES = 20000, SHOWN = 5;
const texts = [...corpus(RANDOM_TEXTS), ...brokenCorpus(BROKEN_TEXTS).map(({ bytes }) => bytes)];
const input = records(texts);

// How many lines differ.
function check(name, folder) {
  const alone = join(work, name), vectors = readFileSync(new URL(`vectors/${name}.bin`, import.meta.url));
  mkdirSync(alone, { recursive: true });
  copyFileSync(join(folder, "tokenizer.json"), join(alone, "tokenizer.json"));
  const run = spawnSync(tokenize, [alone, "records"], { input, maxBuffer: 1 << 30 }), lines = run.stdout.toString().split("\n");
  if (run.status !== 0 || lines.length !== 2 * texts.length + 1 || vectors.length !== 2 * texts.length) {
    console.log(`${name}: ${lines.length} lines, ${vectors.length} bytes of answers, ${texts.length} texts: ${run.stderr}`);
    return 1;
  }
  let compared = 0, wrong = 0;
  texts.forEach((text, i) => {
    const expected = vectors.readUInt16LE(2 * i);
    if (!expected) return;
    compared++;
    if (hashLines([lines[2 * i], Buffer.from(lines[2 * i + 1], "hex").toString()]) === expected) return;
    if (wrong++ < SHOWN) console.log(`${name}: line ${i} differs: ${JSON.stringify(text.toString()).slice(0, 200)}\n  ids ${lines[2 * i]}`);
  });
  console.log(`${name}: ${compared} lines, ${wrong} differ`);
  return compared < LEAST_LINES ? 1 : wrong;
}

let wrong = 0, found = 0;
for (const [name, folder] of Object.entries(NAMES)) {
  const path = join(tokenizers, folder);
  if (!existsSync(join(path, "tokenizer.json"))) continue;
  found++;
  wrong += check(name, path);
}
if (!found) {
  console.log("SKIP: the tokenizers are not there");
  process.exit(77);
}
process.exit(wrong ? 1 : 0);
