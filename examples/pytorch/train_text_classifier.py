"""Trains a small text classifier in PyTorch and saves it with its words and classes, for ClassifyText.java to serve.

    python train_text_classifier.py FILE [WORD...]

Prints the scores of the words given, as ClassifyText does: ./mvnw -q -Pdemo -Ddemo.main=dev.lanewise.examples.ClassifyText
-Ddemo.args="FILE WORD..."
"""
import sys

import torch

TEXTS = [
    ("sport", "the team won the match with two late goals"),
    ("sport", "a record time in the final race of the season"),
    ("sport", "the goalkeeper saved a penalty in extra time"),
    ("cooking", "chop the onions and fry them in butter"),
    ("cooking", "bake the bread until the crust is golden"),
    ("cooking", "season the soup with salt and pepper"),
    ("weather", "rain and strong winds are expected tonight"),
    ("weather", "the sun returns after a cold and cloudy week"),
    ("weather", "snow is likely in the hills by the morning"),
]
WORDS = ["<unknown>"] + sorted({word for _, text in TEXTS for word in text.split()})
CLASSES = sorted({label for label, _ in TEXTS})


class TextModel(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = torch.nn.EmbeddingBag(len(WORDS), 16, mode="mean")
        self.fc1 = torch.nn.Linear(16, 8)
        self.fc2 = torch.nn.Linear(8, len(CLASSES))

    def forward(self, words):
        return self.fc2(torch.relu(self.fc1(self.emb(words))))


def rows(words):
    return torch.tensor([[WORDS.index(word) if word in WORDS else 0 for word in words]])


def main():
    torch.manual_seed(1)
    model = TextModel()
    sgd = torch.optim.SGD(model.parameters(), lr=0.2, momentum=0.9)
    for _ in range(100):
        for label, text in TEXTS:
            sgd.zero_grad()
            target = torch.tensor([CLASSES.index(label)])
            torch.nn.functional.cross_entropy(model(rows(text.split())), target).backward()
            sgd.step()
    torch.save({"model": model.state_dict(), "words": WORDS, "classes": CLASSES}, sys.argv[1])
    if sys.argv[2:]:
        scores = model(rows(sys.argv[2:]))[0].tolist()
        for score, label in sorted(zip(scores, CLASSES), reverse=True):
            print(label, score)


if __name__ == "__main__":
    main()
