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

const tokenizers = loadTokenizers({ gpt2: join(folder, "gpt2"), minilm: join(folder, "minilm-l6"), t5: join(folder, "t5"), stories260K: stories });
if (!tokenizers.length) {
  console.log("skipped: neither tokenizer is there");
  process.exit(77);
}
const texts = corpus(RANDOM_TEXTS).filter(isCompared);
let wrong = 0;
for (const { name, json, config } of tokenizers) if (!ONLY || ONLY.split(",").includes(name)) wrong += compare(name, json, config, texts);
process.exit(wrong ? 1 : 0);
