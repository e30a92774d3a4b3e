import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;

/** The programs that compute each element on its own; see ElementwiseKernels. */
final class ElementwiseSource {
  private ElementwiseSource() {}

  static String methods(Dialect d) {
    return map(d, "add", "a b", "c", "", (p, in) -> List.of(p.add(in.apply("a"), in.apply("b"))))
        + map(
            d, "addScalar", "a", "c", "s", (p, in) -> List.of(p.add(in.apply("a"), in.apply("s"))))
        + map(
            d,
            "axpy",
            "x",
            "y",
            "alpha",
            (p, in) -> List.of(p.fma(in.apply("alpha"), in.apply("x"), in.apply("y"))))
        + map(
            d,
            "relu",
            "x",
            "y",
            "",
            (p, in) -> {
              String x = in.apply("x");
              return List.of(p.select(x, "<", p.constant("0f"), p.constant("0f"), x));
            })
        + map(
            d,
            "reluGradient",
            "y g",
            "d",
            "",
            (p, in) ->
                List.of(
                    p.add(
                        in.apply("d"),
                        p.select(
                            in.apply("y"),
                            ">",
                            p.constant("0f"),
                            in.apply("g"),
                            p.constant("0f")))))
        + map(
            d,
            "differenceGradient",
            "x t",
            "d",
            "alpha",
            (p, in) ->
                List.of(
                    p.fma(in.apply("alpha"), p.sub(in.apply("x"), in.apply("t")), in.apply("d"))))
        + map(
            d,
            "squaredDifference",
            "x t",
            "y",
            "",
            (p, in) -> {
              String difference = p.sub(in.apply("x"), in.apply("t"));
              return List.of(p.mul(difference, difference));
            })
        + map(
            d,
            "squaredDifferenceGradient",
            "x t g",
            "d",
            "sign",
            (p, in) -> {
              String twice =
                  p.mul(
                      p.mul(p.constant("2f"), in.apply("sign")),
                      p.sub(in.apply("x"), in.apply("t")));
              return List.of(p.fma(twice, in.apply("g"), in.apply("d")));
            })
        + map(
            d,
            "expGradient",
            "x",
            "d",
            "shift alpha",
            (p, in) ->
                List.of(
                    p.fma(
                        in.apply("alpha"),
                        p.exp(p.sub(in.apply("x"), in.apply("shift"))),
                        in.apply("d"))))
        + map(
            d,
            "sgdDecay",
            "g",
            "w",
            "sign weightDecay negativeRate",
            (p, in) -> List.of(p.fma(in.apply("negativeRate"), decayed(p, in), in.apply("w"))))
        + map(
            d,
            "sgdMomentum",
            "g",
            "b w",
            "sign weightDecay momentum scale negativeRate",
            (p, in) -> {
              String b = buffer(p, in, decayed(p, in));
              return List.of(b, p.fma(in.apply("negativeRate"), b, in.apply("w")));
            })
        + map(
            d,
            "sgdNesterov",
            "g",
            "b w",
            "sign weightDecay momentum scale negativeRate",
            (p, in) -> {
              String gradient = decayed(p, in);
              String b = buffer(p, in, gradient);
              String step = p.fma(in.apply("momentum"), b, gradient);
              return List.of(b, p.fma(in.apply("negativeRate"), step, in.apply("w")));
            })
        + map(
            d, "adagrad", "g", "s w", "negativeRate eps", (p, in) -> adagrad(p, in, in.apply("g")))
        + map(
            d,
            "adagradDecay",
            "g",
            "s w",
            "sign weightDecay negativeRate eps",
            (p, in) -> adagrad(p, in, decayed(p, in)))
        + map(d, "adam", "g", "m v w", ADAM, (p, in) -> adam(p, in, false))
        + map(d, "adamMax", "g", "m v h w", ADAM, (p, in) -> adam(p, in, true));
  }

  private static final String ADAM =
      "sign weightDecay keep beta1 rest1 beta2 rest2 scale eps negativeRate";

  private static List<String> adagrad(Program p, Function<String, String> in, String gradient) {
    String s = p.fma(gradient, gradient, in.apply("s"));
    String step = p.div(gradient, p.add(p.sqrt(s), in.apply("eps")));
    return List.of(s, p.fma(in.apply("negativeRate"), step, in.apply("w")));
  }

  private static List<String> adam(Program p, Function<String, String> in, boolean largest) {
    String w = in.apply("w");
    String gradient = p.fma(in.apply("weightDecay"), w, p.mul(in.apply("sign"), in.apply("g")));
    String m = p.fma(in.apply("beta1"), in.apply("m"), p.mul(in.apply("rest1"), gradient));
    String v =
        p.fma(
            in.apply("beta2"), in.apply("v"), p.mul(p.mul(in.apply("rest2"), gradient), gradient));
    String h = v;
    if (largest) {
      String before = in.apply("h");
      h = p.select(before, ">", v, before, v);
    }
    String step = p.div(m, p.fma(p.sqrt(h), in.apply("scale"), in.apply("eps")));
    String moved = p.fma(in.apply("negativeRate"), step, p.mul(in.apply("keep"), w));
    return largest ? List.of(m, v, h, moved) : List.of(m, v, moved);
  }

  private static String decayed(Program p, Function<String, String> in) {
    return p.fma(in.apply("weightDecay"), in.apply("w"), p.mul(in.apply("sign"), in.apply("g")));
  }

  private static String buffer(Program p, Function<String, String> in, String gradient) {
    return p.fma(in.apply("momentum"), in.apply("b"), p.mul(in.apply("scale"), gradient));
  }

  /** A loop over a run: outputs are also inputs where the program reads them. */
  private static String map(
      Dialect d, String name, String inputs, String outputs, String scalars, Body body) {
    List<String> in = SourceText.words(inputs);
    List<String> out = SourceText.words(outputs);
    List<String> values = SourceText.words(scalars);
    List<String> runs =
        IntStream.range(0, in.size() + out.size())
            .mapToObj(i -> i < in.size() ? in.get(i) : out.get(i - in.size()))
            .toList();
    Tails tails =
        new Tails(
            name, SourceText.segments(runs) + SourceText.scalars(d, values), "int from, int n");
    StringBuilder code =
        new StringBuilder(
            SourceText.header(
                name, SourceText.segments(runs) + SourceText.scalars(d, values) + ", int n"));
    for (Dialect loop : d.loops()) {
      Program p = new Program(loop, "      ", "");
      List<String> results = body.emit(p, SourceText.operands(p, runs, values, "at"));
      for (int r = 0; r < results.size(); r++) {
        p.line(loop.store(out.get(r), out.get(r) + "Offset + at", results.get(r)) + ";");
      }
      code.append(tails.next(loop, values, "0")).append(Tails.run(loop, p));
    }
    return code.append("  }\n").toString();
  }
}
