// module.mjs MODULE PROMPT: what a module asks for and gives out, a prompt's ids, the logits of what follows it, and the error
// of a call that is wrong; each on a line behind its name.
import { readFileSync } from 'node:fs';

const [path, prompt] = process.argv.slice(2);
const module = await WebAssembly.compile(readFileSync(path));
const names = (rows) => rows.map(({ name }) => name).join(' ');
console.log(`imports ${names(WebAssembly.Module.imports(module))}`);
console.log(`exports ${names(WebAssembly.Module.exports(module))}`);
const { exports: c } = await WebAssembly.instantiate(module);
c._initialize();
const view = () => new DataView(c.memory.buffer);
const text = (at) => new TextDecoder().decode(new Uint8Array(c.memory.buffer, at).slice(0, 200)).split('\0')[0];
const put = (string) => {
  const bytes = new TextEncoder().encode(`${string}\0`), at = c.malloc(bytes.length);
  new Uint8Array(c.memory.buffer, at, bytes.length).set(bytes);
  return at;
};
const place = c.malloc(4);
if (c.smelt_open(c.smelt_model_main.value, 0, place)) throw new Error('smelt_open');
const model = view().getUint32(place, true);

const room = 64, ids = c.malloc(4 * room);
const count = Number(c.smelt_encode(model, put(prompt), prompt.length, 1, ids, BigInt(room)));
const numbers = Array.from({ length: count }, (_, i) => view().getInt32(ids + 4 * i, true));
console.log(`ids ${numbers.join(' ')}`);

const I64 = 7, DIMS = 8, DATA = 72, BYTES = 80; // smelt_tensor: dtype, rank, dims[8], data
const tensor = c.malloc(2 * BYTES), output = tensor + BYTES, data = c.malloc(8 * count), list = c.malloc(4);
numbers.forEach((id, i) => view().setBigInt64(data + 8 * i, BigInt(id), true));
view().setInt32(tensor, I64, true);
view().setInt32(tensor + 4, 2, true);
view().setBigInt64(tensor + DIMS, 1n, true);
view().setBigInt64(tensor + DIMS + 8, BigInt(count), true);
view().setUint32(tensor + DATA, data, true);
view().setUint32(list, put('input_ids'), true);
if (c.smelt_run(model, put('prefill'), list, tensor, 1, output)) throw new Error(text(c.smelt_error(model)));
const vocabulary = Number(view().getBigInt64(output + DIMS + 16, true)); // f32 [1, 1, vocabulary]
const logits = new Float32Array(c.memory.buffer, view().getUint32(output + DATA, true), vocabulary);
console.log(`logits ${logits.join(' ')}`);
c.smelt_run(model, put('no such entry'), list, tensor, 1, output);
console.log(`error ${text(c.smelt_error(model))}`);
c.smelt_close(model);
for (const at of [place, ids, tensor, data, list]) c.free(at);
