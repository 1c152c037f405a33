#!/bin/sh
# pages_test.sh SMELT SHARE MODEL: the manual's pages and the shells' completions hold what help prints, are well formed, and
# complete command lines.
. "${0%/*}/../program/check.sh"
smelt=$1 share=$2 model=$3

commands=$("$smelt" --help | sed -n 's/^  smelt \([a-z]*\) .*/\1/p' | sort -u)
same "a page for each command" "$(for command in $commands; do echo "smelt-$command.1.gz"; done; echo smelt.1.gz)" \
  "$(cd "$share/man/man1" && LC_ALL=C ls)"

# ---- pages -----------------------------------------------------------------

# shown COMMAND: the page as a terminal shows it, words apart by one space.
shown() {
  gzip -dc "$share/man/man1/smelt${1:+-$1}.1.gz" | MAN_KEEP_FORMATTING= groff -man -Tascii -P-c -rLL=2000n 2>/dev/null |
    sed 's/.\x08//g' | tr -s ' \n' '  '
}
for command in $commands; do
  shown "$command" >"$work/page.1"
  "$smelt" "$command" --help | sed -n 's/^  \(-., \|    \)\(--[a-z-]*\) .*/\2/p' >"$work/options"
  [ -s "$work/options" ] || fail "smelt $command --help lists no option"
  while read -r option; do
    grep -q -e "$option" "$work/page.1" || fail "smelt-$command(1) has no $option"
  done <"$work/options"
  shown "" | grep -q "smelt-$command" || fail "smelt(1) does not name smelt-$command"
done
for page in "$share"/man/man1/*; do
  gzip -dc "$page" >"$work/page.1"
  groff -man -ww -Tascii "$work/page.1" 2>"$work/said" >/dev/null
  same "groff has nothing to say of $(basename "$page")" "" "$(cat "$work/said")"
  command -v mandoc >/dev/null || continue
  # The pages' date is none: they are the same whenever they are made.
  same "mandoc has nothing to say of $(basename "$page")" "" \
    "$(mandoc -T lint -W warning "$work/page.1" | grep -v 'missing date')"
done

# ---- bash --------------------------------------------------------------------

# completes WHAT EXPECTED WORD...: what bash offers for the last word.
completes() {
  what=$1 expected=$2
  shift 2
  found=$(bash --norc -c '
    compopt() { echo "compopt $*" >&3; } # works in a completion only
    . "$1"
    shift
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _smelt
    echo "${COMPREPLY[*]}"' completes "$share/bash-completion/completions/smelt" "$@" 3>"$work/asked")
  same "bash: $what" "$expected" "$found"
}
completes "commands" "build bench" smelt b
completes "an option" "--precision" smelt build model --prec
completes "a value" "int8 int4" smelt build model --precision int
completes "a value behind =" "bf16" smelt build model --precision = b
completes "a target" "aarch64-linux" smelt build model --target aarch64-l
completes "an option of another command has none" "" smelt run model --emi
completes "files where a model is wanted" "" smelt build ./mod
same "bash: so it asks for files" "compopt -o default" "$(cat "$work/asked")"
completes "no files where a number is wanted" "" smelt build model --max-tokens ""
same "bash: so it asks for none" "" "$(cat "$work/asked")"
for command in $commands; do
  completes "-- of $command" "$("$smelt" "$command" --help | sed -n 's/^  \(-., \|    \)\(--[a-z-]*\) .*/\2/p' | xargs)" \
    smelt "$command" x --
done

# Each value that completion offers is one that the command takes.
value_count=0
for pair in $(sed -n 's/^    .*\(--[a-z-]*\)) COMPREPLY=($(compgen -W "\([^"]*\)".*/\1=\2/p' \
  "$share/bash-completion/completions/smelt" | sort -u | sed 's/ /,/g'); do
  option=${pair%%=*}
  for value in $(echo "${pair#*=}" | tr ',' ' '); do
    value_count=$((value_count + 1))
    case $option=$value in
    --draft-precision=* | --precision=auto) continue ;; # a dozen builds
    --target=*) set -- --emit asm --target "$value" ;; # a form that each has
    --cpu=* | --without=*) # what is wrong with it is said before the model is looked for, which saves half a hundred builds
      "$smelt" build "$work/no-model" "$option" "$value" -o "$work/made" 2>"$work/stderr"
      [ $? = 1 ] || fail "$option $value is offered, and refused" "$(cat "$work/stderr")"
      continue
      ;;
    --emit=*) set -- --emit "$value" --cpu native ;;
    *) set -- --emit graph "$option" "$value" ;;
    esac
    "$smelt" build "$model" "$@" -o "$work/made" >"$work/stdout" 2>"$work/stderr" ||
      fail "$option $value is offered, and refused" "$(cat "$work/stderr")"
  done
done
[ "$value_count" -ge 10 ] || fail "only $value_count values are offered"

# ---- zsh ----------------------------------------------------------------------

if command -v zsh >/dev/null; then
  exits "zsh reads its completion" 0 zsh -n "$share/zsh/site-functions/_smelt"
  # What the function would tell the completion system.
  cat >"$work/asks" <<'ASKS'
    _arguments() { shift; print -l -- "$@"; }
    _describe() { print -l -- "${(P@)2}"; }
    words=("${@:2}") CURRENT=$(($# - 1))
    autoload -Uz _none
    source "$1"
ASKS
  zsh -f "$work/asks" "$share/zsh/site-functions/_smelt" smelt "" >"$work/stdout" 2>&1
  says "zsh: commands" '^build:compile a model' "$work/stdout"
  zsh -f "$work/asks" "$share/zsh/site-functions/_smelt" smelt build "" >"$work/stdout" 2>&1
  says "zsh: an option with values" '^--precision\[.*\]:P:\(f32 bf16 int8 int4 auto\)$' "$work/stdout"
  says "zsh: a flag and its letter" '^\(-q --quiet\)-q\[no progress\]$' "$work/stdout"
fi
exits "an unknown shell" 2 "$smelt" completion fish
exits "an unknown page" 2 "$smelt" manual none
finish
