#!/bin/sh
# pages.sh SMELT SHARE: the pages of smelt's manual and the shells' completions, as they lie under PREFIX/share.
set -eu
umask 022
smelt=$1 share=$2
rm -rf "$share"
mkdir -p "$share/man/man1" "$share/bash-completion/completions" "$share/zsh/site-functions"
"$smelt" manual | gzip -9n >"$share/man/man1/smelt.1.gz"
for command in $("$smelt" --help | sed -n 's/^  smelt \([a-z]*\) .*/\1/p' | sort -u); do
  "$smelt" manual "$command" | gzip -9n >"$share/man/man1/smelt-$command.1.gz"
done
"$smelt" completion bash >"$share/bash-completion/completions/smelt"
"$smelt" completion zsh >"$share/zsh/site-functions/_smelt"
