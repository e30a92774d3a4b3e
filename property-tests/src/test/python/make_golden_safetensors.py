"""Makes the small safetensors file in resources/golden, which the tests of dev.lanewise.checkpoint read.

Run it with any Python 3: python make_golden_safetensors.py. It writes the bytes that the format's description asks for
(https://huggingface.co/docs/safetensors), without a library.
"""
import json
import pathlib
import struct

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "resources" / "golden"

TENSORS = [
    ("f64", "F64", [2], struct.pack("<2d", 1.1, 5e-324)),
    ("i64", "I64", [2], struct.pack("<2q", -(2**63), 2**63 - 1)),
    ("u64", "U64", [2], struct.pack("<2Q", 2**63, 2**64 - 1)),
    ("f32", "F32", [2, 2], struct.pack("<4f", 0.5, 1.5, 2.5, -3.5)),
    ("i32", "I32", [1, 2], struct.pack("<2i", -(2**31), 2**31 - 1)),
    ("u32", "U32", [2], struct.pack("<2I", 2**31, 2**32 - 1)),
    ("bf16", "BF16", [2], struct.pack("<2H", 0x3F8D, 0xC040)),
    ("f16", "F16", [2], struct.pack("<2e", 1.099609375, 65504.0)),
    ("i16", "I16", [2], struct.pack("<2h", -(2**15), 2**15 - 1)),
    ("none", "F16", [3, 0], b""),
    ("u16", "U16", [2], struct.pack("<2H", 2**15, 2**16 - 1)),
    ("bool", "BOOL", [3], bytes([1, 0, 1])),
    ("gr\u00f6\u00dfe \"\\\n", "I8", [2], struct.pack("<2b", -128, 127)),
    ("scalar", "U8", [], bytes([255])),
]


def main():
    GOLDEN.mkdir(parents=True, exist_ok=True)
    header = {"__metadata__": {"format": "pt", "by": "make_golden_safetensors.py"}}
    data = b""
    for name, dtype, shape, payload in TENSORS:
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(payload)]}
        data += payload
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    (GOLDEN / "types.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)


if __name__ == "__main__":
    main()
