package dev.lanewise.bench.contraction.engine;

import dev.lanewise.bench.contraction.engine.Contender.Side;
import java.util.List;

/** The engines that are compared. */
public final class Contenders {
  private static final List<Contender> ALL =
      List.of(
          ours("lanewise", LanewiseEngine.Way.PLAIN),
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
  public static List<Contender> all() {
    return ALL;
  }

  /**
   * One by its name.
   *
   * @throws IllegalArgumentException if there is none of that name
   */
  public static Contender named(String name) {
    return ALL.stream()
        .filter(contender -> contender.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("there is no engine " + name));
  }

  private static Contender ours(String name, LanewiseEngine.Way way, String... jvmOptions) {
    return new Contender(name, new LanewiseEngine(way), Side.OURS, List.of(jvmOptions));
  }

  private static Contender peer(String name, Engine engine) {
    return new Contender(name, engine, Side.PEER, List.of());
  }
}
