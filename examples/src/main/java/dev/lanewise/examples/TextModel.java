package dev.lanewise.examples;

import dev.lanewise.autograd.Tape;
import dev.lanewise.autograd.Variable;
import dev.lanewise.checkpoint.StateDict;
import dev.lanewise.embedding.BagMode;
import dev.lanewise.embedding.Embedding;
import dev.lanewise.embedding.EmbeddingBag;
import dev.lanewise.nn.Linear;
import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.random.RandomGenerator;

/**
 * Embedding, mean pooling, two linear layers.
 *
 * @param emb one row a word
 * @param fc1 the hidden layer
 * @param fc2 one output a class
 */
record TextModel(Embedding emb, Linear fc1, Linear fc2) {
  static TextModel create(
      Arena arena, RandomGenerator random, int words, int dim, int hidden, int classes) {
    return new TextModel(
        // Small first values: what is learned then soon outweighs them, also in rows that are
        // seldom used.
        Embedding.of(
            Parameter.trainable(arena, Tensor.uniform(arena, random, -0.1f, 0.1f, words, dim))),
        Linear.create(arena, random, dim, hidden),
        Linear.create(arena, random, hidden, classes));
  }

  /** A model that serves what was saved. */
  static TextModel of(StateDict saved) {
    return new TextModel(
        Embedding.fromPretrained(saved.get("emb.weight")),
        Linear.of(
            Parameter.frozen(saved.get("fc1.weight")), Parameter.frozen(saved.get("fc1.bias"))),
        Linear.of(
            Parameter.frozen(saved.get("fc2.weight")), Parameter.frozen(saved.get("fc2.bias"))));
  }

  Variable forward(Tape tape, int[] words, int[] offsets) {
    Variable pooled = tape.lookup(EmbeddingBag.of(emb, BagMode.MEAN), words, offsets);
    Variable hidden = tape.relu(fc1.forward(tape, pooled));
    return fc2.forward(tape, hidden);
  }

  Parameter[] parameters() {
    return new Parameter[] {emb.weight(), fc1.weight(), fc1.bias(), fc2.weight(), fc2.bias()};
  }

  StateDict stateDict() {
    return StateDict.of("emb.weight", emb.weight())
        .put("fc1.weight", fc1.weight())
        .put("fc1.bias", fc1.bias())
        .put("fc2.weight", fc2.weight())
        .put("fc2.bias", fc2.bias());
  }
}
