#!/bin/sh
# Fetches the wheel of onnx 1.19.0, the last one with the data of the official
# node tests in it, and packs the tests of the operators that the importer takes
# into internal/interp/testdata. Needs pip and about 18 MB of traffic.
set -eu
cd "$(dirname "$0")/../.."
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
pip download onnx==1.19.0 --no-deps --only-binary :all: --quiet --dest "$tmp"
go run ./tools/vectors/nodetests "$tmp"/onnx-1.19.0-*.whl internal/interp/testdata/nodetests.jsonl.gz
