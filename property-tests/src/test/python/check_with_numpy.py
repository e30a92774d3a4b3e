"""Loads an npy or npz file with numpy.load and prints what it holds, a line an array.

Run it as: python check_with_numpy.py FILE. An array is printed as its name (nothing in an npy file), dtype, shape, whether it is in
Fortran order, and its bytes in row-major order, in hexadecimal. PythonCheckTest runs it and compares.
"""
import sys

import numpy as np


def line(name, array):
    fortran = not array.flags.c_contiguous and array.flags.f_contiguous
    return f"{name} {array.dtype} {list(array.shape)} {fortran} {array.tobytes().hex()}"


def main():
    loaded = np.load(sys.argv[1])
    if isinstance(loaded, np.ndarray):
        print(line("", loaded))
    else:
        for name in loaded.files:
            print(line(name, loaded[name]))


if __name__ == "__main__":
    main()
