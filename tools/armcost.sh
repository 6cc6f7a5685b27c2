#!/bin/sh
# Modelled cycles of a network on Arm cores, and of each of its operators:
#
#	ARMCOST=DIR NET=mobilenet_v2 CORES=a53,a72,a76 tools/armcost.sh
#
# ARMCOST is the directory of armcost (armcost.py), NET a network of the zoo or an
# .erm file. make armcost calls it.
set -eu
cd "$(dirname "$0")/.."
: "${ARMCOST:=../shared/tools/armcost}" "${NET:=mobilenet_v2}" "${CORES:=a53,a72,a76}" "${GO:=go}"

missing() {
	echo "armcost: $1" >&2
	exit 1
}
command -v python3 >/dev/null || missing "python3 is not installed"
command -v qemu-aarch64 >/dev/null || missing "qemu-aarch64 is not installed (package qemu-user; qemu-user-static has no plugins)"
[ -f "$ARMCOST/armcost.py" ] || missing "there is no $ARMCOST/armcost.py; say where armcost is with ARMCOST=DIR"
ls /usr/bin/llvm-mca* >/dev/null 2>&1 || command -v llvm-mca >/dev/null || missing "llvm-mca is not installed (package llvm); $ARMCOST/setup.sh installs what armcost needs"

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT INT TERM
$GO build -o "$dir/armbench" ./tools/armbench
CGO_ENABLED=0 GOARCH=arm64 $GO build -o "$dir/armbench_arm64" ./tools/armbench
CGO_ENABLED=0 GOARCH=arm64 $GO build -o "$dir/edgerun_arm64" ./cmd/edgerun
case $NET in
*.erm) file=$NET ;;
*)
	file=$dir/$NET.erm
	$GO run ./cmd/edgerun zoo "$NET" --samples 1 -o "$file" --quiet >/dev/null
	;;
esac
echo "$NET, one thread, thousands of modelled cycles"
python3 tools/armbench/layers.py --cores "$CORES" "$ARMCOST" "$dir/armbench" "$dir/armbench_arm64" "$dir/edgerun_arm64" "$file"
