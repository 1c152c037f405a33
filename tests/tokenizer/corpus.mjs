// corpus.mjs: texts that a tokenizer may meet; the same on every run.

// Mulberry32, a small seeded generator.
export function generator(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const WRITTEN = [
  "", " ", "  ", "   ", "\n", "\n\n\n", "\r\n", "\t", " \n ", "a", " a", "a ", "  a  ", "\u00a0", "\u3000x", "\u0085x", "\ufeffx",
  "Hello, world!", "Once upon a time, there was a little girl named Lily.", "don't can't I'll we've they're I'm he'd it's",
  "DON'T CAN'T I'LL WE'VE", "'s 't 're ' s ''s 's's", "it\u2019s \u2018quoted\u2019 \u201ctext\u201d \u2026 \u2013 \u2014",
  "123 4567 1234567890 3.14159 1,000,000 1e-9 0xff \u0663\u0664 \u00bd \u2167 \u4e09",
  "for (int i = 0; i < n; i++) {\n    if (a[i] != b[i])\n\t\treturn -1;\n}\n\n\n", "#include <stdio.h>\r\n\r\nint main(void)\r\n{\r\n}\r\n",
  "def f(x):\n    return [y**2 for y in x if y % 2 == 0]  # squares\n", "https://example.com/a?b=c&d=%20#e user@host.org C:\\path\\file",
  "a  b   c    d     e      f", "x\n\n  y\n   \n z   ", "   leading", "trailing   ", "tabs\t\ttabs\t \t", "!!! ??? ... --- === ***",
  "\u{1f600}\u{1f601} \u{1f468}\u200d\u{1f469}\u200d\u{1f467}\u200d\u{1f466} \u{1f1ec}\u{1f1e7} \u{1f44d}\u{1f3fd} \u2764\ufe0f", "\u65e5\u672c\u8a9e\u306e\u30c6\u30ad\u30b9\u30c8\u3002", "\u4e2d\u6587\u5b57\u7b26\uff0c\u6d4b\u8bd5",
  "\ud55c\uad6d\uc5b4 \ubb38\uc7a5", "\u1112\u1161\u11ab\u1100\u116e\u11a8", "\u0440\u0443\u0441\u0441\u043a\u0438\u0439 \u0442\u0435\u043a\u0441\u0442", "\u03b5\u03bb\u03bb\u03b7\u03bd\u03b9\u03ba\u03ac", "\u0627\u0644\u0639\u0631\u0628\u064a\u0629 \u0648\u064e\u062d\u0652\u062f\u064e", "\u05e2\u05b4\u05d1\u05b0\u05e8\u05b4\u05d9\u05ea", "\u0939\u093f\u0928\u094d\u0926\u0940 \u092a\u093e\u0920 \u0958\u095b", "\u0e44\u0e17\u0e22\u0e17\u0e14\u0e2a\u0e2d\u0e1a",
  "e\u0301 \u00e9 n\u0303 A\u030a\u0301 q\u0323\u0307 q\u0307\u0323 \u212b \u2126 \u1e9b\u0323 \u0344 \u0958 \ufb1d", "a\u0301\u0302\u0303\u0304\u0305", "\u0301 alone", "caf\u00e9 cafe\u0301 CAFE\u0301", "Z\u0335\u0321a\u0322\u0348l\u0334g\u0336o\u0337", "\u0000\u0001\u0002\u007f\u0080\u009f", "\u200b\u200c\u200d\u2060\u00ad",
  "<|endoftext|>", "a<|endoftext|>b", " <|endoftext|> <|endoftext|>", "<|endoftext", "<|start|><|start_header_id|>user<|eot_id|>", "<|start_header_i", "<s> a </s>  b <mask> c  <mask>", "x   <mask>   y", "<s></s>", "</s> </s>", "<unk>", "caf\u00e9<|im_start|>cafe\u0301",
  "<0x0A>", "\u2581", "\u2581a \u2581 b", "a\u2581b", "\u{10ffff}\ufffd\uffff", "\u017fs '\u017f \u212a", "'\u017f 'S", "\u0130\u0131 \u00df \u01c5", "\u02b0\u02b1 \u2070 \u00aa", "$100 \u20ac5 \u00a35 \u00b0C \u00a9\u00ae\u2122", "\u00e2\u20ac\u2122 \u200a", "snake_case camelCase PascalCase SCREAMING_CASE kebab-case",
  "\u039f\u0394\u03a5\u03a3\u03a3\u0395\u03a5\u03a3 \u03a3 '\u03a3' \u0391\u03a3'\u0391 \u0391\u03a3' \u0391\u0301\u03a3\u0301. \u03a3\u0391\u03a3", "\u0130stanbul \u01c4 \u1e9e \u2126", "\u4e00a\u3400\uf900\u{20000}b\u{2f800} \uff21\uff5e\u0338\ufb01\u2460", "x".repeat(100) + " " + "x".repeat(101), "don 't , no . ' s !", " . ", "a ' ' ' b '  ' n ' t n 't", "x '. y ' , z '  ' m '  's 're n 'r", "it 's n'ot n't  .  ?  ' ve 've", "a '", "a n'",
  "a".repeat(300), " ".repeat(300), "ab".repeat(200), "\n".repeat(100), " \n".repeat(60), "\u{1f600}".repeat(50), "1".repeat(100), "=".repeat(120), "the ".repeat(100),
];

const WORDS = "the a of time there was girl named She loved to play outside park and said that with 'twas don't 2024 3.5 e.g. (see) \"quoted\" na\u00efve r\u00e9sum\u00e9 Stra\u00dfe \u043c\u0438\u0440 \u4e16\u754c \u{1f30d}".split(" ");
const RANGES = [
  [0x20, 0x7e], [0x20, 0x7e], [0, 0x2f], [0xa0, 0x24f], [0x250, 0x36f], [0x370, 0x3ff], [0x400, 0x4ff], [0x590, 0x6ff], [0x900, 0x97f], [0x980, 0x9ff], [0xb80, 0xbff], [0xe00, 0xe7f],
  [0xf00, 0xfda], [0x1000, 0x109f], [0x10a0, 0x10ff], [0x1100, 0x11ff], [0x1200, 0x137f], [0x1780, 0x17ff], [0x1e00, 0x1fff], [0x2000, 0x206f], [0x2070, 0x218f], [0x2190, 0x23ff], [0x2600, 0x27bf],
  [0x3000, 0x30ff], [0x4e00, 0x9fff], [0xa000, 0xa48c], [0xac00, 0xd7a3], [0xf900, 0xfaff], [0xfb00, 0xfdff], [0xfe00, 0xffef], [0x10000, 0x100ff], [0x1d400, 0x1d7ff], [0x1f300, 0x1faff], [0x20000, 0x2a6df], [0x2f800, 0x2fa1d],
];


// 48 scripts besides those of RANGES' blocks, by letters that Unicode has had for long.
export const SCRIPTS = {
  Latin: [0x41, 0x17f], Greek: [0x391, 0x3c9], Cyrillic: [0x410, 0x45f], Armenian: [0x531, 0x556], Hebrew: [0x5d0, 0x5ea], Arabic: [0x620, 0x64a], Syriac: [0x712, 0x72f], Thaana: [0x780, 0x7a5],
  NKo: [0x7ca, 0x7ea], Devanagari: [0x904, 0x939], Bengali: [0x993, 0x9a8], Gurmukhi: [0xa13, 0xa28], Gujarati: [0xa93, 0xaa8], Oriya: [0xb13, 0xb28], Tamil: [0xbae, 0xbb9], Telugu: [0xc12, 0xc28],
  Kannada: [0xc92, 0xca8], Malayalam: [0xd12, 0xd28], Sinhala: [0xd9a, 0xdb1], Thai: [0xe01, 0xe30], Lao: [0xe94, 0xe97], Tibetan: [0xf40, 0xf47], Myanmar: [0x1000, 0x1021], Georgian: [0x10d0, 0x10f0],
  Hangul: [0xac00, 0xd7a3], Jamo: [0x1100, 0x1175], Ethiopic: [0x1200, 0x1246], Cherokee: [0x13a0, 0x13f4], Aboriginal: [0x1401, 0x166c], Ogham: [0x1681, 0x169a], Runic: [0x16a0, 0x16ea], Tagalog: [0x1703, 0x170c],
  Khmer: [0x1780, 0x17b3], Mongolian: [0x1820, 0x1842], Limbu: [0x1901, 0x191c], TaiLe: [0x1950, 0x196d], Buginese: [0x1a00, 0x1a16], Balinese: [0x1b05, 0x1b33], Sundanese: [0x1b83, 0x1ba0], Lepcha: [0x1c00, 0x1c23],
  Glagolitic: [0x2c00, 0x2c2e], Coptic: [0x2c80, 0x2ce3], Tifinagh: [0x2d30, 0x2d65], Hiragana: [0x3041, 0x3096], Katakana: [0x30a1, 0x30fa], Bopomofo: [0x3105, 0x312c], Han: [0x4e00, 0x9fa5], Yi: [0xa000, 0xa48c],
  Vai: [0xa500, 0xa60b], Javanese: [0xa984, 0xa9b2], Gothic: [0x10330, 0x1034a], Deseret: [0x10400, 0x1044f], Phoenician: [0x10900, 0x10915], Cuneiform: [0x12000, 0x1236e], Hieroglyphs: [0x13000, 0x1342e], HanB: [0x20000, 0x2a6d6],
};
const EMOJI = ["\u{1f600}", "\u{1f468}\u200d\u{1f469}\u200d\u{1f467}", "\u{1f44d}\u{1f3fd}", "\u2764\ufe0f", "\u{1f1eb}\u{1f1f7}", "\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}", "1\ufe0f\u20e3", "\u{1f469}\u{1f3ff}\u200d\u{1f680}", "\u{1f3f3}\ufe0f\u200d\u{1f308}", "\u00a9\ufe0f"];
const MARKS = ["\u0300", "\u0301", "\u0308", "\u0323", "\u0327", "\u0335", "\u05b4", "\u064e", "\u093c", "\u094d", "\u0e34", "\u3099", "\u20d7", "\u0345"];
const CODE = ["if (x != 0) {\n", "}\n", "    return a[i]->b;\n", "\tprintf(\"%d\\n\", n);\n", "def f(self, *args, **kw):\n", "    pass\n\n", "x = y ** 2 // 3\n", "<div class=\"a\">&nbsp;</div>\n", "SELECT * FROM t WHERE id=1;\n", "// TODO: none\n", "#define A_B(x) ((x) << 2)\n", "\r\n", "let f = |x| x + 1;\n", "{\"key\": [1, 2.5e-3, null]}\n", "a&&b||!c", "/* é */", "$HOME/.x-y_z", "0xDEADBEEF", "::"];
const chance = (random, share) => random() < share;

// What each kind of text is made of, part by part.
const KINDS = [
  ({ pick }) => pick([" ", " ", " ", "  ", "\n", ""]) + pick(WORDS) + pick(["", "", ",", ".", "!", "\n"]),
  ({ pick }) => pick([..." \n\t\r  a'sB1.\u00e9\u0301\u3000"]),
  ({ one, range, random }) => one(range) + (chance(random, 0.15) ? " " : ""),
  ({ one, pick, random }) => one(pick(RANGES)) + (chance(random, 0.15) ? " " : ""),
  ({ one, script, random }) => one(script) + (chance(random, 0.2) ? " " : ""),
  ({ one, pick }) => one(pick(Object.values(SCRIPTS))) + pick(["", "", " ", ".", "\u3002", "\u060c"]),
  ({ pick }) => pick(EMOJI) + pick(["", "", " ", "!", "ok"]),
  ({ one, pick }) => one(pick([[0x61, 0x7a], [0x41, 0x5a], [0x3b1, 0x3c9], [0x904, 0x939], [0x5d0, 0x5ea]])) + pick(MARKS) + pick(["", "", pick(MARKS), " "]),
  ({ one, pick }) => one(pick([[0, 0x1f], [0x7f, 0x9f], [0x200b, 0x200f], [0x2028, 0x202f], [0x61, 0x7a]])) + pick(["", "", "x", " "]),
  ({ pick }) => pick(CODE) + pick(["", "", " ", "  ", "    "]),
  ({ pick, random }) => pick(["", "-", "+", "$", "0", "#"]) + String(Math.floor(random() * 10 ** Math.floor(random() * 9))) + pick([" ", ",", ".", ":", "/", "%", "e10", "\u0663", "\u00bd", "\u4e09", ""]),
  ({ pick, random }) => pick([" ", "\n", "\t", "=", "-", "a", "\u00a0", "."]).repeat(1 + Math.floor(random() * 12)) + pick(["", "x", "the"]),
];

export function corpus(randomCount) {
  const random = generator(20240229), pick = (items) => items[Math.floor(random() * items.length)];
  const one = ([first, last]) => String.fromCodePoint(first + Math.floor(random() * (last - first + 1)));
  const texts = [...WRITTEN];
  for (let i = 0; i < randomCount; i++) {
    let text = "";
    const count = 1 + Math.floor(random() * 30), kind = KINDS[i % KINDS.length];
    const tools = { random, pick, one, range: pick(RANGES), script: pick(Object.values(SCRIPTS)) };
    for (let k = 0; k < count; k++) text += kind(tools);
    texts.push(text);
  }
  return texts;
}

// Texts that are not UTF-8: { bytes, text, broken }, where `text` has U+FFFD for each of the sequences `broken`.
export function brokenCorpus(count) {
  const random = generator(7), pick = (items) => items[Math.floor(random() * items.length)];
  const SEQUENCES = [[0xff], [0xfe], [0x80], [0xbf], [0xc0], [0xc1], [0xc3], [0xe2, 0x82], [0xe2], [0xf0, 0x9f], [0xf0, 0x9f, 0x98], [0xf5], [0xed]];
  const PARTS = [" ", "  ", "a", "the", "n't", "\n", "\u00e9", "\u4e2d", "\u{1f600}", "1", "!", "<", " word"];
  return Array.from({ length: count }, () => {
    const pieces = [], broken = [];
    let text = "";
    for (let k = 1 + Math.floor(random() * 12); k > 0; k--) {
      const part = pick(PARTS), sequence = pick(SEQUENCES);
      pieces.push(Buffer.from(sequence), Buffer.from(part));
      broken.push(sequence);
      text += `\ufffd${part}`;
    }
    return { bytes: Buffer.concat(pieces), text, broken };
  });
}

// Records as tokenize.c reads them.
export function records(texts) {
  return Buffer.concat(texts.flatMap((text) => {
    const bytes = Buffer.from(text), count = Buffer.alloc(4);
    count.writeUInt32LE(bytes.length);
    return [count, bytes];
  }));
}
