"""Loads a checkpoint with torch.load(weights_only=True) and prints what it holds, a line a value.

Run it as: python check_with_torch.py FILE, or FILE floats for a file with floats or dtypes as values, which PyTorch 1 can load with
weights_only=False only. A tensor is printed as its path, dtype, shape, strides, the number of its storage (tensors
with the same number share one), its offset there and its bytes in row-major order, in hexadecimal; another value as path, type and repr.
PythonCheckTest runs it and compares: ./mvnw test -Dtest=PythonCheckTest -Dlanewise.python=python3
"""
import sys

import torch


def lines(path, value, storages):
    if isinstance(value, torch.Tensor):
        assert not value.requires_grad
        key = value.storage().data_ptr() or id(value)
        storage = storages.setdefault(key, len(storages))
        dtype = str(value.dtype).removeprefix("torch.")
        flat = value.reshape(-1).clone()
        text = bytes(flat.view(torch.uint8).tolist()).hex() if flat.numel() else ""
        yield f"{path} {dtype} {list(value.shape)} {list(value.stride())} {storage} {value.storage_offset()} {text}"
    elif isinstance(value, dict):
        yield f"{path} dict"
        for key, item in value.items():
            yield from lines(f"{path}.{key}", item, storages)
    elif isinstance(value, (list, tuple)) and not isinstance(value, torch.Size):
        yield f"{path} {type(value).__name__}"
        for i, item in enumerate(value):
            yield from lines(f"{path}[{i}]", item, storages)
    else:
        yield f"{path} {type(value).__name__} {value!r}"


def main():
    lacks_floats = sys.argv[2:] == ["floats"] and torch.__version__.startswith("1.")
    state = torch.load(sys.argv[1], weights_only=not lacks_floats)
    assert type(state).__name__ == "OrderedDict", type(state)
    storages = {}
    sys.stdout.reconfigure(encoding="utf-8")
    for name, value in state.items():
        for line in lines(name, value, storages):
            print(line)


if __name__ == "__main__":
    main()
