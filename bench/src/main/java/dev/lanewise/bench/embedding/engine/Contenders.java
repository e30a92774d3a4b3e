package dev.lanewise.bench.embedding.engine;

import dev.lanewise.bench.embedding.cases.Data;
import dev.lanewise.bench.embedding.cases.EmbeddingCase;
import dev.lanewise.bench.engine.Contender;
import dev.lanewise.bench.engine.Contender.Side;
import java.util.List;

/** The engines that are compared. */
public final class Contenders {
  /**
   * One thread. Offline, as DJL would download what is wanting, and tell its makers where it runs.
   * And no word about its log, which nobody asked for.
   */
  private static final List<String> DJL_OPTIONS =
      List.of(
          "-Dai.djl.offline=true",
          "-Dai.djl.pytorch.num_threads=1",
          "-Dai.djl.pytorch.num_interop_threads=1",
          "-Dslf4j.internal.verbosity=ERROR");

  private static final List<Contender<EmbeddingCase, Data>> ALL =
      List.of(
          ours(Contender.OURS, LanewiseEngine.Way.FUSED),
          ours("lanewise-two-steps", LanewiseEngine.Way.TWO_STEPS),
          new Contender<>("libtorch", new LibtorchEngine(), Side.PEER, List.of()),
          new Contender<>("onnxruntime", new PeersOnly("OnnxRuntimeEngine"), Side.PEER, List.of()),
          new Contender<>("djl", new PeersOnly("DjlEngine"), Side.PEER, DJL_OPTIONS),
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
