#!/usr/bin/env bash
# Runs every fuzz target of the module for a while: tools/ci/fuzz.sh 10s
# (Inputs are made smaller for ten tries, not for the default minute, in which
# nothing else would be tried.)
set -euo pipefail
cd "$(dirname "$0")/../.."
go=${GO:-go}
time=${1:-30s}
found=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
while IFS=: read -r file target; do
  found=1
  echo "== $target in $(dirname "$file"), $time"
  if ! $go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 10x "./$(dirname "$file")" 2>&1 | tee "$log"; then
    # At times the go command reports that its own time is up as a failure. What
    # it finds comes with an input, or a stack.
    if ! grep -q '^ *context deadline exceeded$' "$log" || grep -qE 'Failing input|panic:|fatal error|_test\.go:' "$log"; then exit 1; fi
    echo "   (that was the end of the time, not a finding)"
  fi
done < <(grep -rHoE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' . | sed 's/^\.\///; s/func //')
[ $found = 1 ] || { echo "no fuzz targets found"; exit 1; }
