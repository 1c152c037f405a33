// make_vectors.mjs NPM TOKENIZERS VECTORS: writes VECTORS/NAME.bin anew, by hand, where corpus.mjs has changed.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { brokenCorpus, corpus } from "./corpus.mjs";
import { expectedBroken, expectedLines, isCompared, loadReference } from "./reference.mjs";
import { loadTokenizers } from "./tokenizers.mjs";
import { BROKEN_TEXTS, NAMES, RANDOM_TEXTS, hashLines } from "./vectors.mjs";

const [npm, tokenizers, vectors] = process.argv.slice(2);
const Tokenizer = await loadReference(npm);
const folders = Object.fromEntries(Object.entries(NAMES).map(([name, folder]) => [name, join(tokenizers, folder)]));
for (const { name, json } of loadTokenizers(folders)) {
  if (!NAMES[name]) continue;
  const reference = new Tokenizer(json, { clean_up_tokenization_spaces: false, unk_token: json.model.unk_token });
  const isByteLevel = json.decoder.type === "ByteLevel";
  const hashes = [
    ...corpus(RANDOM_TEXTS).map((text) => (isCompared(text) ? hashLines(expectedLines(reference, text)) : 0)),
    ...brokenCorpus(BROKEN_TEXTS).map((text) => hashLines(expectedBroken(reference, text, isByteLevel))),
  ];
  writeFileSync(join(vectors, `${name}.bin`), Buffer.from(Uint16Array.from(hashes).buffer));
  console.log(`${name}: ${hashes.filter((hash) => hash).length} lines`);
}
