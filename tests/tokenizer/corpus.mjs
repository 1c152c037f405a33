// corpus.mjs: texts that a tokenizer may meet; the same on every run.

// Mulberry32, a small seeded generator.
function generator(seed) {
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

export function corpus(randomCount) {
  const random = generator(20240229), pick = (items) => items[Math.floor(random() * items.length)];
  const texts = [...WRITTEN];
  for (let i = 0; i < randomCount; i++) {
    let text = "";
    const count = 1 + Math.floor(random() * 30), kind = i % 4, range = pick(RANGES);
    for (let k = 0; k < count; k++) {
      if (kind === 0) text += pick([" ", " ", " ", "  ", "\n", ""]) + pick(WORDS) + pick(["", "", ",", ".", "!", "\n"]);
      else if (kind === 1) text += pick([..." \n\t\r  a'sB1.\u00e9\u0301\u3000"]);
      else {
        const [first, last] = kind === 2 ? range : pick(RANGES);
        text += String.fromCodePoint(first + Math.floor(random() * (last - first + 1)));
        if (random() < 0.15) text += " ";
      }
    }
    texts.push(text);
  }
  return texts;
}
