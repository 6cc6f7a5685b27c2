#!/usr/bin/env bash
# Prints docs/accuracy.md's table: quantizes every network of a data pack with
# the sets that prepare.py made, and holds the int8 file against the float one.
#
#   tools/accuracy/table.sh ../shared/data/models/onnx SETS [NAME-PART [quantize flags]]
set -euo pipefail
models=$1 sets=$2 only=${3:-} ; shift $(( $# < 3 ? $# : 3 ))
tmp=$(mktemp -d); trap 'rm -rf "$tmp"' EXIT
go build -o "$tmp/edgerun" ./cmd/edgerun
py() { python3 -c "import json,sys; d=json.load(sys.stdin); $1"; }
echo "| network | SQNR dB | agreement % | float top-1 % | int8 top-1 % | seconds | file bytes | arena | arena / bound |"
echo "|---|---:|---:|---:|---:|---:|---:|---:|---:|"
for f in "$models"/*.onnx; do
  n=$(basename "$f" .onnx)
  case $n in *"$only"*) ;; *) continue ;; esac
  shape=(); [[ $n == ppocr* ]] && shape=(--shape x=1x3x48x192)
  start=$(date +%s.%N)
  "$tmp/edgerun" quantize "$f" -o "$tmp/$n.erm" --calib "$sets/$n.calib.npz" "${shape[@]}" --json -q "$@" > "$tmp/q.json"
  sec=$(echo "$(date +%s.%N) - $start" | bc)
  "$tmp/edgerun" compare "$f" "$tmp/$n.erm" --data "$sets/$n.eval.npz" "${shape[@]}" --json -q > "$tmp/c.json"
  "$tmp/edgerun" eval "$tmp/$n.erm" "$sets/$n.eval.npz" --against "$f" "${shape[@]}" --json -q > "$tmp/e.json"
  "$tmp/edgerun" eval "$f" "$sets/$n.eval.npz" "${shape[@]}" --json -q > "$tmp/f.json"
  python3 - "$n" "$sec" "$tmp" <<'P'
import json, sys
n, sec, t = sys.argv[1:]
q, c, e, f = (json.load(open(f"{t}/{x}.json")) for x in "qcef")
pc = lambda v: "" if v is None else f"{100*v:.2f}"
import subprocess
i = json.loads(subprocess.check_output([f"{t}/edgerun", "inspect", f"{t}/{n}.erm", "--json"]))
print(f"| {n} | {c['output_sqnr_db']:.2f} | {pc(e['agreement'])} | {pc(f['top1'])} | {pc(e['top1'])} | {float(sec):.1f} | {q['bytes']} | {i['arena_bytes']} | {i['arena_bytes']/i['arena_lower_bound']:.3f} |")
P
done
