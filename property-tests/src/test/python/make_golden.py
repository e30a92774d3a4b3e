"""Makes the small checkpoints in resources/golden, which the tests of dev.lanewise.checkpoint read.

Run it with PyTorch 2.13 (CPU): python make_golden.py. The files are committed; a build needs neither Python nor this script.
"""
import pathlib
from collections import OrderedDict

import torch
from torch import nn
from torch.serialization import set_crc32_options

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "resources" / "golden"


def counting(*sizes, dtype=torch.float32):
    """0.5, 1.5, 2.5, ... (0, 1, 2, ... for integers), row by row."""
    count = 1
    for size in sizes:
        count *= size
    values = torch.arange(count, dtype=torch.float64)
    if dtype.is_floating_point:
        values = values + 0.5
    return values.to(dtype).reshape(sizes)


def save(name, value, **options):
    torch.save(value, GOLDEN / name, **options)


def module():
    """The state dict of a module: an OrderedDict with the attribute _metadata."""
    model = nn.Sequential(OrderedDict(emb=nn.Embedding(5, 3), fc=nn.Linear(3, 2)))
    with torch.no_grad():
        model.emb.weight.copy_(counting(5, 3))
        model.fc.weight.copy_(counting(2, 3) * -1)
        model.fc.bias.copy_(torch.tensor([0.1, float("inf")]))
    state = model.state_dict()
    assert state._metadata
    return state


def dtypes():
    return OrderedDict(
        float32=torch.tensor([1.1, -0.0, float("nan"), float("-inf")]),
        float64=torch.tensor([1.1, 5e-324], dtype=torch.float64),
        bfloat16=torch.tensor([1.1, -3.0], dtype=torch.bfloat16),
        float16=torch.tensor([1.1, 65504.0], dtype=torch.float16),
        int8=torch.tensor([-128, 127], dtype=torch.int8),
        int32=torch.tensor([-(2**31), 2**31 - 1], dtype=torch.int32),
        int64=torch.tensor([-(2**63), 2**63 - 1]),
    )


def views():
    base = counting(3, 4)
    return {
        "base": base,
        "transposed": base.t(),
        "column": base[:, 1],
        "every_second": base[1:, ::2],
        "expanded": torch.tensor([[7.0], [8.0]]).expand(2, 3),
        "alone": counting(3, 4)[1:].t(),
    }


def plain():
    """A plain dict, with values that are no tensors beside a scalar, empty tensors and a Parameter."""
    return {
        "scalar": torch.tensor(2.5),
        "empty": torch.empty(0, 4),
        "empty_ids": torch.empty(0, dtype=torch.int64),
        "parameter": nn.Parameter(counting(2, 2)),
        "größe": counting(2, dtype=torch.int32),
        "epoch": 3,
        "big": 2**40,
        "rate": 0.5,
        "note": "text",
        "flag": True,
        "nothing": None,
        "type": torch.float32,
    }


def main():
    GOLDEN.mkdir(parents=True, exist_ok=True)
    save("module.pth", module())
    save("dtypes.pth", dtypes())
    save("views.pth", views())
    save("plain.pth", plain())
    save("many.pth", OrderedDict((f"layer{i}", torch.tensor([float(i)])) for i in range(300)))

    set_crc32_options(False)
    save("no_crc.pth", {"w": counting(2)})
    set_crc32_options(True)

    # What must be refused.
    save("legacy.pth", {"w": counting(2)}, _use_new_zipfile_serialization=False)
    save("uint8.pth", {"w": torch.tensor([1], dtype=torch.uint8)})
    save("float8.pth", {"w": torch.tensor([1.0]).to(torch.float8_e4m3fn)})
    save("whole_module.pth", nn.Linear(1, 1))
    save("nested.pth", {"model": {"w": counting(2)}, "epoch": 3})
    save("tensor.pth", counting(2))
    save("protocol4.pth", {"w": counting(2)}, pickle_protocol=4)


if __name__ == "__main__":
    main()
