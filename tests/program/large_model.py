"""large_model.py FOLDER: a graph that looks rows up in a table of 2.29 GiB, which is a hole but for its last row; ids and
the rows that they name as arrays."""
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper

folder = sys.argv[1]
rows, columns = 600_000, 1024
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
