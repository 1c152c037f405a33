// vectors.mjs: the committed answers of the reference: 16 bits of a hash of ids and decoded text for each line of
// corpus(RANDOM_TEXTS), then of brokenCorpus(BROKEN_TEXTS); 0 where the reference is not comparable.
export const RANDOM_TEXTS = 24000, BROKEN_TEXTS = 1000;
export const NAMES = { gpt2: "gpt2", minilm: "minilm-l6", t5: "t5" }; // of vectors, and of folders

// FNV-1a over the code units, folded to 16 bits that are never 0.
export function hashLines([ids, text]) {
  let hash = 0x811c9dc5;
  for (const c of [...`${ids}\n${text}`]) hash = Math.imul(hash ^ c.codePointAt(0), 0x01000193);
  return ((hash >>> 16) ^ hash) & 0xffff || 1;
}
