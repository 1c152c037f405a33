// reference_test.mjs TOKENIZE NPM TOKENIZERS STORIES WORK: ids and texts against @huggingface/transformers' tokenizers.
// NPM: a folder with node_modules; TOKENIZERS: a folder of folders with tokenizer.json, STORIES one
// more; what is absent is skipped.
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { corpus, records } from "./corpus.mjs";
import { expectedLines, isCompared, loadReference } from "./reference.mjs";
import { loadTokenizers } from "./tokenizers.mjs";

const [tokenize, npm, folder, stories, work] = process.argv.slice(2);
const RANDOM_TEXTS = Number(process.env.TOKENIZER_TEXTS ?? 2000), ONLY = process.env.TOKENIZER_ONLY, SHOWN = 5;

const Tokenizer = await loadReference(npm);

function compare(name, json, config, texts) {
  const folder = join(work, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "tokenizer.json"), JSON.stringify(json));
  writeFileSync(join(folder, "tokenizer_config.json"), JSON.stringify(config));
  const run = spawnSync(tokenize, [folder, "records"], { input: records(texts), maxBuffer: 1 << 30 });
  if (run.status !== 0) {
    console.log(`${name}: ${run.stderr}`);
    return 1;
  }
  const lines = run.stdout.toString().split("\n");
  const reference = new Tokenizer(json, { ...config, unk_token: json.model.unk_token });
  let wrong = 0;
  const report = (what, text, expected, found) => {
    if (wrong++ < SHOWN)
      console.log(`${name}: ${what} of ${JSON.stringify(text).slice(0, 200)}\n  expected ${expected}\n  found    ${found}`);
  };
  texts.forEach((text, i) => {
    const [ids, decoded] = expectedLines(reference, text), ours = Buffer.from(lines[2 * i + 1], "hex").toString();
    if (ids !== lines[2 * i]) return report("ids", text, ids, lines[2 * i]);
    if (decoded !== ours) report("text", text, JSON.stringify(decoded), JSON.stringify(ours));
  });
  console.log(`${name}: ${texts.length} texts, ${wrong} differ`);
  return wrong;
}

// Pairs of neighbouring texts, where the template says what becomes of them.
function comparePairs(name, json, texts) {
  const run = spawnSync(tokenize, [join(work, name), "pairs"], { input: records(texts), maxBuffer: 1 << 30 }), lines = run.stdout.toString().split("\n");
  const reference = new Tokenizer(json, { unk_token: json.model.unk_token });
  let wrong = run.status === 0 ? 0 : 1, compared = 0;
  for (let i = 0; i + 1 < texts.length; i += 2) {
    if (!texts[i] || !texts[i + 1]) continue; // an empty text makes no pair there
    const { ids, token_type_ids } = reference.encode(texts[i], { text_pair: texts[i + 1], return_token_type_ids: true });
    compared++;
    if ((ids.join(" ") !== lines[i] || token_type_ids.join(" ") !== lines[i + 1]) && wrong++ < SHOWN)
      console.log(`${name}: pair ${JSON.stringify(texts.slice(i, i + 2)).slice(0, 200)}\n  expected ${ids}\n           ${token_type_ids}\n  found    ${lines[i]}\n           ${lines[i + 1]}`);
  }
  console.log(`${name}: ${compared} pairs, ${wrong} differ`);
  return wrong;
}

const WITH_PAIRS = ["minilm", "bert-unclean", "roberta", "t5"];
const tokenizers = loadTokenizers({ gpt2: join(folder, "gpt2"), minilm: join(folder, "minilm-l6"), t5: join(folder, "t5"), stories260K: stories });
if (!tokenizers.length) {
  console.log("skipped: neither tokenizer is there");
  process.exit(77);
}
const texts = corpus(RANDOM_TEXTS).filter(isCompared);
let wrong = 0;
for (const { name, json, config } of tokenizers) if (!ONLY || ONLY.split(",").includes(name)) wrong += compare(name, json, config, texts);
for (const { name, json } of tokenizers)
  if (WITH_PAIRS.includes(name) && (!ONLY || ONLY.split(",").includes(name))) wrong += comparePairs(name, json, texts.slice(0, 2 * Math.floor(texts.length / 4)));
process.exit(wrong ? 1 : 0);
