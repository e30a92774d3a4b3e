"""Makes the small npy and npz files in resources/golden/numpy, which the tests of dev.lanewise.checkpoint read.

Run it with NumPy: python make_golden_numpy.py. The files that are committed were made by NumPy 1.24.2, unsigned.npz by NumPy 2.4.6.
"""
import pathlib

import numpy as np
from numpy.lib import format as npy

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "resources" / "golden" / "numpy"
DTYPES = ["float32", "float64", "float16", "int8", "uint8", "int16", "int32", "int64"]


def values(dtype):
    """-2, -1, 0, 1, 2, 3 (0 to 5 without a sign) as 2 rows of 3."""
    start = 0 if dtype.startswith("u") else -2
    return np.arange(start, start + 6).astype(dtype).reshape(2, 3)


def unsigned():
    """0, 1 and the two largest values of each unsigned type that is not among DTYPES, in both byte orders."""
    arrays = {}
    for dtype in ["uint16", "uint32", "uint64"]:
        largest = np.iinfo(dtype).max
        arrays[dtype] = np.array([[0, 1], [largest - 1, largest]], dtype=dtype)
        arrays[dtype + "_swapped"] = arrays[dtype].astype(arrays[dtype].dtype.newbyteorder(">"))
    return arrays


def with_version(name, version, array):
    with open(GOLDEN / name, "wb") as file:
        npy.write_array(file, array, version=version)


def main():
    GOLDEN.mkdir(parents=True, exist_ok=True)
    arrays = {dtype: values(dtype) for dtype in DTYPES}
    arrays["bool"] = np.array([[True, False, True], [False, False, True]])
    np.savez(GOLDEN / "stored.npz", **arrays)
    np.savez_compressed(GOLDEN / "deflated.npz", **arrays)
    np.savez(GOLDEN / "swapped.npz", **{name: a.astype(a.dtype.newbyteorder(">")) for name, a in arrays.items()})
    np.savez(GOLDEN / "none.npz")
    np.savez(GOLDEN / "unsigned.npz", **unsigned())
    np.save(GOLDEN / "c_order.npy", values("float32"))
    np.save(GOLDEN / "fortran_order.npy", np.asfortranarray(np.arange(24, dtype="int16").reshape(2, 3, 4)))
    np.save(GOLDEN / "scalar.npy", np.float64(2.5))
    np.save(GOLDEN / "empty.npy", np.zeros((0, 4), dtype="int64"))
    with_version("version2.npy", (2, 0), values("int32"))
    with_version("version3.npy", (3, 0), values("float64"))

    # What must be refused.
    np.save(GOLDEN / "complex.npy", np.array([1j]))
    np.save(GOLDEN / "structured.npy", np.zeros(1, dtype=[("x", "f4"), ("y", "i4")]))
    np.save(GOLDEN / "objects.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)


if __name__ == "__main__":
    main()
