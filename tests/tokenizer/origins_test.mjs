// origins_test.mjs TOKENIZE TOKENIZERS WORK: where tokens come from, for all lines of the corpus: GPT-2's and MiniLM's as
// the rules of the Rust library `tokenizers` give them, written down here once more; of T5's what must hold of each.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { corpus, records } from "./corpus.mjs";
import { RANDOM_TEXTS } from "./vectors.mjs";

const [tokenize, tokenizers, work] = process.argv.slice(2);
const SHOWN = 5, LEAST_LINES = 20000;
// Added tokens are spelled in some lines; and see reference.mjs.
const LEFT_OUT = /[\p{Cn}\p{Cs}\u0085\ufeff]|<\||<s>|<\/s>|<mask>|<unk>|<pad>|<extra|\[(CLS|SEP|UNK|MASK|PAD)\]/u;
const texts = corpus(RANDOM_TEXTS).filter((text) => !LEFT_OUT.test(text));

// The characters of a text with the bytes where they begin and end.
function charactersOf(text) {
  let at = 0;
  return [...text].map((c) => ({ c, begin: at, end: (at += Buffer.byteLength(c)) }));
}

// ---- GPT-2: a token is a stretch of bytes; a part of a character stands for all of it ----

function byteOfSpelling() {
  const plain = [...Array(256).keys()].filter((b) => (b > 32 && b < 127) || (b > 160 && b < 173) || b > 173);
  const others = [...Array(256).keys()].filter((b) => !plain.includes(b));
  return new Map([...plain.map((b) => [b, b]), ...others.map((b, i) => [256 + i, b])]);
}

function byteLevel(spellings) {
  const bytes = byteOfSpelling();
  return (text, ids) => {
    const characters = charactersOf(text), of = characters.flatMap((c) => Array(c.end - c.begin).fill(c));
    let at = 0;
    return ids.map((id) => {
      const count = [...spellings[id]].filter((c) => bytes.has(c.codePointAt(0))).length, first = of[at], last = of[(at += count) - 1];
      return `${first.begin}:${last.end}`;
    });
  };
}

// ---- MiniLM: each character by itself becomes others, which stand for it ----

const isSpace = (c) => /[\s\u200b]/u.test(c) && c !== "\u200b";
const isControl = (c) => !/[\t\n\r]/.test(c) && (c === "\0" || c === "\ufffd" || /\p{C}/u.test(c));
const isPunctuation = (c) => /[!-/:-@[-`{-~]|\p{P}/u.test(c);
const isIdeograph = (c) => {
  const code = c.codePointAt(0);
  return [[0x4e00, 0x9fff], [0x3400, 0x4dbf], [0xf900, 0xfaff]].some(([low, high]) => code >= low && code <= high);
};

// [[{ c, begin, end }]]: words of normalised characters.
function wordsOf(text) {
  const words = [];
  let word = null;
  const add = (item, alone) => {
    if (!word || alone) words.push((word = []));
    word.push(item);
    if (alone) word = null;
  };
  for (const { c, begin, end } of charactersOf(text)) {
    if (isControl(c)) continue;
    if (isSpace(c)) word = null;
    if (isSpace(c)) continue;
    const put = [...c.normalize("NFD").replace(/\p{Mn}/gu, "").toLowerCase()];
    if (isIdeograph(c)) word = null;
    for (const p of put) if (isSpace(p)) word = null; else add({ c: p, begin, end }, isPunctuation(p));
    if (isIdeograph(c)) word = null;
  }
  return words;
}

function wordPiece(spellings) {
  return (text, ids) => {
    let next = 0;
    const found = [];
    for (const word of wordsOf(text)) {
      for (let at = 0; at < word.length; next++) {
        const spelling = spellings[ids[next]] ?? "";
        const count = spelling === "[UNK]" ? word.length : [...spelling.replace(/^##(?=.)/s, at ? "" : "##")].length;
        const last = word[Math.min(at + count, word.length) - 1];
        found.push(`${word[at].begin}:${last.end}`);
        at += count;
      }
    }
    return found;
  };
}

// ---- T5: what a token stands for, normalised, is the token or holds it ----

const UNKNOWN = 2;
function unigram(spellings) {
  return (text, ids, origins) => {
    const bytes = Buffer.from(text);
    let before = 0;
    return ids.map((id, i) => {
      const [begin, end] = origins[i].split(":").map(Number);
      const stretch = bytes.subarray(begin, end).toString().normalize("NFKC").replace(/\p{C}/gu, ""), body = spellings[id].replace(/^\u2581/, "");
      const isPart = stretch.replace(/\s/gu, "\u2581").includes(body); // of what one character becomes
      const isComposed = body.normalize("NFKD").startsWith(stretch); // which stands for the first of its characters
      const holds = id === UNKNOWN || body === "" || isPart || isComposed;
      const goesOn = begin >= before && end > begin;
      before = begin;
      return holds && goesOn ? origins[i] : `${JSON.stringify(stretch)} for ${JSON.stringify(body)}`;
    });
  };
}

const FAMILIES = { gpt2: byteLevel, "minilm-l6": wordPiece, t5: unigram };

function spellingsOf({ model }) {
  if (Array.isArray(model.vocab)) return model.vocab.map(([spelling]) => spelling);
  const spellings = [];
  for (const [spelling, id] of Object.entries(model.vocab)) spellings[id] = spelling;
  return spellings;
}

// How many lines differ.
function check(name, rules) {
  const alone = join(work, name), json = join(tokenizers, name, "tokenizer.json");
  mkdirSync(alone, { recursive: true });
  copyFileSync(json, join(alone, "tokenizer.json"));
  const expected = rules(spellingsOf(JSON.parse(readFileSync(json))));
  const run = spawnSync(tokenize, [alone, "origins"], { input: records(texts), maxBuffer: 1 << 30 }), lines = run.stdout.toString().split("\n");
  if (run.status !== 0 || lines.length !== 2 * texts.length + 1) {
    console.log(`${name}: ${lines.length} lines of ${texts.length} texts: ${run.stderr}`);
    return 1;
  }
  let wrong = 0;
  texts.forEach((text, i) => {
    const ids = lines[2 * i].split(" ").filter(Boolean).map(Number);
    const found = lines[2 * i + 1].split(" ").filter(Boolean).map((origin) => origin.split(":").slice(0, 2).join(":"));
    const wanted = expected(text, ids, found);
    if (wanted.join(" ") === found.join(" ")) return;
    if (wrong++ < SHOWN) console.log(`${name}: ${JSON.stringify(text)}\n  ids    ${ids.map((id) => id).join(" ")}\n  found  ${found.join(" ")}\n  wanted ${wanted.join(" ")}`);
  });
  console.log(`${name}: ${texts.length} lines, ${wrong} differ`);
  return texts.length < LEAST_LINES ? 1 : wrong;
}

const there = Object.entries(FAMILIES).filter(([name]) => existsSync(join(tokenizers, name, "tokenizer.json")));
if (!there.length) {
  console.log("SKIP: the tokenizers are not there");
  process.exit(77);
}
process.exit(there.map(([name, rules]) => check(name, rules)).some(Boolean) ? 1 : 0);
