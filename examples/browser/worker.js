// worker.js: runs a program that smelt built for wasm32-wasi, beside the page so that the page stays awake. It gives the
// program what it asks of WASI: arguments, standard input, output and errors, the clock, random bytes. There are no files.
//
// In:  { module, args, input }               a WebAssembly.Module; what follows the program's name; text, "" for none
// Out: { text } or { error }                 as it is written
//      { exit }                              the program's exit code

const SUCCESS = 0, BADF = 8, NOSYS = 52, SPIPE = 70; // wasi_snapshot_preview1's errno
const CHARACTER_DEVICE = 2;

class Exit {
  constructor(code) {
    this.code = code;
  }
}

// The imports of one run. `write(descriptor, bytes)` gets what the program says.
function wasi(args, input, write) {
  let memory;
  let inputAt = 0;
  const texts = args.map((arg) => new TextEncoder().encode(arg + '\0'));
  const view = () => new DataView(memory.buffer);
  const bytes = (at, count) => new Uint8Array(memory.buffer, at, count);

  // Each {address, length} of a list, until `each` takes less than there is; *total is how much that was.
  function transfer(list, count, total, each) {
    let all = 0;
    for (let i = 0; i < count; i++) {
      const length = view().getUint32(list + 8 * i + 4, true);
      const done = each(bytes(view().getUint32(list + 8 * i, true), length));
      all += done;
      if (done < length) break;
    }
    view().setUint32(total, all, true);
    return SUCCESS;
  }

  const calls = {
    args_sizes_get(count, size) {
      view().setUint32(count, texts.length, true);
      view().setUint32(size, texts.reduce((sum, text) => sum + text.length, 0), true);
      return SUCCESS;
    },
    args_get(pointers, room) {
      for (const text of texts) {
        view().setUint32(pointers, room, true);
        bytes(room, text.length).set(text);
        pointers += 4;
        room += text.length;
      }
      return SUCCESS;
    },
    environ_sizes_get(count, size) {
      view().setUint32(count, 0, true);
      view().setUint32(size, 0, true);
      return SUCCESS;
    },
    environ_get: () => SUCCESS,
    clock_time_get(clock, precision, time) {
      const ms = clock === 0 ? Date.now() : performance.now();
      view().setBigUint64(time, BigInt(Math.round(ms * 1e6)), true);
      return SUCCESS;
    },
    random_get(at, count) {
      for (let done = 0; done < count; done += 65536)
        crypto.getRandomValues(bytes(at + done, Math.min(65536, count - done)));
      return SUCCESS;
    },
    fd_fdstat_get(descriptor, stat) {
      if (descriptor > 2) return BADF;
      bytes(stat, 24).fill(0);
      // An input that is a terminal is one from which nothing is read.
      view().setUint8(stat, descriptor === 0 && input.length ? 0 : CHARACTER_DEVICE);
      return SUCCESS;
    },
    fd_read: (descriptor, list, count, total) =>
      descriptor !== 0 ? BADF : transfer(list, count, total, (room) => {
        const part = input.subarray(inputAt, inputAt + room.length);
        room.set(part);
        inputAt += part.length;
        return part.length;
      }),
    fd_write: (descriptor, list, count, total) =>
      descriptor !== 1 && descriptor !== 2 ? BADF : transfer(list, count, total, (part) => {
        write(descriptor, part);
        return part.length;
      }),
    fd_seek: () => SPIPE,
    fd_close: () => SUCCESS,
    fd_prestat_get: () => BADF,
    proc_exit(code) {
      throw new Exit(code);
    },
  };
  return { calls, attach: (instance) => { memory = instance.exports.memory; } };
}

function run({ module, args, input }) {
  const decoders = { 1: new TextDecoder(), 2: new TextDecoder() };
  const host = wasi(['model', ...args], new TextEncoder().encode(input), (descriptor, part) => {
    const text = decoders[descriptor].decode(part, { stream: true });
    if (text) postMessage(descriptor === 1 ? { text } : { error: text });
  });
  const imports = {};
  for (const { name } of WebAssembly.Module.imports(module)) imports[name] = host.calls[name] ?? (() => NOSYS);
  const instance = new WebAssembly.Instance(module, { wasi_snapshot_preview1: imports });
  host.attach(instance);
  try {
    instance.exports._start();
    return 0;
  } catch (end) {
    if (end instanceof Exit) return end.code;
    throw end;
  }
}

onmessage = ({ data }) => {
  try {
    postMessage({ exit: run(data) });
  } catch (failure) {
    postMessage({ error: `${failure}\n` });
    postMessage({ exit: 1 });
  }
};
