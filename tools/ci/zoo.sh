#!/usr/bin/env bash
# Runs a small network of every family of the zoo on many CPUs and compares the
# output bytes: they have to be those of this machine.
#
#   tools/ci/zoo.sh                       all targets
#   tools/ci/zoo.sh arm64 wasm            some of them
#   tools/ci/zoo.sh --quick               the networks that are done in seconds: every operator but not every family
#   tools/ci/zoo.sh --skip-missing        targets without an emulator are skipped, not failures
#
# Targets: arm64 (a CPU with all extensions) cortex-a76 cortex-a53 arm (ARMv6)
# riscv64 s390x (big-endian) 386 wasm (Node.js). FCN-8s has no small size: its
# padding alone makes it 12 G multiply-accumulates; FCN8S=yes adds it.
set -euo pipefail
cd "$(dirname "$0")/../.."
go=${GO:-go}
jobs=${JOBS:-$(getconf _NPROCESSORS_ONLN)}
targets=() skip_missing=no quick=no
for a in "$@"; do
  case $a in
    --skip-missing) skip_missing=yes ;;
    --quick) quick=yes ;;
    -*) sed -n '2,/^set/s/^# \{0,1\}//p' "$0"; exit 2 ;;
    *) targets+=("$a") ;;
  esac
done
[ ${#targets[@]} -gt 0 ] || targets=(arm64 cortex-a76 cortex-a53 arm riscv64 s390x 386 wasm)

# Networks and the sizes of their inputs.
nets="lenet5:32 alexnet:67 vgg16:32 nin:55 inception_v1:47 inception_v3:75 inception_v4:75 inception_resnet_v2:75 wavenet:16
dilated_context:16 xception:16 mobilenet_v1:16 mobilenet_v2:16 mobilenet_v3_large:16 mobilenet_v3_small:16 dcn_resnet50:16 dcn_v2_resnet50:16
se_resnet50:16 se_inception_v2:63 shufflenet_v1:16 shufflenet_v2:16 resnet50:16 resnext50:16 efficientnet_lite0:16"
[ $quick = no ] || nets="lenet5:32 inception_v1:47 wavenet:16 dilated_context:8 mobilenet_v3_small:16 dcn_v2_resnet50:16 shufflenet_v1:16 shufflenet_v2:16"
[ "${FCN8S:-no}" = no ] || nets="$nets fcn8s_vgg16:32"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
mkdir "$tmp/nets"
"$go" build -o "$tmp/edgerun" ./cmd/edgerun
# shellcheck disable=SC2086
printf '%s\n' $nets | GOMAXPROCS=1 xargs -P "$jobs" -I{} sh -c \
  'n={}; exec "$0" zoo "${n%:*}" --size "${n#*:}" --classes 10 --samples 1 --quiet -o "$1/${n%:*}.erm" >/dev/null' "$tmp/edgerun" "$tmp/nets"

# run TARGET: hashes of all networks, or status 3 when the emulator is missing.
run() {
  local env=(CGO_ENABLED=0) runner=()
  case $1 in
    native) ;;
    386) env+=(GOARCH=386) ;;
    arm64) env+=(GOARCH=arm64) runner=(qemu-aarch64 -cpu max) ;;
    cortex-*) env+=(GOARCH=arm64) runner=(qemu-aarch64 -cpu "$1") ;;
    arm) env+=(GOARCH=arm GOARM=6) runner=(qemu-arm -cpu arm1176) ;;
    riscv64) env+=(GOARCH=riscv64) runner=(qemu-riscv64) ;;
    s390x) env+=(GOARCH=s390x) runner=(qemu-s390x) ;;
    wasm) env+=(GOOS=js GOARCH=wasm) runner=("$("$go" env GOROOT)/lib/wasm/go_js_wasm_exec") ;;
    *) echo "target $1 is unknown"; return 1 ;;
  esac
  [ "$1" != wasm ] || command -v node >/dev/null || return 3
  [ ${#runner[@]} = 0 ] || command -v "${runner[0]}" >/dev/null || return 3
  env "${env[@]}" "$go" build -o "$tmp/same.$1" ./tools/zoo/same
  "${runner[@]}" "$tmp/same.$1" "$tmp"/nets/*.erm
}
export -f run
export tmp go

start=$SECONDS
run native >"$tmp/native"
echo "$(wc -l <"$tmp/native") networks, made and run here in $((SECONDS - start)) s"
status=0
# target T: compares with the machine's own hashes; prints a line.
target() {
  local start=$SECONDS code=0
  run "$1" >"$tmp/$1" 2>"$tmp/$1.log" || code=$?
  if [ $code = 3 ]; then
    [ "$skip_missing" = yes ] && { echo "skip  $1: no emulator"; return 0; }
    echo "FAIL  $1: the emulator is not installed"
  elif [ $code != 0 ]; then
    echo "FAIL  $1: status $code: $(tail -3 "$tmp/$1.log")"
  elif cmp -s "$tmp/native" "$tmp/$1"; then
    printf 'ok    %-8s %3d s\n' "$1" $((SECONDS - start))
    return 0
  else
    echo "FAIL  $1: other bytes:"
    diff "$tmp/native" "$tmp/$1" | sed 's/^/      /'
  fi
  return 1
}
export -f target
export skip_missing
printf '%s\n' "${targets[@]}" | xargs -P "$jobs" -I{} bash -c 'set -euo pipefail; target {}' || status=1
exit $status
