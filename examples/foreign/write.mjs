// write.mjs LIBRARY PROMPT TOKENS: goes on with a text; LIBRARY is of `smelt build --emit shared`. Needs npm's koffi.
import koffi from "koffi";

const [path, prompt, tokens] = process.argv.slice(2);
const library = koffi.load(path);
koffi.proto("bool on_token(void *user, int32_t token, void *text, size_t bytes)");
const open = library.func("int smelt_open(void *image, void *options, _Out_ void **model)");
const generate = library.func("int smelt_generate(void *model, str prompt, void *options, on_token *callback, void *user)");
const error = library.func("str smelt_error(void *model)");
const close = library.func("void smelt_close(void *model)");

const STOPPED = 6;
let left = Number(tokens);
const onToken = (user, token, text, bytes) => {
  if (bytes) process.stdout.write(Buffer.from(koffi.decode(text, "uint8_t", Number(bytes))));
  return --left > 0;
};

const model = [null];
let result = open(library.symbol("smelt_model_main", "char"), null, model);
if (!result) result = generate(model[0], prompt, null, onToken, null);
if (result && result !== STOPPED) {
  console.error(`write.mjs: ${error(model[0])}`);
  process.exit(1);
}
close(model[0]);
