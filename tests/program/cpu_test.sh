#!/bin/sh
# cpu_test.sh SMELT MODEL PROGRAM: --cpu takes this machine, levels and processors' names, and makes code for one level alone. Clang
# knows LLVM's processors: each that `smelt targets` names must have all that its level asks for, and not what the next one does.
. "${0%/*}/check.sh"
smelt=$1 model=$2 program=$3
need "$program"

# code CPU [OPTION...]: the sum of the code that is generated for it.
code() {
  { "$smelt" build "$model" --emit asm --cpu "$@" || echo "none for $*"; } 2>&1 | sha256sum
}

# like PROCESSOR LEVEL [OPTION...]
like() {
  what="$1 $3 $4: $2" processor=$1 level=$2
  shift 2
  same "$what" "$(code "$level" "$@")" "$(code "$processor" "$@")"
}

like sapphirerapids x86-64-v4 --precision f32
like sapphirerapids x86-64-amx --precision int8
like znver4 x86-64-bf16 --precision bf16
like neoverse-n1 arm64-dot --precision int8 --target aarch64-linux
like cortex-a72 baseline --precision f32 --target aarch64-none

exits "for this machine" 0 "$smelt" build "$model" -q --cpu native -o "$work/native"
[ "$(stat -c %s "$work/native")" -lt "$(stat -c %s "$program")" ] || fail "a program for one level is no smaller"
exits "it runs" 0 "$work/native" --describe

# refused HINT NAME [OPTION...]
refused() {
  hint=$1 name=$2
  shift 2
  exits "--cpu $name $*" 2 "$smelt" build "$model" --cpu "$name" "$@" -o "$work/none"
  says "it is told what there is: $hint" "no level and no processor '$name'.*expected one of .*; .*$hint" "$work/stderr"
}
refused "sapphirerapids.* like it" saphire-rapids
refused "'smelt targets' lists" pentium
refused "'smelt targets' lists" ""
refused "'smelt targets' lists" "$(printf '%0199d' 0)"
refused "--target aarch64-linux has it" neoverse-n1
refused "--target x86_64-linux has it" x86-64-v3 --target aarch64-linux
exits "this machine for another target" 2 "$smelt" build "$model" --cpu native --target wasm32-wasi -o "$work/none"
says "it is told why" "this machine is no wasm32-wasi.*expected one of baseline" "$work/stderr"
[ ! -e "$work/none" ] || fail "a refused build wrote something"

clang=$(command -v clang-22 clang | head -n 1)
[ -n "$clang" ] || skip "no clang knows what processors have"
cat >"$work/processors.py" <<'EOS'
import json, subprocess, sys

# What the level adds to the one before, as Clang's macros have it.
ADDS = {
    "x86-64-v2": "__SSE4_2__ __POPCNT__ __LAHF_SAHF__ __GCC_HAVE_SYNC_COMPARE_AND_SWAP_16",
    "x86-64-v3": "__AVX2__ __BMI__ __BMI2__ __F16C__ __FMA__ __LZCNT__ __MOVBE__",
    "x86-64-v4": "__AVX512F__ __AVX512BW__ __AVX512CD__ __AVX512DQ__ __AVX512VL__",
    "x86-64-vnni": "__AVX512VNNI__",
    "x86-64-bf16": "__AVX512BF16__",
    "x86-64-amx": "__AMX_TILE__ __AMX_BF16__ __AMX_INT8__",
    "arm64-dot": "__ARM_FEATURE_DOTPROD",
    "arm64-mmla": "__ARM_FEATURE_MATMUL_INT8 __ARM_FEATURE_BF16",
    "arm64-sve": "",  # what counts is how long registers are, which no macro tells
    "armv7-fma": "__ARM_FEATURE_FMA",
    "riscv64-v": "__riscv_v",
    "armv7-linux": "__ARM_NEON",
    "armv7a-none": "__ARM_NEON __ARM_FEATURE_FMA __ARM_FEATURE_IDIV",
    "armv7m-none": "__ARM_FEATURE_DSP __ARM_FEATURE_FMA",
    "aarch64-linux": "__ARM_NEON",
    "aarch64-none": "__ARM_NEON",
    "riscv64-linux": "__riscv_m __riscv_a __riscv_f __riscv_d __riscv_c",
}


def macros(target, processor):
    march = "-mcpu" if not target["processor"].startswith("x86") else "-march"
    triple = target["triple"].replace("thumbv7em", "thumb").replace("armv7", "arm")
    command = [sys.argv[1], "--target=" + triple, f"{march}={processor}", "-E", "-dM", "-x", "c", "/dev/null"]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        sys.exit(f"{target['target']}: {processor} is none of LLVM's: {done.stderr.decode()[:200]}")
    return {line.split()[1] for line in done.stdout.decode().splitlines()}


told, count = set(), 0
for target in json.load(sys.stdin):
    levels = target["levels"]
    wanted = [ADDS.get(level["level"], ADDS.get(target["target"], "")).split() for level in levels]
    for number, level in enumerate(levels):
        for processor in level["processors"]:
            if (target["processor"], target["target"].endswith("none"), processor) in told:
                continue
            told.add((target["processor"], target["target"].endswith("none"), processor))
            has, count = macros(target, processor), count + 1
            for needed in wanted[: number + 1]:
                assert set(needed) <= has, f"{target['target']}: {processor} has no {set(needed) - has}"
            if number + 1 < len(levels) and wanted[number + 1]:
                assert not set(wanted[number + 1]) <= has, f"{target['target']}: {processor} has more than {level['level']}"
assert count > 100, count
EOS
"$smelt" targets --json | /usr/bin/python3 "$work/processors.py" "$clang" || fail "processors have other levels"
exits "levels of check" 2 "$smelt" check "$model" --cpu x86-64-v9
finish
