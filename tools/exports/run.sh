#!/bin/sh
# Makes quant/testdata/exports.tar.gz with the exporters themselves:
#
#   tools/exports/run.sh DIR
#
# DIR gets an environment per framework (about 8 GB, most of it PyTorch) and the
# exports; what is there already is kept. Takes a quarter of an hour.
set -eu
dir=$(mkdir -p "$1" && cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
env() { # NAME PACKAGE...
    name=$1
    shift
    if [ ! -d "$dir/$name" ]; then
        python3 -m venv "$dir/$name"
        "$dir/$name/bin/pip" install --quiet "$@"
    fi
}
env torch torch torchvision onnx onnxruntime onnxscript onnx-ir
env tf tensorflow-cpu tf2onnx onnxruntime
env paddle paddlepaddle paddle2onnx onnxruntime sympy
rm -rf "$dir/out"
"$dir/torch/bin/python" "$here/torch_blocks.py" "$dir/out/torch"
"$dir/torch/bin/python" "$here/by_hand.py" "$dir/out/hand"
"$dir/tf/bin/python" "$here/tf_blocks.py" "$dir/out/tf"
"$dir/paddle/bin/python" "$here/paddle_blocks.py" "$dir/out/paddle"
"$dir/torch/bin/python" "$here/pack.py" "$dir/out" "$here/../../quant/testdata/exports.tar.gz"
