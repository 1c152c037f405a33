// see.mjs LIBRARY IMAGE: what is in a picture; LIBRARY is of a graph over pixels, such as ../shapes/model. Needs npm's koffi.
import { readFileSync } from "node:fs";
import koffi from "koffi";

const library = koffi.load(process.argv[2]);
koffi.struct("tensor", { dtype: "int", rank: "int", dims: koffi.array("int64_t", 8), data: "void *" });
const open = library.func("int smelt_open(void *image, void *options, _Out_ void **model)");
const readPixels = library.func("int64_t smelt_pixels(void *model, void *file, size_t bytes, _Out_ float *pixels, int64_t capacity)");
const run = library.func("int smelt_run(void *model, str entry, str *names, tensor *inputs, int count, _Out_ tensor *outputs)");
const label = library.func("str smelt_label(void *model, int label)");
const error = library.func("str smelt_error(void *model)");

const F32 = 0, side = 32;
const model = [null], logits = {}, pixels = new Float32Array(3 * side * side), file = readFileSync(process.argv[3]);
if (open(library.symbol("smelt_model_main", "char"), null, model)) throw new Error("the model cannot be opened");
let ok = Number(readPixels(model[0], file, file.length, pixels, pixels.length)) === pixels.length;
const image = { dtype: F32, rank: 4, dims: [1, 3, side, side, 0, 0, 0, 0], data: koffi.as(pixels, "float *") };
ok &&= run(model[0], "run", ["pixel_values"], [image], 1, logits) === 0;
if (!ok) {
  console.error(`see.mjs: ${error(model[0])}`);
  process.exit(1);
}
const scores = Array.from(koffi.decode(logits.data, koffi.array("float", Number(logits.dims[1])))); // [1, labels]
console.log(label(model[0], scores.indexOf(Math.max(...scores))));
