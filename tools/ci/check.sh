#!/usr/bin/env bash
# Format, vet and builds. Fails on the first problem.
set -euo pipefail
cd "$(dirname "$0")/../.."
go=${GO:-go}

unformatted=$(gofmt -l .)
if [ -n "$unformatted" ]; then
  echo "not formatted (gofmt -w):" $unformatted
  exit 1
fi
$go mod verify >/dev/null
$go vet ./...
$go vet -tags purego ./...
GOARCH=arm64 $go vet ./...
GOARCH=arm $go vet ./runtime ./fmt ./kernels/... ./boards ./cmd/edgerun

# The command where people run it, the device half everywhere else, without cgo.
build() {
  CGO_ENABLED=0 GOOS=${1%/*} GOARCH=${1#*/} $go build -o /dev/null "$2" || { echo "$2 does not build for $1"; exit 1; }
}
for target in linux/amd64 linux/arm64 linux/arm darwin/arm64 windows/amd64; do build $target ./cmd/edgerun; done
for target in linux/386 linux/riscv64 linux/s390x linux/ppc64le linux/loong64 linux/mipsle freebsd/arm64 android/arm64 js/wasm wasip1/wasm; do
  build $target ./runtime
done
if command -v staticcheck >/dev/null; then
  staticcheck ./...
  GOARCH=arm64 staticcheck ./kernels/... ./runtime/...
else
  echo "note: staticcheck is not installed and was not run"
fi
echo "check: ok"
