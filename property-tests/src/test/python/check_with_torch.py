"""Loads a checkpoint with torch.load(weights_only=True) and prints what it holds, a line a value.

Run it with PyTorch 2 as: python check_with_torch.py FILE. A tensor is printed as its path, dtype, shape, strides, the number of its
storage (tensors with the same number share one), its offset there and its bytes in row-major order, in hexadecimal; another value as
path, type and repr. It must be the same when the file is mapped. PythonCheckTest runs it and compares.
"""
import sys

import torch


def lines(path, value, storages):
    if isinstance(value, torch.Tensor):
        key = value.untyped_storage().data_ptr() or id(value)
        storage = storages.setdefault(key, len(storages))
        dtype = str(value.dtype).removeprefix("torch.")
        flat = value.detach().reshape(-1).clone()
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


def content(file, **options):
    storages = {}
    state = torch.load(file, weights_only=True, **options)
    return [line for name, value in state.items() for line in lines(name, value, storages)]


def main():
    loaded = content(sys.argv[1])
    assert loaded == content(sys.argv[1], mmap=True)
    sys.stdout.reconfigure(encoding="utf-8")
    print("\n".join(loaded))


if __name__ == "__main__":
    main()
