package dev.lanewise.bench.report;

import dev.lanewise.bench.engine.Case;
import dev.lanewise.bench.engine.Contender;
import dev.lanewise.bench.engine.Contender.Side;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;

/**
 * What was measured, asked by case and engine.
 *
 * @param measurements in the order of the run
 * @param <C> the cases
 */
public record Figures<C extends Case>(List<Measurement<C>> measurements) {
  /** The cases that any engine has run, in order. */
  public List<C> cases() {
    return measurements.stream().map(Measurement::asked).distinct().toList();
  }

  /** The groups of these cases, in order. */
  public List<String> groups() {
    return cases().stream().map(Case::group).distinct().toList();
  }

  /** The cases of a group. */
  public List<C> casesOf(String group) {
    return cases().stream().filter(asked -> asked.group().equals(group)).toList();
  }

  /** The engines that have run any of some cases, in the order of {@code all}. */
  public <T extends Contender<C, ?>> List<T> contenders(List<T> all, List<C> cases) {
    return all.stream()
        .filter(
            contender -> cases.stream().anyMatch(c -> of(c.name(), contender.name()).isPresent()))
        .toList();
  }

  /** A case on an engine. */
  public Optional<Measurement<C>> of(String name, String contender) {
    return measurements.stream()
        .filter(m -> m.asked().name().equals(name))
        .filter(m -> m.engine().name().equals(contender))
        .findFirst();
  }

  /** The quickest of the peers. */
  public Optional<Measurement<C>> bestPeer(String name) {
    return measurements.stream()
        .filter(m -> m.asked().name().equals(name))
        .filter(m -> m.engine().side() == Side.PEER)
        .min(Comparator.comparingDouble(Measurement::nanos));
  }

  /** How many times as fast as the quickest peer an engine is. */
  public OptionalDouble ratioToBest(Measurement<C> measurement) {
    Optional<Measurement<C>> best = bestPeer(measurement.asked().name());
    return best.isPresent()
        ? OptionalDouble.of(best.get().nanos() / measurement.nanos())
        : OptionalDouble.empty();
  }

  /** The ratios of our engine, by case, where there is a peer. */
  Map<String, Double> ratiosToBest() {
    Map<String, Double> ratios = new LinkedHashMap<>();
    ours(cases())
        .forEach(measurement ->
            ratioToBest(measurement)
                .ifPresent(ratio -> ratios.put(measurement.asked().name(), ratio)));
    return ratios;
  }

  /** The geometric mean of our engine's ratios in some cases. */
  public OptionalDouble meanRatioToBest(List<C> cases) {
    return geometricMean(
        ours(cases).map(this::ratioToBest).flatMapToDouble(OptionalDouble::stream));
  }

  /** The geometric mean over the cases that both our engine and another have. */
  public OptionalDouble meanRatioTo(Contender<C, ?> other, List<C> cases) {
    return geometricMean(
        ours(cases)
            .flatMapToDouble(mine ->
                of(mine.asked().name(), other.name())
                    .map(theirs -> DoubleStream.of(theirs.nanos() / mine.nanos()))
                    .orElseGet(DoubleStream::empty)));
  }

  /** The time of a variant divided by that of its baseline, on the same engine. */
  public OptionalDouble timesBaseline(Measurement<C> measurement) {
    Optional<Measurement<C>> plain =
        of(measurement.asked().baseline(), measurement.engine().name());
    return plain.isPresent()
        ? OptionalDouble.of(measurement.nanos() / plain.get().nanos())
        : OptionalDouble.empty();
  }

  /** The part of the time that the measuring threads were running, on the whole. */
  public OptionalDouble processorShare() {
    return measurements.stream()
        .filter(measurement -> measurement.asked().threads() == 1)
        .mapToDouble(Measurement::processorShare)
        .average();
  }

  private Stream<Measurement<C>> ours(List<C> cases) {
    return cases.stream().flatMap(asked -> of(asked.name(), Contender.OURS).stream());
  }

  private static OptionalDouble geometricMean(DoubleStream ratios) {
    OptionalDouble mean = ratios.map(Math::log).average();
    return mean.isPresent() ? OptionalDouble.of(Math.exp(mean.getAsDouble())) : mean;
  }
}
