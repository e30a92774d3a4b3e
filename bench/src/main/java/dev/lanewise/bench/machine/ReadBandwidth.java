package dev.lanewise.bench.machine;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.concurrent.TimeUnit;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorSpecies;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Reads native memory from one end to the other, again and again. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class ReadBandwidth {
  private static final VectorSpecies<Long> SPECIES = LongVector.SPECIES_PREFERRED;
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();

  /** The memory's size: well within each of the usual caches, and well beyond them. */
  @Param({"16", "256", "4096", "524288"})
  public int kibibytes;

  private MemorySegment memory = MemorySegment.NULL;

  private long sum;

  /** Allocates and touches the memory, and waits for the compilers. */
  @Setup(Level.Trial)
  public void setUp() {
    memory = Arena.ofAuto().allocate(1024L * kibibytes, 64);
    memory.fill((byte) 1);
    Compilation.await(() -> sum += read());
  }

  /** Reads all of it. */
  @Benchmark
  public long read() {
    long step = SPECIES.vectorByteSize();
    LongVector c0 = LongVector.zero(SPECIES);
    LongVector c1 = c0;
    LongVector c2 = c0;
    LongVector c3 = c0;
    for (long at = 0; at < memory.byteSize(); at += 4 * step) {
      c0 = c0.add(LongVector.fromMemorySegment(SPECIES, memory, at, ORDER));
      c1 = c1.add(LongVector.fromMemorySegment(SPECIES, memory, at + step, ORDER));
      c2 = c2.add(LongVector.fromMemorySegment(SPECIES, memory, at + 2 * step, ORDER));
      c3 = c3.add(LongVector.fromMemorySegment(SPECIES, memory, at + 3 * step, ORDER));
    }
    return c0.add(c1).add(c2).add(c3).lane(0);
  }

  /** Takes stock of an iteration. */
  @TearDown(Level.Iteration)
  public void takeStock(ProcessorShare share) {
    share.stop();
  }
}
