"""The simple example's training step in PyTorch eager, one thread: Embedding(5, 3), einsum, MSE, SGD."""

import statistics
import time

import torch

torch.set_num_threads(1)
torch.manual_seed(42)
embedding = torch.nn.Embedding(5, 3)
vec = torch.randn(3, 1)
label = torch.full((5, 1), 3.0)
ids = torch.tensor([0, 1, 2, 3, 4])
loss_of = torch.nn.MSELoss()
sgd = torch.optim.SGD(embedding.parameters(), lr=0.015)


def step():
    output = torch.einsum("ik,kj->ij", embedding(ids), vec)
    loss = loss_of(output, label)
    sgd.zero_grad()
    loss.backward()
    sgd.step()


for _ in range(2000):
    step()
rounds = []
for _ in range(7):
    start = time.perf_counter()
    for _ in range(2000):
        step()
    rounds.append((time.perf_counter() - start) / 2000 * 1e6)
print(f"torch {torch.__version__}: {statistics.median(rounds):.1f} us a step (min {min(rounds):.1f}, max {max(rounds):.1f})")
