"""Loads a checkpoint with torch.load, with its default of weights_only=True, and prints it as JSON.

Run it as: python check_with_torch.py FILE. Each value that is a tensor is printed with its name, dtype, shape, strides, offset, the number
of its storage (tensors with the same number share one) and its elements, row by row, as the text of Python's int or float.
"""
import json
import sys

import torch


def describe(state):
    storages = {}
    tensors = {name: value for name, value in state.items() if isinstance(value, torch.Tensor)}
    for name, tensor in tensors.items():
        storage = tensor.untyped_storage().data_ptr() or id(tensor)
        yield {
            "name": name,
            "dtype": str(tensor.dtype).removeprefix("torch."),
            "shape": list(tensor.shape),
            "strides": list(tensor.stride()),
            "offset": tensor.storage_offset(),
            "storage": storages.setdefault(storage, len(storages)),
            "requires_grad": tensor.requires_grad,
            "values": [repr(value) for value in tensor.flatten().tolist()],
        }


def main():
    state = torch.load(sys.argv[1])
    print(json.dumps({"type": type(state).__name__, "tensors": list(describe(state))}, indent=1))


if __name__ == "__main__":
    main()
