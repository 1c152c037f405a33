"""The engines of the bench as processes: what each runs on, how it is built, and asking it through runner.c's protocol."""

import json
import os
import shutil
import subprocess
import time
from dataclasses import dataclass, field

SMELT_PRECISIONS = ("f32", "bf16", "int8", "int4")
LLAMA_FORMATS = ("f32", "bf16", "f16", "q8_0", "q4_0")
LLAMA_LIBRARIES = ("libllama.v0.5.0.so", "libggml.v0.5.0.so", "libggml-base.so")
MEGABYTE = 1e6
LARGE_PIECE_BYTES = 8 << 20


class Failed(Exception):
    """An engine ended, or was not made; the message says why."""


@dataclass
class Places:
    """build: the build folder of CMake; is_brief: what is measured may be measured badly"""

    build: str
    is_brief: bool = False

    @property
    def bench(self):
        return os.path.join(self.build, "bench")

    def program(self, name):
        return os.path.join(self.bench, "bin", name)

    def model(self, shape):
        return os.path.join(self.bench, "models", shape.name)

    @property
    def ort_library(self):
        return os.path.join(self.build, "npm/node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime.so.1")

    @property
    def llama_folder(self):
        return os.path.join(self.build, "npm/node_modules/@node-llama-cpp/linux-x64/bins/linux-x64")


@dataclass
class Engine:
    """One engine with one model in one precision. name: smelt, ort, llama. program_bytes: what a user ships."""

    name: str
    precision: str
    command: list
    program_bytes: int = 0
    facts: dict = field(default_factory=dict)

    @property
    def key(self):
        return f"{self.name} {self.precision}"


class Runner:
    """A running engine."""

    def __init__(self, engine, threads, shape, places):
        self.engine = engine
        command = [*engine.command, str(threads), str(shape.vocabulary), str(shape.context)]
        environment = {**os.environ, "SMELT_LLAMA_FOLDER": places.llama_folder, "SMELT_ORT_LIBRARY": places.ort_library}
        self.start_ns = time.monotonic_ns()
        self.process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, close_fds=False)

    def ask(self, *words):
        """The number that answers the command."""
        try:
            self.process.stdin.write(" ".join(map(str, words)) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        answer = self.process.stdout.readline()
        if not answer:
            raise Failed(f"{self.engine.key} ended with code {self.process.wait()} when asked to {words[0]}")
        return int(answer)

    def close(self):
        for stream in (self.process.stdin, self.process.stdout):
            try:
                stream.close()
            except BrokenPipeError:
                pass
        self.process.wait()


# ---- making them ----------------------------------------------------------------------------------------------------

def folder_bytes(folder, ends=(".onnx",)):
    return sum(os.path.getsize(os.path.join(folder, name)) for name in os.listdir(folder) if name.endswith(ends))


def timed(command):
    """Runs it; seconds and most resident bytes. Failed with its last words where it fails."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    said = process.stderr.read()
    _, code, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(code)
    if process.returncode:
        raise Failed((said.strip().splitlines() or [f"exit code {process.returncode}"])[-1])
    return time.monotonic() - start, usage.ru_maxrss * 1024


def inspected(smelt, model, options):
    """What is packed, and what each token of a text adds."""
    said = subprocess.run([smelt, "inspect", model, *options, "--json"], check=True, capture_output=True, text=True)
    facts = json.loads(said.stdout)
    return {name: facts[name] for name in ("weights_bytes", "cache_bytes_per_token") if facts.get(name) is not None}


def write_in_large_pieces(path):
    """As smelt writes its programs: the kernel then keeps the file in huge pages (docs/link.md)."""
    whole = path + ".whole"
    with open(path, "rb", buffering=0) as source, open(whole, "wb", buffering=0) as file:
        shutil.copyfileobj(source, file, LARGE_PIECE_BYTES)
    shutil.copymode(path, whole)
    os.replace(whole, path)


def build_smelt(shape, precision, places):
    """The program as a user builds it, for its size and the time that takes; and the same model behind the runner."""
    smelt, model, out = os.path.join(places.build, "bin/smelt"), places.model(shape), os.path.join(places.bench, "programs")
    os.makedirs(out, exist_ok=True)
    program = os.path.join(out, f"{shape.name}-{precision}")
    options = ["--max-tokens", str(shape.context)]
    if shape.kind == "bert":
        options += ["--max-batch", str(max(batch for batch, _ in shape.texts))]
    if precision != "f32":
        options += ["--precision", precision]
    seconds, memory = timed([smelt, "build", model, "-q", *options, "-o", program])
    archive, runner = program + ".a", program + "-runner"
    timed([smelt, "build", model, "-q", *options, "--emit", "lib", "--name", "tested", "-o", archive])
    ours = places.program("libbench_smelt.a")
    timed([os.environ.get("CC", "clang-22"), "-static", ours, archive, "-lm", "-lpthread", "-o", runner])
    os.remove(archive)
    write_in_large_pieces(runner)
    facts = {"build_s": seconds, "build_memory_bytes": memory, "model_bytes": folder_bytes(model),
             **inspected(smelt, model, options)}
    return Engine("smelt", precision, [runner, "-"], os.path.getsize(program), facts)


def smelt_engines(shape, places, wanted):
    """Those that build, and why others do not: {precision: reason}."""
    engines, absent = [], {}
    for precision in wanted:
        try:
            engines.append(build_smelt(shape, precision, places))
        except Failed as failure:
            absent[precision] = str(failure)
    return engines, absent


def ort_engine(shape, places):
    size = os.path.getsize(places.ort_library) + folder_bytes(places.model(shape))
    return Engine("ort", "f32", [places.program("bench_ort"), places.model(shape)], size)


def llama_engines(shape, places):
    if not shape.is_decoder:
        return []
    # One of the CPU backends beside them is loaded: any, for the size.
    libraries = (*LLAMA_LIBRARIES, "libggml-cpu-haswell.so")
    size = sum(os.path.getsize(os.path.join(places.llama_folder, name)) for name in libraries)
    engines = []
    for name in LLAMA_FORMATS:
        path = os.path.join(places.model(shape), f"{name}.gguf")
        engines.append(Engine("llama", name, [places.program("bench_llama"), path], size + os.path.getsize(path)))
    return engines
