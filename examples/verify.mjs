// Runs an example's model with ONNX Runtime and its tokenizer with Hugging Face's, against its expected.json.
//
//     npm install --prefix /tmp/ort --ignore-scripts onnxruntime-node @huggingface/transformers
//     node examples/verify.mjs /tmp/ort verse
//     node examples/verify.mjs /tmp/ort dates
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const [installed, example] = process.argv.slice(2);
const require = createRequire(join(installed, "package.json"));
const { InferenceSession, Tensor } = require("onnxruntime-node");
const { PreTrainedTokenizer } = await import(require.resolve("@huggingface/transformers"));

const folder = join(dirname(fileURLToPath(import.meta.url)), example);
const readJson = (path) => JSON.parse(readFileSync(join(folder, path), "utf8"));
const config = readJson("model/config.json");
const generation = readJson("model/generation_config.json");
const expected = readJson("expected.json");
const tokenizer = new PreTrainedTokenizer(
  readJson("model/tokenizer.json"),
  readJson("model/tokenizer_config.json"),
);

const int64 = (numbers) => new Tensor("int64", BigInt64Array.from(numbers.map(BigInt)), [1, numbers.length]);
const ones = (count) => int64(Array(count).fill(1));

function argMaxOfLastRow(logits) {
  const row = logits.data.slice(-logits.dims[2]);
  return row.reduce((best, value, id) => (value > row[best] ? id : best), 0);
}

/** The empty past of every layer, by input name. */
function emptyPast(session, heads, headDim) {
  const names = session.inputNames.filter((name) => name.startsWith("past_key_values"));
  return Object.fromEntries(
    names.map((name) => [name, new Tensor("float32", new Float32Array(0), [1, heads, 0, headDim])]),
  );
}

/** This call's present tensors under the names that the next call takes them by. */
function presentAsPast(outputs) {
  const presents = Object.entries(outputs).filter(([name]) => name.startsWith("present"));
  return Object.fromEntries(
    presents.map(([name, tensor]) => [name.replace("present", "past_key_values"), tensor]),
  );
}

async function decoderOnly() {
  const session = await InferenceSession.create(join(folder, "model/model.onnx"));
  return async (promptIds, newTokens) => {
    let past = emptyPast(session, config.n_head, config.n_embd / config.n_head);
    const ids = [];
    let fresh = promptIds;
    let length = 0;
    while (ids.length < newTokens) {
      const position_ids = int64(fresh.map((_, index) => length + index));
      length += fresh.length;
      const outputs = await session.run({
        input_ids: int64(fresh),
        attention_mask: ones(length),
        position_ids,
        ...past,
      });
      past = presentAsPast(outputs);
      fresh = [argMaxOfLastRow(outputs.logits)];
      ids.push(fresh[0]);
    }
    return ids;
  };
}

async function encoderDecoder() {
  const encoder = await InferenceSession.create(join(folder, "model/encoder_model.onnx"));
  const decoder = await InferenceSession.create(join(folder, "model/decoder_model.onnx"));
  const heads = config.decoder_attention_heads;
  return async (promptIds) => {
    const attention_mask = ones(promptIds.length);
    const { last_hidden_state } = await encoder.run({ input_ids: int64(promptIds), attention_mask });
    let past = emptyPast(decoder, heads, config.d_model / heads);
    const ids = [];
    let fresh = config.decoder_start_token_id;
    while (fresh !== config.eos_token_id && 1 + ids.length < generation.max_length) {
      const outputs = await decoder.run({
        input_ids: int64([fresh]),
        encoder_hidden_states: last_hidden_state,
        encoder_attention_mask: attention_mask,
        ...past,
      });
      past = presentAsPast(outputs);
      fresh = argMaxOfLastRow(outputs.logits);
      ids.push(fresh);
    }
    return ids;
  };
}

const generate = config.is_encoder_decoder ? await encoderDecoder() : await decoderOnly();
let wrong = 0;
for (const { prompt, prompt_ids, greedy_ids, greedy_text } of expected.cases) {
  const encoded = tokenizer.encode(prompt);
  const ids = await generate(prompt_ids, greedy_ids.length);
  const decoded = tokenizer.decode(ids, { skip_special_tokens: true, clean_up_tokenization_spaces: false });
  const same =
    `${encoded}` === `${prompt_ids}` && `${ids}` === `${greedy_ids}` && decoded === greedy_text;
  wrong += !same;
  console.log(same ? "same" : "DIFFERENT", JSON.stringify(prompt), JSON.stringify(decoded));
}
process.exit(wrong ? 1 : 0);
