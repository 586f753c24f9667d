"""A GPU's part played by ONNX Runtime on the processor: everything of the TensorRT engine but the
calls of TensorRT and CUDA runs as it would there.
"""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime

from workers.engines.engine import Array
from workers.engines.tensorrt.buffers import BufferPlan
from workers.engines.tensorrt.gpu_api import Gpu, Shapes
from workers.engines.tensorrt.graph_rewrites import structure
from workers.errors import DeviceFailed


class StandInDevice:
    """A plan is the graph itself, behind a word that says for whom. ``trouble`` is what the next
    build fails with.
    """

    def __init__(
        self, *, tensorrt: str = "11.4.0", name: str = "Stand-in", kind: bytes = b"plan"
    ) -> None:
        self._heads = {False: kind + b":", True: kind + b", refittable:"}
        self.gpu = Gpu(name, "0.0", tensorrt)
        self.builds: list[bool] = []
        "Whether each was refittable."
        self.refits = 0
        self.trouble = ""
        self.takes_weights = True
        self.closed = 0

    def build(self, graph: bytes, shapes: Shapes, *, refittable: bool) -> bytes:
        if self.trouble:
            raise DeviceFailed(self.trouble)
        model = onnx.load_model_from_string(graph)
        found = {
            port.name: tuple(dim.dim_value for dim in port.type.tensor_type.shape.dim)
            for port in model.graph.input
        }
        assert found == dict(shapes)
        self.builds.append(refittable)
        return self._heads[refittable] + graph

    def load(self, plan: bytes) -> StandInPlan | None:
        for is_refittable, head in self._heads.items():
            if plan.startswith(head):
                return StandInPlan(self, plan.removeprefix(head), is_refittable)
        return None

    def close(self) -> None:
        self.closed += 1


class StandInPlan:
    def __init__(self, device: StandInDevice, graph: bytes, is_refittable: bool) -> None:
        self._device = device
        self._graph = graph
        self._is_refittable = is_refittable

    def refit(self, graph: bytes) -> bool:
        models = [onnx.load_model_from_string(data) for data in (self._graph, graph)]
        if not self._device.takes_weights or len({structure(model) for model in models}) > 1:
            return False
        assert self._is_refittable
        self._device.refits += 1
        self._graph = graph
        return True

    def runner(self, buffers: BufferPlan) -> StandInRunner:
        return StandInRunner(self._graph, buffers)


class StandInRunner:
    def __init__(self, graph: bytes, buffers: BufferPlan) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self._runtime = onnxruntime.InferenceSession(
            graph, sess_options=options, providers=["CPUExecutionProvider"]
        )
        self._buffers = buffers
        self.memory: Array = np.zeros(buffers.size, np.uint8)
        self._remote = np.zeros_like(self.memory)

    def run(self) -> None:
        buffers, output = self._buffers, self._buffers.output
        self._remote[: buffers.input_bytes] = self.memory[: buffers.input_bytes]
        feeds = {slot.name: buffers.view(self._remote, slot) for slot in buffers.inputs}
        result = self._runtime.run([output.name], feeds)[0]
        assert result.dtype == output.dtype and result.shape == output.shape
        end = output.offset + output.nbytes
        self.memory[output.offset : end] = result.reshape(-1)
