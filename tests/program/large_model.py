"""large_model.py FOLDER ROWS: a graph that looks rows up in a table of ROWS x 1024 numbers, which is a hole but for its last
row, and multiplies them by a small weight behind it. Ids and what they give as arrays: ids.npy, rows.npy, products.npy."""
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

folder, rows, columns = sys.argv[1], int(sys.argv[2]), 1024
path = folder + "/table.bin"
last = np.arange(columns, dtype=np.float32)
with open(path, "wb") as file:
    file.truncate(rows * columns * 4)
    file.seek((rows - 1) * columns * 4)
    file.write(last.tobytes())
table = TensorProto(name="table", data_type=TensorProto.FLOAT, dims=[rows, columns], data_location=TensorProto.EXTERNAL)
for key, value in {"location": "table.bin", "offset": "0", "length": str(rows * columns * 4)}.items():
    table.external_data.add(key=key, value=value)
weight = np.stack([np.arange(columns) % 3, np.ones(columns)], axis=1).astype(np.float32)
graph = helper.make_graph(
    [helper.make_node("Gather", ["table", "ids"], ["rows"]), helper.make_node("MatMul", ["rows", "weight"], ["products"])],
    "large", [helper.make_tensor_value_info("ids", TensorProto.INT64, [2])],
    [helper.make_tensor_value_info("rows", TensorProto.FLOAT, [2, columns]),
     helper.make_tensor_value_info("products", TensorProto.FLOAT, [2, 2])],
    initializer=[table, numpy_helper.from_array(weight, "weight")])
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), folder + "/large.onnx")
wanted = np.stack([np.zeros(columns, np.float32), last])
np.save(folder + "/ids.npy", np.array([0, rows - 1]))
for name, array in {"rows": wanted, "products": wanted @ weight}.items(): # sums of whole numbers: exact
    array.tofile(f"{folder}/{name}.wanted")
