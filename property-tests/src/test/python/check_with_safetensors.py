"""Loads a safetensors file with the library of that name and prints its metadata and tensors, a line each, in the order of the file.

Run it with PyTorch and safetensors as: python check_with_safetensors.py FILE. A tensor is printed as its name, dtype, shape and bytes, in
hexadecimal. PythonCheckTest runs it and compares.
"""
import sys

import torch
from safetensors import safe_open


def main():
    sys.stdout.reconfigure(encoding="utf-8")
    with safe_open(sys.argv[1], framework="pt") as file:
        for key, value in sorted((file.metadata() or {}).items()):
            print("metadata", key, value)
        for name in file.keys():
            tensor = file.get_tensor(name)
            flat = tensor.reshape(-1)
            text = bytes(flat.view(torch.uint8).tolist()).hex() if flat.numel() else ""
            print(name, str(tensor.dtype).removeprefix("torch."), list(tensor.shape), text)


if __name__ == "__main__":
    main()
