package dev.lanewise.bench.machine;

import java.util.LinkedHashMap;
import java.util.Map;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import org.openjdk.jmh.results.RunResult;

/**
 * What one core can do at most.
 *
 * @param float32 10^9 operations a second, of fused multiply-adds, two each
 * @param float64 the same in double
 * @param bandwidth 10^9 bytes read a second, by the KiB that are read again and again
 */
public record Limits(double float32, double float64, Map<Integer, Double> bandwidth) {
  /** The benchmarks that measure them, as a regular expression. */
  public static final String BENCHMARKS =
      "^dev\\.lanewise\\.bench\\.machine\\.(FmaPeak|ReadBandwidth)\\.";

  /** Where nothing was measured. */
  public static final Limits UNKNOWN = new Limits(Double.NaN, Double.NaN, Map.of());

  /** Reads the benchmarks' results. */
  public static Limits of(Iterable<RunResult> results) {
    double float32 = Double.NaN;
    double float64 = Double.NaN;
    Map<Integer, Double> bandwidth = new LinkedHashMap<>();
    for (RunResult result : results) {
      double nanos = Iterations.median(result, Iterations::runningTime);
      String benchmark = result.getParams().getBenchmark();
      if (benchmark.endsWith("float32")) {
        float32 = FmaPeak.flops(FloatVector.SPECIES_PREFERRED) / nanos;
      } else if (benchmark.endsWith("float64")) {
        float64 = FmaPeak.flops(DoubleVector.SPECIES_PREFERRED) / nanos;
      } else {
        int kibibytes = Integer.parseInt(result.getParams().getParam("kibibytes"));
        bandwidth.put(kibibytes, 1024.0 * kibibytes / nanos);
      }
    }
    return new Limits(float32, float64, bandwidth);
  }
}
