"""Continues in PyTorch what an optimizer of ours began, and saves the weights after each of its steps.

Run it with PyTorch 2 as: python continue_optimizer.py CASE BEGUN CONTINUED. CASE is a name in make_golden_optimizers; BEGUN has the
weight, the state_dict of the optimizer and the steps to go on with, as in optimizers.pth. The optimizer is made with PyTorch's defaults, so
that all its settings come from the state. GoldenOptimizersTest runs it.
"""
import sys

import torch
from make_golden_optimizers import CASES, gradient


def main():
    case, begun, continued = sys.argv[1:]
    saved = torch.load(begun, weights_only=True)
    weight = torch.nn.Parameter(saved["weight"])
    kind, _, sparse = CASES[case]
    optimizer = kind([weight], lr=7.0)
    optimizer.load_state_dict(saved["optimizer"])
    weights = {}
    for number, step in enumerate(saved["steps"]):
        weight.grad = gradient(step["rows"], step["values"], sparse)
        optimizer.step()
        weights[str(number)] = weight.detach().clone()
    torch.save(weights, continued)


if __name__ == "__main__":
    main()
