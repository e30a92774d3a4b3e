"""The text classifier of the examples in PyTorch eager, one thread, on the same data and settings.

    classifier.py DATA [bag | embedding | sparse]

DATA is what ./mvnw -q -Pdemo -Ddemo.main=dev.lanewise.examples.ExportClassNames writes. The batches are made before the clock starts, which
favours PyTorch: Lanewise's example makes them inside its epoch.
bag: nn.EmbeddingBag(mean); embedding: nn.Embedding over padded batches and a masked mean; sparse: nn.EmbeddingBag with sparse gradients.
"""

import random
import statistics
import sys
import time

import torch

torch.set_num_threads(1)
torch.manual_seed(1)
VOCABULARY, DIM, HIDDEN, BATCH, EPOCHS, RATE = 10_000, 128, 64, 64, 12, 1.0
kind = sys.argv[2] if len(sys.argv) > 2 else "bag"

samples = {"training": [], "test": []}
with open(sys.argv[1], encoding="utf-8") as lines:
    for line in lines:
        part, module, words = line.rstrip("\n").split("\t")
        samples[part].append(([int(word) for word in words.split()], int(module)))
classes = 1 + max(module for part in samples.values() for _, module in part)


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        if kind == "embedding":
            self.emb = torch.nn.Embedding(VOCABULARY, DIM)
        else:
            self.emb = torch.nn.EmbeddingBag(VOCABULARY, DIM, mode="mean", sparse=kind == "sparse")
        torch.nn.init.uniform_(self.emb.weight, -0.1, 0.1)
        self.fc1 = torch.nn.Linear(DIM, HIDDEN)
        self.fc2 = torch.nn.Linear(HIDDEN, classes)

    def forward(self, words, other):
        if kind == "embedding":
            pooled = (self.emb(words) * other).sum(1) / other.sum(1).clamp(min=1)
        else:
            pooled = self.emb(words, other)
        return self.fc2(torch.relu(self.fc1(pooled)))


def batches(part):
    made = []
    for start in range(0, len(part), BATCH):
        chunk = part[start : start + BATCH]
        targets = torch.tensor([module for _, module in chunk])
        if kind == "embedding":
            longest = max(1, max(len(words) for words, _ in chunk))
            ids = torch.zeros(len(chunk), longest, dtype=torch.int64)
            mask = torch.zeros(len(chunk), longest, 1)
            for row, (words, _) in enumerate(chunk):
                ids[row, : len(words)] = torch.tensor(words, dtype=torch.int64)
                mask[row, : len(words)] = 1
            made.append((ids, mask, targets))
        else:
            offsets = [0]
            for words, _ in chunk[:-1]:
                offsets.append(offsets[-1] + len(words))
            flat = [word for words, _ in chunk for word in words]
            made.append((torch.tensor(flat, dtype=torch.int64), torch.tensor(offsets), targets))
    return made


model = Model()
sgd = torch.optim.SGD(model.parameters(), lr=RATE)
loss_of = torch.nn.CrossEntropyLoss()
times = []
for epoch in range(EPOCHS):
    random.Random(epoch).shuffle(samples["training"])
    made = batches(samples["training"])
    start = time.perf_counter()
    total = 0.0
    for words, other, targets in made:
        loss = loss_of(model(words, other), targets)
        sgd.zero_grad()
        loss.backward()
        sgd.step()
        total += loss.item()
    times.append(time.perf_counter() - start)
    print(f"epoch {epoch + 1:2d}  loss {total / len(made):.3f}  ({times[-1]:.3f} s)", flush=True)
with torch.inference_mode():
    correct = sum((model(w, o).argmax(1) == t).sum().item() for w, o, t in batches(samples["test"]))
print(
    f"torch {torch.__version__}, {kind}: test accuracy {100 * correct / len(samples['test']):.1f} %, "
    f"epochs 3 to {EPOCHS}: median {statistics.median(times[2:]):.3f} s (min {min(times[2:]):.3f})"
)
