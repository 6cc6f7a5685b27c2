#!/usr/bin/env bash
# Runs the tests on CPUs that this machine does not have, under QEMU's user mode
# emulation, and on 32 bits: the same bits have to come out everywhere.
#
#   tools/ci/cross.sh                 all targets
#   tools/ci/cross.sh arm64 s390x     some of them
#   tools/ci/cross.sh --skip-missing  targets without an emulator are skipped, not failures
#
# Targets: 386 (native), arm (ARMv6), s390x (big-endian), arm64 (every package on
# a CPU with all extensions), cortex-a76, cortex-a72, cortex-a53 (kernels and
# runtime there). Needs Debian's qemu-user, or the same programs from elsewhere.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD
go=${GO:-go}
jobs=${JOBS:-$(getconf _NPROCESSORS_ONLN)}
limit=${LIMIT:-300} # seconds for one package on one target

targets=() skip_missing=no
for a in "$@"; do
  case $a in
    --skip-missing) skip_missing=yes ;;
    -*) sed -n '2,/^set/s/^# \{0,1\}//p' "$0"; exit 2 ;;
    *) targets+=("$a") ;;
  esac
done
[ ${#targets[@]} -gt 0 ] || targets=(386 arm s390x arm64 cortex-a76 cortex-a72 cortex-a53)

# What runs where: packages, and which of their tests. Emulation is slow; the
# short tests have the cases, not the repetitions.
everywhere="./fmt ./runtime ./kernels/... ./internal/requant ./internal/memplan ./internal/npy ./internal/cpu ./internal/portable ./internal/dataset ./internal/interp ./quant"
kernels="./runtime ./kernels/..."
tests() {
  case $1 in
    quant) echo 'SameEverywhere|Histogram|Comparison|Overflow|BadData|View|FewSamples' ;; # the files' hashes above all
    interp) echo 'Matmul|Operators' ;;
    *) echo . ;;
  esac
}

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failed=() skipped=() ran=0

# build ARCH PACKAGES...: test programs of a target's packages, once per
# architecture, in $tmp/ARCH, with the directory that each belongs to.
build() {
  local arch=$1; shift
  [ -d "$tmp/$arch" ] && return
  mkdir -p "$tmp/$arch"
  local env=(CGO_ENABLED=0 GOARCH="$arch")
  [ "$arch" = arm ] && env+=(GOARM=6)
  # shellcheck disable=SC2086
  env "${env[@]}" "$go" test -c -o "$tmp/$arch/" "$@" >"$tmp/$arch.log" 2>&1 || { cat "$tmp/$arch.log"; echo "cross: the tests do not build for $arch"; exit 1; }
  env "${env[@]}" "$go" list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.Dir}}{{end}}' "$@" | while read -r dir; do
    [ -n "$dir" ] && printf '%s %s\n' "$(basename "$dir")" "$dir"
  done >"$tmp/$arch.dirs"
}

# one TARGET PROGRAM DIR RUNNER...: runs a test program in its package.
one() {
  local target=$1 program=$2 dir=$3 name start; shift 3
  name=$(basename "$program" .test)
  start=$SECONDS
  if (cd "$dir" && timeout "$limit" "$@" "$program" -test.short -test.run "$(tests "$name")") >"$tmp/$target.$name.log" 2>&1; then
    printf 'ok    %-11s %-40s %3d s\n' "$target" "${dir#"$root"/}" $((SECONDS - start))
  else
    printf 'FAIL  %-11s %-40s %3d s, status %d\n' "$target" "${dir#"$root"/}" $((SECONDS - start)) $?
    sed 's/^/      /' "$tmp/$target.$name.log" | grep -v '^ *--- PASS' | tail -40 | cut -c1-300
    echo "$target ${dir#"$root"/}" >>"$tmp/failed"
  fi
}

for target in "${targets[@]}"; do
  packages=$everywhere
  case $target in
    386) arch=386 runner=() ;;
    arm) arch=arm runner=(qemu-arm -cpu arm1176) ;;
    s390x) arch=s390x runner=(qemu-s390x) ;;
    arm64) arch=arm64 runner=(qemu-aarch64 -cpu max) ;;
    cortex-*) arch=arm64 runner=(qemu-aarch64 -cpu "$target") packages=$kernels ;;
    *) echo "cross: target $target is unknown, want 386, arm, s390x, arm64, cortex-a76, cortex-a72 or cortex-a53"; exit 2 ;;
  esac
  if [ ${#runner[@]} -gt 0 ] && ! command -v "${runner[0]}" >/dev/null; then
    echo "MISSING  $target: there is no ${runner[0]} (Debian: apt-get install qemu-user)"
    skipped+=("$target")
    continue
  fi
  # shellcheck disable=SC2086
  build "$arch" $everywhere
  # shellcheck disable=SC2086
  wanted=$($go list $packages)
  while read -r name dir; do
    program=$tmp/$arch/$name.test
    [ -x "$program" ] || continue
    grep -qx "$("$go" list -C "$dir")" <<<"$wanted" || continue
    while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n || true; done
    one "$target" "$program" "$dir" "${runner[@]}" &
    ran=$((ran + 1))
  done <"$tmp/$arch.dirs"
done
wait

[ -f "$tmp/failed" ] && mapfile -t failed <"$tmp/failed"
if [ ${#failed[@]} -gt 0 ]; then
  echo "cross: ${#failed[@]} of $ran failed:"
  printf '  %s\n' "${failed[@]}"
  exit 1
fi
if [ ${#skipped[@]} -gt 0 ]; then
  echo "cross: NOT RUN for want of an emulator: ${skipped[*]}"
  [ "$skip_missing" = yes ] || { echo "cross: this is a failure; --skip-missing makes it none"; exit 1; }
fi
[ "$ran" -gt 0 ] || [ "$skip_missing" = yes ] || { echo "cross: nothing ran"; exit 1; }
echo "cross: $ran test programs passed in $SECONDS s on: ${targets[*]}"
