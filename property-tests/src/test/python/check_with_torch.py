"""Loads a checkpoint with torch.load, with its default of weights_only=True, and prints it as JSON.

Run it as: python check_with_torch.py FILE. Each tensor is printed with name, dtype, shape, strides, offset, the position of the first
tensor that shares its storage, and its elements, row by row: integers as such, floating-point numbers as the text of their float64.
"""
import json
import sys

import torch


def describe(state):
    storages = {}
    for name, tensor in state.items():
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
