"""Makes the small checkpoints in resources/golden, which the tests of dev.lanewise.checkpoint read.

Run it with PyTorch 2.13 (CPU): python make_golden.py, or with the names of some files. The files are committed; a build needs neither
Python nor this script. PyTorch 2.13.0 writes the same bytes again, but for legacy.pth and whole_module.pth, which hold
an address and random weights.
"""
import pathlib
import sys
from collections import OrderedDict

import torch
from torch import nn

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


def integers():
    """The types whose storages hold integers and truth values, with a view."""
    return {
        "uint8": torch.tensor([0, 128, 255], dtype=torch.uint8),
        "int16": torch.tensor([-(2**15), 2**15 - 1], dtype=torch.int16),
        "bool": torch.tensor([[True, False], [False, True]])[1],
        "int8": torch.tensor([-128], dtype=torch.int8),
    }


def unsigned():
    """The unsigned types that have no Storage class and are saved as bytes and a dtype, with views."""
    matrix = torch.tensor([[0, 1, 2], [2**16 - 3, 2**16 - 2, 2**16 - 1]], dtype=torch.uint16)
    return {
        "uint16": torch.tensor([0, 2**15, 2**16 - 1], dtype=torch.uint16),
        "uint32": torch.tensor([0, 2**31, 2**32 - 1], dtype=torch.uint32),
        "uint64": torch.tensor([0, 2**63 - 1, 2**63, 2**64 - 1], dtype=torch.uint64),
        "matrix": matrix,
        "transposed": matrix.t(),
        "row": matrix[1],
        "scalar": torch.tensor(2**32 - 1, dtype=torch.uint32),
        "empty": torch.empty(0, 4, dtype=torch.uint64),
        "type": torch.uint16,
    }


def structures():
    """A whole training checkpoint: nested dicts, lists and tuples with every plain value beside tensors."""
    weight = counting(2, 3)
    return {
        "model": OrderedDict([("fc.weight", nn.Parameter(weight)), ("fc.bias", counting(2))]),
        "tied": [weight, weight.t(), (weight[1], None)],
        "history": [{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.25}],
        "by_number": {0: "zero", -3: "three below", 2**40: counting(1)},
        "shape": weight.shape,
        "types": (torch.float16, torch.bool),
        "flags": (True, False),
        "numbers": [255, 256, 65536, -1, -(2**63), 2**63 - 1, float("inf"), -0.0, 5e-324],
        "empty": [(), [], {}, "", torch.empty(0)],
    }


def optimizer():
    """The state of SGD with momentum after two steps; the third parameter never got a gradient."""
    parameters = [nn.Parameter(counting(2, 2)), nn.Parameter(counting(3)), nn.Parameter(counting(1))]
    sgd = torch.optim.SGD(parameters, lr=0.1, momentum=0.9, weight_decay=0.01, nesterov=True)
    for _ in range(2):
        parameters[0].grad = torch.ones(2, 2)
        parameters[1].grad = counting(3)
        sgd.step()
    return sgd.state_dict()


def no_crc():
    from torch.serialization import set_crc32_options

    set_crc32_options(False)
    save("no_crc.pth", {"w": counting(2)})
    set_crc32_options(True)


FILES = {
    "module.pth": lambda name: save(name, module()),
    "dtypes.pth": lambda name: save(name, dtypes()),
    "views.pth": lambda name: save(name, views()),
    "plain.pth": lambda name: save(name, plain()),
    "many.pth": lambda name: save(name, OrderedDict((f"layer{i}", torch.tensor([float(i)])) for i in range(300))),
    "no_crc.pth": lambda name: no_crc(),
    "uint8.pth": lambda name: save(name, {"w": torch.tensor([1], dtype=torch.uint8)}),
    "nested.pth": lambda name: save(name, {"model": {"w": counting(2)}, "epoch": 3}),
    "integers.pth": lambda name: save(name, integers()),
    "unsigned.pth": lambda name: save(name, unsigned()),
    "structures.pth": lambda name: save(name, structures()),
    "optimizer.pth": lambda name: save(name, optimizer()),
    # What must be refused.
    "legacy.pth": lambda name: save(name, {"w": counting(2)}, _use_new_zipfile_serialization=False),
    "float8.pth": lambda name: save(name, {"w": torch.tensor([1.0]).to(torch.float8_e4m3fn)}),
    "whole_module.pth": lambda name: save(name, nn.Linear(1, 1)),
    "tensor.pth": lambda name: save(name, counting(2)),
    "protocol4.pth": lambda name: save(name, {"w": counting(2)}, pickle_protocol=4),
}


def main():
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[1:] or FILES:
        FILES[name](name)


if __name__ == "__main__":
    main()
