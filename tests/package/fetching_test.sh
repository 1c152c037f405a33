#!/bin/sh
# fetching_test.sh: what setup/ fetches survives mirrors and networks that fail for a while, with an apt-get and an npm that fail
# as told. No network and no package of this machine is touched.
. "${0%/*}/../program/check.sh"
setup=$(cd "${0%/*}/../../setup" && pwd)
bin=$work/bin lists=$work/lists calls=$work/calls answers=$work/answers
mkdir -p "$bin" "$lists" "$answers" "$work/deb/DEBIAN" "$work/deb/usr"
export bin lists calls answers SMELT_PAUSES="0 0 0"
PATH=$bin:$PATH
unexpected="Failed to fetch http://deb.debian.org/debian/Packages.xz  File has unexpected size (334084 != 354640). Mirror sync in progress?"

# What each stands for is the first line of $answers/STEP ("ok", or what went wrong), which is then gone; none is left: ok.
cat >"$bin/answer" <<'END_OF_SCRIPT'
#!/bin/sh
echo "$1" >>"$calls"
said=$(head -n 1 "$answers/$1" 2>/dev/null)
sed -i 1d "$answers/$1" 2>/dev/null
[ "${said:-ok}" = ok ] || { echo "E: $said"; exit 100; }
END_OF_SCRIPT
cat >"$bin/apt-get" <<'END_OF_SCRIPT'
#!/bin/sh
step=
for word; do
  case $word in
  -s) step=look ;;
  --download-only | --print-uris | update) step=${word#--} ;;
  install | download) step=${step:-$word} ;;
  esac
done
answer "$step" || exit
[ "$step" != download ] || cp "$bin/../part.deb" .
END_OF_SCRIPT
cat >"$bin/npm" <<'END_OF_SCRIPT'
#!/bin/sh
answer npm || exit
while [ "$1" != --prefix ]; do shift; done
mkdir -p "$2/node_modules/koffi" && echo '"version": "'"$(awk '$1 == "koffi" { print $2 }' "$setup/npm_packages")"'"' >"$2/node_modules/koffi/package.json"
END_OF_SCRIPT
printf '#!/bin/sh\necho "folder=%s"\n' "$lists" >"$bin/apt-config"
printf '#!/bin/sh\nexec "$@"\n' >"$bin/sudo"
printf '#!/bin/sh\ncat "%s"\n' "$work/installed" >"$bin/dpkg-query"
chmod +x "$bin"/*
export setup

# says_calls WHAT CALLS: which steps there were.
says_calls() {
  same "$1: the steps" "$2" "$(xargs <"$calls")"
  : >"$calls"
  rm -f "$answers"/*
}
# fails STEP ANSWER...: what the step's next calls say.
fails() {
  step=$1
  shift
  for said; do echo "$said"; done >"$answers/$step"
}

: >"$calls"
printf 'installed %s\n' clang-format-22 clang-tidy-22 >"$work/installed"
exits "all is there" 0 "$setup/install" lint
says_calls "all is there" ""

printf 'installed %s\n' clang-format-22 >"$work/installed"
exits "one is missing" 0 "$setup/install" lint
says_calls "one is missing" "update look download-only install"
fails update "$unexpected" "$unexpected"
fails look "Unable to locate package clang-tidy-22" "Unable to locate package clang-tidy-22"
exits "a mirror that is being renewed" 0 "$setup/install" lint
says "what went wrong is told" "Mirror sync in progress" "$work/stderr"
says_calls "a mirror that is being renewed" "update look update look update look download-only install"
fails update "$unexpected"
exits "lists that nobody needs fail" 0 "$setup/install" lint
says_calls "lists that nobody needs fail" "update look download-only install"
fails download-only "Failed to fetch http://deb.debian.org/pool/clang-tidy-22.deb  404  Not Found"
exits "a package was replaced" 0 "$setup/install" lint
says_calls "a package was replaced" "update look download-only update look download-only install"
: >"$lists/deb.debian.org_Packages"
exits "lists of today" 0 "$setup/install" lint
says_calls "lists of today" "look download-only install"
fails look "Unable to locate package clang-tidy-22"
exits "lists of today do not know a package" 0 "$setup/install" lint
says_calls "lists of today do not know a package" "look update look download-only install"

fails look "Unable to locate package clang-tidy-22" "Unable to locate package clang-tidy-22"
exits "nobody knows the package" 1 "$setup/install" lint
says "which" "Unable to locate package clang-tidy-22" "$work/stderr"
says_calls "nobody knows the package: it is asked for no more" "look update look"
rm "$lists"/*
fails update "$unexpected" "$unexpected" "$unexpected" "$unexpected"
fails look 1 2 3 4
exits "no mirror for long" 1 "$setup/install" lint
says "what failed" "Failed to fetch http://deb.debian.org" "$work/stderr"
says "for what, and the way out" "^setup/install: cannot get clang-tidy-22 - run it again later, name another mirror" "$work/stderr"
says_calls "no mirror for long" "update look update look update look update look"
fails install "dpkg was interrupted"
exits "a package that cannot be installed" 1 "$setup/install" lint
says "is not tried again" "^setup/install: cannot install clang-tidy-22 - " "$work/stderr"
says_calls "a package that cannot be installed" "update look download-only install"

# ---- libcs of targets, packages of npm -------------------------------------------

printf 'Package: part\nVersion: 1\nArchitecture: all\nMaintainer: none\nDescription: a part\n' >"$work/deb/DEBIAN/control"
: >"$work/deb/usr/part"
dpkg-deb -b "$work/deb" "$work/part.deb" >/dev/null || fail "dpkg-deb"
fails update "$unexpected"
fails download "Failed to fetch"
exits "a libc, at the second try" 0 "$setup/sysroot.sh" "$work/sysroots" amd64
same "is unpacked" "" "$(cat "$work/sysroots/amd64/usr/part")"
says_calls "a libc, at the second try" "update download print-uris update download"
exits "a libc that is there" 0 "$setup/sysroot.sh" "$work/sysroots" amd64
says_calls "a libc that is there" ""
fails download "Unable to locate package musl-dev"
fails print-uris "Unable to locate package musl-dev"
exits "a libc that nobody knows" 1 "$setup/sysroot.sh" "$work/sysroots" arm64
says "the message says what to look at" "^sysroot.sh: cannot download musl-dev .* for arm64: is the network up" "$work/stderr"
says_calls "a libc that nobody knows" "update download print-uris"

fails npm "network" "network"
exits "npm, at the third try" 0 "$setup/npm" "$work/npm" koffi
says_calls "npm, at the third try" "npm npm npm"
exits "a package that is there" 0 "$setup/npm" "$work/npm" koffi
says_calls "a package that is there" ""
rm -r "$work/npm"
fails npm 1 2 3 4 5
exits "no network" 77 "$setup/npm" "$work/npm" koffi
exits "which the next test need not wait for" 77 "$setup/npm" "$work/npm" koffi
says_calls "no network" "npm npm npm npm npm"
finish
