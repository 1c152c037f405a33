# sampled.sh: what seeds give, for tests that have set $ids and $count.

# sampled SEED COMMAND...: the ids of a text at a temperature that leaves much to chance. "$work/logits" has what it
# was drawn from.
sampled() {
  sampled_seed=$1
  shift
  "$@" --prompt-ids "$ids" -n "$count" --temp 1.5 --ids --ignore-eos --seed "$sampled_seed" --logits "$work/logits" \
    </dev/null
}

# keep_sampled COMMAND...: what seeds 7, 8 and 9 give, for same_sampled to compare others with.
keep_sampled() {
  for seed in 7 8 9; do
    sampled $seed "$@" >"$work/text_$seed" || fail "seed $seed: the program failed"
    mv "$work/logits" "$work/logits_$seed"
  done
  [ "$(wc -w <"$work/text_7")" -eq "$count" ] || fail "$count ids were asked for" "found: $(cat "$work/text_7")"
  ! cmp -s "$work/text_7" "$work/text_8" || fail "seed 8 says the same as seed 7"
}

# same_sampled WHAT BITS COMMAND...: the same texts; BITS not empty: drawn from logits that are the same to the bit.
same_sampled() {
  sampled_what=$1 sampled_bits=$2
  shift 2
  for seed in 7 8 9; do
    same "$sampled_what, seed $seed" "$(cat "$work/text_$seed")" "$(sampled $seed "$@")"
    [ -z "$sampled_bits" ] || cmp "$work/logits_$seed" "$work/logits" || fail "$sampled_what, seed $seed: other logits"
  done
}

# bits_of PROGRAM: not empty where all levels have the same bits: rounded weights or caches (docs/runtime.md), which
# the program's name says.
bits_of() {
  case ${1##*/} in
  *_bf16 | *_int8 | *_int4) echo all ;;
  esac
}
