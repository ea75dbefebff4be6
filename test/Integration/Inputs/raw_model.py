# ONNX files whose names hold any bytes. Written by hand: the bindings of
# protobuf take no text that is not UTF-8.

import numpy as np


def field(number, content):
    """A field of a protobuf message: bytes, or an integer."""
    is_bytes = isinstance(content, bytes)
    out = b""
    for value in [number << 3 | (2 if is_bytes else 0), len(content) if is_bytes else content]:
        while value > 127:
            out += bytes([value & 127 | 128])
            value >>= 7
        out += bytes([value])
    return out + content if is_bytes else out


def write_model(path, names):
    """y = (x b + c) d + …, each parameter named so, and its node and value too;
    factors are 1 and summands 0."""
    width, double = 2, 11
    dims = field(1, field(2, b"batch")) + field(1, field(1, width))
    kind = field(2, field(1, field(1, double) + field(2, dims)))
    values = [b"x" + names[0]] + [b"v" + name for name in names]
    graph = field(2, names[0]) + field(11, field(1, values[0]) + kind) + field(12, field(1, values[-1]) + kind)
    for i, name in enumerate(names):
        operands = field(1, values[i]) + field(1, name)
        graph += field(1, operands + field(2, values[i + 1]) + field(3, name) + field(4, b"Add" if i % 2 else b"Mul") + field(6, name))
        numbers = np.full(width, float(i % 2 == 0)).tobytes()
        graph += field(5, field(1, width) + field(2, double) + field(8, name) + field(9, numbers))
    model = field(1, 10) + field(8, field(1, b"") + field(2, 18)) + field(7, graph)
    with open(path, "wb") as file:
        file.write(model + field(2, names[0]) + field(6, names[0]))
    return width
