"""Makes resources/golden/optimizers.pth: some steps of each of PyTorch's optimizers, which GoldenOptimizersTest repeats.

Run it with PyTorch 2.13 (CPU): python make_golden_optimizers.py. The file is committed; a build needs neither Python nor this script.
Each entry has the weight at the start, of each step the rows and the gradient of these rows (all rows, where the gradient is dense), the weight
after each step, and the state_dict after the last.
"""
import pathlib

import torch

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "resources" / "golden"
ROWS, WIDTH, STEPS = 5, 3, 4

CASES = {
    "sgd": (torch.optim.SGD, dict(lr=0.1), False),
    "sgd_sparse": (torch.optim.SGD, dict(lr=0.1), True),
    "sgd_momentum": (torch.optim.SGD, dict(lr=0.1, momentum=0.9, dampening=0.25, weight_decay=0.01), False),
    "sgd_nesterov": (torch.optim.SGD, dict(lr=0.1, momentum=0.9, nesterov=True, maximize=True), False),
    "adagrad": (torch.optim.Adagrad, dict(lr=0.1, lr_decay=0.125, weight_decay=0.01, initial_accumulator_value=0.5), False),
    "adagrad_maximize": (torch.optim.Adagrad, dict(maximize=True), False),
    "adagrad_sparse": (torch.optim.Adagrad, dict(lr=0.1, lr_decay=0.125), True),
    "adam": (torch.optim.Adam, dict(), False),
    "adam_decay": (torch.optim.Adam, dict(lr=0.1, betas=(0.5, 0.75), eps=1e-3, weight_decay=0.01, maximize=True), False),
    "amsgrad": (torch.optim.Adam, dict(lr=0.1, amsgrad=True), False),
    "adamw": (torch.optim.AdamW, dict(lr=0.1), False),
    "sparse_adam": (torch.optim.SparseAdam, dict(lr=0.1), True),
}


def gradient(rows, values, sparse):
    """The gradient of a weight of which these rows have one; all rows, in order, if it is dense."""
    if not sparse:
        return values.clone()
    return torch.sparse_coo_tensor(rows[None], values, (ROWS, WIDTH), check_invariants=True)


def trajectory(kind, settings, sparse, generator):
    start = torch.randn(ROWS, WIDTH, generator=generator)
    weight = torch.nn.Parameter(start.clone())
    optimizer = kind([weight], **settings)
    steps = []
    for _ in range(STEPS):
        rows = torch.randint(ROWS, (4,), generator=generator) if sparse else torch.arange(ROWS)
        values = torch.randn(len(rows), WIDTH, generator=generator)
        weight.grad = gradient(rows, values, sparse)
        optimizer.step()
        steps.append({"rows": rows, "values": values, "weight": weight.detach().clone()})
    return {"start": start, "sparse": sparse, "steps": steps, "optimizer": optimizer.state_dict()}


def main():
    generator = torch.Generator().manual_seed(1)
    torch.save({name: trajectory(*case, generator) for name, case in CASES.items()}, GOLDEN / "optimizers.pth")


if __name__ == "__main__":
    main()
