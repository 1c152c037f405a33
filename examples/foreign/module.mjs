// module.mjs MODULE PROMPT TOKENS: goes on with a text; MODULE is of `smelt build --target wasm32-wasi --emit shared`. A page
// does the same with `fetch` in place of readFileSync.
import { readFileSync } from "node:fs";

const STOPPED = 6, [path, prompt, tokens] = process.argv.slice(2);
const { exports: c } = (await WebAssembly.instantiate(readFileSync(path))).instance;
c._initialize();
const bytes = (at, count) => new Uint8Array(c.memory.buffer, at, count); // anew each time: memory grows, and moves then
const text = (at) => new TextDecoder().decode(bytes(at).subarray(0, bytes(at).indexOf(0)));
const put = (words) => {
  const encoded = new TextEncoder().encode(`${words}\0`), at = c.malloc(encoded.length);
  bytes(at, encoded.length).set(encoded);
  return at;
};
// What C calls with four numbers has to be a function of a module: this one gives out what it is given.
const given = new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 9, 1, 96, 4, 127, 127, 127, 127, 1, 127,
  2, 7, 1, 1, 101, 1, 102, 0, 0, 7, 5, 1, 1, 102, 0, 0));
const table = c.__indirect_function_table, onToken = table.grow(1);
let left = Number(tokens);
const f = (user, token, at, count) => (process.stdout.write(bytes(at, count).slice()), --left > 0);
table.set(onToken, new WebAssembly.Instance(given, { e: { f } }).exports.f);

const place = c.malloc(4); // of a pointer
if (c.smelt_open(c.smelt_model_main.value, 0, place)) throw new Error("the model cannot be opened");
const model = new DataView(c.memory.buffer).getUint32(place, true);
const result = c.smelt_generate(model, put(prompt), 0, onToken, 0);
if (result && result !== STOPPED) throw new Error(text(c.smelt_error(model)));
