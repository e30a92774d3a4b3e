package dev.lanewise.bench.embedding.engine;

import dev.lanewise.bench.embedding.cases.Data;
import dev.lanewise.bench.embedding.cases.EmbeddingCase;
import dev.lanewise.bench.engine.Contender;
import dev.lanewise.bench.engine.Contender.Side;
import java.util.List;

/** The engines that are compared. */
public final class Contenders {
  private static final List<Contender<EmbeddingCase, Data>> ALL =
      List.of(
          ours(Contender.OURS, LanewiseEngine.Way.FUSED),
          ours("lanewise-two-steps", LanewiseEngine.Way.TWO_STEPS),
          new Contender<>("libtorch", new LibtorchEngine(), Side.PEER, List.of()),
          new Contender<>("onnxruntime", new PeersOnly("OnnxRuntimeEngine"), Side.PEER, List.of()),
          new Contender<>("c-limit", new NativeLoops(), Side.BESIDE, List.of()));

  private Contenders() {}

  /** All of them, in the report's order. */
  public static List<Contender<EmbeddingCase, Data>> all() {
    return ALL;
  }

  private static Contender<EmbeddingCase, Data> ours(String name, LanewiseEngine.Way way) {
    return new Contender<>(name, new LanewiseEngine(way), Side.OURS, List.of());
  }
}
