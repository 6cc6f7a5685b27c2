#!/usr/bin/env bash
# Runs every fuzz target of the module for a while: tools/ci/fuzz.sh 10s
# (Inputs are made smaller for ten tries, not for the default minute, in which
# nothing else would be tried.)
set -euo pipefail
cd "$(dirname "$0")/../.."
go=${GO:-go}
time=${1:-30s}
found=0
while IFS=: read -r file target; do
  found=1
  echo "== $target in $(dirname "$file"), $time"
  $go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 10x "./$(dirname "$file")"
done < <(grep -rHoE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' . | sed 's/^\.\///; s/func //')
[ $found = 1 ] || { echo "no fuzz targets found"; exit 1; }
