#!/bin/sh
# program_test.sh PROGRAM PYTHON: what a program writes under a constraint, whatever the temperature, is what that allows.
. "${0%/*}/../program/check.sh"
program=$1 python=$2 here=$(realpath "${0%/*}")
need "$program"

$python -B - "$here" "$program" "$work" <<'CHECK' || fail "texts that the constraint does not allow"
import json, subprocess, sys
sys.path.insert(0, sys.argv[1])
import languages
program, work = sys.argv[2:]
cases = [("--grammar", text, matches, True) for _, text, matches in languages.GRAMMARS]
cases += [("--json-schema", json.dumps(schema), lambda text, schema=schema: languages.schema_matches(schema, text), True)
          for schema in languages.SCHEMAS.values()]
cases += [("--regex", text, lambda one, text=text: languages.regex_matches(text, one), False) for text in languages.REGEXES]
wrong = ended = 0
for option, text, matches, is_file in cases:
    if is_file:
        open(work + "/constraint", "w").write(text)
    for seed in (1, 2, 3):
        done = subprocess.run([program, "-p", "Once", "--no-echo", "--temp", "1.5", "--seed", str(seed), "-n", "120",
                               "--threads", "1", option, work + "/constraint" if is_file else text],
                              capture_output=True, text=True, stdin=subprocess.DEVNULL)
        is_cut = "cut short after 120 tokens" in done.stderr
        if done.returncode != is_cut or (not is_cut and not matches(done.stdout[:-1])):
            print("NOT OK ", option, text[:60], seed, done.returncode, done.stderr, repr(done.stdout))
            wrong += 1
        ended += not is_cut
print(f"{len(cases)} constraints, {ended} texts came to their end")
sys.exit(wrong > 0 or ended < len(cases))
CHECK

printf 'root ::= [a-z]+ "." | ".!"' >"$work/word"
exits "a grammar" 0 "$program" -p a --no-echo --temp 0 --grammar "$work/word"
says "a grammar's text" '^([a-z]+\.|\.!)$' "$work/stdout"
exits "several texts" 0 "$program" -p a --no-echo --temp 1 --seed 1 -N 3 --regex '[0-9]{3}'
same "several texts" 3 "$(grep -Ecx '[0-9]{3}' "$work/stdout")"
exits "nothing but the end" 0 "$program" -p a --no-echo --ignore-eos --temp 1 --regex 'abc'
same "nothing but the end" abc "$(cat "$work/stdout")"
exits "too few tokens" 1 "$program" -p a --no-echo -n 3 --temp 0 --regex '[0-9]{50}'
says "too few tokens" 'the text was cut short after 3 tokens' "$work/stderr"
exits "a bad expression" 2 "$program" -p a --regex 'a('
says "a bad expression" '--regex:1:2: the group has no closing' "$work/stderr"
printf 'root ::=\n "a" | b' >"$work/bad"
exits "a bad grammar" 1 "$program" -p a --grammar "$work/bad"
says "a bad grammar" '/bad:2:8: there is no rule b$' "$work/stderr"
exits "a bad schema" 1 "$program" -p a --json-schema "$work/bad"
says "a bad schema" '/bad:1:1: expected a JSON value' "$work/stderr"
exits "no such file" 1 "$program" -p a --grammar "$work/none"
says "no such file" '/none: the file cannot be read' "$work/stderr"
exits "two constraints" 2 "$program" -p a --grammar "$work/word" --regex a
says "two constraints" 'exclude each other' "$work/stderr"
finish
