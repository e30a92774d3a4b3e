package dev.lanewise.internal.kernel.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * The vector widths that the vector kernels of this process use: the machine's preferred one, up to
 * 512 bits, and for small matrices its half and its quarter, down to 128 bits.
 */
final class Lanes {
  private static final int WIDEST = VectorShape.S_512_BIT.vectorBitSize();
  private static final int NARROWEST = VectorShape.S_128_BIT.vectorBitSize();

  // A static final species is what lets C2 compile vector operations to single instructions.
  static final VectorSpecies<Float> FLOATS = floats(bits(1));
  static final VectorSpecies<Float> FLOATS_HALF = floats(bits(2));
  static final VectorSpecies<Float> FLOATS_QUARTER = floats(bits(4));
  static final VectorSpecies<Double> DOUBLES = doubles(bits(1));
  static final VectorSpecies<Double> DOUBLES_HALF = doubles(bits(2));
  static final VectorSpecies<Double> DOUBLES_QUARTER = doubles(bits(4));

  /** As many numbers as {@link #FLOATS} has lanes, of the types on the way to a float. */
  static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, FLOATS.vectorShape());

  static final VectorSpecies<Short> SHORTS =
      VectorSpecies.of(short.class, VectorShape.forBitSize(FLOATS.vectorBitSize() / 2));

  /** There is no vector of 32 bits: of four lanes twice as many bytes are read. */
  static final VectorSpecies<Byte> BYTES =
      VectorSpecies.of(
          byte.class, VectorShape.forBitSize(Math.max(64, FLOATS.vectorBitSize() / 4)));

  /** The integers of the size of a double. */
  static final VectorSpecies<Long> LONGS = VectorSpecies.of(long.class, DOUBLES.vectorShape());

  /** 512-bit vectors come with 32 registers; 16 are assumed otherwise. */
  private static final int REGISTERS = FLOATS.vectorBitSize() == WIDEST ? 32 : 16;

  /**
   * Whether a tile that reads A where it lies takes longer for its checks and addresses than for
   * its multiply-adds: where processors multiply two vectors at a time, which of up to 256 bits all
   * do.
   */
  static final boolean BOUND_BY_INSTRUCTIONS =
      FLOATS.vectorBitSize() < WIDEST || Processor.ofThisMachine().multipliesTwoWidest();

  /** Registers that C2 takes for broadcasts that it moves up; with fewer it spills accumulators. */
  private static final int FOR_BROADCASTS = 4;

  /**
   * 1, which C2 cannot know. A loop that goes on by a multiple of it is no counted loop to C2, so
   * each place is checked where it is read. Of a counted loop over some twenty places C2 takes the
   * checks out, by a hundred instructions before the loop: of rows of 256 numbers in a near cache
   * they took half of the time.
   */
  static int one = 1;

  private Lanes() {}

  /** The most of so many rows of a tile that leave registers for what a loop needs besides. */
  static int maxRows(int rows, int vectors) {
    return REGISTERS >= 32
        ? rows
        : Math.min(rows, (REGISTERS - FOR_BROADCASTS - vectors) / vectors);
  }

  /** The preferred width or a part of it. Reductions have 64 partials: four vectors of 512 bits. */
  private static int bits(int part) {
    int preferred = Math.min(FloatVector.SPECIES_PREFERRED.vectorBitSize(), WIDEST);
    return Math.min(preferred, Math.max(NARROWEST, preferred / part));
  }

  private static VectorSpecies<Float> floats(int bits) {
    return VectorSpecies.of(float.class, VectorShape.forBitSize(bits));
  }

  private static VectorSpecies<Double> doubles(int bits) {
    return VectorSpecies.of(double.class, VectorShape.forBitSize(bits));
  }
}
