package dev.lanewise.bench.contraction.engine;

import dev.lanewise.bench.contraction.cases.ContractionCase;
import dev.lanewise.bench.contraction.cases.Data;
import dev.lanewise.bench.engine.Contender;
import dev.lanewise.bench.engine.Contender.Side;
import dev.lanewise.bench.engine.Engine;
import java.util.List;

/** The engines that are compared. */
public final class Contenders {
  private static final List<Contender<ContractionCase, Data>> ALL =
      List.of(
          ours(Contender.OURS, LanewiseEngine.Way.PLAIN),
          ours("lanewise-packed", LanewiseEngine.Way.PACKED),
          ours("lanewise-fused", LanewiseEngine.Way.FUSED),
          ours("lanewise-scalar", LanewiseEngine.Way.PLAIN, "-Ddev.lanewise.backend=scalar"),
          peer("openblas", new BlasEngine(OpenBlas::new, true, Integer.MAX_VALUE)),
          peer("mkl", new BlasEngine(Mkl::new, true, Integer.MAX_VALUE)),
          peer("mkl-packed", new MklPackedEngine()),
          peer("libtorch", new LibtorchEngine(LibtorchEngine.Door.QUICKEST)),
          peer("libtorch-einsum", new LibtorchEngine(LibtorchEngine.Door.EINSUM)),
          peer("netlib", new BlasEngine(NetlibBlas::new, false, 1)),
          peer("ejml", new EjmlEngine()));

  private Contenders() {}

  /** All of them, in the report's order. */
  public static List<Contender<ContractionCase, Data>> all() {
    return ALL;
  }

  private static Contender<ContractionCase, Data> ours(
      String name, LanewiseEngine.Way way, String... jvmOptions) {
    return new Contender<>(name, new LanewiseEngine(way), Side.OURS, List.of(jvmOptions));
  }

  private static Contender<ContractionCase, Data> peer(
      String name, Engine<ContractionCase, Data> engine) {
    return new Contender<>(name, engine, Side.PEER, List.of());
  }
}
