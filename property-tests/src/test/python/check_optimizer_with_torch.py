"""Loads the state of an Sgd of two parameters of 2 and 3 elements into torch.optim.SGD, and prints what it then has.

Run it as: python check_optimizer_with_torch.py FILE. PythonCheckTest runs it and compares. (PyTorch 1 loads
floats with weights_only=False only.)
"""
import sys

import torch


def main():
    parameters = [torch.nn.Parameter(torch.zeros(2)), torch.nn.Parameter(torch.zeros(3))]
    sgd = torch.optim.SGD(parameters, lr=1.0)
    sgd.load_state_dict(torch.load(sys.argv[1], weights_only=not torch.__version__.startswith("1.")))
    group = sgd.param_groups[0]
    print(group["lr"], group["momentum"], group["dampening"], group["weight_decay"], group["nesterov"], group["maximize"])
    for parameter in parameters:
        print(sgd.state[parameter].get("momentum_buffer"))
        parameter.grad = torch.ones_like(parameter)
    sgd.step()
    for parameter in parameters:
        print(parameter.tolist())


if __name__ == "__main__":
    main()
