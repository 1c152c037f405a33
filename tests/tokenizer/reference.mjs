// reference.mjs: what @huggingface/transformers' tokenizers make of a text, and of bytes that are not UTF-8.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

// Left out: code points that Node's Unicode and utf8proc's may class differently, and two on which JavaScript and
// the Rust tokenizers differ (\s of U+0085 and U+FEFF; TextDecoder drops U+FEFF), where smelt follows Rust.
const LEFT_OUT = /[\p{Cn}\p{Cs}\u0085\ufeff]/u;
export const isCompared = (text) => !LEFT_OUT.test(text);

// The class Tokenizer of the package below NPM.
export async function loadReference(npm) {
  return (await import(pathToFileURL(join(npm, "node_modules/@huggingface/tokenizers/dist/tokenizers.mjs")))).Tokenizer;
}

export function readFolder(folder) {
  const read = (name) => JSON.parse(readFileSync(join(folder, name), "utf8"));
  return { json: read("tokenizer.json"), config: read("tokenizer_config.json") };
}

// The two lines that tokenize.c prints of a text; the second as text, not in hexadecimal.
export function expectedLines(reference, text) {
  const { ids } = reference.encode(text);
  return [ids.join(" "), ids.length ? reference.decode(ids) : ""];
}

// The same of one of brokenCorpus(). Byte-level models see the bytes themselves, cut as the text is.
export function expectedBroken(reference, { text, broken }, isByteLevel) {
  if (!isByteLevel) return expectedLines(reference, text);
  let next = 0;
  const spelled = reference.pre_tokenizer.byte_encoder, pieces = text.match(reference.pre_tokenizer.pattern) ?? [];
  const tokens = pieces.map((piece) => [...piece].flatMap((c) => (c === "\ufffd" ? broken[next++] : [...Buffer.from(c)])).map((byte) => spelled[byte]).join(""));
  const ids = reference.model(tokens).map((token) => reference.token_to_id(token));
  return [ids.join(" "), reference.decode(ids)];
}
