#!/usr/bin/env bash
# Tests edgerun on this machine and on emulated ones. Installs QEMU where it
# may; says plainly what it could not run, and why.
#
#   tools/test.sh          everything (10 to 20 minutes on two cores)
#   tools/test.sh --quick  the tests on this machine only
set -euo pipefail
cd "$(dirname "$0")/.."
export GOFLAGS=${GOFLAGS:-}
missing=() log=$(mktemp)
trap 'rm -f "$log"' EXIT
note() { printf '\n== %s\n' "$*"; }
skip() { missing+=("$*"); echo "NOT RUN: $*"; }

command -v go >/dev/null || { echo "Go is not installed: see https://go.dev/dl/"; exit 1; }
note "$(go version)"

if [ "${1:-}" != --quick ]; then
  note "emulator"
  if ! command -v qemu-aarch64 >/dev/null && command -v apt-get >/dev/null; then
    sudo=; [ "$(id -u)" = 0 ] || sudo="sudo -n"
    $sudo apt-get update -qq && DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends qemu-user >/dev/null || true
  fi
  command -v qemu-aarch64 && qemu-aarch64 --version | head -1 || true

  note "format, vet, builds for every platform"
  tools/ci/check.sh

  note "other CPUs and architectures"
  if command -v qemu-aarch64 >/dev/null; then
    tools/ci/cross.sh
  else
    skip "tests on emulated CPUs: QEMU is not installed and could not be (Debian: apt-get install qemu-user)"
  fi

  note "networks of the zoo on other CPUs and architectures"
  tools/ci/zoo.sh --quick --skip-missing | tee "$log"
  while read -r line; do skip "zoo: ${line#skip  }"; done < <(grep '^skip' "$log" || true)

  note "race detector"
  if [ "$(go env CGO_ENABLED)" = 1 ] && command -v "$(go env CC)" >/dev/null; then
    go test -race -short ./...
  else
    skip "race detector: it needs cgo and a C compiler"
  fi

  note "fuzzing, a few seconds each"
  tools/ci/fuzz.sh 5s
fi

note "all tests, on this machine"
if [ ${#missing[@]} -gt 0 ]; then
  printf 'NOT RUN: %s\n' "${missing[@]}"
fi
go test ./...
