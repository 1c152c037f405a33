#!/bin/sh
# large_weights_test.sh SMELT PYTHON: a model of more than 2 GiB, whose weights are mostly a hole in the external data, runs
# with its weights in the program and in a file beside it. Skipped where there is not the disk for it.
. "${0%/*}/check.sh"
smelt=$1 python=$2
[ "$(df --output=avail -k "$work" | tail -n 1)" -gt 12000000 ] || skip "there are not 12 GB of disk"
"$python" - "$work" <<'END' || finish
import sys, numpy as np, onnx
from onnx import TensorProto, helper
folder = sys.argv[1]
rows, columns = 600_000, 1024                                # 2.29 GiB of f32
path = folder + "/table.bin"
last = np.arange(columns, dtype=np.float32)
with open(path, "wb") as file:
    file.truncate(rows * columns * 4)
    file.seek((rows - 1) * columns * 4)
    file.write(last.tobytes())
table = TensorProto(name="table", data_type=TensorProto.FLOAT, dims=[rows, columns], data_location=TensorProto.EXTERNAL)
for key, value in {"location": "table.bin", "offset": "0", "length": str(rows * columns * 4)}.items():
    table.external_data.add(key=key, value=value)
graph = helper.make_graph(
    [helper.make_node("Gather", ["table", "ids"], ["rows"])], "large",
    [helper.make_tensor_value_info("ids", TensorProto.INT64, [2])],
    [helper.make_tensor_value_info("rows", TensorProto.FLOAT, [2, columns])], initializer=[table])
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), folder + "/large.onnx")
np.save(folder + "/ids.npy", np.array([0, rows - 1]))
np.save(folder + "/wanted.npy", np.stack([np.zeros(columns, np.float32), last]))
END

# gives WHAT PROGRAM: the rows asked for, the last of which lies beyond 2 GiB
gives() {
  exits "$1" 0 "$2" --input "ids=$work/ids.npy" --output "rows=$work/rows.npy"
  exits "$1: the rows" 0 cmp "$work/rows.npy" "$work/wanted.npy"
}
exits "weights in a file" 0 "$smelt" build "$work/large.onnx" --weights large.weights -o "$work/large"
gives "in a file" "$work/large"
rm -f "$work/large.weights" "$work/large"
exits "weights in the program" 0 "$smelt" build "$work/large.onnx" -o "$work/large"
gives "in the program" "$work/large"
rm -f "$work/large"
exits "compressed" 0 "$smelt" build "$work/large.onnx" --compress -o "$work/large"
[ "$(stat -c %s "$work/large")" -lt 2000000 ] || fail "a hole compresses" "$(stat -c %s "$work/large") bytes"
XDG_CACHE_HOME=$work/cache
export XDG_CACHE_HOME
mkdir "$work/cache"
gives "compressed" "$work/large"
finish
